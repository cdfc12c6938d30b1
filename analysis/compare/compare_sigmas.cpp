#include "analysis/compare/compare_sigmas.h"

#include <algorithm>

#include "core/number_list.h"

namespace farfield {
namespace {

constexpr double kSigmas[] = {0.01, 0.02, 0.03, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1, 1.5, 2, 3, 5, 7, 10, 20, 30, 40, 80};

}  // namespace

std::vector<double> parse_sigmas(const std::string& text) { return parse_number_list(text, "--sigmas"); }

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
