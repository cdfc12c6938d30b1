#include "samplers/trajectory.h"

#include "core/error.h"

namespace farfield {

StepObserver record_states(torch::Tensor trajectory) {
  return [trajectory = std::move(trajectory)](const StepView& view) {
    check(trajectory.size(0) == view.steps + 1, "record_states: the trajectory has room for another number of steps");
    if (view.index == 0) trajectory[0].copy_(view.x_before);
    trajectory[view.index + 1].copy_(view.x_after);
  };
}

}  // namespace farfield
