#include "models/imports/imported_denoiser.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "core/error.h"
#include "core/limits.h"
#include "core/text.h"
#include "core/want_of_memory.h"
#include "models/imports/trial.h"
#include "models/preconditioning.h"

namespace farfield {
namespace {

using torch::Tensor;

constexpr double kLongestTrial = 86400;

class ImportedDenoiser final : public Denoiser {
 public:
  ImportedDenoiser(ImportedCall call, const ImportOptions& options, const std::filesystem::path& path,
                   torch::Device device)
      : call_(std::move(call)), options_(options), path_(path.string()), device_(device) {
    info_.name = "imported " + path.filename().string();
    info_.kind = path.extension() == ".pt2" ? "pt2" : "torchscript";
    info_.sample_shape = options.shape;
    info_.label_dim = options.label_dim;
    info_.sigma_min = options.sigma_min;
    info_.sigma_max = options.sigma_max;
    info_.sigma_data = options.sigma_data;
    if (options.convention == "raw") {
      preconditioning_ = make_preconditioning(options.precond, options.sigma_data);
      info_.sigma_min = std::max(info_.sigma_min, preconditioning_->sigma_min());
      info_.sigma_max = std::min(info_.sigma_max, preconditioning_->sigma_max());
      info_.nearest_level = nearest_level_of(preconditioning_->name());
    }
  }
  const DenoiserInfo& info() const override { return info_; }

 private:
  Tensor denoise(const Tensor& x, const Tensor& sigma, const Tensor& labels) const override {
    const Tensor input = x.to(device_, torch::kFloat32);
    const Tensor classes = labels_for(labels, input);
    if (!preconditioning_) return called(input, sigma.to(input.options()), classes, 1).to(x.options());
    const RawNetwork raw = [&](const Tensor& scaled, const Tensor& c_noise) {
      return called(scaled, c_noise, classes, preconditioning_->output_channels_factor());
    };
    return precondition(*preconditioning_, raw, input, sigma).to(x.options());
  }

  Tensor labels_for(const Tensor& labels, const Tensor& like) const {
    if (info_.label_dim == 0) return {};
    return labels.defined() ? labels.to(like.options()) : torch::zeros({like.size(0), info_.label_dim}, like.options());
  }

  Tensor called(const Tensor& x, const Tensor& level, const Tensor& labels, int64_t channels_factor) const {
    ModuleCall call{{x, level}, x.sizes().vec()};
    if (labels.defined()) call.inputs.push_back(labels);
    call.result_shape[1] *= channels_factor;
    ModuleResult result = call_module(call_, call);
    if (result.problem.empty()) return std::move(result.tensor);
    throw bad_file(path_, "the module: " + result.problem + advice_for(call_, call, options_, result.problem));
  }

  ImportedCall call_;
  ImportOptions options_;
  std::string path_;
  torch::Device device_;
  DenoiserInfo info_;
  std::unique_ptr<Preconditioning> preconditioning_;  // raw networks only
};

std::vector<int64_t> parse_shape(const std::string& text, const std::string& file) {
  std::vector<int64_t> shape;
  for (const std::string& part : split(text, 'x')) shape.push_back(parse_int(part, file + ": shape"));
  const bool sane = (shape.size() == 1 || shape.size() == 3) &&
                    std::all_of(shape.begin(), shape.end(), [](int64_t n) { return n > 0 && n <= 65536; });
  if (!sane) throw usage_error(fmt::format("{}: shape must be like 3x32x32, or d for points; got '{}'", file, text));
  return shape;
}

}  // namespace

ImportOptions ImportOptions::parse(const std::vector<std::string>& words, const std::string& file) {
  static const std::vector<std::string> known{"convention", "shape",     "labels", "precond",   "sigma_data",
                                              "sigma_min",  "sigma_max", "sha256", "time_limit"};
  ImportOptions options;
  for (const std::string& word : words) {
    const size_t equals = word.find('=');
    const std::string key = word.substr(0, equals);
    const std::string value = equals == std::string::npos ? "" : word.substr(equals + 1);
    const std::string what = fmt::format("{}: {}", file, key);
    if (key == "convention")
      options.convention = value;
    else if (key == "shape")
      options.shape = parse_shape(value, file);
    else if (key == "labels")
      options.label_dim = parse_int(value, what);
    else if (key == "precond")
      options.precond = value;
    else if (key == "sigma_data")
      options.sigma_data = parse_double(value, what);
    else if (key == "sigma_min")
      options.sigma_min = parse_double(value, what);
    else if (key == "sigma_max")
      options.sigma_max = parse_double(value, what);
    else if (key == "sha256")
      options.sha256 = value;
    else if (key == "time_limit")
      options.time_limit = parse_double(value, what);
    else
      throw usage_error(file + ": " + unknown_name("option", key, known));
  }
  if (options.convention != "raw" && options.convention != "denoiser") {
    throw usage_error(
        fmt::format("{}: say how the module is called: convention=raw for F(c_in x, c_noise[, labels]) or "
                    "convention=denoiser for D(x, sigma[, labels]); got '{}'",
                    file, options.convention));
  }
  if (options.shape.empty()) throw usage_error(file + ": give the shape of one sample, for example shape=3x32x32");
  if (options.label_dim < 0 || options.label_dim > limits::kMostClasses) {
    throw usage_error(
        fmt::format("{}: labels must be from 0 to {}, got {}", file, limits::kMostClasses, options.label_dim));
  }
  if (!(options.sigma_min >= 0 && options.sigma_min < options.sigma_max)) {
    throw usage_error(file + ": sigma_min must be at least 0 and below sigma_max");
  }
  if (!(options.sigma_data >= limits::kLowestSigmaData && options.sigma_data <= limits::kHighestSigmaData)) {
    throw usage_error(fmt::format("{}: sigma_data must be from {} to {}, got {}", file, limits::kLowestSigmaData,
                                  limits::kHighestSigmaData, options.sigma_data));
  }
  if (!(options.time_limit >= 0 && options.time_limit <= kLongestTrial)) {
    throw usage_error(fmt::format("{}: time_limit must be from 0 (none) to {:g} seconds, got {:g}", file, kLongestTrial,
                                  options.time_limit));
  }
  make_preconditioning(options.precond, options.sigma_data);
  return options;
}

void require_survival(const std::filesystem::path& path, const ImportOptions& options,
                      const std::function<std::unique_ptr<Denoiser>()>& make) {
  const Trial trial = try_in_child(options.time_limit, [&]() -> std::string {
    torch::NoGradGuard no_grad;
    const std::unique_ptr<Denoiser> denoiser = make();
    const DenoiserInfo& info = denoiser->info();
    std::vector<int64_t> shape = info.sample_shape;
    shape.insert(shape.begin(), 1);
    const int64_t count = c10::multiply_integers(shape);
    const double sigma = std::min(std::max(1.0, info.sigma_min), info.sigma_max);
    (*denoiser)(torch::linspace(-1, 1, count).reshape(shape), sigma);
    return "";
  });
  if (trial.fault.empty()) return;
  const bool slow = trial.fault.starts_with("took");
  throw bad_file(path.string(), fmt::format("loading it and evaluating it once in a trial process {}; {}", trial.fault,
                                            slow ? "the module loops for ever, or needs more time: time_limit=SECONDS"
                                                 : "the file is damaged or made for another machine"));
}

std::unique_ptr<Denoiser> make_imported_denoiser(ImportedCall call, const ImportOptions& options,
                                                 const std::filesystem::path& path, torch::Device device) {
  return std::make_unique<ImportedDenoiser>(std::move(call), options, path, device);
}

}  // namespace farfield
