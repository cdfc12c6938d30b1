#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include <gtest/gtest.h>
#include <torch/types.h>

#include "core/error.h"

namespace farfield::test {

// A folder of its own, removed at the end.
class TempDir {
 public:
  TempDir();
  ~TempDir();
  TempDir(const TempDir&) = delete;
  std::filesystem::path path() const { return path_; }
  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

// The folder of golden vectors: $FARFIELD_GOLDEN, else ../shared/golden beside the checkout; nothing when absent. Tests
// that need it have "golden" in their name and GTEST_SKIP() aloud without it.
std::optional<std::filesystem::path> golden_dir();
// The folder with mnist/ and cifar10/: $FARFIELD_DATA, else ../shared/data; nothing when absent.
std::optional<std::filesystem::path> data_dir();

// max |a - b| / max(1, |b|), in float64; infinity when shapes differ or anything is not finite.
double deviation(const torch::Tensor& a, const torch::Tensor& b);
// max |a - b| / max |b|.
double relative_deviation(const torch::Tensor& a, const torch::Tensor& b);

// A python3 that can import numpy: $PYTHON, else the one scripts/setup chose; nothing when there is none.
std::optional<std::string> python();

// Lets this process map only `bytes` more memory than it has now. For death tests: it cannot be undone.
void limit_more_memory_to(uint64_t bytes);

// Runs `call` and returns the farfield::Error it throws; fails the test when it does not.
template <class Call>
std::optional<Error> error_of(Call&& call) {
  try {
    call();
  } catch (const Error& error) {
    return error;
  } catch (const std::exception& other) {
    ADD_FAILURE() << "expected farfield::Error, got: " << other.what();
    return std::nullopt;
  }
  ADD_FAILURE() << "expected an error, none was thrown";
  return std::nullopt;
}

}  // namespace farfield::test
