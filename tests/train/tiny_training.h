#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/data/source.h"
#include "train/trainer.h"
#include "train/training_run.h"

namespace farfield::test {

// 24 pictures of 8 x 8 with 3 classes.
std::shared_ptr<const DataSource> tiny_data(int64_t seed = 0);

// A network of some thousand parameters with everything random switched on: dropout, label dropout, x-flip, two
// micro-batches a step. `settings` as for --set; "beyond.learning_rate=1e30" is a rate that no config may ask for.
struct TinyTraining {
  TrainOptions options;
  std::string resolved;
};
TinyTraining tiny_training(const std::vector<std::string>& settings = {});

// The options of tiny_training() alone, and a trainer over tiny_data().
Trainer tiny_trainer(const std::vector<std::string>& settings = {});

// True when both hold the same tensors with the same bits.
bool same_bits(const TensorFile& a, const TensorFile& b);

}  // namespace farfield::test
