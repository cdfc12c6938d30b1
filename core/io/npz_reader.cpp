#include "core/io/npz_reader.h"

#include <algorithm>

#include <fmt/format.h>

#include "core/error.h"
#include "core/text.h"

namespace farfield {
namespace {

constexpr std::string_view kExtension = ".npy";

// `code` as UTF-8; false when it is no code point.
bool append_utf8(int64_t code, std::string& text) {
  const auto put = [&](int64_t lead, int shift) { text += static_cast<char>(lead | (code >> shift)); };
  const auto follow = [&](int shift) { text += static_cast<char>(0x80 | ((code >> shift) & 0x3F)); };
  if (code < 0 || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF)) return false;
  if (code < 0x80) {
    put(0, 0);
  } else if (code < 0x800) {
    put(0xC0, 6);
    follow(0);
  } else if (code < 0x10000) {
    put(0xE0, 12);
    follow(6);
    follow(0);
  } else {
    put(0xF0, 18);
    follow(12);
    follow(6);
    follow(0);
  }
  return true;
}

template <class Character>
std::vector<std::string> decode(const torch::Tensor& characters, std::string_view name) {
  const int64_t length = characters.size(-1), count = characters.numel() / length;
  const auto* data = static_cast<const Character*>(characters.const_data_ptr());
  std::vector<std::string> texts(count);
  for (int64_t i = 0; i < count; ++i, data += length) {
    int64_t end = length;
    while (end > 0 && data[end - 1] == 0) --end;
    for (int64_t k = 0; k < end; ++k) {
      if (append_utf8(data[k], texts[i])) continue;
      throw bad_file(name, fmt::format("text {} holds {:#x}, no code point", i, data[k]));
    }
  }
  return texts;
}

}  // namespace

NpzReader::NpzReader(const std::filesystem::path& path) : path_(path.string()), archive_(ZipReader::with_unreadable(path)) {
  for (const auto& member : archive_.names()) {
    const bool array = member.ends_with(kExtension) && member.size() > kExtension.size();
    if (array) names_.push_back(member.substr(0, member.size() - kExtension.size()));
    else others_.push_back(member);
  }
  std::sort(names_.begin(), names_.end());
}

bool NpzReader::has(std::string_view name) const { return std::binary_search(names_.begin(), names_.end(), name); }

uint64_t NpzReader::bytes(std::string_view name) const { return archive_.size(std::string(name) + std::string(kExtension)); }

std::string NpzReader::where(std::string_view name) const {
  return fmt::format("{}: {}", path_, quote(std::string(name) + std::string(kExtension)));
}

NpyContent NpzReader::read(std::string_view name, uint64_t limit_bytes) const {
  return parse_npy_content(archive_.read(std::string(name) + std::string(kExtension), limit_bytes), where(name));
}

torch::Tensor NpzReader::numbers(std::string_view name, uint64_t limit_bytes) const {
  return parse_npy(archive_.read(std::string(name) + std::string(kExtension), limit_bytes), where(name));
}

std::vector<std::string> texts_of(const NpyContent& content, std::string_view name) {
  check(content.texts && content.values.is_contiguous(), "texts are read from an array of texts");
  return content.values.scalar_type() == torch::kUInt8 ? decode<uint8_t>(content.values, name)
                                                       : decode<int32_t>(content.values, name);
}

}  // namespace farfield
