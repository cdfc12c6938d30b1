#include "models/operators/operator_registry.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include <fmt/format.h>

#include "core/error.h"
#include "core/io/npy.h"
#include "core/limits.h"
#include "core/math/random.h"
#include "core/named_options.h"
#include "core/text.h"
#include "models/operators/kernels.h"
#include "models/operators/operators.h"

namespace farfield {
namespace {

using torch::Tensor;

constexpr int64_t kLargestKernel = 4096, kLargestFactor = 4096;

// A matrix of numbers from a file, read only once its header says that it may be what is wanted.
Tensor matrix_of(const OptionValues& options, const std::string& key) {
  const std::string path = options.text(key, "");
  if (path.empty()) throw usage_error(fmt::format("operator {}: needs {}=FILE.npy", options.name(), key));
  const Tensor values = read_npy(path);
  if (values.dim() != 2) {
    throw bad_file(path, fmt::format("operator {}: expected two dimensions, got {}", options.name(), values.dim()));
  }
  return values.to(torch::kFloat64);
}

// `kept` of the pixels, at least one, drawn without replacement.
Tensor random_mask(int64_t height, int64_t width, double kept, int64_t seed) {
  const int64_t pixels = height * width;
  std::vector<int64_t> order(static_cast<size_t>(pixels));
  std::iota(order.begin(), order.end(), 0);
  SplitMix64 random(mix_key({static_cast<uint64_t>(seed)}));
  for (int64_t i = pixels - 1; i > 0; --i) std::swap(order[i], order[random.below(static_cast<uint64_t>(i) + 1)]);
  const auto count = std::max<int64_t>(1, std::llround(kept * static_cast<double>(pixels)));
  Tensor mask = torch::zeros({pixels}, torch::kFloat64);
  double* known = mask.mutable_data_ptr<double>();
  for (int64_t i = 0; i < count; ++i) known[order[i]] = 1;
  return mask.reshape({height, width});
}

// All pixels but a box x box square at least `margin` from the border.
Tensor box_mask(const OptionValues& options, int64_t height, int64_t width, int64_t seed) {
  const int64_t least = std::min(height, width);
  const int64_t box = options.integer("box", 0, 1, least), margin = options.integer("margin", 0, 0, least);
  if (box + 2 * margin > least || box == height * width) {
    throw usage_error(fmt::format("operator mask: a box of {} with a margin of {} does not fit into images of {} x {}",
                                  box, margin, height, width));
  }
  SplitMix64 random(mix_key({static_cast<uint64_t>(seed)}));
  const auto place = [&](int64_t side) {
    return margin + static_cast<int64_t>(random.below(static_cast<uint64_t>(side - box - 2 * margin + 1)));
  };
  Tensor mask = torch::ones({height, width}, torch::kFloat64);
  const int64_t top = place(height), left = place(width);
  mask.narrow(0, top, box).narrow(1, left, box).zero_();
  return mask;
}

std::unique_ptr<Operator> mask(const OptionValues& options, const OperatorRequest& request) {
  const int64_t height = request.shape[1], width = request.shape[2];
  if (options.has("file") + options.has("keep") + options.has("box") != 1)
    throw usage_error("operator mask: say which pixels are known, by one of file=FILE.npy, keep=SHARE and box=SIDE");
  if (options.has("margin") && !options.has("box")) throw usage_error("operator mask: margin goes with box");
  if (options.has("seed") && options.has("file")) throw usage_error("operator mask: a file needs no seed");
  Tensor known;
  if (options.has("file")) {
    known = matrix_of(options, "file");
  } else {
    const int64_t seed = options.integer("seed", 0, 0, limits::kHighestSeed);
    known = options.has("box") ? box_mask(options, height, width, seed)
                               : random_mask(height, width, options.number("keep", 0.5, 0, 1), seed);
  }
  return make_mask(options.resolved(), request.shape, known);
}

// The kernel that blur and decimate share.
Tensor kernel_of(const OptionValues& options) {
  const std::string kind = options.text("kernel", "gaussian");
  const bool gaussian = kind == "gaussian", motion = kind == "motion";
  const auto only_for = [&](const char* key, bool here, const char* whose) {
    if (options.has(key) && !here)
      throw usage_error(
          fmt::format("operator {}: {} goes with {}, and the kernel is {}", options.name(), key, whose, kind));
  };
  only_for("size", gaussian || motion, "kernel=gaussian and kernel=motion");
  only_for("std", gaussian, "kernel=gaussian");
  only_for("intensity", motion, "kernel=motion");
  only_for("seed", motion, "kernel=motion");
  if (!gaussian && !motion) return matrix_of(options, "kernel");
  const int64_t size = options.integer("size", 61, 1, kLargestKernel);
  if (gaussian) return gaussian_kernel(size, options.number("std", 3, 0, 1e6));
  return motion_kernel(size, options.number_from("intensity", 0.5, 0, 1),
                       options.integer("seed", 0, 0, limits::kHighestSeed));
}

std::unique_ptr<Operator> blur(const OptionValues& options, const OperatorRequest& request) {
  const Tensor kernel = kernel_of(options);
  return make_blur(options.resolved(), request.shape, kernel, 1);
}

std::unique_ptr<Operator> decimate(const OptionValues& options, const OperatorRequest& request) {
  const int64_t factor = options.integer("factor", 4, 1, kLargestFactor);
  const Tensor kernel = kernel_of(options);
  return make_blur(options.resolved(), request.shape, kernel, factor);
}

std::unique_ptr<Operator> bicubic(const OptionValues& options, const OperatorRequest& request) {
  const int64_t factor = options.integer("factor", 4, 1, kLargestFactor);
  if (request.shape[1] % factor != 0 || request.shape[2] % factor != 0) {
    throw usage_error(fmt::format("operator bicubic: factor {} does not divide the sides of images of [{}]", factor,
                                  join(request.shape, ",")));
  }
  return make_separable(options.resolved(), request.shape, bicubic_matrix(request.shape[1], factor),
                        bicubic_matrix(request.shape[2], factor));
}

std::unique_ptr<Operator> separable(const OptionValues& options, const OperatorRequest& request) {
  const Tensor rows = matrix_of(options, "rows"), columns = matrix_of(options, "columns");
  return make_separable(options.resolved(), request.shape, rows, columns);
}

std::unique_ptr<Operator> matrix(const OptionValues& options, const OperatorRequest& request) {
  const Tensor values = matrix_of(options, "file");
  return make_matrix(options.resolved(), request.shape, values);
}

std::unique_ptr<Operator> phase(const OptionValues& options, const OperatorRequest& request) {
  const double oversample = options.number_from("oversample", 2, 0, 64);
  const auto pad = static_cast<int64_t>(oversample / 8 * static_cast<double>(request.shape[1]));
  return make_phase(options.resolved(), request.shape, pad);
}

std::unique_ptr<Operator> script(const OptionValues& options, const OperatorRequest& request) {
  ScriptOperatorRequest asked;
  asked.file = options.text("file", "");
  if (asked.file.empty()) throw usage_error("operator script: needs file=FILE.pt, a TorchScript module");
  asked.sha256 = options.text("sha256", "");
  asked.dtype = options.choice("dtype", "float32", {"float32", "float64"}) == "float64" ? torch::kFloat64
                                                                                        : torch::kFloat32;
  asked.trust = request.trust;
  return make_script_operator(options.resolved(), request.shape, asked);
}

const OperatorEntry& operator_entry(const std::string& name) {
  for (const OperatorEntry& entry : operator_table()) {
    if (entry.name == name) return entry;
  }
  throw usage_error(unknown_name("operator", name, operator_names()));
}

}  // namespace

const std::vector<OperatorEntry>& operator_table() {
  static const std::vector<std::string> kKernel = {"kernel=gaussian|motion|FILE.npy",
                                                   "size=", "std=", "intensity=", "seed="};
  static const auto with_factor = [](std::vector<std::string> options) {
    options.insert(options.begin(), "factor=");
    return options;
  };
  static const std::vector<OperatorEntry> table = {
      {"identity",
       "the image itself: denoising",
       {},
       false,
       [](const OptionValues& options, const OperatorRequest& request) {
    return make_identity(options.resolved(), request.shape);
  }},
      {"mask",
       "known pixels, from a file of 0 and 1, a random share, or all but a box",
       {"file=", "keep=", "box=", "margin=", "seed="},
       true,
       mask},
      {"pool",
       "means of factor x factor blocks",
       {"factor="},
       true,
       [](const OptionValues& options, const OperatorRequest& request) {
    const int64_t factor = options.integer("factor", 4, 1, kLargestFactor);
    return make_pool(options.resolved(), request.shape, factor);
  }},
      {"blur", "circular convolution (size 61, std 3, intensity 0.5)", kKernel, true, blur},
      {"decimate", "blur, then every factor-th row and column", with_factor(kKernel), true, decimate},
      {"bicubic", "anti-aliased bicubic reduction", {"factor="}, true, bicubic},
      {"separable",
       "a matrix for the rows and one for the columns",
       {"rows=FILE.npy", "columns=FILE.npy"},
       true,
       separable},
      {"matrix", "any matrix, over all numbers of a sample", {"file=FILE.npy"}, false, matrix},
      {"phase", "magnitudes of the FFT of the padded image; not linear", {"oversample="}, true, phase},
      {"script",
       "a TorchScript module of yours, y = forward(x), by autograd; needs --trust or its sha256",
       {"file=FILE.pt", "dtype=float32|float64", "sha256="},
       false,
       script},
  };
  return table;
}

std::vector<std::string> operator_names() {
  std::vector<std::string> names;
  for (const OperatorEntry& entry : operator_table()) names.push_back(entry.name);
  return names;
}

std::string operator_help() {
  std::vector<std::string> lines;
  for (const OperatorEntry& entry : operator_table()) {
    const std::string takes = entry.options.empty() ? "" : "; takes " + join(entry.options, ",");
    lines.push_back(fmt::format("  {:<10} {}{}", entry.name, entry.summary, takes));
  }
  return join(lines, "\n");
}

std::unique_ptr<Operator> make_operator(std::string_view text, const OperatorRequest& request) {
  NamedOptions parts = parse_named_options("operator", text);
  const OperatorEntry& entry = operator_entry(parts.name);
  const std::vector<std::string> keys = option_keys(entry.options);
  for (const auto& [key, value] : parts.options) {
    if (std::ranges::find(keys, key) != keys.end()) continue;
    if (keys.empty())
      throw usage_error(fmt::format("operator {}: takes no options, got {}={}; leave it out", entry.name, key, value));
    throw usage_error(fmt::format("operator {}: {}", entry.name, unknown_name("option", key, keys)));
  }
  if (entry.images && request.shape.size() != 3) {
    throw usage_error(fmt::format("operator {}: is for images [channels,height,width], and samples are [{}]",
                                  entry.name, join(request.shape, ",")));
  }
  return entry.make(OptionValues("operator", entry.name, std::move(parts.options)), request);
}

std::vector<std::filesystem::path> operator_files(std::string_view text) {
  std::vector<std::filesystem::path> files;
  for (const auto& [key, value] : parse_named_options("operator", text).options) {
    const bool file = key == "file" || key == "rows" || key == "columns" ||
                      (key == "kernel" && value != "gaussian" && value != "motion");
    if (file) files.emplace_back(value);
  }
  return files;
}

}  // namespace farfield
