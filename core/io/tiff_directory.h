#pragma once

#include <cstdint>
#include <map>
#include <string_view>
#include <vector>

namespace farfield {

// The first directory of a TIFF file, or of the Exif block that other formats hold (TIFF 6.0, section 2): whole numbers by
// tag. bad_file naming `name` when it is cut off.
class TiffDirectory {
 public:
  TiffDirectory(std::string_view bytes, std::string_view name);

  bool has(uint16_t tag) const { return values_.contains(tag); }
  // The first value, or `fallback`.
  uint32_t number(uint16_t tag, uint32_t fallback) const;
  std::vector<uint32_t> numbers(uint16_t tag) const;  // empty when it is not there
  bool is_last() const { return is_last_; }           // no further picture follows

 private:
  std::map<uint16_t, std::vector<uint32_t>> values_;
  bool is_last_ = true;
};

constexpr uint16_t kTiffOrientation = 274;

}  // namespace farfield
