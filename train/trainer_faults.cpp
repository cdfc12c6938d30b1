// What a Trainer says and does about values that are not finite.
#include <fmt/format.h>

#include "core/text.h"
#include "train/nonfinite.h"
#include "train/trainer.h"

namespace farfield {

// That of the lowest rank that has one, on every rank.
std::string Trainer::first_fault(std::string mine, TrainStep& report) {
  if (comm_.size() == 1) return mine;
  const auto faults = comm_.gather(torch::full({1}, mine.empty() ? 0 : 1, torch::kInt64)).flatten();
  if (faults.sum().item<int64_t>() == 0) return "";
  report.culprit = static_cast<int>(faults.argmax().item<int64_t>());
  return comm_.broadcast_text(mine, report.culprit);
}

// The inputs of the rank that had the fault; the others have nothing to show.
std::map<std::string, torch::Tensor> Trainer::evidence(const Batch& batch, const TrainStep& report) const {
  if (comm_.rank() != report.culprit) return {};
  return inspectable(make_inputs_(batch, images_), report.loss, options_.run.seed, data_->info().count);
}

void Trainer::skip_or_stop(const Batch& batch, const TrainStep& report) {
  constexpr int64_t kMostInARow = 100;
  const std::string own = own_fault(report);
  std::string message = own.empty() ? report.skipped : own;
  if (own.empty() && options_.run.nonfinite == "skip") {
    ++skipped_;
    ++skipped_in_a_row_;
    if (skipped_in_a_row_ < kMostInARow) return;
    message = fmt::format("{} steps in a row were skipped, the last because {}", kMostInARow, message);
  }
  throw NonFiniteError(message +
                           "; lower optimiser.learning_rate, lengthen optimiser.rampup_images or set "
                           "optimiser.clip_norm",
                       evidence(batch, report));
}

std::string Trainer::at_this_step() const {
  return fmt::format("is not finite at step {} ({} images seen, seed {}", images_ / options_.run.batch + 1, images_,
                     options_.run.seed);
}

std::string Trainer::fault_of(std::string_view what, const FlatParameters& parameters, const torch::Tensor& flat,
                              const TrainStep& report) const {
  const std::string name = parameters.first_not_finite(flat);
  if (name.empty()) return "";
  return fmt::format("the {} of '{}' {}, sigma {} to {})", what, name, at_this_step(),
                     format_double(report.sigma.min().item<double>()),
                     format_double(report.sigma.max().item<double>()));
}

// What no skipping heals: weights and averages that are bad themselves.
std::string Trainer::own_fault(const TrainStep& report) const {
  std::string fault = fault_of("weight", parameters_, parameters_.values(), report);
  if (fault.empty()) fault = fault_of("average", average_parameters_, average_parameters_.values(), report);
  for (const auto& average : further_) {
    if (fault.empty()) fault = fault_of("average " + average.rule.name, parameters_, average.values, report);
  }
  return fault;
}

std::string Trainer::fault_of_samples(const StepInputs& inputs, const torch::Tensor& denoised,
                                      const torch::Tensor& loss) const {
  const int64_t row = torch::isfinite(loss).logical_not().nonzero()[0][0].item<int64_t>();
  const std::string what = !all_finite(inputs.clean[row])        ? "the clean sample"
                           : !all_finite(denoised[row].detach()) ? "the denoised sample"
                                                                 : "the loss";
  return fmt::format("{} {}): sample {} of the stream at sigma {}", what, at_this_step(),
                     inputs.positions[row].item<int64_t>(), format_double(inputs.sigma[row].item<double>()));
}

}  // namespace farfield
