#include <fstream>

#include "core/io/file.h"
#include "core/math/random.h"
#include "models/analytic/analytic.h"
#include "samplers/gits/gits_afs.h"
#include "samplers/gits/gits_cost.h"
#include "samplers/gits/gits_dp.h"
#include "samplers/gits/gits_search.h"
#include "samplers/sampler.h"
#include "samplers/schedules/gits_file.h"
#include "samplers/schedules/noise_levels.h"
#include "samplers/solvers/solver_registry.h"
#include "tests/support/test_support.h"
#include "tests/support/thread_count.h"

namespace farfield {
namespace {

using torch::Tensor;

struct Teacher {
  std::vector<double> levels;
  Tensor states, slopes;
};

// Noisy straight lines from sigma = 80 down: what cancels in a difference of squares.
Teacher nearly_straight(int64_t points, int64_t batch, int64_t size) {
  Teacher teacher{noise_levels({.steps = points - 1, .final = "sigma_min"}), {}, {}};
  const auto direction = SampleRandom(1).normal({batch, size}, torch::kFloat64);
  const auto bend = SampleRandom(2).normal({points, batch, size}, torch::kFloat64);
  const auto sigma = torch::tensor(teacher.levels, torch::kFloat64).view({points, 1, 1});
  teacher.states = (direction * sigma + 1e-3 * bend).contiguous();
  teacher.slopes = (direction + 1e-5 * bend).narrow(0, 0, points - 1).contiguous();
  return teacher;
}

// As the definition reads, with every jump materialised.
Tensor plain_costs(GitsMetric metric, const Teacher& teacher) {
  const int64_t last = teacher.states.size(0) - 1, batch = teacher.states.size(1);
  const auto end = teacher.states[last], chord = end - teacher.states[0];
  const auto u = chord / chord.norm(2, {1}, true);
  const auto dev = [&](const Tensor& y) {
    const auto v = end - y, left = v - (v * u).sum(1, true) * u;
    return left.norm(2, {1});
  };
  auto costs = torch::zeros({batch, last + 1, last + 1}, torch::kFloat64);
  for (int64_t i = 0; i < last; ++i) {
    for (int64_t j = i + 1; j <= last; ++j) {
      const auto jump = teacher.states[i] + (teacher.levels[j] - teacher.levels[i]) * teacher.slopes[i];
      const auto miss = jump - teacher.states[j];
      const auto cost = metric == GitsMetric::kDev
                            ? dev(jump) - (j == last ? torch::zeros({batch}, torch::kFloat64) : dev(teacher.states[j]))
                        : metric == GitsMetric::kL1 ? miss.abs().sum(1)
                                                    : miss.norm(2, {1});
      costs.select(1, i).select(1, j).copy_(cost);
    }
  }
  return costs;
}

TEST(GitsCost, nothing_cancels_and_no_dimension_is_left_out) {
  for (const int64_t size : {1, 7, 32, 33, 600, 1061}) {
    const auto teacher = nearly_straight(13, 5, size);
    for (const auto& name : gits_metric_names()) {
      const auto metric = parse_gits_metric(name);
      const auto ours = gits_costs(metric, teacher.levels, teacher.states, teacher.slopes);
      EXPECT_LE(test::deviation(ours, plain_costs(metric, teacher)), 3e-11) << name << " " << size;
    }
  }
}

TEST(GitsCost, a_row_depends_on_its_own_sample_alone) {
  const auto teacher = nearly_straight(9, 6, 700);
  for (const auto& name : gits_metric_names()) {
    const auto metric = parse_gits_metric(name);
    const auto all = gits_costs(metric, teacher.levels, teacher.states, teacher.slopes);
    const test::ThreadCount one(1);
    const auto part = gits_costs(metric, teacher.levels, teacher.states.narrow(1, 2, 3).contiguous(),
                                 teacher.slopes.narrow(1, 2, 3).contiguous());
    EXPECT_TRUE(torch::equal(all.narrow(0, 2, 3), part)) << name;
  }
}

TEST(GitsCost, points_that_do_not_move_cost_nothing) {
  const auto states = torch::ones({4, 2, 3}, torch::kFloat64), slopes = torch::zeros({3, 2, 3}, torch::kFloat64);
  for (const auto& name : gits_metric_names()) {
    EXPECT_EQ(gits_costs(parse_gits_metric(name), {8, 4, 2, 1}, states, slopes).abs().max().item<double>(), 0) << name;
  }
}

TEST(GitsPaths, the_cheapest_way_is_found_by_trying_all) {
  const auto costs = SampleRandom(3).uniform({7, 7}, torch::kFloat64).triu(1) - 0.3;
  const auto paths = gits_paths(costs, 1.2, 6);
  ASSERT_EQ(paths.size(), 6u);
  for (int subset = 0; subset < 32; ++subset) {
    std::vector<int64_t> indices = {0};
    for (int k = 0; k < 5; ++k) {
      if (subset & (1 << k)) indices.push_back(k + 1);
    }
    indices.push_back(6);
    double cost = 0, weight = 1;
    for (size_t k = 0; k + 1 < indices.size(); ++k, weight *= 1.2) {
      cost += weight * costs[indices[k]][indices[k + 1]].item<double>();
    }
    const GitsPath& best = paths[indices.size() - 2];
    EXPECT_LE(best.cost, cost + 1e-12);
    if (best.indices == indices) {
      EXPECT_NEAR(best.cost, cost, 1e-12);
    }
  }
}

// Every subset of up to nine levels, both ways to weigh.
TEST(GitsPaths, both_forms_of_gamma_equal_brute_force) {
  for (int64_t levels = 3; levels <= 9; ++levels) {
    const auto costs = SampleRandom(levels).uniform({levels, levels}, torch::kFloat64).triu(1).contiguous();
    for (const double gamma : {1.0, 1.15, 0.7, 3.0}) {
      for (const GammaForm form : {GammaForm::kComputed, GammaForm::kPrinted}) {
        const auto paths = gits_paths(costs, gamma, levels - 1, form);
        std::vector<double> least(static_cast<size_t>(levels) - 1, std::numeric_limits<double>::infinity());
        for (int subset = 0; subset < 1 << (levels - 2); ++subset) {
          std::vector<double> steps;
          int64_t from = 0;
          for (int64_t to = 1; to < levels; ++to) {
            if (to < levels - 1 && (subset >> (to - 1) & 1) == 0) continue;
            steps.push_back(costs[from][to].item<double>());
            from = to;
          }
          double cost = 0;
          for (size_t m = 0; m < steps.size(); ++m) {
            const bool last = m + 1 == steps.size();
            cost += steps[m] * (form == GammaForm::kComputed ? std::pow(gamma, m) : last ? 1 : gamma);
          }
          least[steps.size() - 1] = std::min(least[steps.size() - 1], cost);
        }
        for (size_t k = 0; k < least.size(); ++k) EXPECT_NEAR(paths[k].cost, least[k], 1e-12) << levels << " " << gamma;
      }
      if (gamma != 1) continue;
      const auto one = gits_paths(costs, 1, levels - 1), other = gits_paths(costs, 1, levels - 1, GammaForm::kPrinted);
      for (size_t k = 0; k < one.size(); ++k) EXPECT_EQ(one[k].indices, other[k].indices);
    }
  }
}

TEST(GitsPaths, the_forms_of_gamma_differ_where_gamma_is_not_one) {
  // Two ways of two segments: 2 and 2, or 1.2 and 2.9.
  auto costs = torch::zeros({4, 4}, torch::kFloat64);
  costs[0][1] = 2, costs[1][3] = 2, costs[0][2] = 1.2, costs[2][3] = 2.9, costs[0][3] = 9, costs[1][2] = 9;
  EXPECT_EQ(gits_paths(costs, 2, 2, GammaForm::kComputed)[1].indices, (std::vector<int64_t>{0, 1, 3}));
  EXPECT_EQ(gits_paths(costs, 2, 2, GammaForm::kPrinted)[1].indices, (std::vector<int64_t>{0, 2, 3}));
  EXPECT_EQ(test::error_of([] { parse_gamma_form("pritned"); })->code(), ExitCode::kUsage);
}

TEST(GitsPaths, mistakes_are_named) {
  const auto costs = torch::zeros({5, 5}, torch::kFloat64);
  EXPECT_EQ(test::error_of([&] { gits_paths(costs, 0, 2); })->code(), ExitCode::kUsage);
  EXPECT_EQ(test::error_of([&] { gits_paths(costs, 1, 5); })->code(), ExitCode::kUsage);
  EXPECT_EQ(test::error_of([&] { gits_paths(costs, 1, 0); })->code(), ExitCode::kUsage);
  auto broken = costs.clone();
  broken[1][3] = std::nan("");
  const auto error = test::error_of([&] { gits_paths(broken, 1, 2); });
  EXPECT_EQ(error->code(), ExitCode::kNumeric);
  EXPECT_NE(std::string(error->what()).find("from level 1 to 3"), std::string::npos) << error->what();
}

TEST(GitsAfs, without_a_level_between_nothing_is_added) {
  const auto ends = torch::zeros({2, 3}, torch::kFloat64);
  const StudentEnds student = [&](const std::vector<int64_t>& indices) { return ends + std::abs(indices[1] - 3.2); };
  EXPECT_EQ(with_afs_level({0, 1, 9}, student, ends), (std::vector<int64_t>{0, 1, 9}));
  EXPECT_EQ(with_afs_level({0, 7, 9}, student, ends), (std::vector<int64_t>{0, 3, 7, 9}));
}

std::unique_ptr<Denoiser> toy_model() {
  return make_gaussian({.mean = torch::tensor({0.3, -0.1, 0.0}, torch::kFloat64),
                        .basis = torch::eye(3, torch::kFloat64),
                        .eigenvalues = torch::tensor({0.25, 0.04, 0.0025}, torch::kFloat64)},
                       {3});
}

GitsRequest toy_request() {
  GitsRequest request{.levels = noise_levels({.steps = 20, .final = "sigma_min"}), .nfe = {3, 4, 6}};
  for (int64_t seed = 0; seed < 40; ++seed) request.seeds.push_back(seed);
  return request;
}

// Costs are sums in the order of the seeds whatever the batch, so only the denoiser's rounding is left.
TEST(GitsSearch, schedules_depend_on_the_seeds_and_not_on_batch_or_threads) {
  const auto model = toy_model();
  const auto teacher = make_solver("heun");
  auto request = toy_request();
  const auto all = gits_search(*model, *teacher, request);
  EXPECT_EQ(all.teacher_nfe, 40);
  const test::ThreadCount one(1);
  request.batch = 7;
  const auto parts = gits_search(*model, *teacher, request);
  EXPECT_LE(test::deviation(parts.costs, all.costs), 1e-12);
  EXPECT_LE(test::deviation(parts.ends, all.ends), 1e-12);
  for (size_t i = 0; i < all.schedules.size(); ++i) {
    EXPECT_EQ(parts.schedules[i].indices, all.schedules[i].indices);
    EXPECT_EQ(all.schedules[i].indices.size(), static_cast<size_t>(all.schedules[i].nfe) + 1);
    EXPECT_EQ(all.schedules[i].levels.back(), 0.002);
  }
}

TEST(GitsSearch, afs_adds_one_level_and_leaves_the_teacher_alone) {
  const auto model = toy_model();
  const auto teacher = make_solver("heun"), student = make_solver("euler");
  auto request = toy_request();
  const auto without = gits_search(*model, *teacher, request);
  request.afs_student = student.get();
  const auto with = gits_search(*model, *teacher, request);
  EXPECT_TRUE(torch::equal(with.costs, without.costs));
  for (size_t i = 0; i < with.schedules.size(); ++i) {
    auto indices = with.schedules[i].indices;
    EXPECT_EQ(indices.size(), without.schedules[i].indices.size() + 1);
    indices.erase(indices.begin() + 1);
    EXPECT_EQ(indices, without.schedules[i].indices);
  }
}

TEST(GitsSearch, the_level_of_afs_is_chosen_on_all_seeds) {
  const auto model = toy_model();
  const auto teacher = make_solver("heun"), student = make_solver("euler");
  auto request = toy_request();
  for (int64_t seed = 40; seed < 90; ++seed) request.seeds.push_back(seed);
  request.nfe = {3};
  const auto without = gits_search(*model, *teacher, request).schedules.front();
  request.afs_student = student.get();
  int64_t evaluations = 0;
  request.on_phase = [&](const std::string& phase, int64_t total) {
    if (phase == "analytical first step") evaluations = total;
  };
  const auto with = gits_search(*model, *teacher, request);
  EXPECT_EQ(evaluations, 90 * 3 * (without.indices[1] - 1));
  SampleRequest run{.seeds = request.seeds};
  run.afs = true;
  const auto expected = with_afs_level(without.indices, [&](const std::vector<int64_t>& indices) {
    run.levels.clear();
    for (const int64_t index : indices) run.levels.push_back(request.levels[index]);
    return sample(*model, *student, run).x;
  }, with.ends);
  EXPECT_EQ(with.schedules.front().indices, expected);
}

// The teacher of many seeds says of the first few what a teacher of those alone says.
TEST(GitsSearch, one_teacher_serves_every_smaller_number_of_seeds) {
  const auto model = toy_model();
  const auto teacher = make_solver("heun");
  auto request = toy_request();
  int64_t alone = 0;
  torch::Tensor sum = torch::zeros({21, 21}, torch::kFloat64);
  request.on_costs = [&](const torch::Tensor& costs) {
    ++alone;
    sum += costs;
  };
  const auto run = run_gits_teacher(*model, *teacher, request, {5, 16, 40});
  EXPECT_EQ(alone, 40);
  EXPECT_TRUE(torch::equal(run.first[2].costs, sum / 40));
  EXPECT_EQ(run.ends.size(0), 40);
  EXPECT_EQ(run.nfe, 40);
  request.on_costs = {};
  for (const auto& first : run.first) {
    auto few = request;
    few.seeds.resize(static_cast<size_t>(first.seeds));
    const auto search = gits_search(*model, *teacher, few);
    EXPECT_LE(test::deviation(search.costs, first.costs), 1e-12);
    EXPECT_LE(test::deviation(search.deviations, first.deviations), 1e-12);
    EXPECT_GT(first.seconds.teacher, 0);
  }
}

TEST(GitsSearch, mistakes_are_usage_errors) {
  const auto model = toy_model();
  const auto refused = [&](auto change, const std::string& words) {
    auto request = toy_request();
    change(request);
    const auto error = test::error_of([&] { gits_search(*model, *make_solver("euler"), request); });
    ASSERT_TRUE(error);
    EXPECT_EQ(error->code(), ExitCode::kUsage);
    EXPECT_NE(std::string(error->what()).find(words), std::string::npos) << error->what();
  };
  refused([](GitsRequest& r) { r.levels.back() = 0; }, "ends at 0");
  refused([](GitsRequest& r) { r.levels = {80, 1}; }, "expected 3 to 4096");
  refused([](GitsRequest& r) { r.nfe = {21}; }, "21 points give 1 to 20");
  refused([](GitsRequest& r) { r.seeds = {}; }, "no seeds");
  refused([](GitsRequest& r) { r.batch = 0; }, "batch is 0");
  refused([](GitsRequest& r) { r.gamma = -1; }, "gamma is -1");
}

GitsFile toy_file() {
  GitsFile file{.model = "m \"quoted\"",
                .model_sha256 = std::string(64, 'a'),
                .teacher = "heun",
                .grid = "polynomial",
                .metric = "dev",
                .student = "",
                .seeds = "0-3",
                .precision = "fp32",
                .gamma = 1.15,
                .levels = {80, 10, 1, 0.002}};
  file.schedules = {{2, {0, 2, 3}, {80, 1, 0.002}, 0.1 + 0.2}};
  file.costs = {{1, 2, 3}, {4, -5e-300}, {6}};
  return file;
}

TEST(GitsFile, what_is_written_is_read_back) {
  const test::TempDir folder;
  const std::string text = serialize_gits(toy_file());
  write_file_atomically(folder / "gits.json", text);
  const auto back = read_gits(folder / "gits.json");
  EXPECT_EQ(serialize_gits(back), text);
  EXPECT_EQ(gits_levels(back, 2, "gits.json"), (std::vector<double>{80, 1, 0.002}));
  EXPECT_EQ(test::error_of([&] { gits_levels(back, 3, "gits.json"); })->code(), ExitCode::kUsage);
}

TEST(GitsFile, the_printed_form_of_gamma_is_on_record) {
  const test::TempDir folder;
  GitsFile file = toy_file();
  EXPECT_EQ(serialize_gits(file).find("gamma_form"), std::string::npos);
  file.gamma_form = "printed";
  write_file_atomically(folder / "gits.json", serialize_gits(file));
  EXPECT_EQ(read_gits(folder / "gits.json").gamma_form, "printed");
}

// Chen et al. 2024, table 10: EDM's CIFAR-10 network with 3, 4, ... 10 evaluations.
TEST(BuiltInGits, holds_the_published_schedules) {
  const GitsFile* file = built_in_gits("cifar10-edm");
  ASSERT_NE(file, nullptr);
  EXPECT_EQ(built_in_gits("cifar10"), nullptr);
  ASSERT_EQ(file->schedules.size(), 8U);
  const auto grid = noise_levels({.steps = 60, .final = "sigma_min"});
  for (size_t k = 0; k < file->schedules.size(); ++k) {
    const GitsSchedule& one = file->schedules[k];
    EXPECT_EQ(one.nfe, static_cast<int64_t>(k) + 3);
    ASSERT_EQ(one.indices.size(), k + 4);
    for (size_t i = 0; i < one.indices.size(); ++i)
      EXPECT_EQ(one.levels[i], grid.at(static_cast<size_t>(one.indices[i])));
  }
  EXPECT_EQ(file->schedules[5].indices, (std::vector<int64_t>{0, 19, 27, 32, 36, 40, 44, 49, 60}));
}

TEST(GitsFile, whatever_else_is_refused) {
  const test::TempDir folder;
  const std::string good = serialize_gits(toy_file());
  const auto refused = [&](std::string text, const std::string& words) {
    write_file_atomically(folder / "bad.json", text);
    const auto error = test::error_of([&] { read_gits(folder / "bad.json"); });
    ASSERT_TRUE(error) << text;
    EXPECT_EQ(error->code(), ExitCode::kBadFile) << error->what();
    EXPECT_NE(std::string(error->what()).find(words), std::string::npos) << error->what();
    EXPECT_EQ(std::string(error->what()).find('\n'), std::string::npos) << error->what();
  };
  const auto changed = [&](const std::string& from, const std::string& to) {
    std::string text = good;
    EXPECT_NE(text.find(from), std::string::npos) << from;
    return text.replace(text.find(from), from.size(), to);
  };
  refused("", "no valid JSON");
  refused("[1, 2]", "is no result");
  refused("{\"format\": 3}", "no whole result");
  refused(good.substr(0, good.size() / 2), "no valid JSON");
  refused(changed("gits 1", "gits 2"), "format is not");
  refused(changed("\"gamma\"", "\"gama\""), "gamma");
  refused(changed("\"metric\":", "\"more\": 1, \"metric\":"), "does not know");
  refused(changed("\"dev\"", "\"l3\""), "metric 'l3'");
  refused(changed("aaa", "aaA"), "SHA-256");
  refused(changed("[80.0,1.0,0.002]", "[80.0,2.0,0.002]"), "not those of the grid");
  refused(changed("[0,2,3]", "[0,2,99]"), "not those of the grid");
  refused(changed("[0,2,3]", "[0,-2,3]"), "an index is -2");
  refused(changed("\"steps\":2", "\"steps\":3"), "number of its levels");
  refused(changed("[80.0,10.0,1.0,0.002]", "[80.0,10.0,1.0,1.0]"), "the same as the one before");
  refused(changed("[4.0,-5e-300]", "[4.0]"), "costs");
  refused(changed("[4.0,-5e-300]", "[4.0,1e999]"), "no valid JSON");
}

}  // namespace
}  // namespace farfield
