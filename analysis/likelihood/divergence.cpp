#include "analysis/likelihood/divergence.h"

#include <algorithm>

#include <ATen/ops/linalg_qr.h>
#include <fmt/format.h>

#include "core/error.h"
#include "core/interrupts.h"
#include "core/math/random.h"
#include "core/named_options.h"
#include "core/option_values.h"
#include "core/shards.h"
#include "core/text.h"
#include "models/analytic/analytic.h"

namespace farfield {
namespace {

using torch::Tensor;

constexpr int64_t kMostTraceProbes = 100'000;

int64_t numbers_of_state(const Denoiser& denoiser) { return c10::multiply_integers(denoiser.info().sample_shape); }

bool has_closed_trace(const Denoiser& denoiser) { return dynamic_cast<const AnalyticDenoiser*>(&denoiser) != nullptr; }

void fill_signs(uint64_t key, double* values, int64_t count) {
  SplitMix64 random(key);
  uint64_t bits = 0;
  for (int64_t i = 0; i < count; ++i) {
    if (i % 64 == 0) bits = random.next();
    values[i] = (bits >> (i % 64)) & 1 ? 1 : -1;
  }
}

}  // namespace

TraceOptions parse_trace(const std::string& text, const Denoiser& denoiser) {
  const auto [name, given] = parse_named_options("trace", text);
  const OptionValues options("trace", name, given);
  TraceOptions trace;
  std::vector<std::string> known;
  if (name == "auto") {
    const bool exact = has_closed_trace(denoiser) || numbers_of_state(denoiser) <= kFewNumbers;
    trace.kind = exact ? TraceKind::kExact : TraceKind::kHutchinson;
  } else if (name == "exact") {
    trace.kind = TraceKind::kExact;
  } else if (name == "hutchinson") {
    known = {"probes", "law"};
    trace.probes = options.integer("probes", trace.probes, 1, kMostTraceProbes);
    trace.law = options.choice("law", "rademacher", {"rademacher", "gaussian"}) == "gaussian" ? ProbeLaw::kGaussian
                                                                                              : ProbeLaw::kRademacher;
  } else if (name == "hutch++") {
    known = {"probes"};
    trace.kind = TraceKind::kHutchPlusPlus;
    trace.probes = options.integer("probes", 12, 3, kMostTraceProbes);
    if (trace.probes % 3 != 0) {
      throw usage_error(
          fmt::format("--trace hutch++: probes is {}, expected a multiple of 3: a third each finds the "
                      "range, measures it, and measures the rest",
                      trace.probes));
    }
    if (trace.probes / 3 > numbers_of_state(denoiser)) {
      throw usage_error(fmt::format("--trace hutch++: {} probes for samples of {} numbers; --trace exact takes fewer",
                                    trace.probes, numbers_of_state(denoiser)));
    }
  } else {
    throw usage_error("--trace: " + unknown_name("trace", name, {"auto", "exact", "hutchinson", "hutch++"}));
  }
  for (const auto& [key, value] : given) {
    if (std::ranges::find(known, key) == known.end())
      throw usage_error(known.empty() ? fmt::format("--trace {}: takes no options", name)
                                      : fmt::format("--trace {}: {}", name, unknown_name("option", key, known)));
  }
  return trace;
}

std::string in_words(const TraceOptions& options) {
  if (options.kind == TraceKind::kExact) return "exact";
  if (options.kind == TraceKind::kHutchPlusPlus) return fmt::format("Hutch++, {} products", options.probes);
  return fmt::format("Hutchinson, {} {} probe{}", options.probes,
                     options.law == ProbeLaw::kGaussian ? "Gaussian" : "Rademacher", options.probes == 1 ? "" : "s");
}

Divergence::Divergence(const Denoiser& denoiser, Tensor label, TraceOptions options, int64_t rows_at_once)
    : denoiser_(denoiser),
      label_(std::move(label)),
      options_(options),
      rows_at_once_(rows_at_once),
      dim_(numbers_of_state(denoiser)) {
  check(rows_at_once >= 1 && options.probes >= 1, "divergence: at least one state and one probe");
}

int64_t Divergence::probes() const {
  if (options_.kind == TraceKind::kExact) return 0;
  return options_.kind == TraceKind::kHutchinson ? options_.probes : options_.probes / 3 * 2;
}

int64_t Divergence::columns() const {
  if (options_.kind == TraceKind::kExact) return 1;
  return options_.kind == TraceKind::kHutchinson ? options_.probes : options_.probes / 3;
}

Tensor Divergence::vectors(uint64_t key) const {
  Tensor vectors = torch::empty({probes(), dim_}, torch::kFloat64);
  for (int64_t i = 0; i < probes(); ++i) {
    const uint64_t own = mix_key({key, static_cast<uint64_t>(i)});
    double* values = vectors.mutable_data_ptr<double>() + i * dim_;
    if (options_.law == ProbeLaw::kGaussian) {
      fill_normal(own, values, dim_);
    } else {
      fill_signs(own, values, dim_);
    }
  }
  return vectors;
}

Divergence::Products Divergence::products(const Tensor& x, const Tensor& sigma, const Tensor& vectors) const {
  const int64_t batch = x.size(0), count = vectors.size(1), at_once = std::max<int64_t>(1, rows_at_once_ / batch);
  Products all;
  Tensors parts;
  for (int64_t first = 0; first < count; first += at_once) {
    stop_if_interrupted();
    const Tensor some = vectors.narrow(1, first, std::min(at_once, count - first));
    const Tensor points = x.repeat_interleave(some.size(1), 0);
    const Tensor labels = label_.defined() ? label_.to(x.device()).expand({points.size(0), -1}) : Tensor();
    const auto pulled = denoiser_.vector_jacobian(points, sigma.repeat_interleave(some.size(1)),
                                                  some.reshape(points.sizes()), labels);
    if (first == 0) all.denoised = pulled.denoised.slice(0, 0, points.size(0), some.size(1));
    parts.push_back(pulled.product.to(torch::kFloat64).reshape(some.sizes()));
  }
  all.products = torch::cat(parts, 1);
  return all;
}

Divergence::Value Divergence::exact(const Tensor& x, const Tensor& sigma) const {
  stop_if_interrupted();
  const auto dim = static_cast<double>(dim_);
  if (const auto* analytic = dynamic_cast<const AnalyticDenoiser*>(&denoiser_)) {
    const auto [denoised, trace] = analytic->with_trace(x, sigma);
    return {denoised, (dim - trace).unsqueeze(1)};
  }
  Tensor trace = torch::zeros({x.size(0)}, x.options()), denoised;
  const int64_t at_once = std::max<int64_t>(1, rows_at_once_ / x.size(0));
  const Tensor unit = torch::eye(dim_, x.options());
  for (int64_t first = 0; first < dim_; first += at_once) {
    const int64_t count = std::min(at_once, dim_ - first);
    const Tensor some = unit.narrow(0, first, count);
    const Products own = products(x, sigma, some.expand({x.size(0), count, dim_}));
    trace += (own.products * some).sum({1, 2});
    denoised = own.denoised;
  }
  return {denoised, (dim - trace).unsqueeze(1)};
}

Divergence::Value Divergence::hutch_plus_plus(const Tensor& x, const Tensor& sigma, const Tensor& vectors) const {
  const int64_t third = options_.probes / 3;
  const Products range = products(x, sigma, vectors.narrow(1, 0, third));
  const Tensor q = std::get<0>(at::linalg_qr(range.products.transpose(1, 2))).transpose(1, 2);  // [B, m, d] orthonormal
  const Tensor rest = vectors.narrow(1, third, third);
  const Tensor outside = rest - torch::bmm(torch::bmm(rest, q.transpose(1, 2)), q);
  const Tensor both = products(x, sigma, torch::cat({q, outside}, 1)).products;
  const Tensor inside = (both.narrow(1, 0, third) * q).sum({1, 2});
  const Tensor left = (both.narrow(1, third, third) * outside).sum(2);  // [B, m]
  return {range.denoised, static_cast<double>(dim_) - inside.unsqueeze(1) - left};
}

Divergence::Value Divergence::operator()(const Tensor& x, const Tensor& sigma, const Tensor& vectors) const {
  if (options_.kind == TraceKind::kExact) return exact(x, sigma);
  if (options_.kind == TraceKind::kHutchPlusPlus) return hutch_plus_plus(x, sigma, vectors);
  const Products own = products(x, sigma, vectors);
  return {own.denoised, vectors.square().sum(2) - (own.products * vectors).sum(2)};
}

}  // namespace farfield
