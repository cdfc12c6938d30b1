#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>

#include <torch/types.h>

#include "core/error.h"
#include "core/shards.h"

namespace farfield {

using Arrays = std::map<std::string, torch::Tensor>;  // as an .npz holds them

// Tensors by their numbers, "0", "1", ..., for those who need no names.
Arrays by_number(const Tensors& tensors);
Tensors in_order(const Arrays& arrays);

// What to do about finished batches of an earlier, stopped run with the same --out.
enum class EarlierParts { kRefuse, kResume, kReplace };

// The finished batches of a long measurement, in the folder OUT.parts beside its output: batch-N.npz each, and key.json,
// which says what they are parts of. Made when the first batch is kept, removed when the output stands.
class PartStore {
 public:
  PartStore() = default;  // keeps nothing
  // `key`: a JSON object of all that decides the numbers; parts of another key are never used. usage_error when there
  // are parts and `earlier` is kRefuse, when kResume meets another key (naming the first field that differs), and when
  // the folder is not a PartStore's. Without parts all three begin anew.
  PartStore(const std::filesystem::path& out, std::string key, EarlierParts earlier);

  // The same store on a rank beside the root, which has looked at the folder and may be at work in it by now.
  static PartStore beside_root(const std::filesystem::path& out, std::string key);

  std::optional<Arrays> find(int64_t part) const;  // bad_file for a damaged one
  bool has(int64_t part) const;
  void keep(int64_t part, const Arrays& arrays) const;
  // The file of a kept part as `file` as well: a second name where there can be one, else a copy. io_error when neither can be.
  void place(int64_t part, const std::filesystem::path& file) const;
  int64_t kept() const;
  std::string how_to_go_on() const;  // "12 finished batches are kept in OUT.parts: --resume goes on from there"
  Error said_with(const Error& error)
      const;            // an interruption or io_error with how_to_go_on() where something is kept; others as they are
  void remove() const;  // its own files, and the folder when it is then empty

 private:
  std::filesystem::path file_of(int64_t part) const;

  std::filesystem::path folder_;  // empty: keeps nothing
  std::string key_;
};

}  // namespace farfield
