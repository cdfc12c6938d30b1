#include "core/io/event_file.h"

#include <array>
#include <bit>
#include <cerrno>
#include <chrono>
#include <cstring>

#include <fcntl.h>
#include <unistd.h>

#include "core/error.h"
#include "core/io/system_calls.h"

namespace farfield {
namespace {

constexpr std::array<uint32_t, 256> kCrcTable = [] {
  std::array<uint32_t, 256> table{};
  for (uint32_t byte = 0; byte < 256; ++byte) {
    uint32_t crc = byte;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0x82f63b78u : 0u);
    table[byte] = crc;
  }
  return table;
}();

template <class Number>
std::string little_endian(Number value) {
  std::string bytes(sizeof(value), '\0');
  for (size_t i = 0; i < sizeof(value); ++i) bytes[i] = static_cast<char>(value >> (8 * i));
  return bytes;
}

// Protocol buffers' wire format: fields of a message, appended one after the other.
class Message {
 public:
  Message& number(int field, uint64_t value) {
    key(field, 0);
    varint(value);
    return *this;
  }
  Message& real(int field, double value) {
    key(field, 1);
    bytes_ += little_endian(std::bit_cast<uint64_t>(value));
    return *this;
  }
  Message& real32(int field, float value) {
    key(field, 5);
    bytes_ += little_endian(std::bit_cast<uint32_t>(value));
    return *this;
  }
  Message& text(int field, std::string_view value) {
    key(field, 2);
    varint(value.size());
    bytes_ += value;
    return *this;
  }
  const std::string& bytes() const { return bytes_; }

 private:
  void key(int field, uint64_t type) { varint((static_cast<uint64_t>(field) << 3) | type); }
  void varint(uint64_t value) {
    for (; value >= 0x80; value >>= 7) bytes_ += static_cast<char>((value & 0x7f) | 0x80);
    bytes_ += static_cast<char>(value);
  }

  std::string bytes_;
};

// Field numbers of tensorflow/core/util/event.proto and framework/summary.proto.
namespace event {
constexpr int kWallTime = 1, kStep = 2, kFileVersion = 3, kSummary = 5, kSessionLog = 7;
}
namespace summary {
constexpr int kValue = 1, kTag = 1, kSimpleValue = 2, kImage = 4;
constexpr int kHeight = 1, kWidth = 2, kColorspace = 3, kEncoded = 4;
}  // namespace summary
constexpr int kSessionStatus = 1, kSessionStart = 1;

Message event_at(int64_t step) {
  const double now = std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
  return Message().real(event::kWallTime, now).number(event::kStep, static_cast<uint64_t>(step));
}

// The big-endian number at `offset` of a PNG's first chunk, which is its size.
uint32_t png_number(std::string_view png, size_t offset) {
  check(png.size() > 33 && png.substr(1, 3) == "PNG", "a picture of an event is a PNG");
  uint32_t number = 0;
  for (size_t i = 0; i < 4; ++i) number = (number << 8) | static_cast<unsigned char>(png[offset + i]);
  return number;
}

}  // namespace

uint32_t crc32c(std::string_view bytes) {
  uint32_t crc = ~0u;
  for (const char byte : bytes) crc = (crc >> 8) ^ kCrcTable[(crc ^ static_cast<unsigned char>(byte)) & 0xff];
  return ~crc;
}

uint32_t masked_crc32c(std::string_view bytes) { return std::rotr(crc32c(bytes), 15) + 0xa282ead8u; }

EventFile::EventFile(const std::filesystem::path& path, int64_t step)
    : descriptor_(system_calls().open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0666)),
      path_(path.string()) {
  if (descriptor_ < 0) throw io_error("cannot write " + path_, errno);
  append(event_at(0).text(event::kFileVersion, "brain.Event:2").bytes());
  append(event_at(step + 1).text(event::kSessionLog, Message().number(kSessionStatus, kSessionStart).bytes()).bytes());
}

EventFile::~EventFile() { system_calls().close(descriptor_); }

void EventFile::scalars(int64_t step, const std::vector<Scalar>& values) {
  Message all;
  for (const auto& scalar : values) {
    const auto value = static_cast<float>(scalar.value);
    all.text(summary::kValue, Message().text(summary::kTag, scalar.tag).real32(summary::kSimpleValue, value).bytes());
  }
  append(event_at(step).text(event::kSummary, all.bytes()).bytes());
}

void EventFile::picture(int64_t step, std::string_view tag, std::string_view png) {
  constexpr size_t kWidthAt = 16, kHeightAt = 20, kColourTypeAt = 25;
  const Message image = Message()
                            .number(summary::kHeight, png_number(png, kHeightAt))
                            .number(summary::kWidth, png_number(png, kWidthAt))
                            .number(summary::kColorspace, png[kColourTypeAt] == 0 ? 1 : 3)
                            .text(summary::kEncoded, png);
  const Message value = Message().text(summary::kTag, tag).text(summary::kImage, image.bytes());
  append(event_at(step).text(event::kSummary, Message().text(summary::kValue, value.bytes()).bytes()).bytes());
}

void EventFile::append(std::string_view event) {
  const std::string length = little_endian(static_cast<uint64_t>(event.size()));
  std::string record = length + little_endian(masked_crc32c(length));
  record += event;
  record += little_endian(masked_crc32c(event));
  for (size_t done = 0; done < record.size();) {
    const ssize_t written = system_calls().write(descriptor_, record.data() + done, record.size() - done);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) throw io_error("cannot write " + path_, errno);
    done += static_cast<size_t>(written);
  }
}

}  // namespace farfield
