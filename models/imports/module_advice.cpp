// What to try when a foreign module does not work the way it is called.
#include <optional>

#include <fmt/format.h>

#include "core/error.h"
#include "models/imports/module_call.h"
#include "models/imports/trial.h"

namespace farfield {
namespace {

using torch::Tensor;

// Another way to call the module, and what it means if that works: {0} is its batch, {1} the one that failed.
struct Variant {
  ModuleCall call;
  const char* meaning;
};

std::vector<Tensor> with_level(const ModuleCall& call, Tensor level) {
  std::vector<Tensor> inputs = call.inputs;
  inputs[1] = std::move(level);
  return inputs;
}

void add_levels(const ModuleCall& call, std::vector<Variant>& variants) {
  const Tensor& level = call.inputs[1];
  std::vector<int64_t> column(static_cast<size_t>(call.inputs[0].dim()), 1);
  column[0] = level.size(0);
  variants.push_back({{with_level(call, level.reshape(column)), call.result_shape},
                      "it works with sigma as [B,1,1,1], but sigma comes as [B]: reshape it inside the module "
                      "(sigma.reshape(-1, 1, 1, 1)) and export it again"});
  variants.push_back(
      {{with_level(call, level.round().abs().to(torch::kInt64)), call.result_shape},
       "it works with whole-number times (int64): it takes time steps, not noise levels; let the module "
       "convert them (t.round().long()) and try convention=raw,precond=iddpm, whose times are 0 to 999"});
  variants.push_back({{with_level(call, level[0]), call.result_shape},
                      "it works with one number for sigma, but sigma comes as [B], one for each sample"});
}

void add_dtypes(const ModuleCall& call, std::vector<Variant>& variants) {
  const std::pair<torch::ScalarType, const char*> rows[] = {
      {torch::kFloat16, "it works in float16: export it in float32 (module.float())"},
      {torch::kBFloat16, "it works in bfloat16: export it in float32 (module.float())"},
      {torch::kFloat64, "it works in float64: export it in float32 (module.float())"}};
  for (const auto& [dtype, meaning] : rows) {
    ModuleCall other = call;
    for (Tensor& input : other.inputs) input = input.to(dtype);
    variants.push_back({std::move(other), meaning});
  }
}

void add_batches(const ModuleCall& call, std::vector<Variant>& variants) {
  const int64_t batch = call.inputs[0].size(0);
  for (const int64_t other : {1, 2, 3, 4, 8, 16, 32, 64}) {
    if (other == batch) continue;
    const Tensor rows = torch::arange(other, torch::kInt64).remainder(batch).to(call.inputs[0].device());
    ModuleCall resized = call;
    for (Tensor& input : resized.inputs) input = input.index_select(0, rows);
    resized.result_shape[0] = other;
    variants.push_back(
        {std::move(resized),
         "it works with a batch of {0}, not {1}: give --batch {0} and a multiple of {0} samples, or export "
         "it for any batch"});
  }
}

// In the order in which they are tried: the first that works is the advice.
std::vector<Variant> variants_of(const ModuleCall& call) {
  std::vector<Variant> variants;
  add_levels(call, variants);
  add_dtypes(call, variants);
  if (call.inputs.size() == 3) {
    variants.push_back(
        {{{call.inputs[0], call.inputs[1]}, call.result_shape}, "it works without labels: leave labels= out"});
  }
  add_batches(call, variants);
  return variants;
}

bool contains(const std::string& text, const char* part) { return text.find(part) != std::string::npos; }

// From the module's own words, where calling it again would tell nothing.
std::optional<std::string> advice_of_words(const ModuleCall& call, const ImportOptions& options,
                                           const std::string& problem) {
  if (contains(problem, "NaN or infinite")) {
    return options.convention == "denoiser"
               ? "if it is a network F(c_in x, c_noise) and no denoiser D(x, sigma), try convention=raw"
               : "if it is a denoiser D(x, sigma) itself, try convention=denoiser, else another precond or sigma_data";
  }
  if (contains(problem, "missing value for argument")) {
    return call.inputs.size() == 2 ? "it takes more than x and sigma: try labels=K for one-hot labels [B,K]"
                                   : "it takes more than x, sigma and labels: wrap it in a module that does not";
  }
  if (contains(problem, "xpected at most")) {
    return call.inputs.size() == 3 ? "it takes no labels: leave labels= out"
                                   : "it takes fewer arguments than x and sigma: wrap it in a module that takes both";
  }
  std::vector<int64_t> twice = call.result_shape;
  twice[1] *= 2;
  if (contains(problem, ("its result is " + shape_text(twice)).c_str())) {
    return "twice the channels are a variance too: try convention=raw,precond=iddpm, or return the first half";
  }
  if (options.convention == "raw" && options.precond == "iddpm" && contains(problem, "its result is [")) {
    return "precond=iddpm expects twice the channels; try precond=edm or convention=denoiser";
  }
  if (contains(problem, "channels")) return "check shape=, one sample's [C,H,W]";
  return std::nullopt;
}

}  // namespace

std::string advice_for(const ImportedCall& module, const ModuleCall& call, const ImportOptions& options,
                       const std::string& problem) {
  constexpr double kMostSeconds = 20;
  if (const auto advice = advice_of_words(call, options, problem)) return "; " + *advice;
  if (!call.inputs[0].is_cpu()) return "";  // a child process has no device
  const Trial trial = try_in_child(kMostSeconds, [&]() -> std::string {
    for (const Variant& variant : variants_of(call)) {
      try {
        if (!call_module(module, variant.call).problem.empty()) continue;
        return fmt::format(fmt::runtime(variant.meaning), variant.call.inputs[0].size(0), call.inputs[0].size(0));
      } catch (const Error&) {           // not this one, then
      } catch (const std::bad_alloc&) {  // nor one that is too large
      }
    }
    return "";
  });
  return trial.said.empty() ? "" : "; " + trial.said;
}

}  // namespace farfield
