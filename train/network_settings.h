#pragma once

#include <string>

#include "core/config/config.h"
#include "core/data/source.h"
#include "models/networks/model_config.h"
#include "train/train_options.h"

namespace farfield {

// Fills every key of the network and preconditioning sections that the config leaves open from a model to begin with, but
// the number of classes: that is the data's.
void adopt_model(Config& config, const ModelConfig& model);
// The settings in which two models differ, "channel_mult is [1,2], here [1,2,2]; ...": those that give other weights or
// another meaning to them. Dropout, the sigma range and the number of classes may differ.
std::string model_differences(const ModelConfig& model, const ModelConfig& here);

// Completes the network section from the data: img_resolution, img_channels and label_dim are the data's unless given,
// augment_dim is the augmentation's. usage_error when a given one differs (label_dim: 0 trains without labels;
// augment_dim: 9 may stay unused). The config then resolves to these values.
void fit_network_to_data(TrainOptions& options, Config& config, const DataInfo& data);

}  // namespace farfield
