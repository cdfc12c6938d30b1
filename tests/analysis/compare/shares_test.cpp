#include "analysis/compare/shares.h"

#include <gtest/gtest.h>

#include "analysis/compare/compare_run.h"
#include "analysis/compare/costs.h"
#include "analysis/compare/probe_sums.h"
#include "analysis/compare/references.h"
#include "core/data/source.h"
#include "samplers/schedules/noise_levels.h"
#include "samplers/solvers/solvers.h"
#include "tests/support/test_support.h"
#include "tests/support/thread_group.h"

namespace farfield {
namespace {

std::shared_ptr<const DataSource> glyphs() {
  static const auto data = open_data("glyphs,count=60,size=8");
  return data;
}

CompareInputs inputs_of(const std::string& model, const std::vector<std::string>& references) {
  CompareInputs inputs;
  inputs.data = glyphs();
  inputs.model = open_subject(model, {.data = inputs.data});
  inputs.model_text = model;
  inputs.references = open_references(references, inputs.data, {}, 0);
  return inputs;
}

CompareRunOptions quick() {
  CompareRunOptions options;
  options.probes.sigmas = {0.1, 0.5, 2, 10};
  options.probes.probes = 6;
  options.probes.batch = 4;
  options.seeds = "0-2";
  options.schedule.steps = 3;
  return options;
}

// A costly reference that is named is measured everywhere, with the numbers that it has where it is not costly.
TEST(Shares, WholeOnesAreAsOthers) {
  const CompareRun run = run_compare(inputs_of("gaussian", {"delta", "ls,k=3"}), quick());
  CompareInputs plain = inputs_of("gaussian", {"delta", "ls,k=3"});
  ASSERT_TRUE(plain.references.subjects[1].share.has_value());
  plain.references.subjects[1].share.reset();
  const CompareRun expected = run_compare(std::move(plain), quick());
  for (const auto& sum : kComparisonSums)
    EXPECT_TRUE(torch::equal(run.result.comparison.*sum, expected.result.comparison.*sum));
  const Trajectories &a = run.result.trajectories, &b = expected.result.trajectories;
  for (const auto& of : {&Trajectories::state_difference, &Trajectories::denoised_difference, &Trajectories::samples,
                         &Trajectories::ends, &Trajectories::free_running})
    EXPECT_TRUE(torch::equal((a.*of).nan_to_num(7), (b.*of).nan_to_num(7)));
  EXPECT_TRUE(torch::equal(a.views.denoised, b.views.denoised));
  EXPECT_EQ(a.counts, (std::vector<int64_t>{3, 3, 3}));
  EXPECT_EQ(run.shares.size(), 1U);
}

// The kinds of `all`: the rest of a part is empty, never a number, and the ranking is at what all have.
TEST(Shares, AllIsMeasuredInPart) {
  CompareInputs inputs = inputs_of("els-border,k=3", {"all"});
  const size_t count = inputs.references.subjects.size();
  EXPECT_GE(count, 10U);
  CompareRunOptions options = quick();
  options.probes.probes = 40;
  options.seeds = "0-5";
  const CompareRun run = run_compare(std::move(inputs), options);
  const Comparison& c = run.result.comparison;
  bool part = false;
  for (size_t r = 0; r < count; ++r) {
    const Subject& one = run.inputs.references.subjects[r];
    const auto probes = c.evaluated[static_cast<int64_t>(r)].max().item<int64_t>();
    EXPECT_EQ(probes, one.share ? kCostlyProbes : 40) << one.name;
    part = part || one.share;
  }
  EXPECT_TRUE(part);
  ASSERT_TRUE(run.result.ranking);
  EXPECT_EQ(run.result.ranking->probes, kCostlyProbes);
  for (const Table& table : {comparison_table(c, run.result.rows), ranking_table(c, *run.result.ranking),
                             trajectory_table(run.result.trajectories, run.result.trajectory_rows),
                             agreement_table(run.result.trajectories, run.result.agreement),
                             end_table(run.result.trajectories.paths, run.result.ends, "mse")})
    EXPECT_EQ(table.csv().find("nan"), std::string::npos);
}

// The model that is one of them comes first, with nothing left.
TEST(Shares, TheModelsOwnTheoryComesFirst) {
  const CompareRun run = run_compare(
      inputs_of("els-border,k=3", {"gaussian", "ls,k=3", "els-border,k=3", "pspc,p=3", "delta"}), quick());
  const Ranking& ranking = run.result.ranking.value();
  EXPECT_EQ(run.result.comparison.references[static_cast<size_t>(ranking.overall[0].reference)], "els-border,k=3");
  EXPECT_EQ(ranking.overall[0].explained, 1);
  EXPECT_LT(ranking.overall[1].explained, 1);
  for (const auto& list : ranking.at_level) EXPECT_EQ(list[0].explained, 1);
}

TEST(Shares, GoOnWithWhatIsKept) {
  const test::TempDir folder;
  const PartStore parts(folder / "out", "{}", EarlierParts::kRefuse);
  const CompareRun first = run_compare(inputs_of("gaussian", {"delta", "ls,k=3"}), quick(), parts);
  const int64_t kept = parts.kept();
  EXPECT_EQ(kept, 4 + 1 + 1);  // levels, the batch of seeds, the plan
  const CompareRun second = run_compare(inputs_of("gaussian", {"delta", "ls,k=3"}), quick(),
                                        PartStore(folder / "out", "{}", EarlierParts::kResume));
  EXPECT_TRUE(torch::equal(first.result.comparison.difference, second.result.comparison.difference));
  EXPECT_TRUE(torch::equal(first.result.trajectories.samples, second.result.trajectories.samples));
  parts.remove();
  EXPECT_FALSE(std::filesystem::exists(folder / "out.parts"));
}

TEST(Shares, RanksShareThem) {
  const CompareRun one = run_compare(inputs_of("gaussian", {"delta", "ls,k=3", "pspc,p=3"}), quick());
  test::run_ranks(3, [&](Comm& comm) {
    const CompareRun shared = run_compare(inputs_of("gaussian", {"delta", "ls,k=3", "pspc,p=3"}), quick(), {}, comm);
    for (const auto& sum : kComparisonSums)
      EXPECT_TRUE(torch::equal(one.result.comparison.*sum, shared.result.comparison.*sum));
    EXPECT_TRUE(torch::equal(one.result.trajectories.samples, shared.result.trajectories.samples));
  });
}

TEST(Shares, MoreTimeIsMoreProbes) {
  CompareInputs inputs = inputs_of("gaussian", {"all"});
  PlanRequest request{quick().probes, 3, 5, 3, 1e6};
  request.probes.probes = 64;
  const auto costs = plan_shares(inputs.references.subjects, inputs.data, request, {});
  EXPECT_EQ(costs.size(), inputs.references.subjects.size());
  for (const Subject& one : inputs.references.subjects) {
    if (!one.share) continue;
    EXPECT_EQ(one.share->probes, 64);
    EXPECT_EQ(one.share->seeds, 3);
    EXPECT_EQ(one.share->levels.size(), 4U);
  }
  CompareInputs hasty = inputs_of("gaussian", {"all"});
  request.budget = 1e-6;
  plan_shares(hasty.references.subjects, hasty.data, request, {});
  for (const Subject& one : hasty.references.subjects) {
    if (one.share) {
      EXPECT_EQ(one.share->probes, 2);
    }
  }
}

TEST(Shares, AllNeedsData) {
  const auto error = test::error_of([] { open_references({"all"}, nullptr, {}, 0); });
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code(), ExitCode::kUsage);
}

}  // namespace
}  // namespace farfield
