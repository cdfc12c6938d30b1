#include "core/io/safetensors_header.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <set>
#include <tuple>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/text.h"

namespace farfield {
namespace {

constexpr size_t kMostTensors = 100'000;
constexpr size_t kMostDimensions = 32;

struct DtypeRow {
  std::string_view name;
  torch::ScalarType dtype;
};
constexpr DtypeRow kDtypes[] = {
    {"F64", torch::kFloat64}, {"F32", torch::kFloat32}, {"F16", torch::kFloat16}, {"BF16", torch::kBFloat16},
    {"I64", torch::kInt64},   {"I32", torch::kInt32},   {"I16", torch::kInt16},   {"I8", torch::kInt8},
    {"U8", torch::kUInt8},    {"BOOL", torch::kBool},
};

// Builds the header from parser events, so that duplicate keys are seen and nothing but the expected form is stored:
// {"__metadata__": {text: text}, NAME: {"dtype": text, "shape": [n...], "data_offsets": [n, n]}, ...}
class HeaderParser {
 public:
  using json = nlohmann::json;

  explicit HeaderParser(std::string_view file) : file_(file) {}

  TensorHeader take() { return std::move(header_); }

  bool start_object(size_t) {
    switch (place_) {
      case Place::kStart:
        place_ = Place::kTop;
        return true;
      case Place::kTopValue:
        return enter_entry();
      default:
        refuse("an object where none belongs");
    }
  }
  bool end_object() {
    switch (place_) {
      case Place::kTop:
        place_ = Place::kDone;
        return true;
      case Place::kMetadata:
        place_ = Place::kTop;
        return true;
      default:
        finish_entry();
        return true;
    }
  }
  bool key(std::string& name) {
    if (place_ == Place::kTop) {
      if (!top_keys_.insert(name).second) refuse(fmt::format("key {} is there twice", quote(name)));
      place_ = Place::kTopValue;
    } else if (place_ == Place::kMetadata) {
      if (header_.metadata.contains(name)) refuse(fmt::format("metadata key {} is there twice", quote(name)));
    } else {
      choose_field(name);
    }
    key_ = name;
    return true;
  }
  bool string(std::string& text) {
    if (place_ == Place::kMetadata) {
      header_.metadata.emplace(key_, std::move(text));
    } else if (place_ == Place::kDtype) {
      set_dtype(text);
    } else {
      refuse_value("text");
    }
    return true;
  }
  bool start_array(size_t) {
    if (place_ == Place::kShape) {
      place_ = Place::kShapeList;
      shape_.emplace();
    } else if (place_ == Place::kOffsets) {
      place_ = Place::kOffsetsList;
      offsets_.emplace();
    } else {
      refuse_value("a list");
    }
    return true;
  }
  bool end_array() {
    place_ = Place::kEntry;
    return true;
  }
  bool number_unsigned(uint64_t value) {
    if (place_ == Place::kShapeList) {
      if (value > static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) {
        refuse_tensor(fmt::format("dimension {} is too large", value));
      }
      if (shape_->size() == kMostDimensions) {
        refuse_tensor(fmt::format("more than {} dimensions", kMostDimensions));
      }
      shape_->push_back(static_cast<int64_t>(value));
    } else if (place_ == Place::kOffsetsList) {
      if (offsets_->size() == 2) refuse_tensor("data_offsets must be two numbers");
      offsets_->push_back(value);
    } else {
      refuse_value("a number");
    }
    return true;
  }
  bool number_integer(int64_t value) { refuse_value(fmt::format("the negative number {}", value)); }
  bool number_float(double, const std::string& text) { refuse_value(fmt::format("the number {}", text.substr(0, 40))); }
  bool boolean(bool) { refuse_value("true or false"); }
  bool null() { refuse_value("null"); }
  bool binary(json::binary_t&) { refuse_value("binary data"); }
  bool parse_error(size_t position, const std::string&, const nlohmann::detail::exception&) {
    refuse(fmt::format("not valid JSON or UTF-8 at byte {}", position));
  }

 private:
  enum class Place {
    kStart,
    kTop,
    kTopValue,
    kMetadata,
    kEntry,
    kDtype,
    kShape,
    kShapeList,
    kOffsets,
    kOffsetsList,
    kDone
  };

  [[noreturn]] void refuse(const std::string& what) const {
    throw bad_file(file_, fmt::format("safetensors header: {}", what));
  }
  [[noreturn]] void refuse_tensor(const std::string& what) const {
    refuse(fmt::format("tensor {}: {}", quote(entry_.name), what));
  }
  [[noreturn]] void refuse_value(const std::string& got) const {
    switch (place_) {
      case Place::kStart:
        refuse(fmt::format("{} instead of an object", got));
      case Place::kTopValue:
        refuse(fmt::format("the value of {} is {}, not an object", quote(key_), got));
      case Place::kMetadata:
        refuse(fmt::format("metadata value of {} is {}, not text", quote(key_), got));
      case Place::kShapeList:
      case Place::kOffsetsList:
        refuse_tensor(fmt::format("{} holds {}; whole numbers from 0 on are allowed", key_, got));
      default:
        refuse_tensor(fmt::format("the value of {} is {}", quote(key_), got));
    }
  }

  bool enter_entry() {
    if (key_ == "__metadata__") {
      place_ = Place::kMetadata;
      return true;
    }
    if (header_.entries.size() == kMostTensors) refuse(fmt::format("more than {} tensors", kMostTensors));
    entry_ = {};
    entry_.name = key_;
    has_dtype_ = false;
    shape_.reset();
    offsets_.reset();
    place_ = Place::kEntry;
    return true;
  }

  void choose_field(const std::string& name) {
    const bool twice = (name == "dtype" && has_dtype_) || (name == "shape" && shape_) ||
                       (name == "data_offsets" && offsets_);
    if (twice) refuse_tensor(fmt::format("key '{}' is there twice", name));
    if (name == "dtype") {
      place_ = Place::kDtype;
    } else if (name == "shape") {
      place_ = Place::kShape;
    } else if (name == "data_offsets") {
      place_ = Place::kOffsets;
    } else {
      refuse_tensor(fmt::format("unknown key {}", quote(name)));
    }
  }

  void set_dtype(const std::string& name) {
    const auto* row = std::find_if(std::begin(kDtypes), std::end(kDtypes),
                                   [&](const DtypeRow& candidate) { return candidate.name == name; });
    if (row == std::end(kDtypes)) {
      refuse_tensor(fmt::format("dtype {} is not one of F64 F32 F16 BF16 I64 I32 I16 I8 U8 BOOL", quote(name)));
    }
    entry_.dtype = row->dtype;
    has_dtype_ = true;
    place_ = Place::kEntry;
  }

  void finish_entry() {
    if (!has_dtype_) refuse_tensor("dtype is missing");
    if (!shape_) refuse_tensor("shape is missing");
    if (!offsets_) refuse_tensor("data_offsets is missing");
    if (offsets_->size() != 2) refuse_tensor("data_offsets must be two numbers");
    entry_.shape = std::move(*shape_);
    entry_.begin = offsets_->front();
    entry_.end = offsets_->back();
    header_.entries.push_back(std::move(entry_));
    place_ = Place::kTop;
  }

  std::string_view file_;
  Place place_ = Place::kStart;
  std::string key_;
  std::set<std::string> top_keys_;
  TensorEntry entry_;
  bool has_dtype_ = false;
  std::optional<std::vector<int64_t>> shape_;
  std::optional<std::vector<uint64_t>> offsets_;
  TensorHeader header_;
};

// Bytes of the tensor; nothing when they, or the strides (zeros counted as ones), do not fit in 63 bits.
std::optional<uint64_t> byte_size(const TensorEntry& entry) {
  int64_t bytes = static_cast<int64_t>(c10::elementSize(entry.dtype)), strides = bytes;
  for (const int64_t size : entry.shape) {
    if (__builtin_mul_overflow(bytes, size, &bytes)) return std::nullopt;
    if (__builtin_mul_overflow(strides, std::max<int64_t>(size, 1), &strides)) return std::nullopt;
  }
  return static_cast<uint64_t>(bytes);
}

// The ranges, sorted, must follow one another from 0 to the end of the data.
void check_layout(const std::vector<TensorEntry>& entries, uint64_t data_bytes, std::string_view file) {
  uint64_t position = 0;
  for (const auto& entry : entries) {
    const auto refuse = [&](const std::string& what) {
      throw bad_file(file, fmt::format("safetensors header: tensor {}: {}", quote(entry.name), what));
    };
    const auto range = [&] { return fmt::format("data_offsets [{}, {}]", entry.begin, entry.end); };
    if (entry.begin > entry.end) refuse(range() + " run backwards");
    if (entry.end > data_bytes) {
      refuse(fmt::format("{} go beyond the {} bytes of data; the file may be cut off", range(), data_bytes));
    }
    const auto bytes = byte_size(entry);
    if (!bytes) refuse("the product of its shape overflows");
    if (*bytes != entry.end - entry.begin) {
      refuse(fmt::format("shape and dtype need {} bytes, but {} hold {}", *bytes, range(), entry.end - entry.begin));
    }
    if (entry.begin < position) refuse(range() + " overlap those of another tensor");
    if (entry.begin > position) {
      refuse(fmt::format("{} bytes before its data belong to no tensor", entry.begin - position));
    }
    const uint64_t alignment = c10::elementSize(entry.dtype);
    if (entry.begin % alignment != 0) refuse(fmt::format("{} are not aligned to {} bytes", range(), alignment));
    position = entry.end;
  }
  if (position != data_bytes) {
    throw bad_file(file, fmt::format("safetensors: {} bytes after the last tensor", data_bytes - position));
  }
}

}  // namespace

TensorHeader parse_tensor_header(std::string_view json, uint64_t data_bytes, std::string_view file) {
  if (json.empty() || json.front() != '{') {
    throw bad_file(file, "safetensors header: does not begin with '{'; is this a safetensors file?");
  }
  HeaderParser parser(file);
  nlohmann::json::sax_parse(json.begin(), json.end(), &parser);
  TensorHeader header = parser.take();
  std::sort(header.entries.begin(), header.entries.end(), [](const TensorEntry& a, const TensorEntry& b) {
    return std::tie(a.begin, a.end, a.name) < std::tie(b.begin, b.end, b.name);
  });
  check_layout(header.entries, data_bytes, file);
  return header;
}

std::string_view safetensors_dtype(torch::ScalarType dtype) {
  for (const auto& row : kDtypes) {
    if (row.dtype == dtype) return row.name;
  }
  throw Error(ExitCode::kBug, std::string("internal error: safetensors cannot hold ") + c10::toString(dtype));
}

}  // namespace farfield
