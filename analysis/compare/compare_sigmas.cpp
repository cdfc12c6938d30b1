#include "analysis/compare/compare_sigmas.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "core/error.h"
#include "core/text.h"

namespace farfield {
namespace {

constexpr double kSigmas[] = {0.01, 0.02, 0.03, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1, 1.5, 2, 3, 5, 7, 10, 20, 30, 40, 80};

}  // namespace

std::vector<double> parse_sigmas(const std::string& text) {
  const std::vector<std::string> range = split(text, ':');
  std::vector<double> sigmas;
  if (range.size() == 1) {
    for (const std::string& item : split(text, ',')) sigmas.push_back(parse_double(item, "--sigmas"));
    std::sort(sigmas.begin(), sigmas.end());
    return sigmas;
  }
  if (range.size() != 3) throw usage_error(fmt::format("--sigmas: '{}'; give a list 0.1,1,10 or LOW:HIGH:COUNT", text));
  const double low = parse_double(range[0], "--sigmas"), high = parse_double(range[1], "--sigmas");
  const int64_t count = parse_int(range[2], "--sigmas");
  if (!(low > 0) || !(high > low) || !std::isfinite(high) || count < 2 || count > 1000) {
    throw usage_error(fmt::format("--sigmas: '{}'; LOW:HIGH:COUNT needs 0 < LOW < HIGH and 2 to 1000 levels", text));
  }
  for (int64_t i = 0; i < count; ++i) {
    const double part = static_cast<double>(i) / static_cast<double>(count - 1);
    sigmas.push_back(i + 1 == count ? high : low * std::pow(high / low, part));
  }
  return sigmas;
}

std::vector<double> default_sigmas(const Subject& model, const std::vector<Subject>& references) {
  std::vector<double> sigmas;
  const auto covers = [](const Subject& subject, double sigma) {
    return sigma >= subject.denoiser->info().sigma_min && sigma <= subject.denoiser->info().sigma_max;
  };
  for (double sigma : kSigmas) {
    const bool all = std::all_of(references.begin(), references.end(), [&](auto& r) { return covers(r, sigma); });
    if (all && covers(model, sigma)) sigmas.push_back(sigma);
  }
  return sigmas;
}

}  // namespace farfield
