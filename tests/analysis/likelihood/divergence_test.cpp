// Estimates of the trace: unbiased, exact where they are said to be.
#include "analysis/likelihood/divergence.h"

#include <gtest/gtest.h>

#include "core/math/random.h"
#include "models/analytic/analytic.h"
#include "tests/support/counted_denoiser.h"
#include "tests/support/normals.h"
#include "tests/support/test_support.h"

namespace farfield {
namespace {

using torch::Tensor;

// N(0, S) of rank `rank` in 12 dimensions, in directions that are no axes.
std::shared_ptr<const AnalyticDenoiser> low_rank(int64_t rank) {
  const Tensor q = std::get<0>(at::linalg_qr(test::normals({12, 12}, 3))).narrow(1, 0, rank).contiguous();
  return make_gaussian({torch::zeros({12}, torch::kFloat64), q, torch::linspace(3, 0.2, rank, torch::kFloat64), 0, 0},
                       {12});
}

// The same denoiser without its closed form.
std::shared_ptr<const Denoiser> plain(std::shared_ptr<const Denoiser> denoiser) {
  return std::make_shared<test::CountedDenoiser>(std::move(denoiser));
}

Tensor stacked(const Divergence& divergence, int64_t count, uint64_t seed) {
  std::vector<Tensor> all;
  for (int64_t i = 0; i < count; ++i) all.push_back(divergence.vectors(mix_key({seed, static_cast<uint64_t>(i)})));
  return torch::stack(all);
}

const Tensor kStates = test::normals({5, 12}, 8);
const Tensor kLevels = torch::tensor({0.05, 0.3, 1.0, 4.0, 40.0}, torch::kFloat64);

TEST(Divergence, ByUnitVectorsIsTheClosedForm) {
  const auto denoiser = low_rank(5);
  const Divergence closed(*denoiser, {}, {TraceKind::kExact}, 64);
  const auto counted = plain(denoiser);
  const auto expected = closed(kStates, kLevels, {});
  for (const int64_t at_once : {1, 7, 64}) {
    const auto value = Divergence(*counted, {}, {TraceKind::kExact}, at_once)(kStates, kLevels, {});
    EXPECT_LE(test::deviation(value.divergence, expected.divergence), 1e-13) << at_once;
    EXPECT_LE(test::deviation(value.denoised, expected.denoised), 1e-13) << at_once;
  }
}

// The mean over many probes is within 4 of its own standard errors, and that error is not zero.
TEST(Divergence, HutchinsonIsUnbiasedWithinItsError) {
  const auto denoiser = low_rank(7);
  const Tensor expected = Divergence(*denoiser, {}, {TraceKind::kExact}, 64)(kStates, kLevels, {}).divergence;
  for (const ProbeLaw law : {ProbeLaw::kRademacher, ProbeLaw::kGaussian}) {
    const Divergence divergence(*denoiser, {}, {TraceKind::kHutchinson, 4000, law}, 1000);
    const Tensor all = divergence(kStates, kLevels, stacked(divergence, 5, 1)).divergence;
    const Tensor error = all.std(1) / std::sqrt(4000.0);
    EXPECT_TRUE((error > 0).all().item<bool>());
    EXPECT_LE(((all.mean(1) - expected.squeeze(1)) / error).abs().max().item<double>(), 4);
  }
}

TEST(Divergence, RademacherIsExactForADiagonalJacobianAndGaussianIsNot) {
  const auto denoiser = make_isotropic(torch::zeros({12}, torch::kFloat64), 0.7, {12});
  const Tensor expected = Divergence(*denoiser, {}, {TraceKind::kExact}, 64)(kStates, kLevels, {}).divergence;
  const auto apart = [&](ProbeLaw law) {
    const Divergence divergence(*denoiser, {}, {TraceKind::kHutchinson, 1, law}, 64);
    return test::deviation(divergence(kStates, kLevels, stacked(divergence, 5, 1)).divergence, expected);
  };
  EXPECT_LE(apart(ProbeLaw::kRademacher), 1e-13);
  EXPECT_GE(apart(ProbeLaw::kGaussian), 1e-2);
}

TEST(Divergence, HutchPlusPlusIsExactForLowRankAndUnbiasedBeyond) {
  for (const int64_t rank : {1, 4}) {
    const auto denoiser = low_rank(rank);
    const Tensor expected = Divergence(*denoiser, {}, {TraceKind::kExact}, 64)(kStates, kLevels, {}).divergence;
    const Divergence divergence(*denoiser, {}, {TraceKind::kHutchPlusPlus, 12}, 64);
    const auto value = divergence(kStates, kLevels, stacked(divergence, 5, 2));
    ASSERT_EQ(value.divergence.sizes(), torch::IntArrayRef({5, 4}));
    EXPECT_LE((value.divergence - expected).abs().max().item<double>(), 1e-11) << rank;
  }
  const auto denoiser = low_rank(9);
  const Tensor expected = Divergence(*denoiser, {}, {TraceKind::kExact}, 64)(kStates, kLevels, {}).divergence;
  const Divergence divergence(*denoiser, {}, {TraceKind::kHutchPlusPlus, 6}, 64);
  std::vector<Tensor> means;
  for (uint64_t seed = 0; seed < 600; ++seed)
    means.push_back(divergence(kStates, kLevels, stacked(divergence, 5, seed)).divergence.mean(1));
  const Tensor all = torch::stack(means);
  const Tensor error = all.std(0) / std::sqrt(600.0);
  EXPECT_LE(((all.mean(0) - expected.squeeze(1)) / error).abs().max().item<double>(), 4);
}

TEST(Divergence, VectorsAreOfTheirKeyAlone) {
  const auto denoiser = low_rank(2);
  for (const ProbeLaw law : {ProbeLaw::kRademacher, ProbeLaw::kGaussian}) {
    const Divergence few(*denoiser, {}, {TraceKind::kHutchinson, 3, law}, 64);
    const Divergence many(*denoiser, {}, {TraceKind::kHutchinson, 9, law}, 64);
    EXPECT_TRUE(torch::equal(few.vectors(5), many.vectors(5).narrow(0, 0, 3)));
    EXPECT_FALSE(torch::equal(few.vectors(5), few.vectors(6)));
  }
}

TEST(Divergence, WhatTheTextMayBe) {
  const auto closed = low_rank(2);
  EXPECT_EQ(parse_trace("auto", *closed).kind, TraceKind::kExact);
  const TraceOptions gaussian = parse_trace("hutchinson,probes=7,law=gaussian", *closed);
  EXPECT_EQ(gaussian.probes, 7);
  EXPECT_EQ(gaussian.law, ProbeLaw::kGaussian);
  EXPECT_EQ(parse_trace("hutch++", *closed).probes, 12);
  for (const auto& [text, fragment] :
       std::vector<std::pair<std::string, std::string>>{{"exakt", "did you mean 'exact'"},
                                                        {"exact,probes=3", "takes no options"},
                                                        {"hutchinson,probes=0", "probes"},
                                                        {"hutchinson,law=cauchy", "law"},
                                                        {"hutchinson,probs=3", "probs"},
                                                        {"hutch++,probes=4", "multiple of 3"},
                                                        {"hutch++,probes=39", "--trace exact takes fewer"}}) {
    const auto error = test::error_of([&] { parse_trace(text, *closed); });
    ASSERT_TRUE(error) << text;
    EXPECT_NE(std::string(error->what()).find(fragment), std::string::npos) << error->what();
  }
}

}  // namespace
}  // namespace farfield
