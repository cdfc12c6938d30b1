#include "analysis/restoration/measurements.h"

#include <cmath>
#include <cstring>
#include <map>
#include <memory>

#include <fmt/format.h>

#include "core/error.h"
#include "core/io/npz.h"
#include "core/io/npz_reader.h"
#include "core/io/wrong_file.h"
#include "core/math/random.h"
#include "core/text.h"

namespace farfield {
namespace {

constexpr uint64_t kPurpose = 0x6d656173;  // of the measurements' noise, among the keys of a seed
constexpr uint64_t kLongestText = 4096;

torch::Tensor checked_samples(const torch::Tensor& array, const std::string& where) {
  if (!array.is_floating_point() || array.dim() < 2 || array.size(0) < 1) {
    throw bad_file(where, fmt::format("{} of shape [{}], expected floating point [N, ...shape]",
                                      toString(array.scalar_type()), join(array.sizes(), ",")));
  }
  if (!array.isfinite().all().item<bool>()) throw bad_file(where, "holds numbers that are not finite");
  return array.to(torch::kFloat64);
}

std::string operator_in(const NpzReader& arrays, const std::string& name) {
  const torch::Tensor text = arrays.numbers("operator", kLongestText + 256);
  if (text.scalar_type() != torch::kUInt8 || text.dim() != 1)
    throw bad_file(name, "operator: expected its text as bytes, uint8 [length]");
  return {reinterpret_cast<const char*>(text.const_data_ptr<uint8_t>()), static_cast<size_t>(text.size(0))};
}

double sigma_in(const NpzReader& arrays, const std::string& name) {
  const torch::Tensor number = arrays.numbers("sigma_y");
  const double sigma = number.numel() == 1 && number.is_floating_point() ? number.item<double>() : -1;
  if (!(sigma >= 0 && std::isfinite(sigma))) throw bad_file(name, "sigma_y: expected one finite number from 0 up");
  return sigma;
}

}  // namespace

torch::Tensor degrade(const Operator& op, const torch::Tensor& truth, double sigma_y, int64_t seed) {
  const torch::Tensor clean = op.apply(truth.to(torch::kFloat64));
  if (sigma_y == 0) return clean.clone();
  torch::Tensor noise = torch::empty_like(clean, torch::MemoryFormat::Contiguous);
  for (int64_t i = 0; i < clean.size(0); ++i) {
    torch::Tensor row = noise[i];
    fill_normal(mix_key({static_cast<uint64_t>(seed), static_cast<uint64_t>(i), kPurpose}),
                row.mutable_data_ptr<double>(), row.numel());
  }
  return clean + sigma_y * op.where_measured(noise);
}

MeasurementFile read_measurements(const std::filesystem::path& path) {
  const std::string name = path.string();
  if (path.extension() == ".npy")
    return {checked_samples(read_as(FileKind::kNpy, path, [&] { return read_npy(path); }), name)};
  const auto arrays = read_as(FileKind::kNpz, path, [&] { return std::make_unique<const NpzReader>(path); });
  if (!arrays->has("measurement"))
    throw bad_file(name, "no array 'measurement'; give the measurement.npz of farfield restore");
  MeasurementFile file{checked_samples(arrays->numbers("measurement"), arrays->where("measurement"))};
  if (arrays->has("truth")) file.truth = checked_samples(arrays->numbers("truth"), arrays->where("truth"));
  if (arrays->has("operator")) file.operator_text = operator_in(*arrays, name);
  if (arrays->has("sigma_y")) file.sigma_y = sigma_in(*arrays, name);
  return file;
}

void write_measurements(const std::filesystem::path& path, const MeasurementFile& file) {
  const std::string& text = file.operator_text;
  torch::Tensor bytes = torch::empty({static_cast<int64_t>(text.size())}, torch::kUInt8);
  std::memcpy(bytes.mutable_data_ptr<uint8_t>(), text.data(), text.size());
  std::map<std::string, torch::Tensor> arrays = {{"measurement", file.y}, {"operator", bytes}};
  if (file.sigma_y) arrays["sigma_y"] = torch::tensor(*file.sigma_y, torch::kFloat64);
  if (file.truth.defined()) arrays["truth"] = file.truth;
  write_npz(path, arrays);
}

}  // namespace farfield
