#include "analysis/deviation/deviation.h"

#include <cmath>

#include "analysis/deviation/deviation_run.h"
#include "analysis/neighbours/nearest_neighbours.h"
#include "models/analytic/analytic.h"
#include "models/analytic/fit.h"
#include "samplers/solvers/solver_registry.h"
#include "tests/analysis/deviation/deviation_cases.h"
#include "tests/support/normals.h"
#include "tests/support/test_support.h"
#include "tests/support/thread_group.h"

namespace farfield {
namespace {

using test::against_exact, test::deviation_request, test::deviations, test::source_of;
using torch::Tensor;

// The levels that a step begins at.
Tensor begun(const Arrays& all, const std::string& name) {
  const Tensor& values = all.at(name);
  return values.narrow(1, 0, values.size(1) - 1);
}

DeviationSubject gaussian_of_cloud(int64_t count, int64_t dim, int64_t seed) {
  const auto data = source_of(test::normals({count, dim}, seed) + 0.3);
  return against_exact(make_gaussian(measure_gaussian(*data), {dim}), data);
}

TEST(Deviation, the_exact_denoiser_does_not_deviate_from_itself_bit_for_bit) {
  const auto data = source_of(test::normals({60, 3, 4, 4}, 1));
  const DeviationSubject subject = against_exact(make_delta(data_matrix(*data), {3, 4, 4}), data);
  int64_t measured = 0;
  for (const std::string& solver : solver_names()) {
    const auto method = make_solver(solver);
    const DeviationRequest request = deviation_request(solver, 9, 7);
    if (method->stochastic() || solver.starts_with("unipc")) {
      EXPECT_EQ(test::error_of([&] { check_deviation(subject, request, *method); })->code(), ExitCode::kUsage);
      continue;
    }
    ++measured;
    const Arrays all = deviations(subject, request, method->adaptive() ? 1 : 4);
    for (const char* name : {"d1", "d1_star", "score", "score_star"}) {
      EXPECT_EQ(begun(all, name).abs().max().item<double>(), 0) << solver << " " << name;
    }
    // On a data point d2 is 0, too, and the ratio has no value: where mean shift has arrived.
    const torch::Tensor ratio = begun(all, "ratio");
    EXPECT_TRUE(((ratio == 0) | (ratio.isnan() & (begun(all, "d2") == 0))).all().item<bool>()) << solver;
    EXPECT_EQ(all.at("difference").abs().max().item<double>(), 0) << solver;
    EXPECT_EQ(begun(all, "d_difference").abs().max().item<double>(), 0) << solver;
    EXPECT_TRUE(torch::equal(all.at("distance"), all.at("distance_star"))) << solver;
  }
  EXPECT_GT(measured, 30);
}

TEST(Deviation, one_data_point_has_a_closed_form) {
  constexpr double kVariance = 0.7;
  const Tensor point = test::normals({1, 5}, 2).to(torch::kFloat32);
  const DeviationSubject subject = against_exact(make_isotropic(point[0].to(torch::kFloat64), kVariance, {5}),
                                                 source_of(point));
  DeviationRequest request = deviation_request("euler", 6, 9);
  request.k = 1;
  const Arrays all = deviations(subject, request);
  for (int64_t n = 0; n < 9; ++n) {
    const double sigma = request.sampling.levels[static_cast<size_t>(n)];
    const Tensor expected = torch::full({6}, kVariance / (kVariance + sigma * sigma), torch::kFloat64);
    EXPECT_LE(test::relative_deviation(all.at("ratio").select(1, n), expected), 1e-9) << sigma;
    EXPECT_LE((all.at("effective").select(1, n) - 1).abs().max().item<double>(), 1e-12);
  }
  EXPECT_TRUE(all.at("ratio").select(1, 9).isnan().all().item<bool>());  // no D at the last level
  EXPECT_EQ(all.at("distance_star").abs().max().item<double>(), 0);      // D* is the point
}

TEST(Deviation, the_exact_path_ends_at_data) {
  const DeviationSubject subject = gaussian_of_cloud(300, 6, 3);
  for (const char* solver : {"heun", "euler"}) {
    const Arrays all = deviations(subject, deviation_request(solver, 64, 18));
    EXPECT_EQ(all.at("distance_star").select(1, 0).abs().max().item<double>(), 0) << solver;
    EXPECT_GT(all.at("distance").select(1, 0).min().item<double>(), 0) << solver;
  }
}

// Proposition A.14 for the exact denoiser itself: no gain is negative, and each is at least its quantitative bound.
TEST(Deviation, euler_of_the_exact_denoiser_raises_the_likelihood_of_every_trajectory) {
  const auto data = source_of(test::normals({200, 8}, 4));
  const DeviationSubject subject = against_exact(make_delta(data_matrix(*data), {8}), data);
  const DeviationRequest request = deviation_request("euler", 64, 18);
  const Arrays all = deviations(subject, request);
  const auto& levels = request.sampling.levels;
  for (const char* name : {"gain_denoised", "gain_next", "gain_optimal"}) {
    EXPECT_GE(begun(all, name).min().item<double>(), 0) << name;
  }
  for (int64_t n = 0; n < 18; ++n) {
    const auto place = static_cast<size_t>(n);
    const double half = 1 / (2 * levels[place] * levels[place]), kept = levels[place + 1] / levels[place];
    const Tensor step = all.at("d2").select(1, n).square();  // v = 0 for D*, kept (x - D) for the next state
    const Tensor bound = (half * step).log1p(), next_bound = (half * step * (1 - kept * kept)).log1p();
    EXPECT_GE((all.at("gain_optimal").select(1, n) - bound).min().item<double>(), -1e-9) << n;
    EXPECT_GE((all.at("gain_next").select(1, n) - next_bound).min().item<double>(), -1e-9) << n;
  }
}

// The same for other denoisers, wherever they deviate by less than the step to D*. A violation would be a fault.
TEST(Deviation, the_likelihood_rises_wherever_the_deviation_is_below_the_step) {
  int64_t covered = 0;
  for (const int64_t dim : {1, 2, 30}) {
    const DeviationSubject gaussian = gaussian_of_cloud(40, dim, 5 + dim);
    for (const auto& model : {gaussian.model, std::shared_ptr<const Denoiser>(
                                                  make_isotropic(torch::zeros({dim}, torch::kFloat64), 4, {dim}))}) {
      const Arrays all = deviations({model, gaussian.optimal, gaussian.data}, deviation_request("heun", 64, 12));
      const Tensor below = begun(all, "d1") < begun(all, "d2");
      EXPECT_EQ(below.logical_and(begun(all, "gain_denoised") < 0).sum().item<int64_t>(), 0) << dim;
      EXPECT_GE(begun(all, "gain_optimal").min().item<double>(), 0) << dim;
      covered += below.sum().item<int64_t>();
    }
  }
  EXPECT_GT(covered, 1000);
}

// "Any positive bandwidth" is false: near a point, the mean shift of a far larger bandwidth loses likelihood.
TEST(Deviation, the_ranking_is_false_for_a_bandwidth_that_is_not_sigma) {
  const auto data = source_of(test::normals({50, 8}, 6));
  const auto exact = make_delta(data_matrix(*data), {8});
  const Tensor x = data->rows(0, 10).to(torch::kFloat64) + 0.01 * test::normals({10, 8}, 7);
  const Tensor gain = log_density(*exact, (*exact)(x, 3.0), 0.1, {}) - log_density(*exact, x, 0.1, {});
  EXPECT_LT(gain.max().item<double>(), -30);
  const Tensor same = log_density(*exact, (*exact)(x, 0.1), 0.1, {}) - log_density(*exact, x, 0.1, {});
  EXPECT_GE(same.min().item<double>(), 0);
}

TEST(Deviation, another_bandwidth_ranks_by_its_own_density) {
  const DeviationSubject subject = gaussian_of_cloud(50, 4, 8);
  DeviationRequest request = deviation_request("euler", 5, 4);
  for (const auto& [text, h] : {std::pair<std::string, double>{"0.5", 0.5}, {"scaled,c=2", 160}}) {
    request.bandwidth = parse_bandwidth(text);
    const auto solver = make_solver("euler");
    const Arrays all = deviations(subject, request);
    visit_levels(subject, *solver, request, {0, 5}, [](int64_t) {}, [&](const DeviationLevel& at) {
      if (at.n > 0) return;
      const auto log_p = [&](const Tensor& point) { return log_density(*subject.optimal, point, h, {}); };
      EXPECT_LE(test::deviation(all.at("gain_denoised").select(1, 0), log_p(at.denoised) - log_p(at.x)), 1e-11);
      EXPECT_LE(test::deviation(all.at("gain_next").select(1, 0), log_p(at.next) - log_p(at.x)), 1e-11);
    });
  }
  request.bandwidth = parse_bandwidth("none");
  EXPECT_TRUE(deviations(subject, request).at("gain_next").isnan().all().item<bool>());
  for (const char* bad : {"sgma", "scaled", "scaled,c=0", "scaled,d=2", "sigma,c=2", "-1", "0", "1e40", "x", "1x"}) {
    EXPECT_EQ(test::error_of([&] { parse_bandwidth(bad); })->code(), ExitCode::kUsage) << bad;
  }
}

TEST(Deviation, the_effective_number_of_data_falls_from_all_to_one) {
  const Tensor points = test::normals({40, 3}, 9);
  const auto exact = make_delta(points, {3});
  const Tensor distances = (points.unsqueeze(0) - points.unsqueeze(1)).norm(2, {2});
  const double diameter = distances.max().item<double>();
  const double least = (distances + 1e9 * torch::eye(40, torch::kFloat64)).min().item<double>();
  const auto effective = [&](double sigma) {
    return look_at(*exact, points + sigma * 0.1 * test::normals({40, 3}, 10), sigma, {}).entropy.exp();
  };
  EXPECT_LE((effective(100 * diameter) - 40).abs().max().item<double>(), 1e-3);
  EXPECT_LE((effective(0.01 * least) - 1).abs().max().item<double>(), 1e-9);
}

TEST(Deviation, a_rotation_of_data_and_latents_changes_no_number) {
  const Tensor rotation = std::get<0>(torch::linalg_qr(test::normals({5, 5}, 11)));
  const Tensor points = test::normals({60, 5}, 12), latents = test::normals({8, 5}, 13);
  const auto measured = [&](const Tensor& turned, const Tensor& z) {
    const std::shared_ptr<const DataSource> data = source_of(turned);
    GaussianStats stats{turned.mean(0), torch::eye(5, torch::kFloat64), torch::ones({5}, torch::kFloat64), 0, 0};
    DeviationRequest request = deviation_request("heun", 8, 6);
    request.sampling.latents = z;
    return deviations({make_gaussian(stats, {5}), make_delta(turned, {5}), data}, request);
  };
  const Arrays plain = measured(points, latents),
               turned = measured(torch::mm(points, rotation), torch::mm(latents, rotation));
  for (const auto& name : deviation_names()) {
    EXPECT_LE(test::relative_deviation(begun(turned, name), begun(plain, name)), 1e-8) << name;
  }
  EXPECT_TRUE(torch::equal(plain.at("index"), turned.at("index")));
}

TEST(Deviation, neither_batches_nor_ranks_change_it) {
  const DeviationSubject subject = gaussian_of_cloud(80, 6, 14);
  DeviationRequest request = deviation_request("heun", 11, 6);
  const Arrays whole = deviations(subject, request);
  // A gain is the difference of two likelihoods of this size, and loses as many digits.
  const Tensor sigma = torch::tensor(request.sampling.levels, torch::kFloat64).narrow(0, 0, 6);
  const double size = (begun(whole, "d2") / sigma).square().max().item<double>() / 2;
  for (const int64_t batch : {1, 4}) {
    const Arrays parts = deviations(subject, request, batch);
    for (const auto& name : deviation_names()) {
      const double scale = name.starts_with("gain") ? size : begun(whole, name).abs().max().item<double>();
      EXPECT_LE((begun(parts, name) - begun(whole, name)).abs().max().item<double>(), 1e-12 * scale) << name << batch;
    }
    EXPECT_TRUE(torch::equal(parts.at("index_star"), whole.at("index_star")));
  }
  request.sampling.batch = 3;
  const DeviationRun alone = run_deviation({subject, "m", "delta"}, request);
  test::run_ranks(2, [&](Comm& comm) {
    const DeviationRun shared = run_deviation({subject, "m", "delta"}, request, {}, comm);
    for (const auto& name : deviation_names()) {
      EXPECT_TRUE(torch::equal(shared.measures.at(name).nan_to_num(-1), alone.measures.at(name).nan_to_num(-1)));
    }
  });
}

// From data: the start is sample i with the noise of seed i, and its class is the one asked for.
TEST(Deviation, trajectories_start_from_noised_data) {
  const auto data = source_of(test::normals({20, 4}, 15));
  const DeviationSubject subject = against_exact(make_gaussian(measure_gaussian(*data), {4}), data);
  DeviationRequest request = deviation_request("euler", 5, 4);
  request.start = DeviationStart::kNoisedData;
  const PathStart noise = path_start(request.sampling, subject.model->info(), {2, 3});
  const auto solver = make_solver("euler");
  visit_levels(subject, *solver, request, {2, 3}, [](int64_t) {}, [&](const DeviationLevel& at) {
    if (at.n > 0) return;
    EXPECT_LE(test::deviation(at.x, noise.x + data->rows(2, 3)), 1e-12);
    EXPECT_TRUE(torch::equal(at.x, at.star));
  });
  request.sampling.seeds.resize(21, 0);
  EXPECT_EQ(test::error_of([&] { check_deviation(subject, request, *solver); })->code(), ExitCode::kUsage);
}

// A conditional model is held against the exact denoiser of its class; its ends are of that class.
TEST(Deviation, the_optimum_of_a_labelled_model_is_that_of_the_class) {
  const Tensor classes = torch::arange(60, torch::kInt64) % 3;
  const auto data = source_of(test::normals({60, 4}, 16), classes);
  DenoiserInfo labelled{.name = "labelled", .sample_shape = {4}, .label_dim = 3};
  const auto optimum = open_optimum("delta", labelled, {.device = "cpu", .data = data});
  EXPECT_EQ(optimum->info().label_dim, 3);
  DenoiserInfo plain{.name = "plain", .sample_shape = {4}};
  EXPECT_EQ(open_optimum("delta", plain, {.device = "cpu", .data = data})->info().label_dim, 0);
  DeviationRequest request = deviation_request("heun", 12, 8);
  request.sampling.label = 2;
  const DeviationSubject subject{optimum, optimum, data};
  const Arrays all = deviations(subject, request);
  EXPECT_EQ(begun(all, "d1").abs().max().item<double>(), 0);
  EXPECT_TRUE((classes.index_select(0, all.at("index_star").select(1, 0)) == 2).all().item<bool>());
  EXPECT_LE(all.at("effective").select(1, 0).max().item<double>(), 20.001);
}

TEST(Deviation, what_does_not_fit_is_refused) {
  const DeviationSubject subject = gaussian_of_cloud(4, 3, 17);
  const auto code = [&](const DeviationSubject& who, const DeviationRequest& request) {
    return test::error_of([&] { run_deviation({who, "m", "delta"}, request); })->code();
  };
  DeviationRequest request = deviation_request("heun", 3, 4);
  EXPECT_EQ(code(subject, request), ExitCode::kUsage);  // k = 5 of 4 data points
  request.k = 4;
  EXPECT_EQ(code({subject.model, subject.optimal, source_of(torch::zeros({9, 2}))}, request), ExitCode::kUsage);
  request.sampling.afs = true;
  EXPECT_EQ(code(subject, request), ExitCode::kUsage);
}

}  // namespace
}  // namespace farfield
