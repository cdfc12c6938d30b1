#include "analysis/calibrate/calibration_run.h"

#include <fstream>
#include <functional>

#include "models/patches/patch_sizes.h"
#include "models/registry/model_registry.h"
#include "samplers/solvers/solver_registry.h"
#include "tests/support/test_support.h"

namespace farfield {
namespace {

using torch::Tensor;

// One number at every level.
class OneNumber final : public Denoiser {
 public:
  explicit OneNumber(std::function<Tensor(const Tensor&)> value) : value_(std::move(value)) {
    info_.name = "one number";
    info_.sample_shape = {1};
  }
  const DenoiserInfo& info() const override { return info_; }

 private:
  Tensor denoise(const Tensor& x, const Tensor&, const Tensor&) const override { return value_(x); }

  DenoiserInfo info_;
  std::function<Tensor(const Tensor&)> value_;
};

std::shared_ptr<const DataSource> small_glyphs() { return open_data("glyphs,size=12,count=24"); }

SampleRequest calibration_request(const std::vector<double>& levels, int64_t seeds) {
  SampleRequest request;
  for (int64_t seed = 0; seed < seeds; ++seed) request.seeds.push_back(seed);
  request.levels = levels;
  return request;
}

CalibrationRun calibrated(const std::string& model, const std::string& reference, std::vector<int64_t> sizes,
                          SizeMeasure by, int64_t batch = 64) {
  const auto data = small_glyphs();
  SampleRequest request = calibration_request({20, 2, 0.7, 0.2, 0}, 5);
  request.batch = batch;
  return run_calibrate({open_model(model, {.data = data}), model, data, reference, "euler", std::move(sizes)},
                       {std::move(request), by});
}

// A model that is one of the candidates is found, at every level and by both measures.
TEST(Calibration, FindsAReferenceOfItsOwnKind) {
  const std::pair<const char*, const char*> cases[] = {{"els-border,k=7", "els-border"},
                                                       {"ls,k=5,boundary=circular", "ls,boundary=circular"},
                                                       {"pspc,p=9", "pspc"},
                                                       {"els-circular-interior,k=3", "els-circular-interior"}};
  const int64_t own[] = {7, 5, 9, 3};
  for (size_t i = 0; i < std::size(cases); ++i) {
    for (const SizeMeasure by : {SizeMeasure::kCosine, SizeMeasure::kDistance}) {
      const Calibration result = calibrated(cases[i].first, cases[i].second, {3, 5, 7, 9}, by).result;
      EXPECT_EQ(result.levels, (std::vector<double>{20, 2, 0.7, 0.2}));
      EXPECT_EQ(result.median, std::vector<int64_t>(4, own[i])) << cases[i].first;
      EXPECT_EQ(result.mode, std::vector<int64_t>(4, own[i])) << cases[i].first;
      EXPECT_TRUE(result.chosen.eq(own[i]).all().item<bool>());
      const int64_t place = (own[i] - 3) / 2;
      EXPECT_EQ(result.cosine.select(2, place).min().item<double>(), 1) << cases[i].first;
      EXPECT_EQ(result.distance.select(2, place).max().item<double>(), 0) << cases[i].first;
      EXPECT_LT(result.cosine.select(1, 3).select(1, place == 0 ? 1 : 0).max().item<double>(), 1);
    }
  }
}

// By hand: the score of one candidate, cosine and distance.
TEST(Calibration, MeasuresAreThoseOfTheScores) {
  const auto data = small_glyphs();
  const auto model = open_model("gaussian", {.data = data}), other = open_model("ls,k=5", {.data = data});
  const CalibrationRun run = calibrated("gaussian", "ls", {3, 5}, SizeMeasure::kDistance);
  SampleRequest request = calibration_request({20, 2, 0.7, 0.2, 0}, 5);
  request.trajectory = true;
  const Samples whole = sample(*model, *make_solver("euler"), request);
  const Tensor x = whole.trajectory[2], own = score(*model, x, 0.7).flatten(1),
               theirs = score(*other, x, 0.7).flatten(1);
  const Tensor cosine = (own * theirs).sum(1) / (own.norm(2, 1) * theirs.norm(2, 1));
  EXPECT_LE(test::deviation(run.result.cosine.select(1, 2).select(1, 1), cosine), 1e-12);
  EXPECT_LE(test::relative_deviation(run.result.distance.select(1, 2).select(1, 1), (own - theirs).norm(2, 1)), 1e-12);
  const Tensor best = run.result.distance.argmin(2) * 2 + 3;
  EXPECT_TRUE(run.result.chosen.equal(best));
}

// Five states, chosen sizes 3 5 5 9 9: the lower median is 5, the commonest the smaller of two.
TEST(Calibration, MedianAndModeOfFewStates) {
  const auto data = small_glyphs();
  const int64_t chosen[] = {3, 5, 5, 9, 9, 9};
  std::vector<std::shared_ptr<const Denoiser>> candidates;
  for (const int64_t size : {3, 5, 9}) {
    candidates.push_back(std::make_shared<OneNumber>([size](const Tensor& x) {
      return torch::where(x.eq(static_cast<double>(size)), torch::full_like(x, 2), torch::ones_like(x));
    }));
  }
  const OneNumber two([](const Tensor& x) { return torch::full_like(x, 2); });
  for (const int64_t states : {5, 6}) {
    SampleRequest request = calibration_request({1, 0}, states);
    request.latents = torch::tensor(std::vector<int64_t>(chosen, chosen + states), torch::kFloat64).view({states, 1});
    const Calibration result = calibrate(two, {3, 5, 9}, candidates, *make_solver("euler"),
                                         {std::move(request), SizeMeasure::kDistance});
    EXPECT_EQ(result.median, std::vector<int64_t>{5}) << states;
    EXPECT_EQ(result.mode, std::vector<int64_t>{states == 5 ? 5 : 9}) << states;
  }
}

TEST(Calibration, DependsOnNoBatch) {
  const Calibration together = calibrated("pspc,p=5", "els-border", {3, 7}, SizeMeasure::kCosine).result;
  const Calibration alone = calibrated("pspc,p=5", "els-border", {3, 7}, SizeMeasure::kCosine, 2).result;
  EXPECT_TRUE(together.cosine.equal(alone.cosine));
  EXPECT_TRUE(together.distance.equal(alone.distance));
}

// What it writes is what the kinds read.
TEST(Calibration, TheTableIsReadBack) {
  const test::TempDir folder;
  const CalibrationRun run = calibrated("els-border,k=15", "els-border", {3, 15}, SizeMeasure::kCosine);
  const auto file = folder / "table.yaml";
  std::ofstream(file) << size_table_yaml(run.result, 12, "a comment");
  const PatchSizes sizes = PatchSizes::from_table(file.string(), {1, 12, 12});
  for (const double sigma : run.result.levels) {
    EXPECT_EQ(sizes.at(sigma).size, 15);
    EXPECT_FALSE(sizes.at(sigma).whole);  // a window of 15 around a pixel of 12 x 12
  }
  EXPECT_EQ(PatchSizes::from_table(file.string(), {1, 24, 24}).at(1).size, 31);
}

TEST(Calibration, PublishedGrid) {
  const std::vector<double> levels = published_calibration_levels();
  ASSERT_EQ(levels.size(), 21u);
  // As published, to four digits.
  const double printed[] = {80.21, 11.03,  5.886,  3.979,  2.976,  2.352,  1.921,  1.603,  1.355,  1.155,
                            .9876, 0.8444, 0.7190, 0.6068, 0.5048, 0.4106, 0.3222, 0.2381, 0.1571, 0.07807};
  for (size_t i = 0; i < 20; ++i) EXPECT_NEAR(levels[i] / printed[i], 1, 5e-4) << i;
  EXPECT_EQ(levels.back(), 0);
  EXPECT_EQ(published_sizes_up_to(12), (std::vector<int64_t>{3, 5, 7, 9, 11}));
  EXPECT_EQ(published_sizes_up_to(99).back(), 17);
}

TEST(Calibration, RefusesWithTheWayOut) {
  const std::tuple<const char*, std::vector<int64_t>, const char*> cases[] = {
      {"delta", {}, "has no patch size"},
      {"els-border,k=5", {}, "leave k= out"},
      {"ls,table=edm32", {}, "leave table= out"},
      {"ls:glyphs", {}, "--data"},
      {"ls", {5, 3}, "rise"},
      {"ls", {4}, "odd side"},
      {"pspc", {13}, "give p from 1 to 12"}};
  for (const auto& [reference, sizes, words] : cases) {
    const auto error = test::error_of([&, &reference = reference, &sizes = sizes] {
      calibrated("gaussian", reference, sizes, SizeMeasure::kCosine);
    });
    ASSERT_TRUE(error) << reference;
    EXPECT_EQ(error->code(), ExitCode::kUsage) << error->what();
    EXPECT_NE(std::string(error->what()).find(words), std::string::npos) << error->what();
  }
  const auto data = small_glyphs();
  const auto error = test::error_of([&] {
    CalibrationInputs inputs;
    inputs.model = open_model("gaussian:glyphs,size=8,count=20");
    inputs.data = data;
    run_calibrate(std::move(inputs), {calibration_request({1, 0}, 1), SizeMeasure::kCosine});
  });
  EXPECT_NE(std::string(error->what()).find("give the data it was made for"), std::string::npos) << error->what();
}

}  // namespace
}  // namespace farfield
