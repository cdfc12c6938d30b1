#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "analysis/compare/comparison.h"
#include "core/math/gaussian_stats.h"
#include "models/registry/model_registry.h"

namespace farfield {

// "isotropic,mixture:10,a.safetensors,delta:mnist:D,pad=32" -> the four references in it: an item KEY=VALUE belongs to
// the reference before it.
std::vector<std::string> split_references(std::string_view list);

// True for the short names below, false for a MODEL such as delta:SRC.
bool is_fitted_here(std::string_view reference);

struct References {
  std::vector<Subject> subjects;
  // The Gaussian whose closed-form solution sampling trajectories are held against: that of the data; without data, the
  // first Gaussian reference file; else nothing.
  std::optional<GaussianStats> gaussian;
};

// Opens every reference: a short name of models/analytic/fit.h (isotropic, gaussian[:RANK], mixture:K[:RANK],
// mixture:classes[:RANK], delta), fitted to `data` here and now, or a MODEL (models/registry/model_registry.h). The mean and
// covariance of `data` are measured at most once. usage_error for a short name without data, or a name given twice. Ranks
// share the fits (models/analytic/fit.h); each has all references.
References open_references(const std::vector<std::string>& names, std::shared_ptr<const DataSource> data,
                           const ModelOptions& options, uint64_t seed, Comm& comm = alone());

// A denoiser that was opened as MODEL, as the subject of a comparison, named by its file or folder.
Subject subject_of(const std::string& model, std::shared_ptr<const Denoiser> denoiser);
Subject open_subject(const std::string& model, const ModelOptions& options);

// Asks the model, and every reference that takes labels, for one class. Without a label they are compared unconditionally
// (labels zero), and one line on stderr says so. usage_error when the model takes no labels or has no such class.
void choose_class(Subject& model, std::vector<Subject>& references, std::optional<int64_t> label);

}  // namespace farfield
