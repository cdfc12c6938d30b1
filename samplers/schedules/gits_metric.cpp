#include "samplers/schedules/gits_metric.h"

#include "core/error.h"
#include "core/text.h"

namespace farfield {

const std::vector<std::string>& gits_metric_names() {
  static const std::vector<std::string> names = {"dev", "l1", "l2"};
  return names;
}

GitsMetric parse_gits_metric(const std::string& name) {
  const auto& names = gits_metric_names();
  for (size_t i = 0; i < names.size(); ++i) {
    if (names[i] == name) return static_cast<GitsMetric>(i);
  }
  throw usage_error(unknown_name("metric", name, names));
}

std::string to_string(GitsMetric metric) { return gits_metric_names()[static_cast<size_t>(metric)]; }

}  // namespace farfield
