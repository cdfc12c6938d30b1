#include "core/io/zip_writer.h"

#include <algorithm>
#include <limits>
#include <utility>

#include <zlib.h>

#include "core/error.h"

namespace farfield {
namespace {

constexpr uint64_t kMax32 = std::numeric_limits<uint32_t>::max();
constexpr uint64_t kMax16 = std::numeric_limits<uint16_t>::max();
constexpr uint16_t kZip64Version = 45;        // the first with zip64
constexpr uint32_t kFirstDate = 0x0021'0000;  // 1980-01-01 00:00, time below date

template <class Integer>
void put(std::string& bytes, Integer value) {
  for (size_t i = 0; i < sizeof(Integer); ++i) bytes += static_cast<char>(value >> (8 * i));
}

uint32_t fit32(uint64_t value) { return static_cast<uint32_t>(std::min(value, kMax32)); }

// The zip64 extra field with those of `values` that do not fit in 32 bits.
std::string zip64_extra(std::initializer_list<uint64_t> values) {
  std::string fields;
  for (const uint64_t value : values) {
    if (value >= kMax32) put(fields, value);
  }
  std::string extra;
  if (fields.empty()) return extra;
  put<uint16_t>(extra, 1);
  put(extra, static_cast<uint16_t>(fields.size()));
  return extra + fields;
}

// What local and central headers share: version needed ... length of the extra field.
void put_common(std::string& bytes, const std::string& name, uint32_t crc, uint64_t size, const std::string& extra) {
  put(bytes, kZip64Version);
  put<uint16_t>(bytes, 0);  // flags
  put<uint16_t>(bytes, 0);  // stored
  put(bytes, kFirstDate);
  put(bytes, crc);
  put(bytes, fit32(size));
  put(bytes, fit32(size));
  put(bytes, static_cast<uint16_t>(name.size()));
  put(bytes, static_cast<uint16_t>(extra.size()));
}

}  // namespace

void ZipWriter::add(const std::string& name, const std::vector<std::string_view>& parts) {
  const bool plain = std::all_of(name.begin(), name.end(), [](unsigned char c) { return c >= 0x20 && c < 0x7F; });
  check(plain && !name.empty() && name.size() <= kMax16 && name.front() != '/',
        "zip members have plain relative names");
  check(names_.insert(name).second, "zip members are unique");
  Entry entry{name, 0, 0, bytes_.size()};
  for (const auto part : parts) {
    if (part.empty()) continue;  // zlib takes a null pointer for "start again"
    entry.crc = static_cast<uint32_t>(crc32_z(entry.crc, reinterpret_cast<const Bytef*>(part.data()), part.size()));
    entry.size += part.size();
  }
  const std::string extra = zip64_extra({entry.size, entry.size});
  put<uint32_t>(bytes_, 0x04034b50);
  put_common(bytes_, name, entry.crc, entry.size, extra);
  bytes_ += name + extra;
  for (const auto part : parts) bytes_ += part;
  entries_.push_back(std::move(entry));
}

std::string ZipWriter::finish() {
  const uint64_t directory = bytes_.size();
  for (const auto& entry : entries_) {
    const uint64_t offset = entry.offset;
    const std::string extra = zip64_extra({entry.size, entry.size, offset});
    put<uint32_t>(bytes_, 0x02014b50);
    put<uint16_t>(bytes_, (3 << 8) | kZip64Version);  // made by: Unix
    put_common(bytes_, entry.name, entry.crc, entry.size, extra);
    put<uint16_t>(bytes_, 0);  // comment
    put<uint16_t>(bytes_, 0);  // disk
    put<uint16_t>(bytes_, 0);  // internal attributes
    put<uint32_t>(bytes_, 0100644u << 16);
    put(bytes_, fit32(offset));
    bytes_ += entry.name + extra;
  }
  const uint64_t end = bytes_.size(), count = entries_.size();
  if (count >= kMax16 || directory >= kMax32 || end - directory >= kMax32) {
    put<uint32_t>(bytes_, 0x06064b50);
    put<uint64_t>(bytes_, 44);  // bytes that follow in this record
    put(bytes_, kZip64Version);
    put(bytes_, kZip64Version);
    put<uint64_t>(bytes_, 0);  // disks
    put(bytes_, count);
    put(bytes_, count);
    put(bytes_, end - directory);
    put(bytes_, directory);
    put<uint32_t>(bytes_, 0x07064b50);
    put<uint32_t>(bytes_, 0);
    put(bytes_, end);
    put<uint32_t>(bytes_, 1);
  }
  put<uint32_t>(bytes_, 0x06054b50);
  put<uint32_t>(bytes_, 0);  // disks
  put(bytes_, static_cast<uint16_t>(std::min(count, kMax16)));
  put(bytes_, static_cast<uint16_t>(std::min(count, kMax16)));
  put(bytes_, fit32(end - directory));
  put(bytes_, fit32(directory));
  put<uint16_t>(bytes_, 0);  // comment
  entries_.clear();
  names_.clear();
  return std::exchange(bytes_, {});
}

}  // namespace farfield
