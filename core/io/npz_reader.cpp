#include "core/io/npz_reader.h"

#include <algorithm>

#include <fmt/format.h>

#include "core/error.h"
#include "core/printable.h"
#include "core/text.h"

namespace farfield {
namespace {

constexpr std::string_view kExtension = ".npy";

std::string member_of(std::string_view name) { return std::string(name) + std::string(kExtension); }

bool is_code_point(int64_t code) { return code >= 0 && code <= 0x10FFFF && (code < 0xD800 || code > 0xDFFF); }

template <class Character>
std::vector<std::string> decode(const torch::Tensor& characters, std::string_view name) {
  const int64_t length = characters.size(-1), count = characters.numel() / length;
  const auto* data = static_cast<const Character*>(characters.const_data_ptr());
  std::vector<std::string> texts(count);
  for (int64_t i = 0; i < count; ++i, data += length) {
    int64_t end = length;
    while (end > 0 && data[end - 1] == 0) --end;
    for (int64_t k = 0; k < end; ++k) {
      if (!is_code_point(data[k])) throw bad_file(name, fmt::format("text {} holds {:#x}, no code point", i, data[k]));
      append_utf8(texts[i], static_cast<uint32_t>(data[k]));
    }
  }
  return texts;
}

}  // namespace

NpzReader::NpzReader(const std::filesystem::path& path)
    : path_(path.string()), archive_(ZipReader::with_unreadable(path)) {
  for (const auto& member : archive_.names()) {
    const bool array = member.ends_with(kExtension) && member.size() > kExtension.size();
    if (array)
      names_.push_back(member.substr(0, member.size() - kExtension.size()));
    else
      others_.push_back(member);
  }
  std::sort(names_.begin(), names_.end());
}

bool NpzReader::has(std::string_view name) const { return std::binary_search(names_.begin(), names_.end(), name); }

uint64_t NpzReader::bytes(std::string_view name) const { return archive_.size(member_of(name)); }

std::string NpzReader::where(std::string_view name) const {
  return fmt::format("{}: {}", path_, quote(member_of(name)));
}

NpyContent NpzReader::read(std::string_view name, uint64_t limit_bytes) const {
  return parse_npy_content(archive_.read(member_of(name), limit_bytes), where(name));
}

torch::Tensor NpzReader::numbers(std::string_view name, uint64_t limit_bytes) const {
  return parse_npy(archive_.read(member_of(name), limit_bytes), where(name));
}

std::vector<std::string> texts_of(const NpyContent& content, std::string_view name) {
  check(content.texts && content.values.is_contiguous(), "texts are read from an array of texts");
  return content.values.scalar_type() == torch::kUInt8 ? decode<uint8_t>(content.values, name)
                                                       : decode<int32_t>(content.values, name);
}

}  // namespace farfield
