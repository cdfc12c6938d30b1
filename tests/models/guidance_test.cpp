#include "models/guidance.h"

#include <cmath>
#include <limits>

#include "core/math/random.h"
#include "tests/support/test_support.h"

namespace farfield {
namespace {

// A smooth denoiser of [3] points and four classes; remembers the batches it was called with.
class Labelled final : public Denoiser {
 public:
  const DenoiserInfo& info() const override { return info_; }
  mutable std::vector<torch::Tensor> labels_seen;

 private:
  torch::Tensor denoise(const torch::Tensor& x, const torch::Tensor& sigma,
                        const torch::Tensor& labels) const override {
    labels_seen.push_back(labels);
    const auto class_of = labels.defined() ? labels.to(x.dtype()).matmul(torch::arange(1, 5, x.options())).view({-1, 1})
                                           : torch::zeros({x.size(0), 1}, x.options());
    return torch::tanh(x + class_of) / (1 + sigma.to(x.dtype()).view({-1, 1}));
  }
  DenoiserInfo info_{.name = "labelled", .sample_shape = {3}, .label_dim = 4, .sigma_max = 90};
};

class GuidanceTest : public ::testing::Test {
 protected:
  std::shared_ptr<Labelled> model = std::make_shared<Labelled>();
  torch::Tensor x = SampleRandom(4).normal({5, 3}, torch::kFloat64);
  torch::Tensor labels = torch::eye(4).index_select(0, torch::tensor({0, 3, 2, 2, 1}));
  torch::Tensor sigma = torch::tensor({0.3, 1.0, 5.0, 0.7, 20.0}, torch::kFloat64);
};

TEST_F(GuidanceTest, is_the_formula_of_two_calls_in_one_call_unconditional_half_first) {
  const auto without = (*model)(x, sigma, torch::zeros_like(labels)), with = (*model)(x, sigma, labels);
  for (const double weight : {-0.5, 0.5, 2.0, 7.5}) {
    model->labels_seen.clear();
    const auto guided = (*make_guidance(model, weight))(x, sigma, labels);
    EXPECT_LE(test::deviation(guided, without + weight * (with - without)), 1e-15) << weight;
    ASSERT_EQ(model->labels_seen.size(), 1u) << "one call";
    EXPECT_TRUE(torch::equal(model->labels_seen[0], torch::cat({torch::zeros_like(labels), labels})));
  }
}

TEST_F(GuidanceTest, is_linear_in_the_weight) {
  const auto at = [&](double weight) { return (*make_guidance(model, weight))(x, sigma, labels); };
  EXPECT_LE(test::deviation(at(3), at(0) + 3 * (at(1) - at(0))), 1e-14);
  EXPECT_LE(test::deviation((at(2) + at(6)) / 2, at(4)), 1e-14);
  EXPECT_GT((at(3) - at(1)).abs().max().item<double>(), 0.1) << "or the test could not fail";
}

TEST_F(GuidanceTest, where_the_halves_cannot_differ_it_is_one_pass_with_the_models_bits) {
  const auto plain = (*model)(x, sigma, labels), without = (*model)(x, sigma);
  const auto none = torch::zeros_like(labels);
  model->labels_seen.clear();
  EXPECT_TRUE(torch::equal((*make_guidance(model, 1))(x, sigma, labels), plain));
  EXPECT_TRUE(torch::equal((*make_guidance(model, 0))(x, sigma, labels), without));
  EXPECT_TRUE(torch::equal((*make_guidance(model, 3))(x, sigma), without));
  EXPECT_TRUE(torch::equal((*make_guidance(model, 3))(x, sigma, none), without));
  ASSERT_EQ(model->labels_seen.size(), 4u);
  for (const auto& seen : model->labels_seen) EXPECT_TRUE(!seen.defined() || seen.size(0) == 5);
}

TEST_F(GuidanceTest, rows_without_a_label_keep_the_unconditional_value) {
  auto mixed = labels.clone();
  mixed[1].zero_();
  const auto guided = (*make_guidance(model, 4))(x, sigma, mixed);
  EXPECT_TRUE(torch::equal(guided[1], (*model)(x, sigma)[1]));
}

TEST_F(GuidanceTest, keeps_the_models_contract_and_says_its_name) {
  const auto guided = make_guidance(model, 1.5);
  EXPECT_EQ(guided->info().name, "labelled guided by 1.5");
  EXPECT_EQ(guided->info().label_dim, 4);
  EXPECT_EQ(guided->info().sigma_max, 90);
}

class Unlabelled final : public Denoiser {
 public:
  const DenoiserInfo& info() const override { return info_; }

 private:
  torch::Tensor denoise(const torch::Tensor& x, const torch::Tensor&, const torch::Tensor&) const override { return x; }
  DenoiserInfo info_{.name = "plain", .sample_shape = {3}};
};

TEST_F(GuidanceTest, is_refused_without_labels_or_with_a_weight_that_is_no_number) {
  const auto unlabelled = test::error_of([] { make_guidance(std::make_shared<Unlabelled>(), 2); });
  ASSERT_TRUE(unlabelled);
  EXPECT_EQ(unlabelled->code(), ExitCode::kUsage);
  EXPECT_NE(std::string(unlabelled->what()).find("plain takes no labels"), std::string::npos);
  const auto infinite = test::error_of([&] { make_guidance(model, std::numeric_limits<double>::infinity()); });
  ASSERT_TRUE(infinite);
  EXPECT_EQ(infinite->code(), ExitCode::kUsage);
}

}  // namespace
}  // namespace farfield
