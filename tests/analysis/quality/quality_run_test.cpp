// `farfield quality`: sets, blocks, warnings, and what it writes.
#include "analysis/quality/quality_run.h"

#include <algorithm>
#include <cmath>

#include <nlohmann/json.hpp>

#include "analysis/quality/frechet_interval.h"
#include "analysis/quality/quality_tables.h"
#include "analysis/quality/quality_warnings.h"
#include "analysis/stats/two_samples.h"
#include "core/data/source.h"
#include "core/interrupts.h"
#include "core/io/npz.h"
#include "core/progress.h"
#include "core/run/run_folder.h"
#include "tests/support/files.h"
#include "tests/support/normals.h"
#include "tests/support/test_support.h"

namespace farfield {
namespace {

using torch::Tensor;

SampleSource source_of(const std::string& name, const Tensor& states, const Tensor& seeds = {}) {
  return {name, states, seeds};
}

QualityInputs inputs_of(const GivenSet& samples, const GivenSet& reference, const std::string& measures = "all") {
  QualityInputs inputs{.given = {{samples}, reference, {}}};
  inputs.options.measures = parse_measures(measures);
  inputs.options.bootstrap = 8;
  inputs.options.subsets = 4;
  inputs.options.directions = 8;
  return inputs;
}

double value_of(const QualityRun& run, const std::string& measure) {
  const auto all = across_blocks(run);
  const auto found = std::ranges::find(all, measure, &QualityAcross::measure);
  return found == all.end() ? std::nan("") : found->mean;
}

bool warns(const QualityRun& run, const std::string& fragment) {
  return std::ranges::any_of(run.warnings,
                             [&](const std::string& warning) { return warning.find(fragment) != std::string::npos; });
}

std::string refusal(const QualityInputs& inputs) {
  const auto error = test::error_of([&] { run_quality(inputs); });
  return error ? error->what() : "";
}

TEST(Quality, TrainingDataAsSamplesAreCopies) {
  const SampleSource data(open_data("glyphs,size=8,count=64"));
  const QualityRun run = run_quality(inputs_of(data, data));
  EXPECT_EQ(value_of(run, "memorised"), 1);
  EXPECT_EQ(value_of(run, "authentic"), 0);
  EXPECT_EQ(value_of(run, "precision"), 1);
  EXPECT_EQ(value_of(run, "recall"), 1);
  EXPECT_EQ(value_of(run, "coverage"), 1);
  EXPECT_EQ(value_of(run, "mind"), 0);
  const FrechetDistance& frechet = *run.blocks[0].frechet;
  EXPECT_LE(frechet.value, 1e-12 * (frechet.trace_a + frechet.trace_b));
  EXPECT_EQ(run.sets.features, "pixels");
}

TEST(Quality, MeasuresAreThoseOfTheFeatures) {
  const Tensor a = test::normals({40, 3}, 1), b = test::normals({50, 3}, 2) + 1;
  const QualityRun run = run_quality(inputs_of(source_of("a", b), source_of("b", a)));
  const double fd = frechet_distance(frechet_factor(b), frechet_factor(a)).value;
  EXPECT_LT(test::deviation(torch::tensor(value_of(run, "fd")), torch::tensor(fd)), 1e-12);
  EXPECT_EQ(value_of(run, "recall"), precision_recall(a, b, 3, BallBorder::kIn).recall);
  EXPECT_EQ(value_of(run, "density"), precision_recall(a, b, 5, BallBorder::kOut).density);
  EXPECT_EQ(value_of(run, "memorised"), memorisation(a, b).memorised);
  const auto& interval = run.blocks[0].frechet_interval;
  ASSERT_TRUE(interval);
  EXPECT_LT(interval->low, fd);
  EXPECT_GT(interval->high, fd);
  EXPECT_TRUE(run.warnings.empty() || warns(run, "subsets"));
}

TEST(Quality, BlocksArePartsInOrderOrRuns) {
  const Tensor a = test::normals({40, 3}, 1), b = test::normals({31, 3}, 2);
  QualityInputs inputs = inputs_of(source_of("b", b, torch::arange(100, 131)), source_of("a", a), "fd,memorisation");
  inputs.options.blocks = 3;
  const QualityRun run = run_quality(inputs);
  ASSERT_EQ(run.blocks.size(), 3u);
  const FrechetFactor reference = frechet_factor(a);
  std::vector<double> expected;
  for (int64_t part = 0; part < 3; ++part)
    expected.push_back(frechet_distance(frechet_factor(b.narrow(0, part * 10, 10)), reference).value);
  for (size_t part = 0; part < 3; ++part) EXPECT_NEAR(run.blocks[part].frechet->value, expected[part], 1e-12) << part;
  const std::vector<QualityAcross> all = across_blocks(run);
  EXPECT_NEAR(all[0].least, std::ranges::min(expected), 1e-12);
  EXPECT_NEAR(all[0].mean, (expected[0] + expected[1] + expected[2]) / 3, 1e-12);
  EXPECT_TRUE(warns(run, "the last 1 samples are in no block"));
  const Table samples = quality_samples_table(run);
  ASSERT_EQ(samples.rows.size(), 30u);
  EXPECT_EQ(samples.rows[17][1], Cell(int64_t{17}));
  EXPECT_EQ(samples.rows[17][2], Cell(int64_t{117}));
  inputs.options.blocks = 1;
  inputs.given.samples = {source_of("x", b.narrow(0, 0, 10)), source_of("y", b.narrow(0, 10, 10))};
  const QualityRun runs = run_quality(inputs);
  ASSERT_EQ(runs.blocks.size(), 2u);
  EXPECT_NEAR(runs.blocks[1].frechet->value, expected[1], 1e-12);
  inputs.options.blocks = 2;
  EXPECT_NE(refusal(inputs).find("several runs are blocks themselves"), std::string::npos);
}

TEST(Quality, WhatMisleadsIsSaid) {
  const Tensor wide = test::normals({6, 9}, 1), many = test::normals({40, 9}, 2);
  const QualityRun few = run_quality(inputs_of(source_of("few", wide), source_of("many", many)));
  EXPECT_TRUE(warns(few, "'few' has 6 samples for 9 features"));
  EXPECT_TRUE(warns(few, "subsets of the kernel distance have 6 samples, not 1000"));
  const QualityRun tiny = run_quality(inputs_of(source_of("tiny", many.narrow(0, 0, 3)), source_of("many", many)));
  EXPECT_TRUE(warns(tiny, "precision and recall of 'tiny' are left out"));
  EXPECT_FALSE(tiny.blocks[0].precision);
  QualityInputs drawn = inputs_of(source_of("a", many), source_of("b", many));
  drawn.options.most = 20;
  const QualityRun some = run_quality(drawn);
  EXPECT_TRUE(warns(some, "of 20 samples of a set"));
  EXPECT_EQ(some.blocks[0].chosen.size(0), 20);
  const QualityRun test_split = run_quality(inputs_of(source_of("a", many), source_of("x,split=test", many), "fd"));
  EXPECT_TRUE(warns(test_split, "test split"));
}

TEST(Quality, SubsetsThatAreAllOfBothSetsAreOne) {
  const Tensor a = test::normals({40, 3}, 1), b = test::normals({40, 3}, 2);
  const QualityRun whole = run_quality(inputs_of(source_of("b", b), source_of("a", a), "kid"));
  EXPECT_EQ(whole.blocks[0].kernel->values.numel(), 1);
  EXPECT_NEAR(value_of(whole, "kid"), kernel_distance(a, b), 1e-12);
  EXPECT_TRUE(std::isnan(value_of(whole, "kid_deviation")));
  EXPECT_TRUE(warns(whole, "of all 40 samples and has no deviation"));
  const QualityRun more = run_quality(inputs_of(source_of("b", b.narrow(0, 0, 30)), source_of("a", a), "kid"));
  EXPECT_EQ(more.blocks[0].kernel->values.numel(), 4);
  EXPECT_GT(value_of(more, "kid_deviation"), 0);
}

TEST(Quality, HeldOutDataThatAreInTheReferenceAreSaid) {
  const Tensor train = test::normals({60, 3}, 1), other = test::normals({40, 3}, 2);
  QualityInputs inputs = inputs_of(source_of("samples", other), source_of("train", train), "memorisation");
  inputs.given.held_out = source_of("other", test::normals({20, 3}, 3));
  EXPECT_FALSE(warns(run_quality(inputs), "held out"));
  inputs.given.held_out = source_of("mixed", torch::cat({train.narrow(0, 0, 7), other}));
  EXPECT_TRUE(warns(run_quality(inputs), "7 of 47 samples of 'mixed' are in the reference"));
}

TEST(Quality, DistancesThatRoundingTookBelowZeroAreSaid) {
  const Tensor a = test::normals({40, 3}, 1);
  QualityRun run = run_quality(inputs_of(source_of("a", a), source_of("b", a), "fd"));
  EXPECT_FALSE(warns(run, "below"));
  run.blocks[0].frechet->below_zero = 1e-6;
  run.warnings = quality_warnings(run);
  EXPECT_TRUE(warns(run, "the Fréchet distance of 'a' is 0: rounding took it 1e-06 below"));
}

TEST(Quality, SetsThatDoNotSayTheirCountHaveNone) {
  const test::TempDir folder;
  const Tensor a = test::normals({40, 3}, 1);
  write_npz(folder / "known.npz", {{"features", a}});
  write_npz(folder / "unknown.npz", {{"mu", a.mean(0)}, {"sigma", a.t().cov()}});
  QualityInputs inputs = inputs_of((folder / "known.npz").string(), (folder / "known.npz").string(), "fd");
  inputs.given.samples.emplace_back((folder / "unknown.npz").string());
  const QualityRun run = run_quality(inputs);
  EXPECT_TRUE(warns(run, "unknown.npz' does not say of how many samples it is"));
  EXPECT_FALSE(warns(run, "blocks have"));
}

TEST(Quality, MomentsAloneGiveTheFrechetDistance) {
  const test::TempDir folder;
  const Tensor a = test::normals({40, 3}, 1), b = test::normals({50, 3}, 2);
  FeatureMoments moments = feature_samples(source_of("a", a), "pixels", {}).moments();
  write_feature_moments(folder / "known.npz", moments);
  const QualityRun run = run_quality(inputs_of(source_of("b", b), given_set((folder / "known.npz").string())));
  const double fd = frechet_distance(frechet_factor(b), frechet_factor(a)).value;
  EXPECT_NEAR(value_of(run, "fd"), fd, 1e-9);
  EXPECT_TRUE(std::isnan(value_of(run, "precision")));
  EXPECT_TRUE(warns(run, "holds moments alone"));
  moments.ddof = 0;
  write_feature_moments(folder / "other.npz", moments);
  EXPECT_TRUE(warns(run_quality(inputs_of(source_of("b", b), given_set((folder / "other.npz").string()), "fd")),
                    "other divisors: n - 1 in 'b', n - 0 in"));
  write_npz(folder / "unknown.npz", {{"mu", moments.mean}, {"sigma", moments.covariance}});
  QualityInputs inputs = inputs_of(source_of("b", b), given_set((folder / "unknown.npz").string()), "fd");
  EXPECT_NE(refusal(inputs).find("--features"), std::string::npos);
  inputs.features = "pixels";
  EXPECT_TRUE(warns(run_quality(inputs), "does not say how its features were made"));
}

TEST(Quality, SetsThatCannotBeComparedAreRefused) {
  const Tensor a = test::normals({40, 3}, 1);
  EXPECT_NE(
      refusal(inputs_of(source_of("a", a), source_of("b", test::normals({9, 4}, 1)))).find("samples of one shape"),
      std::string::npos);
  EXPECT_NE(refusal(inputs_of(source_of("a", a.narrow(0, 0, 1)), source_of("b", a))).find("2 or more"),
            std::string::npos);
  Tensor broken = a.clone();
  broken[7][1] = std::nan("");
  EXPECT_FALSE(refusal(inputs_of(source_of("a", broken), source_of("b", a))).empty());
  const test::TempDir folder;
  FeatureMoments moments = feature_samples(source_of("a", a), "pixels", {}).moments();
  moments.contract.name = "pixels-8x8";
  write_feature_moments(folder / "m.npz", moments);
  QualityInputs other = inputs_of(source_of("a", a), given_set((folder / "m.npz").string()));
  other.features = "pixels";
  EXPECT_FALSE(refusal(other).empty());
  EXPECT_NE(
      refusal(inputs_of(source_of("a", a), source_of("b", a.narrow(0, 0, 1)))).find("a reference takes 2 or more"),
      std::string::npos);
  EXPECT_NE(test::error_of([] { parse_measures("fd,fid"); })->what(), std::string());
  EXPECT_TRUE(test::error_of([] { parse_measures(""); }));
}

TEST(Quality, AStoppedRunKeepsItsFeatures) {
  const test::TempDir folder;
  QualityInputs inputs = inputs_of(source_of("a", test::normals({20, 3}, 1)),
                                   source_of("b", test::normals({20, 3}, 2)));
  inputs.batch = 10;
  // Once all features are there: the progress of what follows says so.
  struct Stopper : ProgressSink {
    void advanced(const ProgressState& state) override { set_interrupted(state.what == "measures"); }
    void ended(const ProgressState&) override {}
  } stopper;
  const PartStore parts(folder / "out", "{}", EarlierParts::kRefuse);
  const auto error = test::error_of([&] {
    const ProgressScope scope(stopper);
    run_quality(inputs, parts);
  });
  set_interrupted(false);
  EXPECT_EQ(error->code(), ExitCode::kInterrupted);
  EXPECT_NE(std::string(error->what()).find("4 finished batches are kept"), std::string::npos) << error->what();
  const QualityRun again = run_quality(inputs, PartStore(folder / "out", "{}", EarlierParts::kResume));
  EXPECT_EQ(quality_summary(again), quality_summary(run_quality(inputs)));
}

TEST(Quality, HeldOutDataStandBesideCopies) {
  const Tensor train = test::normals({60, 3}, 1), held_out = test::normals({40, 3}, 2);
  QualityInputs copies = inputs_of(source_of("copies", train.narrow(0, 0, 40)), source_of("train", train));
  copies.given.held_out = source_of("held out", held_out);
  EXPECT_EQ(value_of(run_quality(copies), "held_out_distance"), 1);
  QualityInputs same = inputs_of(source_of("same", held_out), source_of("train", train));
  same.given.held_out = source_of("held out", held_out);
  EXPECT_EQ(value_of(run_quality(same), "held_out_distance"), 0);
}

TEST(Quality, ThePageHasEveryFigure) {
  const test::TempDir folder;
  QualityInputs inputs = inputs_of(SampleSource(open_data("glyphs,size=8,count=40,seed=1")),
                                   SampleSource(open_data("glyphs,size=8,count=64")));
  inputs.features = "pixels-8x8";
  inputs.given.samples.push_back(SampleSource(open_data("glyphs,size=8,count=40,seed=2")));
  inputs.given.held_out = SampleSource(open_data("glyphs,size=8,count=40,seed=3"));
  const QualityRun run = run_quality(inputs);
  RunFolder out({folder / "out", "quality", false, {}});
  const std::string headline = save_quality(run, {{"test"}, "cpu", "float64", 1}, RunInfo({"test"}), out);
  EXPECT_EQ(headline.find("In features 'pixels-8x8': Fréchet distance "), 0u) << headline;
  const std::string page = test::text_of(folder / "out/report.html");
  for (const char* words : {"What to mind", "of infinitely many samples it would be", "Fréchet distances of 2 blocks",
                            "The kernel distance is", "of the data where samples are", "of the samples are memorised",
                            "held-out ones", "nearest to the reference"})
    EXPECT_NE(page.find(words), std::string::npos) << words;
  const auto summary = nlohmann::json::parse(test::text_of(folder / "out/summary.json"));
  EXPECT_EQ(summary.at("measures").at("fd").at("blocks").size(), 2u);
  EXPECT_EQ(summary.at("measures").at("fd").at("least").get<double>(), across_blocks(run)[0].least);
  for (const char* file : {"quality.csv", "samples.csv", "fd_infinity.csv", "quality.npz"})
    EXPECT_TRUE(std::filesystem::exists(folder / "out" / file)) << file;
}

TEST(TwoSamples, KolmogorovDistanceIsTheLargestDifferenceOfParts) {
  const auto of = [](const std::vector<double>& a, const std::vector<double>& b) {
    return kolmogorov_distance(torch::tensor(a, torch::kFloat64), torch::tensor(b, torch::kFloat64));
  };
  EXPECT_EQ(of({1, 2, 3}, {3, 1, 2}), 0);
  EXPECT_EQ(of({1, 2}, {3, 4, 5}), 1);
  EXPECT_DOUBLE_EQ(of({1, 2, 3, 4}, {2.5}), 0.5);
  EXPECT_DOUBLE_EQ(of({1, 1, 2}, {1, 2, 2}), 1.0 / 3);
}

}  // namespace
}  // namespace farfield
