#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <torch/types.h>

#include "core/data/source.h"

namespace farfield {

// Samples of a run or of a data set, side by side: read a block at a time.
class SampleSource {
 public:
  // states [n, ...shape] floating, as a solver returned them. seeds: [n] int64 or undefined.
  SampleSource(std::string text, torch::Tensor states, torch::Tensor seeds = {});
  explicit SampleSource(std::shared_ptr<const DataSource> data);

  const std::string& text() const { return text_; }
  const std::vector<int64_t>& shape() const { return shape_; }  // of one sample
  int64_t count() const { return count_; }
  bool images() const { return shape_.size() == 3; }
  // Samples first ... first + size - 1, [size, ...shape]: images in [-1, 1] where they are data, as they are of a run.
  torch::Tensor rows(int64_t first, int64_t size) const;
  torch::Tensor all() const { return rows(0, count_); }
  torch::Tensor seeds() const { return seeds_; }                           // [n] int64; undefined of data
  const std::shared_ptr<const DataSource>& data() const { return data_; }  // null of a run
  std::string fingerprint() const;                                         // SHA-256 of the numbers

 private:
  std::string text_;
  std::shared_ptr<const DataSource> data_;
  torch::Tensor states_, seeds_;
  std::vector<int64_t> shape_;
  int64_t count_ = 0;
};

// What stands in `text`: what `farfield sample` wrote (its folder or samples.npz; float64 as the solver returned it; of
// a folder of shards the numbers as data, float32), else
// the data set that SRC names. Errors as open_data(); bad_file for a run without samples.
SampleSource open_samples(const std::string& text);

}  // namespace farfield
