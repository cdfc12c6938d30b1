#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace farfield {

// Builds a zip archive in memory: members stored (not deflated), dated 1980-01-01, in the order they are added, with
// zip64 records where sizes need them (APPNOTE.TXT 6.3). The same members give the same bytes.
class ZipWriter {
 public:
  // A member of the concatenated `shards`. Names are relative, unique and ASCII: a broken promise (check) otherwise.
  void add(const std::string& name, const std::vector<std::string_view>& parts);
  // The whole archive; the writer is empty afterwards.
  std::string finish();

 private:
  struct Entry {
    std::string name;
    uint32_t crc;
    uint64_t size, offset;
  };
  std::string bytes_;
  std::vector<Entry> entries_;
  std::set<std::string> names_;
};

}  // namespace farfield
