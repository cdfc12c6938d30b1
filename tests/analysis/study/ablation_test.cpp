// Schedule searches over one option and blocks of seeds; a schedule for every seed; levels skipped by a Gaussian.
#include "analysis/study/ablation.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <variant>

#include <gtest/gtest.h>

#include "analysis/quality/set_measures.h"
#include "analysis/study/ablation_report.h"
#include "analysis/study/gits_run.h"
#include "analysis/study/study.h"
#include "analysis/study/teleport_sweep.h"
#include "models/analytic/analytic.h"
#include "samplers/sampler.h"
#include "samplers/solvers/solver_registry.h"
#include "tests/support/counted_denoiser.h"
#include "tests/support/test_support.h"

namespace farfield {
namespace {

GaussianStats three_numbers() {
  return {torch::tensor({0.3, -0.1, 0.0}, torch::kFloat64), torch::eye(3, torch::kFloat64),
          torch::tensor({1.0, 0.2, 0.01}, torch::kFloat64), 0, 10};
}

AblationOptions small_ablation(const std::string& vary) {
  AblationOptions options;
  options.search.nfe = "3-5";
  options.search.teacher = "heun";
  options.search.points = 21;
  options.search.warmup = 16;
  options.search.batch = 8;
  options.vary = vary;
  options.repeats = 2;
  options.test_seeds = 12;
  return options;
}

class Ablations : public ::testing::Test {
 protected:
  RecordedModel recorded() const { return {*model, "a Gaussian", std::string(64, 'a'), "float64"}; }
  std::shared_ptr<const Denoiser> model = make_gaussian(three_numbers(), {3});
};

std::vector<double> levels_in(const Ablation& ablation, int64_t value, int64_t budget, int64_t repeat) {
  const auto row = ablation.levels[value][budget][repeat].contiguous();
  std::vector<double> levels;
  for (int64_t i = 0; i < row.numel() && !std::isnan(row[i].item<double>()); ++i)
    levels.push_back(row[i].item<double>());
  return levels;
}

TEST_F(Ablations, OneRepeatOfOneGammaIsASearch) {
  AblationOptions options = small_ablation("gamma=1.15");
  options.repeats = 1;
  const Ablation ablation = run_ablation(recorded(), options);
  const SearchResult search = run_search(recorded(), options.search);
  ASSERT_EQ(ablation.nfe, search.request.nfe);
  for (size_t e = 0; e < ablation.nfe.size(); ++e) {
    EXPECT_EQ(levels_in(ablation, 0, static_cast<int64_t>(e), 0), search.file.schedules[e].levels);
    // The error by hand: seeds 16 to 27, after those of the search.
    SampleRequest run;
    for (int64_t seed = 16; seed < 28; ++seed) run.seeds.push_back(seed);
    run.levels = search.request.levels;
    const auto teacher = sample(*model, *make_solver("heun"), run).x;
    run.levels = search.file.schedules[e].levels;
    const auto student = sample(*model, *make_solver("ipndm4"), run).x;
    EXPECT_NEAR(ablation.rms[0][static_cast<int64_t>(e)][0].item<double>(),
                (student - teacher).square().mean().sqrt().item<double>(), 1e-12);
  }
  EXPECT_TRUE(std::holds_alternative<std::monostate>(ablation_errors(ablation).rows.front().back()))
      << "no spread of one";
}

TEST_F(Ablations, EveryRepeatHasSeedsOfItsOwnAndEveryValueItsSearch) {
  for (const std::string vary : {"warmup=4,16", "points=11,21", "gamma=0.9,1.3"}) {
    SCOPED_TRACE(vary);
    const AblationOptions options = small_ablation(vary);
    const Ablation ablation = run_ablation(recorded(), options);
    for (int64_t value = 0; value < 2; ++value) {
      for (int64_t repeat = 0; repeat < 2; ++repeat) {
        SearchOptions alone = options.search;
        const double of = ablation.variation.values[static_cast<size_t>(value)];
        if (ablation.variation.name == "gamma") alone.gamma = of;
        if (ablation.variation.name == "points") alone.points = static_cast<int64_t>(of);
        const int64_t warmup = ablation.variation.name == "warmup" ? static_cast<int64_t>(of) : 16;
        alone.seeds = std::to_string(16 * repeat) + "-" + std::to_string(16 * repeat + warmup - 1);
        const SearchResult search = run_search(recorded(), alone);
        for (int64_t e = 0; e < 3; ++e)
          EXPECT_EQ(levels_in(ablation, value, e, repeat), search.file.schedules[static_cast<size_t>(e)].levels);
      }
    }
    EXPECT_TRUE(torch::isfinite(ablation.rms).all().item<bool>());
    EXPECT_TRUE((ablation.seconds > 0).all().item<bool>());
  }
}

TEST_F(Ablations, OneTeacherServesAllSubsets) {
  const test::CountedDenoiser counted(model);
  AblationOptions options = small_ablation("warmup=4,8,16");
  options.repeats = 1;
  run_ablation({counted, "counted", std::string(64, 'a'), "float64"}, options);
  const int64_t teacher = 40, reference = 12 * teacher, students = 3 * 12 * (3 + 4 + 5);
  EXPECT_GE(counted.samples, reference + 16 * teacher + students / 3);
  EXPECT_LE(counted.samples, reference + 16 * teacher + students)
      << "12 more of the teacher's runs are 480 evaluations";
}

TEST_F(Ablations, AStoppedOneGoesOn) {
  const test::TempDir folder;
  const auto store = [&] { return PartStore(folder / "out", R"({"of": "a test"})", EarlierParts::kResume); };
  const AblationOptions options = small_ablation("warmup=4,16");
  const Ablation whole = run_ablation(recorded(), options, store());
  std::filesystem::remove(folder / "out.parts/batch-000001.npz");
  const Ablation again = run_ablation(recorded(), options, store());
  EXPECT_TRUE(torch::equal(again.rms, whole.rms));
  EXPECT_TRUE(torch::equal(again.seconds.select(1, 0), whole.seconds.select(1, 0))) << "read, not measured";
}

TEST(Variation, MistakesAreNamed) {
  const std::vector<std::pair<std::string, std::string>> table = {
      {"warmup", "expected warmup="}, {"wramup=3", "expected warmup="}, {"warmup=", "expected"},
      {"warmup=16,8", "that rise"},   {"warmup=0,8", "from 1"},         {"points=2,8", "from 3"},
      {"gamma=0", "from 0.01"},       {"gamma=1,x", "--vary gamma"},    {"points=3.5", "--vary points"}};
  for (const auto& [text, words] : table) {
    const auto error = test::error_of([&] { parse_variation(text); });
    ASSERT_TRUE(error) << text;
    EXPECT_EQ(error->code(), ExitCode::kUsage);
    EXPECT_NE(std::string(error->what()).find(words), std::string::npos) << error->what();
  }
}

TEST_F(Ablations, AScheduleASeedIsTheSearchOfThatSeed) {
  SearchOptions options = small_ablation("gamma=1").search;
  options.warmup = 9;
  options.per_sample = true;
  const SearchResult all = run_search(recorded(), options);
  ASSERT_EQ(all.per_sample.size(), 3U);
  const auto errors = student_errors(*model, all);
  for (int64_t seed = 0; seed < 9; ++seed) {
    SearchOptions alone = options;
    alone.seeds = std::to_string(seed);
    const SearchResult one = run_search(recorded(), alone);
    for (size_t e = 0; e < 3; ++e)
      EXPECT_TRUE(all.per_sample[e][seed].equal(torch::tensor(one.file.schedules[e].indices, torch::kInt64)));
  }
  double squares = 0;
  for (int64_t seed = 0; seed < 9; ++seed) {
    SampleRequest run{.seeds = {seed}};
    const auto indices = all.per_sample[1][seed];
    for (int64_t k = 0; k < indices.numel(); ++k)
      run.levels.push_back(all.request.levels[static_cast<size_t>(indices[k].item<int64_t>())]);
    squares +=
        (sample(*model, *make_solver("ipndm4"), run).x[0] - all.search.ends[seed]).square().mean().item<double>();
  }
  const auto own = std::ranges::find_if(
      errors, [](const StudentError& error) { return error.nfe == 4 && error.schedule == "per_sample"; });
  ASSERT_NE(own, errors.end());
  EXPECT_NEAR(own->rms, std::sqrt(squares / 9), 1e-12);
  const auto quartiles = level_quantiles({8, 4, 2, 1}, torch::tensor({0, 1, 0, 2, 0, 3}, torch::kInt64).view({3, 2}),
                                         {0, 0.5, 1});
  EXPECT_TRUE(quartiles.equal(torch::tensor({8., 1., 8., 2., 8., 4.}, torch::kFloat64).view({3, 2})));
  options.afs = true;
  EXPECT_EQ(test::error_of([&] { options.validate(); })->code(), ExitCode::kUsage);
}

// The student's ends of every repeat, by the measure itself; errors stay what they were.
TEST_F(Ablations, MeasureTheEndsAgainstData) {
  AblationOptions options = small_ablation("warmup=8,16");
  const Ablation plain = run_ablation(recorded(), options);
  EXPECT_EQ(plain.measures.size(3), 0);
  const auto data = std::make_shared<DataSource>("points", torch::randn({30, 3}), torch::Tensor(), 0);
  options.measure = {"fd,sliced_wasserstein", "pixels", SampleSource(data), {}};
  const Ablation ablation = run_ablation(recorded(), options);
  EXPECT_TRUE(ablation.rms.equal(plain.rms));
  ASSERT_EQ(ablation.measures.sizes().vec(), (std::vector<int64_t>{2, 3, 2, 2}));
  SampleRequest draw;
  draw.levels = levels_in(ablation, 1, 2, 1);
  for (int64_t seed = 32; seed < 44; ++seed) draw.seeds.push_back(seed);
  draw.batch = 8;
  const Samples ends = sample(*model, *make_solver(options.search.student_text()), draw);
  const SetMeasures measures(options.measure, {3});
  EXPECT_NEAR(ablation.measures[1][2][1][0].item<double>(), measures.values_of(measures.features_of(ends.x))[0], 1e-9);
  const Table table = ablation_errors(ablation);
  EXPECT_EQ(table.columns[6], "fd_mean");
  EXPECT_EQ(std::get<double>(table.rows.front()[6]), ablation.measures[0][0].select(1, 0).mean().item<double>());
  EXPECT_NE(ablation_answer(ablation).find("Its Fréchet distance is"), std::string::npos) << ablation_answer(ablation);
}

// 002, tables 4 to 6: Heun over N levels takes 2 (N - i) - 1 evaluations from level i.
TEST_F(Ablations, SkippedLevelsTakeThePublishedEvaluations) {
  StudyRequest request;
  request.solvers = {"heun", "euler"};
  request.schedules = {"polynomial"};
  request.seeds = {1, 2, 3};
  request.nfe = {3};
  request.teleport_sweep = 18;
  EXPECT_EQ(test::error_of([&] { run_study(*model, request); })->code(), ExitCode::kUsage);
  request.teleport = Teleport{1, three_numbers()};
  const auto runs = run_study(*model, request).skipped;
  ASSERT_EQ(runs.size(), 36U);
  for (int64_t skip = 0; skip < 18; ++skip) {
    const SkippedRun& heun = runs[static_cast<size_t>(skip)];
    EXPECT_EQ(heun.skip, skip);
    EXPECT_EQ(heun.nfe, 2 * (18 - skip) - 1);
    EXPECT_EQ(runs[static_cast<size_t>(18 + skip)].nfe, 18 - skip);
  }
  const std::map<int64_t, double> printed = {{35, 80},  {33, 57.6}, {31, 40.8}, {29, 28.4}, {27, 19.4}, {25, 12.9},
                                             {23, 8.4}, {21, 5.3},  {19, 3.3},  {15, 1.1},  {11, 0.3}};
  size_t found = 0;
  for (const SkippedRun& run : runs) {
    const auto row = printed.find(run.nfe);
    if (run.solver != "heun" || row == printed.end()) continue;
    EXPECT_NEAR(run.sigma_skip, row->second, 0.0501);
    ++found;
  }
  EXPECT_EQ(found, printed.size());
  // The model is the Gaussian: the closed form errs by nothing, the solver from less levels by less.
  EXPECT_EQ(runs[0].error.rms, 0);
  EXPECT_LT(runs[1].error.rms, 0.01);
  const Table table = skipped_table(runs);
  EXPECT_EQ(std::get<double>(table.rows[18][6]), 0);
  EXPECT_NEAR(std::get<double>(table.rows[1][6]), 2.0 / 35, 1e-12);
}

}  // namespace
}  // namespace farfield
