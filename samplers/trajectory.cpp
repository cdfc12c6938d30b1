#include "samplers/trajectory.h"

#include "core/error.h"

namespace farfield {

StepObserver record_states(torch::Tensor trajectory, torch::Tensor denoised) {
  return [trajectory = std::move(trajectory), denoised = std::move(denoised)](const StepView& view) {
    check(trajectory.size(0) == view.steps + 1, "record_states: the trajectory has room for another number of steps");
    if (view.index == 0) trajectory[0].copy_(view.x_before);
    trajectory[view.index + 1].copy_(view.x_after);
    if (denoised.defined()) denoised[view.index].copy_(view.denoised);
  };
}

}  // namespace farfield
