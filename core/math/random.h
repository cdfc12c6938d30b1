#pragma once

#include <cstdint>
#include <initializer_list>

#include <ATen/core/Generator.h>
#include <torch/types.h>

namespace farfield {

// The random stream of one sample: torch's CPU generator seeded with seed mod 2^32, as the reference implementation's
// per-seed generators (NVlabs EDM, generate.py) with the same bits. Draw order of a sample: the latent [shape] in
// float32, then (for models with labels) one integer in [0, label_dim), then one float64 [shape] normal per noisy
// step. So a sample depends on its seed alone: not on the batch, the thread count, the rank or the device.
// As in torch, a tensor of 16 and more normals takes other numbers from the stream than 16 single draws would.
class SampleRandom {
 public:
  explicit SampleRandom(int64_t seed);
  torch::Tensor normal(torch::IntArrayRef shape, torch::ScalarType dtype);   // CPU
  torch::Tensor uniform(torch::IntArrayRef shape, torch::ScalarType dtype);  // CPU, in [0, 1)
  int64_t integer(int64_t bound);                                            // in [0, bound); bound >= 1

 private:
  at::Generator generator_;
};

// One number from several (seed, images seen, purpose, ...), mixed with SplitMix64. Order and length matter.
uint64_t mix_key(std::initializer_list<uint64_t> key);

// A torch CPU generator keyed by several numbers: its whole state (624 words) comes from the 64 bits of mix_key, so
// that every key has a stream of its own and nothing has to be stored to resume.
at::Generator keyed_generator(std::initializer_list<uint64_t> key);

// A small stream for our own integer and double arithmetic: the same numbers on every machine.
// Steele, Lea, Flood: Fast splittable pseudorandom number generators (OOPSLA 2014).
class SplitMix64 {
 public:
  explicit SplitMix64(uint64_t seed) : state_(seed) {}
  uint64_t next() {
    uint64_t z = state_ += 0x9e3779b97f4a7c15ULL;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
  }
  uint64_t below(uint64_t bound);  // in [0, bound), bias below bound / 2^64
  double uniform();                // in [0, 1), 53 bits
  double between(double low, double high) { return low + (high - low) * uniform(); }
  // Sum of 12 uniforms less 6 (Irwin-Hall): mean 0, variance 1, within +-6, no library function involved.
  double irwin_hall();

 private:
  uint64_t state_;
};

// `count` independent standard normals of a key (of mix_key) into `values`: Box and Muller's pairs over SplitMix64(key).
// The first n are the same for every count >= n. Without a generator's state to set up: for many short streams.
void fill_normal(uint64_t key, double* values, int64_t count);

// A dropout mask: each of `count` values is 0 with probability `p` in [0, 1), down to a multiple of 2^-32, else `kept`.
// Two values to every number of SplitMix64(key); a generator's Bernoulli draws take several times as long.
template <class Number>
void fill_mask(uint64_t key, double p, Number kept, Number* values, int64_t count) {
  const auto dropped = static_cast<uint64_t>(p * 0x1p32);
  const Number choice[2] = {kept, Number(0)};  // looked up: a branch would be mispredicted as often as values drop
  SplitMix64 random(key);
  for (int64_t i = 0; i + 1 < count; i += 2) {
    const uint64_t bits = random.next();
    values[i] = choice[(bits >> 32) < dropped];
    values[i + 1] = choice[(bits & 0xffffffff) < dropped];
  }
  if (count % 2 == 1) values[count - 1] = choice[(random.next() >> 32) < dropped];
}

}  // namespace farfield
