#include "analysis/compare/training_probe.h"

#include <cmath>

#include <fmt/format.h>

#include "analysis/compare/fixed_probes.h"
#include "analysis/compare/references.h"
#include "analysis/stats/data_stats.h"
#include "core/log.h"
#include "core/text.h"

namespace farfield {

std::function<std::vector<ProbeRow>(const Denoiser&)> training_probe(const std::string& references,
                                                                     const std::vector<double>& sigmas, int64_t count,
                                                                     std::shared_ptr<const DataSource> data,
                                                                     torch::Device device) {
  CompareOptions compare;
  compare.sigmas = sigmas;
  compare.probes = count;
  compare.device = device;
  const auto opened = open_references(split_references(references), data, {device.str(), "fp32"}, compare.seed);
  const auto probes = std::make_shared<const FixedProbes>(opened.subjects, std::move(data), compare);
  return [probes](const Denoiser& model) {
    std::vector<ProbeRow> rows;
    for (const auto& row : probes->explained(model)) rows.push_back({row.reference, row.sigma, row.explained});
    return rows;
  };
}

void warn_about_sigma_data(double sigma_data, const DataSource& data) {
  constexpr double kTolerance = 0.1;
  const double measured = measure_sigma_data(data);
  if (std::abs(sigma_data - measured) <= kTolerance * measured) return;
  log::warning(
      fmt::format("preconditioning.sigma_data is {}, but the standard deviation of the data '{}' is {:.3g}; "
                  "see farfield data stats",
                  format_double(sigma_data), data.info().name, measured));
}

}  // namespace farfield
