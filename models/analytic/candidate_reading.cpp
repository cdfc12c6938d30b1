#include "models/analytic/candidate_reading.h"

#include <cmath>

#include <fmt/format.h>

namespace farfield {

std::string in_words(const CandidateReading& reading) {
  if (reading.queries == 0) return "not evaluated";
  const double read = static_cast<double>(reading.read) / static_cast<double>(reading.queries);
  const std::string counted = fmt::format("read {:.4g} of {} points a state ({:.3g} %) over {} states; ", read,
                                          reading.points, 100 * read / static_cast<double>(reading.points),
                                          reading.queries);
  if (!std::isfinite(reading.dropped)) return counted + "nothing is known of the weight of what was left out";
  return counted + fmt::format("what was left out has at most {:.3g} of the weight, which moves D by at most {:.3g}",
                               reading.dropped, reading.dropped * reading.reach);
}

}  // namespace farfield
