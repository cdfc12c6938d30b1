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

// "isotropic,mixture,components=10,a.safetensors,delta:mnist:D,pad=32" -> the four references in it: an item KEY=VALUE
// belongs to the reference before it, unless a file has that name.
std::vector<std::string> split_references(std::string_view list);

struct References {
  std::vector<Subject> subjects;
  // The Gaussian whose closed-form solution sampling trajectories are held against: that of the data; without data, the
  // first Gaussian reference file; else nothing.
  std::optional<GaussianStats> gaussian;
};

// How many samples the costly kinds of `all` are fitted to at most.
inline constexpr int64_t kCostlyImages = 2000;

// Opens every reference, a MODEL text each (models/registry/model_form.h). A kind without SRC is fitted to `data`, whose mean
// and covariance are measured at most once; `seed` is of those fits, and ranks share all fits and have all references. Their
// names are the canonical texts. usage_error for a kind without SRC when there are no data, or a reference given twice.
//
// `all` stands for every kind that has a name for it in the table and fits the data: costly kinds are fitted to a subset of
// kCostlyImages, as many of each class, and measured in part. A costly kind that is named is measured whole.
References open_references(const std::vector<std::string>& texts, std::shared_ptr<const DataSource> data,
                           const ModelOptions& options, uint64_t seed, Comm& comm = alone());

// A denoiser that was opened as MODEL, as the subject of a comparison: named by its file or folder, or by its canonical text.
Subject subject_of(const std::string& model, std::shared_ptr<const Denoiser> denoiser);
Subject open_subject(const std::string& model, const ModelOptions& options);

// Asks the model, and every reference that takes labels, for one class. Without a label they are compared unconditionally
// (labels zero), and one line on stderr says so. usage_error when the model takes no labels or has no such class.
void choose_class(Subject& model, std::vector<Subject>& references, std::optional<int64_t> label);

// Asks them for a class of each sample's own: that of the data behind a probe, the classes in turn where there are none.
// usage_error when the model takes no labels, or a reference knows another number of classes.
void choose_own_classes(Subject& model, std::vector<Subject>& references);

}  // namespace farfield
