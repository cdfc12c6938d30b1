#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "core/comm.h"
#include "core/data/source.h"
#include "core/option_values.h"
#include "models/analytic/analytic.h"

namespace farfield {

// The options of a reference, from KIND[:SRC][,option=value...].
class ReferenceOptions : public OptionValues {
 public:
  explicit ReferenceOptions(std::string kind, std::map<std::string, std::string> given = {})
      : OptionValues("reference", std::move(kind), given), texts_(std::move(given)) {}
  // Any text: the name of a file.
  std::string text(const std::string& key, const std::string& fallback) const {
    const auto found = texts_.find(key);
    const std::string value = found == texts_.end() ? fallback : found->second;
    return choice(key, value, {value});
  }

 private:
  std::map<std::string, std::string> texts_;
};

// What a reference is fitted to, and how. Ranks given as `comm` share the work (models/analytic/fit.h), each has the whole
// result, the same bits for any number of them.
struct ReferenceRequest {
  const DataSource& data;
  const ReferenceOptions& options;
  uint64_t seed = 0;  // of what is random in the fit, unless an option says otherwise
  Comm& comm = alone();
};

// One factory a kind, in the file of its denoiser; each reads every option of its row in models/registry/reference_registry.cpp
// exactly once. usage_error for options that do not fit the data.

// N(mean, 0): D is the mean of the data everywhere. This and the two orders: models/analytic/far_field.h.
std::unique_ptr<AnalyticDenoiser> mean_of_data(const ReferenceRequest& request);
// The Gaussian's far field to first and to second order in S / sigma^2.
std::unique_ptr<AnalyticDenoiser> first_order_of(const ReferenceRequest& request);
std::unique_ptr<AnalyticDenoiser> second_order_of(const ReferenceRequest& request);
// N(mean, tr(S)/d I).
std::unique_ptr<AnalyticDenoiser> isotropic_of(const ReferenceRequest& request);
// N(mean, diag S): every number of a sample has its own variance, and none is correlated with another.
std::unique_ptr<AnalyticDenoiser> diagonal_of(const ReferenceRequest& request);
// N(mean, S); rank=R keeps the R leading eigenpairs of S and no variance outside them; ddof=1 divides by N - 1.
std::unique_ptr<AnalyticDenoiser> gaussian_of(const ReferenceRequest& request);
// One Gaussian a cluster (components=K) or a class (per=class): fit_mixture() with the same options, kmeans_seed= for its seed.
std::unique_ptr<AnalyticDenoiser> mixture_of(const ReferenceRequest& request);
// The mean of the deltas at all samples; epsilon=, neighbours= or golden=yes reads only some (models/analytic/truncated_delta.h).
std::unique_ptr<AnalyticDenoiser> delta_of(const ReferenceRequest& request);

}  // namespace farfield
