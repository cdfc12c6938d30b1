// The networks against the reference implementation's stored outputs.
#include <fmt/format.h>

#include "core/io/npz.h"
#include "models/networks/preconditioned_network.h"
#include "tests/models/networks/golden_networks.h"
#include "tests/support/test_support.h"

namespace farfield {
namespace {

using Arrays = std::map<std::string, torch::Tensor>;

// The deviation of one stored output from ours, relative to its largest value.
double deviation_of(const PreconditionedNetwork& model, const Arrays& io, const std::string& output,
                    torch::ScalarType dtype) {
  Conditioning labels;
  if (output != "D_nolabel" && io.contains("labels")) labels.class_labels = io.at("labels").to(dtype);
  if (output == "D_augment") labels.augment_labels = io.at("augment_labels").to(dtype);
  const torch::Tensor denoised = model(io.at("x"), io.at("sigma"), labels);
  EXPECT_EQ(denoised.scalar_type(), dtype);
  return test::relative_deviation(denoised, io.at(output + (dtype == torch::kFloat64 ? ".f64" : ".f32")));
}

TEST(NetworkGolden, GoldenOutputsAgreeInFloat32AndFloat64) {
  const auto golden = test::golden_dir();
  if (!golden) GTEST_SKIP() << "no golden folder";
  torch::NoGradGuard no_grad;
  double worst_f32 = 0, worst_f64 = 0;
  int cases = 0;
  const auto index = test::network_index(*golden);
  for (const auto& entry : index.at("networks")) {
    const std::string name = entry.at("name");
    SCOPED_TRACE(name);
    const NativeModel native = test::golden_network(*golden, entry);
    EXPECT_EQ(parameter_count(*native.network), entry.at("parameters").get<int64_t>());
    const Arrays io = read_npz(*golden / "networks" / entry.at("io").get<std::string>());
    PreconditionedNetwork model{native.network, make_preconditioning(native.config.precond, native.config.sigma_data)};
    for (const torch::ScalarType dtype : {torch::kFloat32, torch::kFloat64}) {
      model.network->to(dtype);
      model.activations = dtype;
      for (const auto& output : entry.at("outputs")) {
        const double deviation = deviation_of(model, io, output, dtype);
        EXPECT_LE(deviation, dtype == torch::kFloat64 ? 1e-9 : 5e-6) << output << " " << toString(dtype);
        double& worst = dtype == torch::kFloat64 ? worst_f64 : worst_f32;
        worst = std::max(worst, deviation);
        ++cases;
      }
    }
  }
  EXPECT_GT(cases, 0);
  RecordProperty("worst_float32", fmt::format("{}", worst_f32));
  RecordProperty("worst_float64", fmt::format("{}", worst_f64));
  std::cout << cases << " outputs; largest relative deviation: float32 " << worst_f32 << ", float64 " << worst_f64
            << "\n";
}

}  // namespace
}  // namespace farfield
