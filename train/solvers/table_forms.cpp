#include "train/solvers/table_forms.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "core/error.h"
#include "core/text.h"

namespace farfield {
namespace {

using torch::Tensor;

constexpr int64_t kAdamsOrder = 4;

Tensor constant(double value) { return torch::full({}, value, torch::kFloat64); }

std::vector<Tensor> each(const Tensor& row) { return row.unbind(0); }

TensorTable empty_table(Prediction prediction, const Tensor& levels, bool afs) {
  return {prediction, afs, each(levels), {}};
}

// Adams-Bashforth of equal steps with `count` values.
const std::vector<double>& adams(int64_t count) {
  static const std::vector<std::vector<double>> weights = {
      {1}, {3. / 2, -1. / 2}, {23. / 12, -16. / 12, 5. / 12}, {55. / 24, -59. / 24, 37. / 24, -9. / 24}};
  return weights.at(std::min(count, kAdamsOrder) - 1);
}

Tensor midpoint(const Tensor& from, const Tensor& to, const Tensor& r) {
  return torch::exp(r * torch::log(to) + (1 - r) * torch::log(from));
}

// A midpoint reached by Euler.
TablePoint<Tensor> euler_point(const Tensor& from, const Tensor& level, const Tensor& time, const Tensor& weight) {
  return {level, time * level, constant(1), level - from, {}, weight};
}

TableStep<Tensor> step_with(const Tensor& from, const Tensor& own, TablePoint<Tensor> point) {
  return {from, constant(1), own, {}, {std::move(point)}};
}

// The interval of an AMED step and what is learned of it.
struct AmedStep {
  Tensor from, to, mid, r, direction, time;
};

TableStep<Tensor> amed_step(const std::string& plugin, const AmedStep& s) {
  const Tensor h = s.direction * (s.to - s.from);
  if (plugin == "amed") return step_with(s.from, constant(0), euler_point(s.from, s.mid, s.time, h));
  if (plugin == "dpm")
    return step_with(s.from, h * (1 - 0.5 / s.r), euler_point(s.from, s.mid, s.time, h * (0.5 / s.r)));
  return step_with(s.from, s.mid - s.from, euler_point(s.from, s.mid, s.time, s.direction * (s.to - s.mid)));
}

// `known`: values of the steps before.
TableStep<Tensor> ipndm_step(const AmedStep& s, int64_t known) {
  const auto &first = adams(known + 1), &second = adams(known + 2);
  const Tensor down = s.mid - s.from, rest = s.direction * (s.to - s.mid);
  TablePoint<Tensor> point{s.mid, s.time * s.mid, constant(1), down * first[0], {}, rest * second[0]};
  TableStep<Tensor> step{s.from, constant(1), down * first[0] + rest * second[1], {}, {}};
  for (size_t j = 1; j < first.size(); ++j) point.past.push_back(down * first[j]);
  for (size_t j = 1; j < std::max(first.size(), second.size() - 1); ++j) {
    Tensor weight = constant(0);
    if (j < first.size()) weight = weight + down * first[j];
    if (j + 1 < second.size()) weight = weight + rest * second[j + 1];
    step.past.push_back(weight);
  }
  step.points.push_back(std::move(point));
  return step;
}

// DPM-Solver++ (2M) from `from` to `to` with the value at `before`, if there is one: x' = state x + own D + last D_before.
struct DataStep {
  Tensor state, own, last;  // last: undefined without a value before
};

DataStep data_step(const Tensor& from, const Tensor& to, const Tensor& before) {
  const Tensor part = 1 - to / from;
  if (!before.defined() || to.item<double>() == 0) return {to / from, part, {}};
  const Tensor half = 0.5 * torch::log(from / to) / torch::log(before / from);  // h / (2 h_before)
  return {to / from, part * (1 + half), -part * half};
}

// `before`: the level of the newest value of the steps before; undefined in the first.
TableStep<Tensor> dpmpp_step(const AmedStep& s, const Tensor& before) {
  const DataStep down = data_step(s.from, s.mid, before), rest = data_step(s.mid, s.to, s.from);
  TablePoint<Tensor> point{s.mid, s.time * s.mid, down.state, down.own, {}, s.direction * rest.own};
  TableStep<Tensor> step{s.from, rest.state * down.state, rest.state * down.own, {}, {}};
  if (rest.last.defined()) step.own = step.own + s.direction * rest.last;
  if (down.last.defined()) {
    point.past.push_back(down.last);
    step.past.push_back(rest.state * down.last);
  }
  step.points.push_back(std::move(point));
  return step;
}

// Adds change[j] times the step's unit to the coefficients of the newest values.
void change_step(TableStep<Tensor>& step, const Tensor& unit, const Tensor& change, int64_t known) {
  if (!change.defined()) return;
  step.own = step.own + unit * change[0];
  for (int64_t j = 1; j < std::min(change.size(0), known + 1); ++j) {
    if (static_cast<int64_t>(step.past.size()) < j) step.past.push_back(constant(0));
    step.past[j - 1] = step.past[j - 1] + unit * change[j];
  }
}

void require_plugin(const std::string& plugin) {
  const auto& known = amed_plugins();
  if (std::find(known.begin(), known.end(), plugin) == known.end())
    throw usage_error(unknown_name("plug-in", plugin, known));
}

}  // namespace

Tensor scale_of(const Tensor& p, double width) { return 2 * width * torch::sigmoid(p) + (1 - width); }

EpdNumbers epd_numbers(const Tensor& raw, double direction, double time) {
  return {torch::sigmoid(raw[0]), scale_of(raw[1] / 2, direction), scale_of(raw[2] / 2, time),
          torch::softmax(raw[3], 1)};
}

TensorTable epd_table(const Tensor& levels, bool afs, const EpdNumbers& numbers) {
  TensorTable table = empty_table(Prediction::kSlope, levels, afs);
  for (int64_t i = 0; i + 1 < levels.size(0); ++i) {
    const Tensor from = levels[i], to = levels[i + 1];
    TableStep<Tensor> step{from, constant(1), constant(0), {}, {}};
    for (int64_t k = 0; k < numbers.r.size(1); ++k) {
      const Tensor weight = (to - from) * numbers.weight[i][k] * numbers.direction[i][k];
      step.points.push_back(euler_point(from, midpoint(from, to, numbers.r[i][k]), numbers.time[i][k], weight));
    }
    table.steps.push_back(std::move(step));
  }
  return table;
}

const std::vector<std::string>& amed_plugins() {
  static const std::vector<std::string> names = {"amed", "dpm", "euler", "ipndm", "dpmpp"};
  return names;
}

TensorTable amed_table(const std::string& plugin, const Tensor& levels, bool afs, const AmedNumbers& numbers) {
  require_plugin(plugin);
  TensorTable table = empty_table(plugin == "dpmpp" ? Prediction::kDenoised : Prediction::kSlope, levels, afs);
  Tensor before;
  for (int64_t i = 0; i + 1 < levels.size(0); ++i) {
    AmedStep s{levels[i], levels[i + 1], {}, numbers.r[i], numbers.direction[i], numbers.time[i]};
    s.mid = midpoint(s.from, s.to, s.r);
    table.steps.push_back(plugin == "ipndm"   ? ipndm_step(s, 2 * i)
                          : plugin == "dpmpp" ? dpmpp_step(s, before)
                                              : amed_step(plugin, s));
    before = s.mid;
  }
  return table;
}

Tensor levels_of_increments(const Tensor& p, double first, double last) {
  const Tensor sums = torch::cumsum(torch::softmax(p, 0), 0);
  const Tensor part = (sums - sums[0]) / (sums[-1] - sums[0]);
  const Tensor inner = torch::exp(std::log(first) + (std::log(last) - std::log(first)) * part);
  return torch::cat({torch::full({1}, first, torch::kFloat64), inner.slice(0, 1, inner.size(0) - 1),
                     torch::full({1}, last, torch::kFloat64)});
}

Tensor increments_of_levels(const Tensor& levels) {
  const Tensor lambda = -torch::log(levels);
  return torch::cat({torch::zeros({1}, torch::kFloat64), torch::log(lambda.diff())});
}

Tensor shifted_levels(const Tensor& levels, const Tensor& q) {
  const Tensor lambda = -torch::log(levels);
  const double most = 0.5 * lambda.detach().diff().min().item<double>();
  Tensor inside = torch::ones_like(levels);
  inside[0] = 0;
  inside[-1] = 0;
  return levels * torch::exp(-torch::clamp(q, -most, most) * inside);
}

const std::vector<std::string>& table_multisteps() {
  static const std::vector<std::string> names = {"ipndm1", "ipndm2", "ipndm3", "ipndm4", "dpmpp_2m"};
  return names;
}

int64_t multistep_order(const std::string& solver) {
  const auto& known = table_multisteps();
  if (std::find(known.begin(), known.end(), solver) == known.end())
    throw usage_error(unknown_name("solver with a learned schedule", solver, known));
  return solver == "dpmpp_2m" ? 2 : solver.back() - '0';
}

TensorTable multistep_table(const std::string& solver, const Tensor& levels, const Tensor& network, bool afs,
                            const Tensor& change) {
  const int64_t order = multistep_order(solver);
  const bool data = solver == "dpmpp_2m";
  TensorTable table = empty_table(data ? Prediction::kDenoised : Prediction::kSlope, levels, afs);
  for (int64_t i = 0; i + 1 < levels.size(0); ++i) {
    const Tensor from = levels[i], to = levels[i + 1];
    TableStep<Tensor> step{network[i], constant(1), {}, {}, {}};
    if (data) {
      const DataStep one = data_step(from, to, i > 0 ? levels[i - 1] : Tensor());
      step.state = one.state;
      step.own = one.own;
      if (one.last.defined()) step.past.push_back(one.last);
    } else {
      const auto& weights = adams(std::min(i + 1, order));
      step.own = (to - from) * weights[0];
      for (size_t j = 1; j < weights.size(); ++j) step.past.push_back((to - from) * weights[j]);
    }
    change_step(step, data ? 1 - to / from : to - from, change.defined() ? change[i] : Tensor(), i);
    table.steps.push_back(std::move(step));
  }
  return table;
}

}  // namespace farfield
