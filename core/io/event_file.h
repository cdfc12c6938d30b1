#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace farfield {

// One number or picture of an event.
struct Scalar {
  std::string tag;  // "loss/total": TensorBoard groups by the part before the slash
  double value;
};

// A TensorBoard event file: TFRecords (length, masked CRC-32C, data, masked CRC-32C) of tensorflow.Event messages, each
// handed to the system as it is written, so that a running job can be watched. It begins with the version record and a
// session start after `step`, which lets TensorBoard forget what an earlier session wrote for later steps. Replaces a
// file of that name. The wall times in it are those of writing. io_error when it cannot be written.
class EventFile {
 public:
  EventFile(const std::filesystem::path& path, int64_t step);
  ~EventFile();
  EventFile(const EventFile&) = delete;
  EventFile& operator=(const EventFile&) = delete;

  void scalars(int64_t step, const std::vector<Scalar>& values);
  // A PNG picture; its size is read from the PNG's header.
  void picture(int64_t step, std::string_view tag, std::string_view png);

 private:
  void append(std::string_view event);

  int descriptor_;
  std::string path_;
};

// CRC-32C (Castagnoli) of bytes, and the masked form that TFRecords store: rotated right by 15 bits, plus 0xa282ead8.
uint32_t crc32c(std::string_view bytes);
uint32_t masked_crc32c(std::string_view bytes);

}  // namespace farfield
