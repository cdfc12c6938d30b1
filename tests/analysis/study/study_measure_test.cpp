// Measures of a study's ends against data.
#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "analysis/page/report.h"
#include "analysis/paths/part_store.h"
#include "analysis/quality/frechet.h"
#include "analysis/quality/set_measures.h"
#include "analysis/stats/rank_correlation.h"
#include "analysis/study/measure_agreement.h"
#include "analysis/study/study.h"
#include "analysis/study/study_file.h"
#include "analysis/study/study_grid.h"
#include "core/data/source.h"
#include "core/io/file.h"
#include "core/text.h"
#include "models/analytic/analytic.h"
#include "samplers/sampler.h"
#include "samplers/schedules/noise_levels.h"
#include "samplers/solvers/solver_registry.h"
#include "tests/support/test_support.h"

namespace farfield {
namespace {

TEST(RankCorrelation, IsThatOfCountedPairsAndMeanRanks) {
  const auto of = [](std::vector<double> a, std::vector<double> b) {
    return rank_correlation(torch::tensor(a, torch::kFloat64), torch::tensor(b, torch::kFloat64));
  };
  EXPECT_NEAR(of({1, 2, 3, 4}, {10, 20, 30, 40}).spearman, 1, 1e-15);
  EXPECT_NEAR(of({1, 2, 3, 4}, {4, 3, 2, 1}).kendall, -1, 1e-15);
  // Ranks 1 2 3 4 5 against 2 1 4 3 5: sum of squared differences 4, two of ten pairs discordant.
  EXPECT_NEAR(of({1, 2, 3, 4, 5}, {2, 1, 4, 3, 5}).spearman, 1 - 6.0 * 4 / (5 * 24), 1e-15);
  EXPECT_NEAR(of({1, 2, 3, 4, 5}, {2, 1, 4, 3, 5}).kendall, (8.0 - 2) / 10, 1e-15);
  // Ties: mean ranks 1 2.5 2.5 4; 5 of 5 untied pairs concordant, of sqrt(5 x 6).
  EXPECT_NEAR(of({1, 2, 2, 3}, {1, 2, 3, 4}).kendall, 5 / std::sqrt(30.0), 1e-15);
  EXPECT_NEAR(of({1, 2, 2, 3}, {1, 2, 3, 4}).spearman, 4.5 / std::sqrt(4.5 * 5), 1e-15);
  EXPECT_TRUE(std::isnan(of({1, 1, 1}, {1, 2, 3}).spearman));
  EXPECT_TRUE(std::isnan(of({1}, {2}).kendall));
}

class StudyMeasures : public ::testing::Test {
 protected:
  StudyMeasures() {
    request.solvers = {"euler", "heun"};
    request.schedules = {"polynomial"};
    request.nfe = {3, 5, 7};
    for (int64_t seed = 0; seed < 12; ++seed) request.seeds.push_back(seed);
    request.batch = 5;
  }

  std::shared_ptr<const SetMeasures> measures(const std::string& names) const {
    SetMeasureRequest asked{names, "pixels", SampleSource(data), {}};
    return std::make_shared<SetMeasures>(asked, data->info().shape);
  }

  std::shared_ptr<const DataSource> data = open_data("rings,count=40");
  std::shared_ptr<const Denoiser> model = make_delta(data->rows(0, 40), {2});
  StudyRequest request;
};

// Every run's measure is that of the samples that the same solver draws.
TEST_F(StudyMeasures, AreThoseOfTheSamples) {
  request.measures = measures("fd,memorised");
  const Study study = run_study(*model, request);
  const FrechetFactor of_data = frechet_factor(data->rows(0, 40).to(torch::kFloat64));
  for (const StudyRun& run : study.runs) {
    SampleRequest draw;
    draw.seeds = request.seeds;
    draw.levels = run.levels;
    const Samples samples = sample(*model, *make_solver(run.solver), draw);
    ASSERT_EQ(run.measures.size(), 2U);
    EXPECT_NEAR(run.measures[0], frechet_distance(frechet_factor(samples.x), of_data).value, 1e-9) << run.solver;
  }
  ASSERT_EQ(study.reference_measures.size(), 2U);
  EXPECT_EQ(study.reference_measures[1], 1) << "the exact denoiser's solution ends in the data";
}

TEST_F(StudyMeasures, DoNotChangeTheErrorsAndGoOnWhereTheyWereStopped) {
  const Study plain = run_study(*model, request);
  request.measures = measures("fd,kid,precision,recall,density,coverage,sliced_wasserstein,memorised");
  const Study whole = run_study(*model, request);
  EXPECT_TRUE(whole.squares.equal(plain.squares));
  const test::TempDir folder;
  const PartStore parts(folder / "out", "{}", EarlierParts::kRefuse);
  const Study kept = run_study(*model, request, parts);
  EXPECT_EQ(parts.kept(), 3);
  const Study again = run_study(*model, request, PartStore(folder / "out", "{}", EarlierParts::kResume));
  for (size_t i = 0; i < whole.runs.size(); ++i) {
    EXPECT_EQ(kept.runs[i].measures, whole.runs[i].measures);
    EXPECT_EQ(again.runs[i].measures, whole.runs[i].measures);
    EXPECT_EQ(again.runs[i].nfe, whole.runs[i].nfe);
    for (const double value : whole.runs[i].measures) EXPECT_TRUE(std::isfinite(value));
  }
  EXPECT_EQ(again.reused, whole.reused);
  EXPECT_EQ(again.evaluations, whole.evaluations);
}

// rms and measures that are known: the ranks are compared run by run, more being better for precision.
TEST_F(StudyMeasures, RankTheRunsBesideRms) {
  Study study;
  const double rms[] = {4, 3, 2, 1}, precision[] = {0.1, 0.2, 0.4, 0.3};
  for (size_t i = 0; i < 4; ++i) {
    StudyRun run;
    run.nfe = i < 3 ? 5 : 9;
    run.error.rms = rms[i];
    run.measures = {rms[i] * 2, precision[i]};
    study.runs.push_back(run);
  }
  const auto asked = parse_set_measures("fd,precision");
  const auto all = measure_agreements(study, asked);
  ASSERT_EQ(all.size(), 4U) << "all, and those of 5 evaluations, twice";
  EXPECT_EQ(all[0].runs, 4);
  EXPECT_NEAR(all[0].ranks.kendall, 1, 1e-15);
  EXPECT_EQ(all[1].nfe, 5);
  EXPECT_NEAR(all[2].ranks.kendall, (5.0 - 1) / 6, 1e-15);
  EXPECT_NEAR(all[3].ranks.spearman, 1, 1e-15);
  EXPECT_NE(measure_agreement_words(study, asked).find("Fréchet distance rank the 4 runs with Spearman 1.0"),
            std::string::npos)
      << measure_agreement_words(study, asked);
}

TEST_F(StudyMeasures, AdviceHasThemAndReadsBack) {
  request.measures = measures("fd,precision");
  const StudyAdvice advice = advise(run_study(*model, request), request, "delta:rings");
  ASSERT_EQ(advice.budgets.front().plain.measures.size(), 2U);
  ASSERT_EQ(advice.budgets.front().by_measure.size(), 2U);
  const test::TempDir folder;
  write_file_atomically(folder / "study.json", serialize_advice(advice));
  EXPECT_EQ(serialize_advice(read_advice(folder / "study.json")), serialize_advice(advice));
}

// A cell is the run that takes exactly so many evaluations; the best of a column is bold.
TEST_F(StudyMeasures, StandInATableOfSolversAndEvaluations) {
  request.measures = measures("fd");
  request.nfe = {3, 4, 5};
  const StudyStory story{run_study(*model, request), request, "delta:rings", {}, {}};
  const Table table = study_grid(story);
  ASSERT_EQ(table.columns, (std::vector<std::string>{"measure", "solver", "schedule", "start", "3", "4", "5"}));
  ASSERT_EQ(table.rows.size(), 4U);
  for (const auto& row : table.rows) {
    const bool heun = std::get<std::string>(row[1]) == "heun";
    EXPECT_EQ(std::holds_alternative<std::monostate>(row[5]), heun) << "Heun takes no 4 evaluations";
  }
  const std::string text = study_grid_markdown(story);
  EXPECT_NE(text.find("| heun | polynomial | noise |"), std::string::npos) << text;
  size_t bold = 0;
  for (size_t at = text.find("**"); at != std::string::npos; at = text.find("**", at + 2)) ++bold;
  EXPECT_GE(bold, 12U) << text;
}

TEST_F(StudyMeasures, MistakesAreOneLine) {
  const auto refused = [&](const SetMeasureRequest& asked, const std::string& words) {
    const auto error = test::error_of([&] {
      check_set_measures(asked);
      SetMeasures(asked, data->info().shape).check_count(3);
    });
    ASSERT_TRUE(error) << words;
    EXPECT_EQ(error->code(), ExitCode::kUsage);
    EXPECT_NE(std::string(error->what()).find(words), std::string::npos) << error->what();
  };
  const SampleSource samples(data);
  refused({"fid", "pixels", samples, {}}, "expected some of fd,kid");
  refused({"fd,fd", "pixels", samples, {}}, "named twice");
  refused({"fd", "pixels", {}, {}}, "--data");
  refused({"", "pixels", samples, {}}, "--measure fd");
  refused({"coverage", "pixels", samples, {}}, "6 samples or more");
  refused({"fd", "pixels", SampleSource(open_data("glyphs,size=8,count=9")), {}}, "[1,8,8]");
}

// Moments alone are enough for a Fréchet distance, and for nothing else.
TEST_F(StudyMeasures, TakeMomentsForTheFrechetDistance) {
  const test::TempDir folder;
  const std::string file = (folder / "moments.npz").string();
  const auto featured = feature_samples(SampleSource(data), "pixels", {});
  write_feature_moments(file, featured.moments());
  const SetMeasures from_moments({"fd", "", GivenSet(file), {}}, data->info().shape);
  const torch::Tensor features = from_moments.features_of(data->rows(3, 20));
  EXPECT_NEAR(from_moments.values_of(features)[0], measures("fd")->values_of(features)[0], 1e-9);
  EXPECT_EQ(test::error_of([&] { SetMeasures({"kid", "", GivenSet(file), {}}, data->info().shape); })->code(),
            ExitCode::kUsage);
}

}  // namespace
}  // namespace farfield
