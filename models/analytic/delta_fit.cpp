#include "core/error.h"
#include "models/analytic/fit.h"
#include "models/analytic/reference_fits.h"
#include "models/analytic/truncated_delta.h"

namespace farfield {

std::unique_ptr<AnalyticDenoiser> delta_of(const ReferenceRequest& request) {
  const ReferenceOptions& options = request.options;
  constexpr int64_t kMost = 1'000'000'000, kMostDraws = 1'000'000;
  Truncation truncation{options.number_from("epsilon", 0, 0, 0.5), options.integer("neighbours", 0, 1, kMost),
                        options.integer("uniform", 0, 1, kMost), options.integer("draws", 0, 1, kMostDraws),
                        options.flag("golden", false)};
  if (options.has("epsilon") && truncation.epsilon == 0) throw usage_error("delta: epsilon must be above 0");
  const auto& shape = request.data.info().shape;
  const bool whole = truncation.epsilon == 0 && truncation.neighbours == 0 && truncation.uniform == 0 &&
                     truncation.draws == 0 && !truncation.golden;
  if (whole) return make_delta(data_matrix(request.data), shape);
  return make_truncated_delta(data_matrix(request.data), shape, truncation, request.seed);
}

}  // namespace farfield
