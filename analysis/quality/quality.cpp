#include "analysis/quality/quality.h"

#include <algorithm>

#include <fmt/format.h>

#include "core/error.h"
#include "core/text.h"

namespace farfield {
namespace {

const std::vector<std::pair<std::string, Measure>>& measure_names() {
  static const std::vector<std::pair<std::string, Measure>> names = {{"fd", Measure::kFrechet},
                                                                     {"kid", Measure::kKernel},
                                                                     {"pr", Measure::kPrecisionRecall},
                                                                     {"dc", Measure::kDensityCoverage},
                                                                     {"memorisation", Measure::kMemorisation},
                                                                     {"sw", Measure::kSliced},
                                                                     {"vendi", Measure::kVendi}};
  return names;
}

}  // namespace

std::vector<Measure> parse_measures(const std::string& text) {
  std::vector<Measure> measures;
  std::vector<std::string> known;
  for (const auto& [name, measure] : measure_names()) {
    known.push_back(name);
    if (text == "all") measures.push_back(measure);
  }
  if (text == "all") return measures;
  for (const std::string& word : split(text, ',')) {
    const auto found = std::ranges::find(measure_names(), word, &std::pair<std::string, Measure>::first);
    if (found == measure_names().end())
      throw usage_error(fmt::format("measure '{}' is not known, expected all or some of {}", word, join(known, ",")));
    measures.push_back(found->second);
  }
  if (measures.empty())
    throw usage_error(fmt::format("no measure is asked for, expected all or some of {}", join(known, ",")));
  return measures;
}

bool QualityOptions::asks_for(Measure measure) const { return std::ranges::find(measures, measure) != measures.end(); }

}  // namespace farfield
