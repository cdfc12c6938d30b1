#include "core/data/array_samples.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>
#include <fmt/ostream.h>

#include "core/error.h"
#include "core/text.h"

namespace farfield {
namespace {

bool holds_bytes(const torch::Tensor& array) { return array.scalar_type() == torch::kUInt8; }

Error unknown_array(const std::string& where, const torch::Tensor& array) {
  std::string way_out;
  if (holds_bytes(array) && array.dim() == 4) {
    way_out = "; layout=nchw (channels first) or layout=nhwc takes any number of channels";
  } else if (!holds_bytes(array) && torch::isIntegralType(array.scalar_type(), false) && array.dim() >= 2) {
    way_out = "; range=LOW..HIGH takes whole numbers";
  }
  return bad_file(where,
                  fmt::format("got an array of {} {}, expected uint8 [N,H,W], [N,H,W,1] or [N,H,W,3], or floating "
                              "point [N, ...]{}",
                              torch::toString(array.scalar_type()), fmt::streamed(array.sizes()), way_out));
}

// A small last dimension behind two larger ones.
bool looks_channels_last(const torch::Tensor& array) {
  constexpr int64_t kMostColours = 4;
  if (array.dim() != 4) return false;
  return array.size(3) <= kMostColours && array.size(1) > kMostColours && array.size(2) > kMostColours;
}

// "nchw", "nhwc", or "" for an array without channels to move.
std::string layout_of(const SourceRequest& request, const std::string& where, const torch::Tensor& array,
                      RawSamples& raw) {
  if (request.has("layout")) {
    if (array.dim() == 4) return request.choice("layout", "", {"nchw", "nhwc"});
    throw usage_error(fmt::format("{}: layout applies to arrays of 4 dimensions, this one is {}", where,
                                  fmt::streamed(array.sizes())));
  }
  if (holds_bytes(array)) {
    const bool known = array.dim() == 3 || (array.dim() == 4 && (array.size(3) == 1 || array.size(3) == 3));
    if (!known) throw unknown_array(where, array);
    return array.dim() == 4 ? "nhwc" : "";
  }
  if (looks_channels_last(array)) {
    raw.warnings.push_back(
        fmt::format("{}: {} looks like channels last, but is read as [N,C,H,W]; layout=nhwc moves the "
                    "channels, layout=nchw says that they are first",
                    where, fmt::streamed(array.sizes())));
  }
  return "";
}

struct ValueRange {
  double low, high;
};

// LOW..HIGH
ValueRange parse_range(const SourceRequest& request) {
  const std::string text = request.word("range", ""),
                    what = fmt::format("data source '{}', option range", request.text());
  const size_t dots = text.find("..");
  if (dots == std::string::npos) {
    throw usage_error(fmt::format("{}: got '{}', expected LOW..HIGH, such as 0..255, or keep", what, text));
  }
  const ValueRange range{parse_double(text.substr(0, dots), what), parse_double(text.substr(dots + 2), what)};
  if (!(range.low < range.high) || !std::isfinite(range.high - range.low)) {
    throw usage_error(fmt::format("{}: got '{}', expected finite numbers that rise", what, text));
  }
  return range;
}

ValueRange range_of(const torch::Tensor& values) {
  const auto [low, high] = torch::aminmax(values);
  return {low.item<double>(), high.item<double>()};
}

// Says which option converts values that are no [-1, 1].
void warn_of_range(const std::string& where, const ValueRange& found, RawSamples& raw) {
  constexpr double kSurelyBytes = 32;
  const bool unit = found.low >= 0 && found.high <= 1 && found.high > found.low;
  const bool bytes = found.low >= 0 && found.high > kSurelyBytes && found.high <= 255;
  if (!unit && !bytes) return;
  raw.warnings.push_back(
      fmt::format("{}: the values lie in [0, {}], networks and previews expect images in [-1, 1]; "
                  "range=0..{} converts, range=keep says that they are meant so",
                  where, unit ? 1 : 255, unit ? 1 : 255));
}

// Maps the samples as range= says.
void apply_range(const SourceRequest& request, const std::string& where, RawSamples& raw) {
  const torch::Tensor values = raw.samples;
  if (request.word("range", "") == "keep" || values.numel() == 0) return;
  if (!request.has("range")) {
    if (values.dim() == 4) warn_of_range(where, range_of(values), raw);
    return;
  }
  constexpr double kSlack = 0.01;  // of the width: resampled pictures overshoot a little
  const ValueRange wanted = parse_range(request), found = range_of(values);
  if (!std::isfinite(found.low) || !std::isfinite(found.high)) return;  // refused by DataSource, with the place
  const double width = wanted.high - wanted.low;
  if (found.low < wanted.low - kSlack * width || found.high > wanted.high + kSlack * width) {
    throw usage_error(fmt::format("{}: the values lie in [{}, {}], outside of range={}", where,
                                  format_double(found.low), format_double(found.high), request.word("range", "")));
  }
  raw.notes.conversions.push_back(fmt::format("range={}: mapped to [-1, 1]", request.word("range", "")));
  raw.samples = (values - wanted.low).div_(width / 2).sub_(1);
}

// float64 values that float32 cannot hold would be read as infinite.
void check_fits_float32(const std::string& where, const torch::Tensor& array) {
  if (array.scalar_type() != torch::kFloat64 || array.numel() == 0) return;
  constexpr double kLargest = std::numeric_limits<float>::max();
  const ValueRange found = range_of(array);
  if (!std::isfinite(found.low) || !std::isfinite(found.high)) return;  // refused by DataSource, with the place
  if (std::max(-found.low, found.high) <= kLargest) return;
  throw bad_file(where,
                 fmt::format("the values lie in [{}, {}], beyond float32 ({:.2g}), in which data are held; scale "
                             "them",
                             format_double(found.low), format_double(found.high), kLargest));
}

}  // namespace

RawSamples array_samples(const SourceRequest& request, const std::string& where, const torch::Tensor& array) {
  const bool bytes = holds_bytes(array);
  const bool whole = request.has("range") && torch::isIntegralType(array.scalar_type(), false);
  if (!bytes && (!(array.is_floating_point() || whole) || array.dim() < 2)) throw unknown_array(where, array);
  if (bytes && request.has("range")) {
    throw usage_error(where + ": range applies to floating point arrays; bytes always mean byte / 127.5 - 1");
  }
  check_fits_float32(where, array);
  RawSamples raw;
  const std::string layout = layout_of(request, where, array, raw);
  raw.samples = bytes ? array : array.to(torch::kFloat32);
  if (array.dim() == 3) raw.samples = raw.samples.unsqueeze(1);
  if (layout == "nhwc") {
    raw.samples = raw.samples.permute({0, 3, 1, 2}).contiguous();
    if (request.has("layout")) raw.notes.conversions.emplace_back("layout=nhwc: channels moved first");
  }
  if (!bytes) apply_range(request, where, raw);
  return raw;
}

}  // namespace farfield
