#include "analysis/compare/class_table.h"

#include <gtest/gtest.h>

#include "analysis/compare/compare_run.h"
#include "core/data/source.h"
#include "tests/support/test_support.h"

namespace farfield {
namespace {

CompareInputs class_inputs(const std::string& model, const std::string& reference) {
  CompareInputs inputs;
  inputs.data = open_data("glyphs,count=200,size=8");
  inputs.model = open_subject(model, {.data = inputs.data});
  inputs.model_text = model;
  inputs.references = open_references({reference}, inputs.data, {}, 0);
  return inputs;
}

CompareRunOptions by_class() {
  CompareRunOptions options;
  options.probes.sigmas = {0.3, 2};
  options.probes.probes = 40;
  options.seeds = "0-11";
  options.schedule.steps = 3;
  options.own_classes = true;
  return options;
}

// The local score of classes: asked for their own it is another denoiser than of all.
TEST(ClassTable, EveryProbeIsAskedForItsOwn) {
  const CompareRun run = run_compare(class_inputs("ls,k=3,per=class", "pspc,p=3,per=class"), by_class());
  const Comparison& c = run.result.comparison;
  ASSERT_TRUE(c.classes.defined());
  const auto rows = class_rows(c);
  EXPECT_EQ(rows.size(), 10U * 2);
  int64_t probes = 0;
  for (const ClassRow& row : rows) {
    if (row.level == 0) probes += row.samples;
    EXPECT_LT(row.explained, 1);
  }
  EXPECT_EQ(probes, 40);
  CompareRunOptions none = by_class();
  none.own_classes = false;
  const CompareRun whole = run_compare(class_inputs("ls,k=3,per=class", "pspc,p=3,per=class"), none);
  EXPECT_FALSE(torch::equal(whole.result.comparison.model_score, c.model_score));
  EXPECT_TRUE(class_rows(whole.result.comparison).empty());
}

// Of one class alone it is what --class says of it.
TEST(ClassTable, OfAClassIsThatOfTheClass) {
  CompareRunOptions one = by_class();
  one.own_classes = false;
  one.label = 3;
  const CompareRun all = run_compare(class_inputs("ls,k=3,per=class", "gaussian"), by_class());
  const CompareRun three = run_compare(class_inputs("ls,k=3,per=class", "gaussian"), one);
  const torch::Tensor members = (all.result.comparison.classes[0] == 3).nonzero().squeeze(1);
  ASSERT_GT(members.size(0), 0);
  const auto of = [&](const CompareRun& run) {
    return run.result.comparison.difference[0][0].index_select(1, members);
  };
  EXPECT_LE(test::relative_deviation(of(all), of(three)), 1e-12);
  // Seed 3 asks for class 3, too.
  EXPECT_LE(test::relative_deviation(all.result.trajectories.samples[0][3], three.result.trajectories.samples[0][3]),
            1e-6);
}

TEST(ClassTable, NeedsAModelWithClasses) {
  const auto error = test::error_of([] { run_compare(class_inputs("gaussian", "delta"), by_class()); });
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code(), ExitCode::kUsage);
}

}  // namespace
}  // namespace farfield
