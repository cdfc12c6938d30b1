#include "analysis/calibrate/calibration_run.h"

#include <algorithm>

#include <fmt/format.h>

#include "core/error.h"
#include "core/text.h"
#include "models/patches/sized_denoiser.h"
#include "models/registry/model_form.h"
#include "samplers/solvers/solver_registry.h"

namespace farfield {
namespace {

// The options of the kind; a size among them is refused.
ReferenceOptions options_of(const std::string& reference) {
  const ModelForm form = parse_model(reference);
  const auto kinds = sized_kinds();
  if (std::ranges::find(kinds, form.kind) == kinds.end()) {
    throw usage_error(
        fmt::format("calibrate: '{}' has no patch size to be found; there are: {}", reference, join(kinds, ", ")));
  }
  if (form.source) {
    throw usage_error(fmt::format("calibrate: {} names data; give them as --data, and the kind alone", reference));
  }
  for (const char* size : {"k", "p", "table"}) {
    if (!form.options.contains(size)) continue;
    throw usage_error(
        fmt::format("calibrate: {} has a size already; leave {}= out, it is what is looked for", reference, size));
  }
  return ReferenceOptions(form.kind, form.options);
}

void check_sizes(const std::vector<int64_t>& sizes, const std::string& reference) {
  if (sizes.empty()) {
    throw usage_error(
        fmt::format("calibrate: none of the sizes 3, 5, ..., 17 fits {} and these images; give --sizes", reference));
  }
  for (size_t i = 0; i < sizes.size(); ++i) {
    if (sizes[i] >= 1 && (i == 0 || sizes[i] > sizes[i - 1])) continue;
    throw usage_error(fmt::format("calibrate: sizes are {}; give whole numbers from 1 that rise", join(sizes, ", ")));
  }
}

}  // namespace

CalibrationRun run_calibrate(CalibrationInputs inputs, CalibrationOptions options, const PartStore& parts, Comm& comm) {
  const ReferenceOptions given = options_of(inputs.reference);
  const ReferenceRequest request{*inputs.data, given, 0, comm};
  if (inputs.sizes.empty()) inputs.sizes = published_sizes_up_to(most_size(request));
  check_sizes(inputs.sizes, inputs.reference);
  const SizedDenoiser sized = sized_denoiser(request);
  std::vector<std::shared_ptr<const Denoiser>> candidates;
  for (const int64_t size : inputs.sizes) candidates.push_back(sized(PatchSizes::fixed(size)));
  Calibration result = calibrate(*inputs.model, inputs.sizes, candidates, *make_solver(inputs.solver), options, parts,
                                 comm);
  return {std::move(inputs), std::move(options), std::move(result)};
}

}  // namespace farfield
