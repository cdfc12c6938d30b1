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
constexpr int64_t kMostSamples = 65536;

struct AskedSmoothing {
  double tau, kappa;  // 0: not given
  int64_t samples;
  std::string offsets;
  uint64_t seed;
};

double positive_or_absent(const ReferenceOptions& options, const std::string& key) {
  const double value = options.number_from(key, 0, 0, kWidest);
  if (options.has(key) && value == 0) throw usage_error(fmt::format("{}: {} must be above 0", options.name(), key));
  return value;
}

AskedSmoothing read_smoothing(const ReferenceRequest& request) {
  const ReferenceOptions& options = request.options;
  AskedSmoothing asked{positive_or_absent(options, "tau"), positive_or_absent(options, "kappa"),
                       options.integer("samples", 16, 1, kMostSamples),
                       options.choice("offsets", "cube", {"cube", "normal"}),
                       static_cast<uint64_t>(options.integer("offset_seed", static_cast<int64_t>(request.seed), 0,
                                                             std::numeric_limits<int64_t>::max()))};
  if (asked.tau > 0 && asked.kappa > 0)
    throw usage_error(fmt::format("{}: give tau= or kappa=, not both", options.name()));
  return asked;
}

constexpr const char* kOnLine = "the data lie on a line, along which the score is averaged exactly";

// Where nothing is drawn.
void refuse_offsets(const ReferenceOptions& options, const char* reason) {
  for (const char* key : {"samples", "offsets", "offset_seed"}) {
    if (!options.has(key)) continue;
    throw usage_error(fmt::format("{}: {}; leave {}= out", options.name(), reason, key));
  }
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
  if (asked.kappa > 0) return fmt::format("{} (kappa {})", kind, format_double(asked.kappa));
  if (asked.tau == 0) return kind;
  return fmt::format("{} (tau {}{})", kind, format_double(asked.tau),
                     drawn ? fmt::format(", {} samples", asked.samples) : "");
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
    refuse_offsets(request.options, kOnLine);
    const std::string name = name_of("smoothed", asked, false);
    return make_smoothed_line(*line, width_of(asked, *line, name), name, shape);
  }
  if (asked.kappa > 0) refuse_kappa("smoothed");
  return make_smoothed_cloud(points, draw_offsets(asked, points.size(1)), name_of("smoothed", asked, true), shape);
}

std::unique_ptr<Denoiser> piecewise_of(const ReferenceRequest& request) {
  const AskedSmoothing asked = read_smoothing(request);
  const torch::Tensor points = data_matrix(request.data);
  const auto& shape = request.data.info().shape;
  if (asked.tau == 0 && asked.kappa == 0) {
    refuse_offsets(request.options, "nothing is averaged without tau= or kappa=");
    return make_piecewise_cloud(points, torch::zeros({1, points.size(1)}, torch::kFloat64), "piecewise", shape);
  }
  if (const auto line = line_of(points)) {
    refuse_offsets(request.options, kOnLine);
    const std::string name = name_of("piecewise", asked, false);
    return make_piecewise_line(*line, even_grid(*line, name), width_of(asked, *line, name), name, shape);
  }
  if (asked.kappa > 0) refuse_kappa("piecewise");
  return make_piecewise_cloud(points, draw_offsets(asked, points.size(1)), name_of("piecewise", asked, true), shape);
}

}  // namespace farfield
