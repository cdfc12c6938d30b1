#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "core/config/config.h"
#include "models/networks/native_model.h"
#include "train/adam.h"
#include "train/augment.h"
#include "train/ema.h"
#include "train/learning_rate.h"
#include "train/noise_distribution.h"

namespace farfield {

// How long a run goes on and what it leaves behind. All counts are training images; an event falls on the step that
// reaches or passes a multiple of its interval.
struct RunOptions {
  int64_t images = 1'000'000;  // length of the run, > 0, rounded up to whole steps
  int64_t batch = 128;         // images a step, > 0
  int64_t micro_batch = 0;     // images of one forward pass, divides batch; 0: the whole batch
  uint64_t seed = 0;
  int64_t tick_images = 12'800;       // a line of log.jsonl; > 0
  int64_t preview_images = 128'000;   // a picture of samples; 0: never
  int64_t snapshot_images = 128'000;  // averaged weights as a model file, all kept; 0: only at the end
  int64_t state_images = 128'000;     // everything needed to resume; 0: only at the end
  int64_t keep_states = 2;            // >= 2, so that a damaged newest one never is the only one
  std::string precision = "auto";     // auto, fp32, bf16 (core/device.h); weights, sums and loss stay float32
  std::string nonfinite = "stop";     // what a value that is not finite does to a step: stop, skip (counted; costs a
                                      // copy of weights and moments a step)
  bool gradient_checkpointing =
      false;                         // blocks keep their input alone and run again in the backward pass: less memory,
                                     // a third more time, the same bits; U-Nets only
  std::vector<int64_t> snapshot_at;  // further snapshots, at these numbers of images; each > 0
  void validate() const;
};

// Live comparison of the averaged network with references (RunRequest::probe).
struct ProbeOptions {
  int64_t images = 0;                                               // interval; 0: never
  int64_t count = 64;                                               // probes at each noise level, 2 to 4096
  std::vector<double> sigmas{0.05, 0.2, 0.5, 1, 3, 10};             // > 0, rising
  std::string references = "gaussian,mixture,components=10,delta";  // as for `compare --references`
  void validate() const;
};

// A training run: the sections of its config.
struct TrainOptions {
  std::string data;  // data.source, see open_data()
  NetworkConfig network;
  std::string preconditioning = "edm";  // preconditioning.name
  double sigma_data = 0.5;              // preconditioning.sigma_data, > 0: standard deviation of the data
  std::string loss = "edm";             // loss.name
  NoiseDistributionOptions noise;       // loss.noise and what belongs to it; by default that of the loss's name
  AugmentOptions augment;
  LearningRateOptions learning_rate;  // optimiser.learning_rate, rampup_images, schedule, decay_images
  AdamOptions adam;                   // optimiser.name, beta1, beta2, epsilon, weight_decay, clip_norm
  EmaOptions ema;
  RunOptions run;
  ProbeOptions probes;

  // Reads and checks every section; nothing is opened. The caller calls config.finish().
  static TrainOptions from_config(const Config& config);
  void validate() const;
  // What is trained, as a model file says it; its sigma range is that of the noise distribution where that has ends.
  ModelConfig model_config() const;
};

}  // namespace farfield
