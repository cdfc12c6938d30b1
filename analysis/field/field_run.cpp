#include "analysis/field/field_run.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <ATen/core/grad_mode.h>
#include <fmt/format.h>

#include "analysis/compare/references.h"
#include "core/checked_product.h"
#include "core/error.h"
#include "core/interrupts.h"
#include "core/limits.h"
#include "core/progress.h"
#include "core/shards.h"
#include "core/text.h"
#include "models/analytic/analytic.h"
#include "models/analytic/component_posterior.h"
#include "models/analytic/fit.h"
#include "samplers/model_levels.h"

namespace farfield {
namespace {

constexpr int64_t kMostGrid = 1000;

torch::Tensor anchor_rows(const FieldInputs& inputs, const FieldOptions& options) {
  const DataInfo& data = inputs.anchors->info();
  for (const int64_t place : options.anchors) {
    if (place < 0 || place >= data.count) {
      throw usage_error(
          fmt::format("--anchors: sample {}, but '{}' has samples 0 to {}", place, data.name, data.count - 1));
    }
  }
  const torch::Tensor index = torch::tensor(options.anchors, torch::kInt64);
  return inputs.anchors->rows(index).flatten(1).to(torch::kFloat64);
}

ScorePlane plane_for(const FieldInputs& inputs, const FieldOptions& options) {
  if (options.anchors.empty()) throw usage_error("--anchors: none; name three samples by their places, 0,1,2");
  const torch::Tensor anchors = anchor_rows(inputs, options);
  if (anchors.size(1) < 2) throw usage_error("field: samples of one number lie in no plane");
  if (anchors.size(1) == 2) {
    const auto& data = inputs.data ? inputs.data : inputs.anchors;
    return plane_of(data_matrix(*data), anchors);
  }
  std::vector<std::string> names;
  for (const int64_t place : options.anchors) names.push_back(std::to_string(place));
  if (names.size() != 3) {
    throw usage_error(fmt::format("--anchors: {} samples; three span a plane", names.size()));
  }
  return plane_through(anchors, names);
}

std::vector<double> levels_of_all(const std::vector<Subject>& subjects) {
  std::vector<double> levels;
  for (const double sigma : default_field_sigmas()) {
    const bool all = std::ranges::all_of(subjects, [&](const Subject& subject) {
      const DenoiserInfo& info = subject.denoiser->info();
      return sigma >= info.sigma_min && sigma <= info.sigma_max;
    });
    if (all) levels.push_back(sigma);
  }
  return levels;
}

void check_row(const Subject& subject, const FieldRun& run) {
  const DenoiserInfo& info = subject.denoiser->info();
  const DataInfo& anchors = run.inputs.anchors->info();
  if (info.sample_shape != anchors.shape) {
    throw usage_error(fmt::format("{}: its samples are [{}], those of '{}' [{}]; give the data the model was made for",
                                  subject.name, join(info.sample_shape, ","), anchors.name, join(anchors.shape, ",")));
  }
  check_levels_for(info, {run.options.sigmas.rbegin(), run.options.sigmas.rend()});
}

Subject open_row(const FieldRun& run, size_t row) {
  Subject subject = run.inputs.rows[row].open();
  if (run.options.label && subject.denoiser->info().label_dim > 0) {
    std::vector<Subject> none;
    choose_class(subject, none, run.options.label);
  }
  return subject;
}

// The density of a row where it has one, [grid * grid].
torch::Tensor densities(const Subject& subject, const ScorePlane& plane, const std::vector<int64_t>& shape,
                        const torch::Tensor& places, double sigma) {
  const auto* analytic = dynamic_cast<const AnalyticDenoiser*>(subject.denoiser.get());
  if (analytic != nullptr) {
    std::vector<int64_t> sizes = shape;
    sizes.insert(sizes.begin(), places.size(0));
    try {
      return analytic->log_density(plane.points(places).reshape(sizes), sigma);
    } catch (const Error& error) {
      if (error.code() != ExitCode::kUsage) throw;  // an expansion that has none at this level
    }
  }
  return torch::full({places.size(0)}, std::numeric_limits<double>::quiet_NaN(), torch::kFloat64);
}

// Of a mixture in the plane of its data, [grid * grid, K]; else [grid * grid, 0].
torch::Tensor component_shares(const Subject& subject, const ScorePlane& plane, const torch::Tensor& places,
                               double sigma) {
  const auto* mixture = dynamic_cast<const ComponentPosterior*>(subject.denoiser.get());
  if (mixture == nullptr || plane.dim() != 2) return torch::zeros({places.size(0), 0}, torch::kFloat64);
  return mixture->responsibilities(plane.points(places), sigma);
}

}  // namespace

void FieldOptions::validate() const {
  if (grid < 2 || grid > kMostGrid) throw usage_error(fmt::format("--grid: {}; must be 2 to {}", grid, kMostGrid));
  CompareOptions common;  // what both have
  common.sigmas = sigmas;
  common.batch = batch;
  common.validate();
}

const std::vector<double>& default_field_sigmas() {
  static const std::vector<double> sigmas = {0.1, 0.2, 0.5, 1, 2, 5};
  return sigmas;
}

torch::Tensor plane_field(const Subject& subject, const ScorePlane& plane, const std::vector<int64_t>& shape,
                          const torch::Tensor& places, double sigma, const FieldOptions& options) {
  std::vector<torch::Tensor> parts;
  for (const torch::Tensor& some : places.split(options.batch)) {
    stop_if_interrupted();
    const torch::Tensor x = plane.points(some);
    std::vector<int64_t> sizes = shape;
    sizes.insert(sizes.begin(), x.size(0));
    const torch::Tensor denoised = subject(x.reshape(sizes).to(options.device), sigma).cpu().flatten(1);
    const torch::Tensor step = denoised.to(torch::kFloat64) - x;  // sigma^2 s
    const torch::Tensor along1 = torch::mv(step, plane.e1), along2 = torch::mv(step, plane.e2);
    const torch::Tensor outside = step - along1.unsqueeze(1) * plane.e1 - along2.unsqueeze(1) * plane.e2;
    parts.push_back(torch::stack({along1, along2, (along1.square() + along2.square()).sqrt(),
                                  step.square().sum(1).sqrt(), outside.square().sum(1).sqrt()},
                                 1) /
                    (sigma * sigma));
  }
  return torch::cat(parts);
}

FieldRun run_field(FieldInputs inputs, FieldOptions options, Comm& comm) {
  const torch::NoGradGuard no_gradients;
  FieldRun run{std::move(inputs), std::move(options), {}, {}, {}, {}, {}, {}};
  if (run.inputs.rows.empty()) throw usage_error("field: no model and no reference");
  run.plane = plane_for(run.inputs, run.options);
  std::vector<Subject> subjects;
  for (size_t row = 0; row < run.inputs.rows.size(); ++row) {
    subjects.push_back(open_row(run, row));
    run.names.push_back(run.inputs.rows[row].name);
    run.kinds.push_back(subjects.back().kind);
  }
  if (run.options.sigmas.empty()) run.options.sigmas = levels_of_all(subjects);
  run.options.validate();
  for (const Subject& subject : subjects) check_row(subject, run);
  const std::vector<int64_t>& shape = run.inputs.anchors->info().shape;
  const auto rows = static_cast<int64_t>(subjects.size()), levels = static_cast<int64_t>(run.options.sigmas.size());
  const int64_t grid = run.options.grid;
  checked_product("field: bytes of the fields", {rows, levels, grid * grid, kFieldColumns, sizeof(double)},
                  limits::kMostBytes);
  const torch::Tensor places = grid_places(run.plane, grid);
  run.components.resize(subjects.size());
  run.field = torch::empty({rows, levels, grid, grid, kFieldColumns}, torch::kFloat64);
  run.log_density = torch::empty({rows, levels, grid, grid}, torch::kFloat64);
  Progress progress("fields", rows * levels * grid * grid, "evaluations");
  for_each_shard(comm, rows * levels, [&](int64_t part) {
    const Subject& subject = subjects[static_cast<size_t>(part / levels)];
    const double sigma = run.options.sigmas[static_cast<size_t>(part % levels)];
    const torch::Tensor field = plane_field(subject, run.plane, shape, places, sigma, run.options);
    progress.advance(grid * grid);
    return Tensors{field.contiguous(), densities(subject, run.plane, shape, places, sigma).contiguous(),
                   component_shares(subject, run.plane, places, sigma).contiguous()};
  }, [&](int64_t part, const Tensors& values) {
    run.field[part / levels][part % levels].copy_(values[0].reshape({grid, grid, kFieldColumns}));
    run.log_density[part / levels][part % levels].copy_(values[1].reshape({grid, grid}));
    if (const int64_t count = values[2].size(1); count > 0) {
      torch::Tensor& shares = run.components[static_cast<size_t>(part / levels)];
      if (!shares.defined()) shares = torch::empty({levels, grid, grid, count}, torch::kFloat64);
      shares[part % levels].copy_(values[2].reshape({grid, grid, count}));
    }
    if (!is_mine(comm, part)) progress.advance(grid * grid);
  });
  return run;
}

}  // namespace farfield
