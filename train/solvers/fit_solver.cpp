#include "train/solvers/fit_solver.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <set>

#include <fmt/format.h>
#include <torch/autograd.h>

#include "core/error.h"
#include "core/interrupts.h"
#include "core/stopwatch.h"
#include "samplers/integrate.h"
#include "samplers/seed_batch.h"
#include "samplers/solvers/table_solver.h"
#include "train/adam.h"
#include "train/solvers/table_family.h"

namespace farfield {
namespace {

using torch::Tensor;

constexpr int64_t kMeasurements = 20;  // of the held-out seeds
constexpr double kLastRate = 0.05;     // of the first

// Some trajectories: where they start, their classes and where the teacher leads them.
struct FitBatch {
  Tensor x, labels, ends;
};

FitBatch batch_of(const Denoiser& model, const TeacherEnds& teacher, int64_t first, int64_t count, double sigma,
                  torch::Device device) {
  const DenoiserInfo& info = model.info();
  const SeedBatch streams(std::span(teacher.seeds).subspan(first, count), info);
  return {(streams.latents() * sigma).to(device),
          one_hot_labels(teacher.classes.narrow(0, first, count), info.label_dim, device),
          teacher.ends.narrow(0, first, count).to(device)};
}

double rms_of(const Tensor& squares) { return std::sqrt(squares.mean().item<double>()); }

void check_apart(const TeacherEnds& train, const TeacherEnds& held_out) {
  const std::set<int64_t> known(train.seeds.begin(), train.seeds.end());
  for (const int64_t seed : held_out.seeds) {
    if (known.contains(seed))
      throw usage_error(fmt::format("solver fit: seed {} is both learned from and held out; keep them apart", seed));
  }
}

// The parameters and their optimiser.
class Learner {
 public:
  explicit Learner(const TableFamily& family) : family_(family) {
    for (const Tensor& group : family.start) {
      values_.push_back(group.clone());
      states_.push_back(make_adam_state(group));
    }
  }

  SolverTable table() const {
    const torch::NoGradGuard no_gradients;
    return values_of(family_.table(values_));
  }

  // One update; returns the root mean square before it.
  double update(const Denoiser& model, const FitBatch& batch, double rate) {
    std::vector<Tensor> leaves;
    for (const Tensor& value : values_) leaves.push_back(value.detach().requires_grad_(true));
    Tensor loss;
    std::vector<Tensor> gradients;
    {
      const torch::AutoGradMode with_gradients(true);
      const Tensor end = run_table(family_.table(leaves), checkpointed(model, batch.labels), batch.x);
      loss = (end - batch.ends).square().mean();
      gradients = torch::autograd::grad({loss}, leaves, {}, std::nullopt, false, /*allow_unused=*/true);
    }
    const double square = loss.item<double>();
    if (!std::isfinite(square)) throw numeric_error("solver fit: the loss is not finite; give a smaller --rate");
    for (size_t g = 0; g < values_.size(); ++g) {
      if (!gradients[g].defined()) continue;
      if (!adam_step(values_[g], gradients[g].contiguous(), states_[g], rate * family_.rates[g], {}))
        throw numeric_error("solver fit: a parameter is not finite; give a smaller --rate");
    }
    return std::sqrt(square);
  }

 private:
  const TableFamily& family_;
  std::vector<Tensor> values_;
  std::vector<AdamState> states_;
};

double rate_at(const FitSettings& settings, int64_t iteration) {
  const double part = static_cast<double>(iteration - 1) /
                      static_cast<double>(std::max<int64_t>(1, settings.iterations - 1));
  return settings.rate * (kLastRate + (1 - kLastRate) * 0.5 * (1 + std::cos(std::numbers::pi * part)));
}

// The rows of update `iteration`, 1, 2, ...; the last batch of a round may be smaller.
std::pair<int64_t, int64_t> rows_of_update(int64_t iteration, int64_t count, int64_t batch) {
  const int64_t batches = (count + batch - 1) / batch, first = (iteration - 1) % batches * batch;
  return {first, std::min(batch, count - first)};
}

}  // namespace

Tensor table_squares(const Denoiser& model, const SolverTable& table, const TeacherEnds& ends, int64_t batch,
                     torch::Device device, const FitProgress& progress) {
  const auto solver = make_table_solver(table, "table");
  const auto count = static_cast<int64_t>(ends.seeds.size());
  std::vector<Tensor> squares;
  for (int64_t first = 0; first < count; first += batch) {
    const FitBatch one = batch_of(model, ends, first, std::min(batch, count - first), table.levels.front(), device);
    const auto result = integrate(*solver, model.bind(one.labels), one.x, table.levels);
    if (progress) progress(one.x.size(0) * result.nfe);
    squares.push_back((result.x - one.ends).flatten(1).square().mean(1).cpu());
  }
  return torch::cat(squares);
}

FitRecord fit_solver(const Denoiser& model, const FitSettings& settings, const std::vector<double>& levels,
                     const TeacherEnds& train, const TeacherEnds& held_out, torch::Device device,
                     const FitProgress& progress) {
  const Stopwatch clock;
  FitRecord record;
  record.settings = settings.resolved();
  check_apart(train, held_out);
  const TableFamily family = table_family(record.settings, levels);
  Learner learner(family);
  record.parameters = family.parameters();
  record.start = record.fitted = learner.table();
  record.nfe = table_counts(record.start).evaluations;
  const auto held_out_squares = [&](const SolverTable& table) {
    return table_squares(model, table, held_out, record.settings.batch, device, progress);
  };
  record.start_squares = record.fitted_squares = held_out_squares(record.start);
  record.rows.push_back({0, 0, std::nan(""), rms_of(record.start_squares)});
  const int64_t iterations = record.settings.iterations, every = (iterations + kMeasurements - 1) / kMeasurements;
  for (int64_t i = 1; i <= iterations; ++i) {
    stop_if_interrupted();
    const auto [first, count] = rows_of_update(i, std::ssize(train.seeds), record.settings.batch);
    const FitBatch batch = batch_of(model, train, first, count, levels.front(), device);
    FitRow row{i, rate_at(record.settings, i), 0, std::nan("")};
    row.train = learner.update(model, batch, row.rate);
    if (progress) progress(3 * count * record.nfe);
    if (i % every == 0 || i == iterations) {
      const SolverTable table = learner.table();
      const Tensor squares = held_out_squares(table);
      row.held_out = rms_of(squares);
      if (row.held_out < rms_of(record.fitted_squares)) {
        record.fitted = table;
        record.fitted_squares = squares;
        record.improved = true;
      }
    }
    record.rows.push_back(row);
  }
  record.seconds = clock.seconds();
  return record;
}

}  // namespace farfield
