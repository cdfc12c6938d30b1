#include "core/math/random.h"

#include <cmath>
#include <numbers>

#include <ATen/CPUGeneratorImpl.h>

#include "core/error.h"

namespace farfield {
namespace {

__extension__ using Wide = unsigned __int128;

}  // namespace

SampleRandom::SampleRandom(int64_t seed)
    : generator_(at::detail::createCPUGenerator(static_cast<uint64_t>(seed) & 0xffffffffULL)) {}

torch::Tensor SampleRandom::normal(torch::IntArrayRef shape, torch::ScalarType dtype) {
  return torch::randn(shape, generator_, torch::TensorOptions(dtype));
}

torch::Tensor SampleRandom::uniform(torch::IntArrayRef shape, torch::ScalarType dtype) {
  return torch::rand(shape, generator_, torch::TensorOptions(dtype));
}

int64_t SampleRandom::integer(int64_t bound) {
  check(bound >= 1, "SampleRandom::integer needs a bound of at least 1");
  return torch::randint(bound, {}, generator_, torch::kInt64).item<int64_t>();
}

uint64_t mix_key(std::initializer_list<uint64_t> key) {
  uint64_t mixed = SplitMix64(key.size()).next();
  for (const uint64_t part : key) mixed = SplitMix64(mixed ^ part).next();
  return mixed;
}

at::Generator keyed_generator(std::initializer_list<uint64_t> key) {
  const uint64_t seed = mix_key(key);
  auto generator = at::detail::createCPUGenerator(seed);
  auto* implementation = at::check_generator<at::CPUGeneratorImpl>(generator);
  auto state = at::mt19937(seed).data();
  SplitMix64 words(seed);
  for (auto& word : state.state_) word = static_cast<uint32_t>(words.next() >> 32);
  at::mt19937 engine;
  engine.set_data(state);
  implementation->set_engine(engine);
  return generator;
}

uint64_t SplitMix64::below(uint64_t bound) { return static_cast<uint64_t>((static_cast<Wide>(next()) * bound) >> 64); }

double SplitMix64::uniform() { return static_cast<double>(next() >> 11) * 0x1p-53; }

double SplitMix64::irwin_hall() {
  double sum = -6;
  for (int i = 0; i < 12; ++i) sum += uniform();
  return sum;
}

void fill_normal(uint64_t key, double* values, int64_t count) {
  SplitMix64 random(key);
  for (int64_t i = 0; i < count; i += 2) {
    const double radius = std::sqrt(-2 * std::log(1 - random.uniform()));
    const double angle = 2 * std::numbers::pi * random.uniform();
    values[i] = radius * std::cos(angle);
    if (i + 1 < count) values[i + 1] = radius * std::sin(angle);
  }
}

}  // namespace farfield
