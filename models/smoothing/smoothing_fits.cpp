#include "models/smoothing/smoothing_fits.h"

#include <fmt/format.h>

#include "core/error.h"
#include "core/math/random.h"
#include "core/text.h"
#include "models/analytic/fit.h"
#include "models/smoothing/smoothing_denoisers.h"

namespace farfield {
namespace {

constexpr double kWidest = 1e9;
constexpr int64_t kMostSamples = 65536, kDraws = 16, kNodes = 64;

struct AskedSmoothing {
  double tau, kappa;  // 0: not given
  int64_t samples;
  std::string offsets;
  uint64_t seed;
  bool directed() const { return offsets == "direction"; }
};

double positive_or_absent(const ReferenceOptions& options, const std::string& key) {
  const double value = options.number_from(key, 0, 0, kWidest);
  if (options.has(key) && value == 0) throw usage_error(fmt::format("{}: {} must be above 0", options.name(), key));
  return value;
}

AskedSmoothing read_smoothing(const ReferenceRequest& request) {
  const ReferenceOptions& options = request.options;
  const std::string offsets = options.choice("offsets", "cube", {"cube", "normal", "direction"});
  AskedSmoothing asked{positive_or_absent(options, "tau"), positive_or_absent(options, "kappa"),
                       options.integer("samples", offsets == "direction" ? kNodes : kDraws, 1, kMostSamples), offsets,
                       static_cast<uint64_t>(options.integer("offset_seed", static_cast<int64_t>(request.seed), 0,
                                                             std::numeric_limits<int64_t>::max()))};
  if (asked.tau > 0 && asked.kappa > 0)
    throw usage_error(fmt::format("{}: give tau= or kappa=, not both", options.name()));
  return asked;
}

constexpr const char* kOnLine = "the data lie on a line, along which the score is averaged exactly";
constexpr const char* kAlongDirections = "nothing is drawn along directions";

void refuse(const ReferenceOptions& options, const std::vector<const char*>& keys, const char* reason) {
  for (const char* key : keys) {
    if (!options.has(key)) continue;
    throw usage_error(fmt::format("{}: {}; leave {}= out", options.name(), reason, key));
  }
}

// On a line nothing is drawn; the least average along a direction is exact, too.
void refuse_offsets_on_line(const ReferenceOptions& options, const AskedSmoothing& asked) {
  refuse(options, {"samples", "offset_seed"}, kOnLine);
  if (!asked.directed()) refuse(options, {"offsets"}, kOnLine);
}

// [N, 2]: the only points off a line for which directions are searched.
void expect_plane(const torch::Tensor& points, const ReferenceOptions& options) {
  refuse(options, {"offset_seed"}, kAlongDirections);
  if (points.size(1) == 2) return;
  throw usage_error(fmt::format(
      "{}: offsets=direction is for data on a line or of two numbers, these have {}; give offsets=cube or normal",
      options.name(), points.size(1)));
}

// [M, d] float64: tau u, every second the opposite of the one before, so that a pair moves nothing on average.
torch::Tensor draw_offsets(const AskedSmoothing& asked, int64_t dim) {
  torch::Tensor offsets = torch::empty({asked.samples, dim}, torch::kFloat64);
  for (int64_t m = 0; m < asked.samples; ++m) {
    if (m % 2 == 1) {
      offsets[m] = -offsets[m - 1];
      continue;
    }
    at::Generator generator = keyed_generator({asked.seed, static_cast<uint64_t>(m)});
    offsets[m] = asked.offsets == "cube" ? torch::rand({dim}, generator, torch::kFloat64) * 2 - 1
                                         : torch::randn({dim}, generator, torch::kFloat64);
  }
  return offsets * asked.tau;
}

std::string name_of(const std::string& kind, const AskedSmoothing& asked, bool drawn) {
  const char* direction = asked.directed() ? ", least direction" : "";
  if (asked.kappa > 0) return fmt::format("{} (kappa {}{})", kind, format_double(asked.kappa), direction);
  if (asked.tau == 0) return kind;
  return fmt::format("{} (tau {}{}{})", kind, format_double(asked.tau),
                     drawn ? fmt::format(", {} samples", asked.samples) : "", direction);
}

SmoothingWidth width_of(const AskedSmoothing& asked, const LineData& line, const std::string& name) {
  if (asked.kappa == 0) return {asked.tau, 0, 0};
  return {0, asked.kappa, even_grid(line, name).half_gap()};
}

[[noreturn]] void refuse_kappa(const std::string& name) {
  throw usage_error(
      fmt::format("{}: kappa= is for points that stand evenly on a line, and these data lie on none; give tau=", name));
}

}  // namespace

std::unique_ptr<Denoiser> smoothed_of(const ReferenceRequest& request) {
  const AskedSmoothing asked = read_smoothing(request);
  if (asked.tau == 0 && asked.kappa == 0) {
    throw usage_error(
        "smoothed: give tau=T, how far the score is averaged, or for evenly spaced points on a line kappa=K");
  }
  const torch::Tensor points = data_matrix(request.data);
  const auto& shape = request.data.info().shape;
  if (const auto line = line_of(points)) {
    refuse_offsets_on_line(request.options, asked);
    const std::string name = name_of("smoothed", asked, false);
    const SmoothingWidth width = width_of(asked, *line, name);
    const bool turned = asked.directed() && points.size(1) > 1;  // in one dimension there is one direction
    return turned ? make_directed_line(*line, width, name, shape) : make_smoothed_line(*line, width, name, shape);
  }
  if (asked.kappa > 0) refuse_kappa("smoothed");
  if (asked.directed()) {
    expect_plane(points, request.options);
    return make_directed_plane(points, asked.tau, asked.samples, name_of("smoothed", asked, true), shape);
  }
  return make_smoothed_cloud(points, draw_offsets(asked, points.size(1)), name_of("smoothed", asked, true), shape);
}

std::unique_ptr<Denoiser> piecewise_of(const ReferenceRequest& request) {
  const AskedSmoothing asked = read_smoothing(request);
  const torch::Tensor points = data_matrix(request.data);
  const auto& shape = request.data.info().shape;
  if (asked.tau == 0 && asked.kappa == 0) {
    refuse(request.options, {"samples", "offsets", "offset_seed"}, "nothing is averaged without tau= or kappa=");
    return make_piecewise_cloud(points, torch::zeros({1, points.size(1)}, torch::kFloat64), "piecewise", shape);
  }
  if (const auto line = line_of(points)) {
    refuse_offsets_on_line(request.options, asked);
    const std::string name = name_of("piecewise", asked, false);
    return make_piecewise_line(*line, even_grid(*line, name), width_of(asked, *line, name), name, shape);
  }
  if (asked.kappa > 0) refuse_kappa("piecewise");
  if (asked.directed()) {
    expect_plane(points, request.options);
    return make_directed_piecewise_plane(points, asked.tau, asked.samples, name_of("piecewise", asked, true), shape);
  }
  return make_piecewise_cloud(points, draw_offsets(asked, points.size(1)), name_of("piecewise", asked, true), shape);
}

}  // namespace farfield
