#include "tests/tools/labelled_model.h"

#include <ATen/core/grad_mode.h>

#include "core/math/random.h"
#include "models/networks/native_model.h"

namespace farfield::test {

void write_labelled_model(const std::filesystem::path& path) {
  ModelConfig config;
  config.network = NetworkConfig::defaults("PointMlp");
  config.network.model_channels = 16;
  config.network.label_dim = 3;
  const NativeModel model = make_native_model(config, keyed_generator({5}));
  const at::NoGradGuard no_gradients;
  auto generator = keyed_generator({6});
  for (auto& parameter : model.network->parameters()) parameter.normal_(0, 0.2, generator);
  write_native_model(path, config, *model.network);
}

}  // namespace farfield::test
