#include "analysis/study/study.h"

#include <cmath>
#include <map>
#include <set>

#include <gtest/gtest.h>

#include "analysis/study/study_file.h"
#include "core/io/file.h"
#include "models/analytic/analytic.h"
#include "samplers/gaussian_flow.h"
#include "samplers/integrate.h"
#include "samplers/schedules/noise_levels.h"
#include "samplers/seed_batch.h"
#include "samplers/solvers/solver_registry.h"
#include "tests/support/hostile_numbers.h"
#include "tests/support/test_support.h"

namespace farfield {
namespace {

GaussianStats stats() {
  return {torch::full({3}, 0.3, torch::kFloat64), torch::eye(3, torch::kFloat64),
          torch::tensor({1.0, 0.2, 0.01}, torch::kFloat64), 0, 10};
}

StudyRequest small_study() {
  StudyRequest request;
  request.solvers = {"euler", "heun", "dpmpp_2m", "ipndm3"};
  request.schedules = {"polynomial", "logsnr"};
  request.model_sha256 = "ab";
  request.nfe = {1, 5, 8};
  request.seeds = {3, 4, 5, 6, 7};
  request.reference = "dopri5,rtol=1e-9,atol=1e-9";
  return request;
}

// Every run's error is that of the same run by hand, against the closed form of a Gaussian.
TEST(Study, MeasuresTheDistanceFromTheSolution) {
  const auto model = make_gaussian(stats(), {3});
  const StudyRequest request = small_study();
  const Study study = run_study(*model, request);
  const auto latents = SeedBatch(request.seeds, model->info()).latents();
  const double last = 0.002;
  const auto exact = (*model)(gaussian_flow(stats(), latents * 80, 80, last), last);  // and the step to 0 all take
  ASSERT_EQ(study.squares.size(0), static_cast<int64_t>(study.runs.size()));
  for (size_t i = 0; i < study.runs.size(); ++i) {
    const StudyRun& run = study.runs[i];
    const auto levels = noise_levels({.schedule = run.schedule, .steps = run.steps});
    EXPECT_EQ(run.levels, levels);
    const auto result = integrate(*make_solver(run.solver), model->bind(), latents * 80, levels);
    const auto squares = (result.x - exact).square().mean(1);
    EXPECT_EQ(run.nfe, result.nfe);
    EXPECT_LE(test::deviation(study.squares[static_cast<int64_t>(i)].sqrt(), squares.sqrt()), 1e-7) << run.solver;
    EXPECT_NEAR(run.error.rms, std::sqrt(squares.mean().item<double>()), 1e-7);
    EXPECT_TRUE(run.error.low <= run.error.rms && run.error.rms <= run.error.high);
  }
}

TEST(Study, TakesTheMostStepsABudgetAllows) {
  const auto model = make_gaussian(stats(), {3});
  const Study study = run_study(*model, small_study());
  std::map<std::string, std::set<int64_t>> steps;
  for (const StudyRun& run : study.runs) steps[run.solver].insert(run.steps);
  EXPECT_EQ(steps["euler"], (std::set<int64_t>{1, 5, 8}));
  EXPECT_EQ(steps["heun"], (std::set<int64_t>{1, 3, 4}));  // 2 N - 1 evaluations
}

TEST(Study, SharesWhatRunsHaveInCommonAndNotTheBatch) {
  const auto model = make_gaussian(stats(), {3});
  StudyRequest request = small_study();
  const Study whole = run_study(*model, request);
  EXPECT_GT(whole.reused, 0);
  EXPECT_LT(whole.reused, whole.evaluations);
  request.batch = 2;
  const Study parts = run_study(*model, request);
  ASSERT_EQ(parts.runs.size(), whole.runs.size());
  EXPECT_LE(test::deviation(parts.squares.sqrt(), whole.squares.sqrt()), 1e-7);
}

// The Gaussian's own closed form arrives without an error: what is left of the way has a smaller one.
TEST(Study, TeleportedRunsBeginAtTheLevel) {
  const auto model = make_gaussian(stats(), {3});
  StudyRequest request = small_study();
  request.solvers = {"heun"};
  request.teleport = Teleport{2, stats()};
  const Study study = run_study(*model, request);
  int64_t teleported = 0;
  for (const StudyRun& run : study.runs) {
    if (!run.teleported) continue;
    EXPECT_EQ(run.levels.front(), 2);
    ++teleported;
  }
  EXPECT_EQ(teleported, static_cast<int64_t>(study.runs.size()) / 2);
  const StudyRun *plain = best_within(study, 8, false), *any = best_within(study, 8, true);
  ASSERT_TRUE(plain != nullptr && any != nullptr);
  EXPECT_FALSE(plain->teleported);
  EXPECT_TRUE(any->teleported);
  EXPECT_LT(any->error.rms, plain->error.rms);
  EXPECT_EQ(best_within(study, 0, true), nullptr);
}

TEST(Study, TriesEveryExactDeterministicSolver) {
  const auto names = study_solvers();
  EXPECT_GT(names.size(), 30u);
  for (const auto& name : names) {
    EXPECT_FALSE(make_solver(name)->stochastic() || make_solver(name)->adaptive()) << name;
    EXPECT_FALSE(name.ends_with("_compat")) << name;
  }
}

TEST(Study, MistakesAreOneLine) {
  const auto model = make_gaussian(stats(), {3});
  const auto refused = [&](const std::function<void(StudyRequest&)>& change, const std::string& words) {
    StudyRequest request = small_study();
    change(request);
    const auto error = test::error_of([&] { run_study(*model, request); });
    ASSERT_TRUE(error) << words;
    EXPECT_EQ(error->code(), ExitCode::kUsage);
    EXPECT_NE(std::string(error->what()).find(words), std::string::npos) << error->what();
  };
  refused([](auto& r) { r.solvers = {"dopri5"}; }, "dopri5 chooses its own steps");
  refused([](auto& r) { r.solvers = {"euler_ancestral"}; }, "euler_ancestral draws noise");
  refused([](auto& r) { r.solvers = {"eular"}; }, "did you mean 'euler'");
  refused([](auto& r) { r.schedules = {"logsrn"}; }, "did you mean 'logsnr'");
  refused([](auto& r) { r.nfe = {0}; }, "1 to 1000");
  refused([](auto& r) { r.solvers = {"rk4"}, r.nfe = {}; }, "budgets");
  refused([](auto& r) { r.reference = "heun"; }, "no adaptive solver");
  refused([](auto& r) { r.teleport = Teleport{90, stats()}; }, "teleport to sigma 90");
  refused([](auto& r) { r.label = 1; }, "class 1");
}

TEST(StudyFile, ReadsBackWhatItWrote) {
  const auto model = make_gaussian(stats(), {3});
  StudyRequest request = small_study();
  request.solvers = {"heun"};
  request.teleport = Teleport{2, stats()};
  const StudyAdvice advice = advise(run_study(*model, request), request, "gaussian.safetensors");
  ASSERT_EQ(advice.budgets.size(), 3u);
  const test::TempDir folder;
  write_file_atomically(folder / "study.json", serialize_advice(advice));
  const StudyAdvice again = read_advice(folder / "study.json");
  EXPECT_EQ(serialize_advice(again), serialize_advice(advice));
  EXPECT_EQ(advice_within(again, 7, false).nfe, advice.budgets[1].plain.nfe);
  EXPECT_FALSE(advice_within(again, 100, false).teleport);
  EXPECT_EQ(advice_within(again, 100, true).teleport, 2);
  EXPECT_EQ(test::error_of([&] { advice_within(again, 0, false); })->code(), ExitCode::kUsage);
}

TEST(StudyFile, NamesScheduleFilesOfAnyBytes) {
  const test::TempDir folder;
  for (const std::string schedule : {"gits:caf\xe9/a.json", "gits:a\nb", "gits:a,b=\"c\"", "polynomial"}) {
    const Advice plain{"heun", schedule, 3, 5};
    write_file_atomically(folder / "study.json", serialize_advice({"m", "ab", {{5, plain}}}));
    EXPECT_EQ(read_advice(folder / "study.json").budgets[0].plain.schedule, schedule);
  }
}

TEST(StudyFile, EveryNumberIsTakenOrRefused) {
  const Advice plain{"heun", "polynomial", 2, 3, {}, 0.5}, teleported{"heun", "polynomial", 2, 3, 1.5, 0.5};
  const test::TempDir folder;
  test::NumberSweep sweep(ExitCode::kBadFile);
  for (const auto& text : test::with_hostile_numbers(serialize_advice({"m", "ab", {{4, plain, teleported}}}))) {
    write_file_atomically(folder / "study.json", text);
    sweep(text, [&] { read_advice(folder / "study.json"); });
  }
}

TEST(StudyFile, RefusesWhatItWouldNotWrite) {
  const std::string good = serialize_advice({"m", "ab", {{4, {"heun", "polynomial", 2, 3, {}, 0.5}, {}}}});
  const test::TempDir folder;
  write_file_atomically(folder / "study.json", good);
  EXPECT_NO_THROW(read_advice(folder / "study.json"));
  const auto code_of = [&](const std::string& text) {
    write_file_atomically(folder / "study.json", text);
    const auto error = test::error_of([&] { read_advice(folder / "study.json"); });
    return error ? error->code() : ExitCode::kOk;
  };
  const std::vector<std::pair<std::string, std::string>> damages = {{"farfield study 1", "farfield study 2"},
                                                                    {"\"steps\": 2", "\"steps\": 0"},
                                                                    {"\"steps\": 2", "\"steps\": \"2\""},
                                                                    {"\"rms\": 0.5", "\"rms\": -1"},
                                                                    {"\"solver\"", "\"slover\""},
                                                                    {"\"nfe\": 4", "\"nfe\": 0"},
                                                                    {"\"budgets\"", "\"budget\""},
                                                                    {"{", "["}};
  for (const auto& [from, to] : damages) {
    std::string bad = good;
    bad.replace(bad.find(from), from.size(), to);
    EXPECT_EQ(code_of(bad), ExitCode::kBadFile) << from << " -> " << to;
  }
  EXPECT_EQ(code_of(""), ExitCode::kBadFile);
}

}  // namespace
}  // namespace farfield
