#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "analysis/features/features.h"
#include "analysis/features/sample_source.h"
#include "analysis/paths/part_store.h"
#include "core/comm.h"

namespace farfield {

// Samples as they are named, or at hand: a text as of read_featured(), or what it names.
using GivenSet = std::variant<std::string, SampleSource>;
// A text as samples where it names samples, else as it is: a file of features or moments.
GivenSet given_set(const std::string& text);
std::string given_text(const GivenSet& given);

// A set with its features, and its samples where they are at hand.
struct QualitySet {
  Featured featured;
  std::optional<SampleSource> samples;
};

// What is asked of whom.
struct GivenSets {
  std::vector<GivenSet> samples;  // a set a run
  GivenSet reference;
  std::optional<GivenSet> held_out;
};

struct QualitySets {
  std::vector<QualitySet> samples;
  QualitySet reference;
  std::optional<QualitySet> held_out;
  std::string features;  // the FEATURES that were used; "" where all came from files
};

// The features where none are named: pca:64 of a reference of 128 samples or more with more than 64 numbers each, else pixels; those of
// the reference's file where they are a formula of samples alone; "" where there is none.
std::string usual_features(const GivenSet& reference);
// FEATURES as they were asked for, or usual_features(). usage_error where there are none.
std::string features_for(const GivenSet& reference, const std::string& asked);
// Samples as data, for their principal components.
std::shared_ptr<const DataSource> as_data(const SampleSource& samples);

// All features, by open_features(`asked`), "": usual_features(). Principal components are those of the reference, unless options
// name other data. Ranks share the samples, `parts` keeps finished batches. Before any feature is made: usage_error for samples
// of several shapes, features of different contracts or dimensions, a reference of less than 2 samples, samples that cannot be
// cut into `blocks` of 2 or more; others as read_featured().
QualitySets open_sets(const GivenSets& given, int64_t blocks, const std::string& asked, FeatureOptions options,
                      int64_t batch = 64, const PartStore& parts = {}, Comm& comm = alone());

}  // namespace farfield
