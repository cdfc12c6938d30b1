#include "tools/latents_file.h"

#include <cmath>
#include <map>
#include <memory>

#include <c10/util/StringUtil.h>
#include <fmt/format.h>

#include "core/error.h"
#include "core/io/npz_reader.h"
#include "core/io/wrong_file.h"
#include "core/text.h"

namespace farfield::tools {
namespace {

torch::Tensor checked_latents(const torch::Tensor& array, const std::string& name, const DenoiserInfo& model) {
  if (!array.is_floating_point() || array.dim() < 2 || array.size(0) < 1) {
    throw bad_file(name, fmt::format("latents are {} {}, expected floating point [N, ...shape]",
                                     toString(array.scalar_type()), c10::str(array.sizes())));
  }
  if (array.sizes().slice(1) != torch::IntArrayRef(model.sample_shape)) {
    throw usage_error(fmt::format("{}: latents of shape {}, but samples of {} are {}; encode with this model", name,
                                  c10::str(array.sizes().slice(1)), model.name, c10::str(model.sample_shape)));
  }
  if (!array.isfinite().all().item<bool>()) throw bad_file(name, "latents that are not finite");
  return array.to(torch::kFloat64);
}

torch::Tensor checked_classes(const torch::Tensor& array, const std::string& name, const DenoiserInfo& model,
                              int64_t count) {
  if (array.scalar_type() != torch::kInt64 || array.dim() != 1 || array.size(0) != count) {
    throw bad_file(name, fmt::format("labels are {} {}, expected int64 [{}]", toString(array.scalar_type()),
                                     c10::str(array.sizes()), count));
  }
  if (model.label_dim == 0) {
    throw usage_error(
        fmt::format("{}: latents with labels, but {} takes none; encode with this model", name, model.name));
  }
  if (array.min().item<int64_t>() < 0 || array.max().item<int64_t>() >= model.label_dim) {
    throw bad_file(name, fmt::format("labels from {} to {}, but {} knows 0 to {}", array.min().item<int64_t>(),
                                     array.max().item<int64_t>(), model.name, model.label_dim - 1));
  }
  return array;
}

double checked_sigma(const torch::Tensor& array, const std::string& name) {
  const bool number = array.numel() == 1 && array.is_floating_point();
  const double sigma = number ? array.item<double>() : -1;
  if (!(sigma > 0 && std::isfinite(sigma))) throw bad_file(name, "sigma is no noise level above 0");
  return sigma;
}

}  // namespace

LatentsFile read_latents(const std::filesystem::path& path, const DenoiserInfo& model) {
  const std::string name = path.string();
  if (path.extension() == ".npy") {
    const auto array = read_as(FileKind::kNpy, path, [&] { return read_npy(path); });
    return {checked_latents(array, name, model), {}, {}};
  }
  const auto arrays = read_as(FileKind::kNpz, path, [&] { return std::make_unique<const NpzReader>(path); });
  if (!arrays->has("latents")) throw bad_file(name, "no array 'latents'; give the latents.npz of farfield encode");
  LatentsFile file{checked_latents(arrays->numbers("latents"), name, model), {}, {}};
  if (arrays->has("labels"))
    file.classes = checked_classes(arrays->numbers("labels"), name, model, file.latents.size(0));
  if (arrays->has("sigma")) file.sigma = checked_sigma(arrays->numbers("sigma"), name);
  return file;
}

void check_level_of(const LatentsFile& file, double first) {
  constexpr double kSameLevel = 1e-6;
  if (!file.sigma || std::abs(*file.sigma - first) <= kSameLevel * first) return;
  throw usage_error(fmt::format("latents: they belong to sigma {}, but the levels start at {}; add --sigma-max {}",
                                format_double(*file.sigma), format_double(first), format_double(*file.sigma)));
}

void start_from_file(const std::filesystem::path& path, const std::string& seeds, const DenoiserInfo& model,
                     SampleRequest& request) {
  const LatentsFile file = read_latents(path, model);
  check_level_of(file, request.levels.front());
  const int64_t count = file.latents.size(0);
  request.seeds = parse_seeds(seeds.empty() ? fmt::format("0-{}", count - 1) : seeds);
  if (static_cast<int64_t>(request.seeds.size()) != count) {
    throw usage_error(
        fmt::format("sampling: {} seeds for {} latents; give one each, or none", request.seeds.size(), count));
  }
  request.latents = file.latents;
  if (!request.label) request.classes = file.classes;
}

}  // namespace farfield::tools
