#include "analysis/likelihood/growth.h"

#include "core/error.h"

namespace farfield {

Growth::Growth(std::vector<double> places) : places_(std::move(places)), values_{0} {
  check(places_.size() >= 2, "growth: at least one interval");
}

void Growth::add(const GrowthStep& step) {
  const double size = step.to - step.from;
  while (values_.size() < places_.size() && places_[values_.size()] <= step.to) {
    const double t = (places_[values_.size()] - step.from) / size, rise = step.after - step.before;
    const double first = step.slope_before * size - rise, last = rise - step.slope_after * size;
    values_.push_back(step.before + t * rise + t * (1 - t) * ((1 - t) * first + t * last));
  }
}

std::vector<double> Growth::intervals(double total) const {
  std::vector<double> grown;
  for (size_t i = 1; i < places_.size(); ++i) {
    // The last place is the end of the last step, but for rounding.
    const double to = i + 1 == places_.size() || i >= values_.size() ? total : values_[i];
    const double from = i - 1 < values_.size() ? values_[i - 1] : total;
    grown.push_back(to - from);
  }
  return grown;
}

}  // namespace farfield
