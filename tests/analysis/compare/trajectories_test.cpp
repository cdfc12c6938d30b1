#include "analysis/compare/compare_trajectories.h"

#include <cmath>

#include <gtest/gtest.h>

#include "analysis/compare/agreement_table.h"
#include "analysis/compare/end_distances.h"
#include "analysis/stats/agreement.h"
#include "models/analytic/analytic.h"
#include "samplers/schedules/noise_levels.h"
#include "samplers/solvers/solver_registry.h"
#include "samplers/solvers/solvers.h"
#include "tests/support/test_support.h"
#include "tests/support/thread_count.h"
#include "tests/support/thread_group.h"

namespace farfield {
namespace {

GaussianStats stats_of(std::vector<double> eigenvalues) {
  const auto d = static_cast<int64_t>(eigenvalues.size());
  return {torch::full({d}, 0.3, torch::kFloat64), torch::eye(d, torch::kFloat64),
          torch::tensor(eigenvalues, torch::kFloat64), 0, 10};
}

TrajectoryOptions options(int64_t steps, int64_t batch = 64) {
  NoiseLevelOptions levels;
  levels.steps = steps;
  TrajectoryOptions result;
  for (int64_t seed = 0; seed < 10; ++seed) result.seeds.push_back(seed);
  result.levels = noise_levels(levels);
  result.batch = batch;
  return result;
}

Subject subject(const std::string& name, const GaussianStats& stats) {
  return {name, "gaussian", std::shared_ptr<Denoiser>(make_gaussian(stats, {stats.dim()})), {}};
}

// A Gaussian's own trajectories approach its closed form as the steps grow, second order.
TEST(Trajectories, OfAGaussianFollowItsClosedForm) {
  const GaussianStats stats = stats_of({1, 0.2, 0.01});
  const auto solver = make_heun();
  std::vector<double> rms;
  for (int64_t steps : {40, 80}) {
    const Trajectories t = compare_trajectories(subject("g", stats), {}, stats, *solver, options(steps));
    ASSERT_EQ(t.paths.size(), 1u);
    EXPECT_EQ(t.paths[0], "gaussian (closed form)");
    EXPECT_EQ(t.nfe, 2 * steps - 1);
    const auto rows = summarise(t, 100, 0);
    ASSERT_EQ(rows.size(), static_cast<size_t>(steps + 1));
    EXPECT_EQ(rows[0].deviation, 0);  // the same noise
    EXPECT_LT(rows.back().deviation, 1e-4);
    EXPECT_TRUE(std::isnan(rows.back().denoiser_deviation));
    rms.push_back(rows.back().rms);
  }
  EXPECT_GT(rms[0] / rms[1], 3);
}

TEST(Trajectories, OfOneDenoiserAreTheSame) {
  const GaussianStats stats = stats_of({1, 0.2, 0.01});
  const auto solver = make_heun();
  const Trajectories t = compare_trajectories(subject("g", stats), {subject("same", stats)}, {}, *solver, options(8));
  for (const TrajectoryRow& row : summarise(t, 100, 0)) {
    EXPECT_EQ(row.deviation, 0);
    EXPECT_EQ(row.rms, 0);
  }
  EXPECT_TRUE(torch::equal(t.samples[0], t.samples[1]));
}

TEST(Trajectories, DoNotDependOnTheBatchAndMeasureTheDifference) {
  const GaussianStats one = stats_of({1, 0.2}), two = stats_of({0.5, 0.5});
  const auto solver = make_heun();
  const Trajectories a = compare_trajectories(subject("a", one), {subject("b", two)}, one, *solver, options(6));
  const Trajectories b = compare_trajectories(subject("a", one), {subject("b", two)}, one, *solver, options(6, 3));
  EXPECT_LE(test::relative_deviation(a.state_difference, b.state_difference), 1e-12);
  EXPECT_LE(test::relative_deviation(a.samples, b.samples), 1e-6);
  const auto rows = summarise(a, 100, 0);
  const torch::Tensor difference = (a.samples[0] - a.samples[1]).to(torch::kFloat64);
  EXPECT_NEAR(rows[6].rms, std::sqrt(difference.square().mean().item<double>()), 1e-6);
  EXPECT_NEAR(rows[6].deviation,
              (difference.square().sum() / a.samples[0].to(torch::kFloat64).square().sum()).item<double>(), 1e-6);
  EXPECT_LE(rows[6].low, rows[6].deviation);
  EXPECT_GE(rows[6].high, rows[6].deviation);
  const std::string csv = trajectory_table(a, rows).csv();
  EXPECT_EQ(csv.substr(0, csv.find('\n')),
            "reference,sigma,samples,deviation,deviation_low,deviation_high,denoiser_deviation,denoiser_deviation_low,"
            "denoiser_deviation_high,rms,mse,deviation_q25,deviation_q75");
  EXPECT_NE(csv.find("\nb,80,10,0,0,0,"), std::string::npos);
  EXPECT_NE(csv.find(",,,"), std::string::npos);  // no step starts at the last level
}

// alpha = 1 / sqrt(1 + sigma^2) cancels in ratios at one level and not in the root mean square.
TEST(Trajectories, InTheVpViewAreScaledByTheLevel) {
  const GaussianStats one = stats_of({1, 0.2}), two = stats_of({0.5, 0.5});
  TrajectoryOptions vp = options(6);
  vp.space = PathSpace::kVp;
  const auto solver = make_solver("euler");
  const auto run = [&](const TrajectoryOptions& how) {
    return summarise(compare_trajectories(subject("a", one), {subject("b", two)}, {}, *solver, how), 100, 0);
  };
  const auto in_ve = run(options(6)), in_vp = run(vp);
  for (size_t i = 0; i < in_ve.size(); ++i) {
    EXPECT_NEAR(in_vp[i].deviation, in_ve[i].deviation, 1e-12);
    EXPECT_EQ(in_vp[i].denoiser_deviation == in_ve[i].denoiser_deviation, i + 1 < in_ve.size());  // NaN at the end
    EXPECT_NEAR(in_vp[i].rms, in_ve[i].rms * vp_alpha(vp.levels[i]), 1e-12);
  }
}

TEST(Trajectories, OfImagesKeepWhatStripsShow) {
  GaussianStats stats = stats_of({1, 0.2, 0.1, 0.1});
  const Subject model{"g", "gaussian", std::shared_ptr<Denoiser>(make_gaussian(stats, {1, 2, 2})), {}};
  const auto solver = make_heun();
  const Trajectories all = compare_trajectories(model, {}, stats, *solver, options(20));
  EXPECT_EQ(all.shown_seeds, (std::vector<int64_t>{0, 1}));
  EXPECT_EQ(all.shown_levels, spread_places(20, 9));
  ASSERT_EQ(all.views.x.sizes(), torch::IntArrayRef({2, 2, 9, 1, 2, 2}));
  // At the first level: the same noise, and D of the Gaussian there.
  EXPECT_TRUE(torch::equal(all.views.x[0].select(1, 0), all.views.x[1].select(1, 0)));
  const torch::Tensor start = all.views.x[0].select(1, 0).to(torch::kFloat64) / vp_alpha(80);
  EXPECT_LE(test::deviation(all.views.denoised[0].select(1, 0), (*model.denoiser)(start, 80)), 1e-5);
  const Trajectories one_by_one = compare_trajectories(model, {}, stats, *solver, options(20, 1));
  EXPECT_LE(test::deviation(one_by_one.views.step, all.views.step), 1e-6);
  EXPECT_TRUE(compare_trajectories(subject("g", stats), {}, stats, *solver, options(4)).shown_seeds.empty());
}

TEST(Trajectories, OfSolversThatDrawNoiseAreRefused) {
  const auto error = test::error_of(
      [&] { compare_trajectories(subject("g", stats_of({1})), {}, {}, *make_solver("euler_ancestral"), options(4)); });
  EXPECT_EQ(error->code(), ExitCode::kUsage);
}

TEST(Trajectories, AnyNumberOfRanksGivesTheBitsOfOne) {
  const test::ThreadCount one_thread(1);
  const GaussianStats stats = stats_of({1, 0.2, 0.01});
  const auto solver = make_heun();
  for (const bool references : {true, false}) {
    const auto run = [&](Comm& comm) {
      const std::vector<Subject> others = references ? std::vector{subject("other", stats_of({1, 1, 1}))}
                                                     : std::vector<Subject>();
      const auto gaussian = references ? std::optional(stats) : std::nullopt;
      return compare_trajectories(subject("g", stats), others, gaussian, *solver, options(5, 3), comm);
    };
    const Trajectories one = run(alone());
    for (const int size : {2, 3}) {
      test::run_ranks(size, [&](Comm& comm) {
        const Trajectories shared = run(comm);
        for (const auto field : {&Trajectories::state, &Trajectories::state_difference, &Trajectories::denoised,
                                 &Trajectories::denoised_difference, &Trajectories::samples}) {
          EXPECT_TRUE((shared.*field).equal(one.*field)) << size;
        }
        EXPECT_EQ(shared.nfe, one.nfe);
      });
    }
  }
}

// Along: both D at the same states, so a reference that is the model agrees wholly; free-running and at the end likewise, as
// it goes the same way. Another one agrees less, and has no place along where it is a closed form.
TEST(Trajectories, AgreementAlongAndFreeRunning) {
  const GaussianStats own = stats_of({1, 0.2, 0.01}), other = stats_of({1, 1, 1});
  const auto solver = make_heun();
  const Trajectories t = compare_trajectories(subject("g", own), {subject("same", own), subject("other", other)}, own,
                                              *solver, options(8));
  const auto rows = summarise_agreement(t);
  int64_t along_closed_form = 0;
  for (const AgreementRow& row : rows) {
    EXPECT_TRUE(std::isfinite(row.mean) && std::isfinite(row.median) && row.q25 <= row.median && row.median <= row.q75);
    const bool mse = row.measure == agreement_index("mse");
    if (row.path == 0) {
      EXPECT_NEAR(row.mean, mse ? 0 : 1, 1e-12);
    }
    if (row.path == 1 && mse && row.sigma && *row.sigma > 0.1 && *row.sigma < 1) {
      EXPECT_GT(row.mean, 1e-4);
    }
    if (row.path == 2 && row.pairing == Pairing::kAlong) ++along_closed_form;
  }
  EXPECT_EQ(along_closed_form, 0);
  EXPECT_EQ(rows.size(), 6U * (2 * 8 + 3 * 8 + 3));
}

// Mean square distances of ends are rms^2 of the last rows; a paired difference is that of the means.
TEST(Trajectories, EndsAreThoseOfTheLastLevel) {
  const GaussianStats own = stats_of({1, 0.2, 0.01}), other = stats_of({1, 1, 1}), far = stats_of({9, 9, 9});
  const auto solver = make_heun();
  const Trajectories t = compare_trajectories(subject("g", own), {subject("near", other), subject("far", far)},
                                              std::nullopt, *solver, options(8));
  const auto ends = end_distances(end_errors(t));
  const auto rows = summarise(t, 100, 0);
  ASSERT_EQ(ends.size(), 2U);
  for (const EndDistance& one : ends) {
    const double rms = rows[static_cast<size_t>(one.path) * t.levels.size() + t.levels.size() - 1].rms;
    EXPECT_NEAR(one.mean, rms * rms, 1e-12 * one.mean);
    EXPECT_EQ(one.other, 1 - one.path);
  }
  EXPECT_NEAR(ends[1].difference, ends[1].mean - ends[0].mean, 1e-12);
  EXPECT_EQ(ends[0].difference, -ends[1].difference);
  EXPECT_EQ(ends[0].nearer + ends[1].nearer, 1);
}

}  // namespace
}  // namespace farfield
