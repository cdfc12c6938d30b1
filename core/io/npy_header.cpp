#include "core/io/npy_header.h"

#include <algorithm>
#include <charconv>
#include <set>

#include <fmt/format.h>

#include "core/error.h"
#include "core/text.h"

namespace farfield {
namespace {

constexpr std::string_view kMagic = "\x93NUMPY";
constexpr size_t kVersionEnd = 8;  // magic, major, minor
constexpr size_t kMostNumpyDimensions = 32;
constexpr size_t kAlignment = 64;

struct NumpyDtype {
  std::string_view name;  // without the byte order
  torch::ScalarType dtype;
};
constexpr NumpyDtype kNumpyDtypes[] = {
    {"b1", torch::kBool},   {"u1", torch::kUInt8},   {"u2", torch::kUInt16},  {"u4", torch::kUInt32},
    {"u8", torch::kUInt64}, {"i1", torch::kInt8},    {"i2", torch::kInt16},   {"i4", torch::kInt32},
    {"i8", torch::kInt64},  {"f2", torch::kFloat16}, {"f4", torch::kFloat32}, {"f8", torch::kFloat64},
};

[[noreturn]] void refuse(std::string_view file, const std::string& what) {
  throw bad_file(file, "npy header: " + what);
}

// Reads the one Python literal that occurs: {'descr': '<f8', 'fortran_order': False, 'shape': (3, 4), }
class LiteralParser {
 public:
  LiteralParser(std::string_view text, std::string_view file) : text_(text), file_(file) {}

  NpyHeader parse() {
    expect('{');
    while (!accept('}')) {
      const std::string key = quoted_text();
      if (!seen_.insert(key).second) fail(fmt::format("key {} is there twice", quote(key)));
      expect(':');
      read_value(key);
      if (!accept(',')) {
        expect('}');
        break;
      }
    }
    skip_spaces();
    if (at_ != text_.size()) fail("text after the dictionary");
    for (const char* key : {"descr", "fortran_order", "shape"}) {
      if (!seen_.contains(key)) fail(fmt::format("key '{}' is missing", key));
    }
    return std::move(header_);
  }

 private:
  [[noreturn]] void fail(const std::string& what) const { refuse(file_, what); }

  void read_value(const std::string& key) {
    if (key == "descr") {
      read_dtype();
    } else if (key == "fortran_order") {
      header_.fortran_order = truth();
    } else if (key == "shape") {
      read_shape();
    } else {
      fail(fmt::format("unknown key {}", quote(key)));
    }
  }

  void read_dtype() {
    skip_spaces();
    if (at_ < text_.size() && text_[at_] == '[') fail("arrays with fields (structured dtypes) are not read");
    const std::string dtype = quoted_text();
    const std::string_view order = "<>|=", name = dtype.empty() ? "" : std::string_view(dtype).substr(1);
    const bool ordered = !dtype.empty() && order.find(dtype.front()) != std::string_view::npos;
    if (ordered && read_text_dtype(dtype)) return;
    const auto* row = std::find_if(std::begin(kNumpyDtypes), std::end(kNumpyDtypes),
                                   [&](const NumpyDtype& candidate) { return candidate.name == name; });
    if (name.starts_with('O')) {
      fail(
          "object arrays hold pickled Python code and are never read; save numbers or texts (astype(int), astype(str))");
    }
    if (row == std::end(kNumpyDtypes) || !ordered) {
      fail(fmt::format("dtype {} is not one of bool, int and uint8/16/32/64, float16/32/64, texts (S or U)",
                       quote(dtype)));
    }
    header_.dtype = row->dtype;
    header_.big_endian = dtype.front() == '>' && c10::elementSize(row->dtype) > 1;
  }

  // "<U12" and "|S12"; false when `dtype` is none of these.
  bool read_text_dtype(const std::string& dtype) {
    if (dtype.size() < 3 || (dtype[1] != 'U' && dtype[1] != 'S')) return false;
    const char* end = dtype.data() + dtype.size();
    const auto [stop, error] = std::from_chars(dtype.data() + 2, end, header_.text_length);
    if (error != std::errc() || stop != end || header_.text_length < 1) {
      fail(fmt::format("dtype {} is not of texts with 1 to 2^63 - 1 characters", quote(dtype)));
    }
    header_.dtype = dtype[1] == 'U' ? torch::kInt32 : torch::kUInt8;
    header_.big_endian = dtype.front() == '>' && dtype[1] == 'U';
    return true;
  }

  void read_shape() {
    expect('(');
    while (!accept(')')) {
      if (header_.shape.size() == kMostNumpyDimensions)
        fail(fmt::format("more than {} dimensions", kMostNumpyDimensions));
      header_.shape.push_back(whole_number());
      if (!accept(',')) {
        expect(')');
        // (3) is a number in Python, not a tuple
        if (header_.shape.size() == 1) fail("the shape is not a tuple");
        break;
      }
    }
  }

  int64_t whole_number() {
    skip_spaces();
    int64_t value = 0;
    const char* begin = text_.data() + at_;
    const auto [end, error] = std::from_chars(begin, text_.data() + text_.size(), value);
    if (error != std::errc() || value < 0) fail("the shape holds something else than whole numbers from 0 to 2^63 - 1");
    at_ += static_cast<size_t>(end - begin);
    return value;
  }

  bool truth() {
    skip_spaces();
    for (const auto& [word, value] : {std::pair<std::string_view, bool>{"True", true}, {"False", false}}) {
      if (text_.substr(at_).starts_with(word)) {
        at_ += word.size();
        return value;
      }
    }
    fail("fortran_order is neither True nor False");
  }

  std::string quoted_text() {
    skip_spaces();
    if (at_ == text_.size() || (text_[at_] != '\'' && text_[at_] != '"')) fail("a text in quotes is missing");
    const size_t end = text_.find(text_[at_], at_ + 1);
    if (end == std::string_view::npos) fail("a text in quotes has no end");
    const std::string_view text = text_.substr(at_ + 1, end - at_ - 1);
    if (text.find('\\') != std::string_view::npos) fail("a text in quotes has a backslash");
    at_ = end + 1;
    return std::string(text);
  }

  void skip_spaces() { at_ = std::min(text_.find_first_not_of(" \t\n", at_), text_.size()); }
  bool accept(char wanted) {
    skip_spaces();
    if (at_ == text_.size() || text_[at_] != wanted) return false;
    ++at_;
    return true;
  }
  void expect(char wanted) {
    if (!accept(wanted)) fail(fmt::format("'{}' is missing", wanted));
  }

  std::string_view text_, file_;
  size_t at_ = 0;
  std::set<std::string> seen_;
  NpyHeader header_;
};

// Bytes of the data; refuses products, also with zeros counted as ones, beyond 63 bits.
uint64_t data_bytes_of(const NpyHeader& header, std::string_view file) {
  const auto element = static_cast<int64_t>(c10::elementSize(header.dtype));
  int64_t bytes = 0;
  if (__builtin_mul_overflow(element, std::max<int64_t>(header.text_length, 1), &bytes)) {
    refuse(file, "the size of an entry overflows");
  }
  int64_t strides = bytes;
  for (const int64_t size : header.shape) {
    if (__builtin_mul_overflow(bytes, size, &bytes) ||
        __builtin_mul_overflow(strides, std::max<int64_t>(size, 1), &strides)) {
      refuse(file, "the product of the shape overflows");
    }
  }
  return static_cast<uint64_t>(bytes);
}

// The header text begins after the version and 2 (version 1) or 4 bytes of length.
size_t text_begin(std::string_view bytes) { return kVersionEnd + (bytes[kMagic.size()] == 1 ? 2 : 4); }

}  // namespace

uint64_t npy_data_begin(std::string_view prefix, std::string_view file) {
  if (!prefix.starts_with(kMagic)) throw bad_file(file, "not a .npy file: it does not begin with \\x93NUMPY");
  if (prefix.size() < kNpyPrefix) throw bad_file(file, "npy: the file is cut off");
  const int major = static_cast<unsigned char>(prefix[kMagic.size()]), minor = static_cast<unsigned char>(prefix[7]);
  if (major < 1 || major > 3 || minor != 0) {
    refuse(file, fmt::format("version {}.{} is not 1.0, 2.0 or 3.0", major, minor));
  }
  uint64_t length = 0;
  for (size_t i = text_begin(prefix); i-- > kVersionEnd;) length = length << 8 | static_cast<unsigned char>(prefix[i]);
  if (length > kNpyHeaderLimit) {
    refuse(file, fmt::format("{} bytes are more than the limit of {}", length, kNpyHeaderLimit));
  }
  return text_begin(prefix) + length;
}

NpyHeader parse_npy_header(std::string_view bytes, std::string_view file) {
  NpyHeader header = LiteralParser(bytes.substr(text_begin(bytes)), file).parse();
  header.data_begin = bytes.size();
  header.data_bytes = data_bytes_of(header, file);
  return header;
}

std::string make_npy_header(torch::ScalarType dtype, torch::IntArrayRef shape) {
  const auto* row = std::find_if(std::begin(kNumpyDtypes), std::end(kNumpyDtypes),
                                 [&](const NumpyDtype& candidate) { return candidate.dtype == dtype; });
  check(row != std::end(kNumpyDtypes), std::string("numpy has a dtype for ") + c10::toString(dtype));
  std::string sizes;
  for (const int64_t size : shape) sizes += fmt::format("{}, ", size);
  if (shape.size() > 1) sizes.resize(sizes.size() - 2);
  if (shape.size() == 1) sizes.resize(sizes.size() - 1);
  std::string text = fmt::format("{{'descr': '{}{}', 'fortran_order': False, 'shape': ({}), }}",
                                 c10::elementSize(dtype) == 1 ? '|' : '<', row->name, sizes);
  constexpr size_t kBefore = kVersionEnd + 2;
  text.resize((kBefore + text.size() + 1 + kAlignment - 1) / kAlignment * kAlignment - kBefore, ' ');
  text.back() = '\n';
  std::string bytes(kMagic);
  bytes += std::string("\1\0", 2);
  bytes += static_cast<char>(text.size() & 0xFF);
  bytes += static_cast<char>(text.size() >> 8);
  return bytes + text;
}

}  // namespace farfield
