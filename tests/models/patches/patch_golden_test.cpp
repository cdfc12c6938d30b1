// The patch denoisers, and the plain evaluation that checks them elsewhere, against the stored vectors.
#include <map>

#include "core/math/eigen.h"
#include "models/analytic/analytic.h"
#include "models/analytic/fit.h"
#include "models/patches/patch_denoiser.h"
#include "models/patches/patches.h"
#include "tests/support/filtered_means.h"
#include "tests/support/golden_analysis.h"
#include "tests/support/test_support.h"
#include "tests/support/thread_count.h"

namespace farfield {
namespace {

using test::AnalysisCase;
using torch::Tensor;

// The levels of a case: x [L,B,C,H,W], sigma [L] -> D of evaluate(x [B,C,H,W], sigma).
template <class Evaluate>
Tensor at_all_levels(const AnalysisCase& golden, const Evaluate& evaluate) {
  const Tensor x = golden.inputs.at("x"), sigma = golden.inputs.at("sigma");
  std::vector<Tensor> results;
  for (int64_t i = 0; i < sigma.numel(); ++i) results.push_back(evaluate(x[i], sigma[i].item<double>()));
  return torch::stack(results);
}

// The same for functions of one image.
template <class Plain>
Tensor image_by_image(const AnalysisCase& golden, const Plain& plain) {
  return at_all_levels(golden, [&](const Tensor& x, double sigma) {
    std::vector<Tensor> results;
    for (int64_t b = 0; b < x.size(0); ++b) results.push_back(plain(x[b], sigma));
    return torch::stack(results);
  });
}

Tensor of_denoiser(const AnalysisCase& golden, const Denoiser& denoiser) {
  return at_all_levels(golden, [&](const Tensor& x, double sigma) { return denoiser(x, sigma); });
}

std::vector<AnalysisCase> cases_of(const std::string& kind) {
  std::vector<AnalysisCase> found;
  for (AnalysisCase& golden : test::analysis_cases("patch_denoisers")) {
    if (golden.kind == kind) found.push_back(std::move(golden));
  }
  return found;
}

#define SKIP_WITHOUT(cases)              \
  const test::ThreadCount one_thread(1); \
  if ((cases).empty()) GTEST_SKIP() << "no golden vectors of patch_denoisers"

TEST(PatchGolden, golden_patch_denoisers_delta) {
  const auto cases = cases_of("delta");
  SKIP_WITHOUT(cases);
  for (const AnalysisCase& golden : cases) {
    const Tensor images = golden.inputs.at("images");
    expect_golden(golden, "D", image_by_image(golden, [&](const Tensor& x, double sigma) {
      return test::exact_mean(images, x, sigma);
    }));
    TrainingImages training(images);
    const auto means = whole_image_means(training.shape());
    expect_golden(golden, "D",
                  of_denoiser(golden, *make_patch_denoiser("delta", "whole", std::move(training),
                                                           [&](double) { return means; })));
  }
}

TEST(PatchGolden, golden_patch_denoisers_ls) {
  const auto cases = cases_of("ls");
  SKIP_WITHOUT(cases);
  for (const AnalysisCase& golden : cases) {
    const Tensor images = golden.inputs.at("images");
    const int64_t k = golden.params.at("patch");
    const bool circular = golden.params.at("boundary") == "circular";
    expect_golden(golden, "D", image_by_image(golden, [&](const Tensor& x, double sigma) {
      return test::local_mean(images, x, sigma, k, circular);
    }));
    const auto boundary = circular ? BoxBoundary::kCircular : BoxBoundary::kZero;
    expect_golden(golden, "D",
                  of_denoiser(golden, *make_local_score(TrainingImages(images), PatchSizes::fixed(k), boundary)));
  }
}

TEST(PatchGolden, golden_patch_denoisers_els) {
  const auto cases = cases_of("els");
  SKIP_WITHOUT(cases);
  const std::map<std::string, std::pair<std::string, WindowMode>> modes = {
      {"circular_interior", {"circular-interior", WindowMode::kCircularInterior}},
      {"circular_all", {"circular-all", WindowMode::kCircularAll}},
      {"zero_classes", {"border", WindowMode::kBorder}},
      {"zero_all", {"zero-all", WindowMode::kZeroAll}}};
  for (const AnalysisCase& golden : cases) {
    const Tensor images = golden.inputs.at("images");
    const int64_t k = golden.params.at("patch");
    const auto& [plain, mode] = modes.at(golden.params.at("mode"));
    expect_golden(golden, "D", image_by_image(golden, [&](const Tensor& x, double sigma) {
      return test::window_mean(images, x, sigma, k, plain);
    }));
    expect_golden(
        golden, "D",
        of_denoiser(golden, *make_equivariant_local_score(TrainingImages(images), PatchSizes::fixed(k), mode)));
  }
}

TEST(PatchGolden, golden_patch_denoisers_pspc) {
  const auto cases = cases_of("pspc");
  SKIP_WITHOUT(cases);
  for (const AnalysisCase& golden : cases) {
    const Tensor images = golden.inputs.at("images");
    if (golden.params.contains("patch")) {
      const int64_t p = golden.params.at("patch");
      expect_golden(golden, "D", image_by_image(golden, [&](const Tensor& x, double sigma) {
        return test::composite_mean(images, x, sigma, p);
      }));
      expect_golden(golden, "D",
                    of_denoiser(golden, *make_patch_composite(TrainingImages(images), PatchSizes::fixed(p))));
      continue;
    }
    const double fraction = golden.params.at("fraction");
    const Tensor masks = test::masks_of(golden.inputs.at("heatmaps"), fraction);
    expect_golden(golden, "masks", masks);
    expect_golden(golden, "D", image_by_image(golden, [&](const Tensor& x, double sigma) {
      return test::masked_mean(images, x, sigma, masks, /*own=*/false);
    }));
    TrainingImages training(images);
    const HeatMaps heat(golden.inputs.at("heatmaps"), {1}, training.shape());
    const LevelTable fractions({1}, {fraction}, LevelTable::Match::kNearest);
    expect_golden(golden, "D",
                  of_denoiser(golden, *make_mask_composite(std::move(training), heat, fractions, Uncovered::kZero)));
  }
}

GaussianStats stats_of(const Tensor& images, int64_t ddof) {
  const Tensor rows = images.reshape({images.size(0), -1});
  const Tensor mean = rows.mean(0), centred = rows - mean;
  auto eigen = covariance_eigen(torch::mm(centred.t(), centred) / static_cast<double>(images.size(0)));
  return with_ddof({mean, eigen.vectors.contiguous(), eigen.values, 0, images.size(0)}, ddof);
}

TEST(PatchGolden, golden_patch_denoisers_wiener) {
  const auto cases = cases_of("wiener");
  SKIP_WITHOUT(cases);
  for (const AnalysisCase& golden : cases) {
    const Tensor images = golden.inputs.at("images");
    const auto gaussian = make_gaussian(stats_of(images, 0), images.sizes().slice(1).vec());
    expect_golden(golden, "D", of_denoiser(golden, *gaussian));
  }
}

TEST(PatchGolden, golden_patch_denoisers_pca_locality) {
  const auto cases = cases_of("pca_locality");
  SKIP_WITHOUT(cases);
  for (const AnalysisCase& golden : cases) {
    const Tensor images = golden.inputs.at("images"), sigma = golden.inputs.at("sigma");
    const double threshold = golden.params.at("threshold");
    const bool output = golden.params.at("orientation") == "output_row";
    const GaussianStats stats = stats_of(images, 1);
    const Tensor covariance = torch::mm(stats.basis * stats.eigenvalues, stats.basis.t());
    if (golden.outputs.contains("mask")) {
      std::vector<Tensor> masks;
      for (int64_t i = 0; i < sigma.numel(); ++i) {
        masks.push_back(test::locality_weights(covariance, sigma[i].item<double>(), threshold, /*output=*/true));
      }
      expect_golden(golden, "mask", torch::stack(masks));
    }
    expect_golden(golden, "D", image_by_image(golden, [&](const Tensor& x, double level) {
      return test::value_mean(images, x, level, test::locality_weights(covariance, level, threshold, output));
    }));
    LocalityOptions options{threshold, output ? MaskOrientation::kOutput : MaskOrientation::kInput, EmptyMasks::kMean};
    expect_golden(golden, "D", of_denoiser(golden, *make_pca_locality(TrainingImages(images), stats, options)));
    // The given batches are 2 and 3 images.
    options.part_means = true;
    const auto first = make_pca_locality(TrainingImages(images.narrow(0, 0, 2)), stats, options);
    const auto second = make_pca_locality(TrainingImages(images.narrow(0, 2, 3)), stats, options);
    expect_golden(golden, "D_batched", (of_denoiser(golden, *first) + of_denoiser(golden, *second)) / 2);
  }
}

}  // namespace
}  // namespace farfield
