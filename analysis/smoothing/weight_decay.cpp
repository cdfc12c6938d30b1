#include "analysis/smoothing/weight_decay.h"

#include <cmath>

#include "analysis/smoothing/learned_score.h"

namespace farfield {
namespace {

constexpr int64_t kCurve = 400, kBatch = 1024;
constexpr double kRate = 0.001;
constexpr struct {
  double weight_decay, picked;
} kDocument[] = {{0.005, 0.35}, {0.01, 0.42}, {0.02, 0.53}};

// Root mean square of score - piecewise score smoothed over tau, over x.
double distance_to_smoothed(const EvenPoints& line, const WeightDecay& at, const std::vector<double>& score,
                            double tau) {
  double sum = 0;
  for (size_t i = 0; i < score.size(); ++i) {
    const double apart = score[i] - line.piecewise_smoothed_score(at.x[i], at.time, tau);
    sum += apart * apart;
  }
  return std::sqrt(sum / static_cast<double>(score.size()));
}

// The nearest tau, by all of 999 and then by halving the step around the best.
double nearest_smoothing(const EvenPoints& line, const WeightDecay& at, const std::vector<double>& score) {
  const auto distance = [&](double tau) { return distance_to_smoothed(line, at, score, tau); };
  double step = line.half_gap() / 1000, best = step;
  for (int i = 2; i < 1000; ++i) {
    if (distance(i * step) < distance(best)) best = i * step;
  }
  for (; step > 1e-7 * line.half_gap(); step /= 2) {
    for (const double other : {best - step / 2, best + step / 2}) {
      if (distance(other) < distance(best)) best = other;
    }
  }
  return best;
}

}  // namespace

WeightDecay learn_with_decay(int64_t steps, int64_t hidden, uint64_t seed) {
  const EvenPoints line({-1, 1});
  WeightDecay result;
  for (int64_t i = 0; i <= kCurve; ++i) result.x.push_back(2 * static_cast<double>(i) / kCurve - 1);
  const torch::Tensor x = torch::tensor(result.x, torch::kFloat64).unsqueeze(1);
  for (const auto& [weight_decay, picked] : kDocument) {
    const LearnedScore learned = learn_score_at(line, result.time,
                                                {.steps = steps,
                                                 .batch = kBatch,
                                                 .learning_rate = kRate,
                                                 .weight_decay = weight_decay,
                                                 .hidden = hidden,
                                                 .seed = seed});
    const torch::Tensor values = learned(x, result.time).contiguous();
    DecayedScore one{weight_decay, 0, picked, 0, {}};
    one.score.assign(values.const_data_ptr<double>(), values.const_data_ptr<double>() + values.numel());
    one.smoothing = nearest_smoothing(line, result, one.score);
    one.residual = distance_to_smoothed(line, result, one.score, one.smoothing);
    result.scores.push_back(std::move(one));
  }
  return result;
}

}  // namespace farfield
