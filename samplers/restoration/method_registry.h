#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/option_values.h"
#include "models/restoration/posterior_denoiser.h"
#include "samplers/solvers/solver.h"

namespace farfield {

// One batch to be restored. The prior must outlive what is made of it.
struct RestorationBatch {
  const Denoiser& prior;
  torch::Tensor labels;  // as Denoiser::bind() takes them
  Measurement measurement;
};

// How integrate() restores it: one of the two.
struct RestorationRun {
  std::unique_ptr<const Denoiser> guided = {};  // run by any solver
  std::unique_ptr<const Solver> solver = {};    // runs the prior
  torch::Tensor centre = {};  // [B, ...shape]: it starts there, noised to the first level; undefined: at 0
};

// A method with its options, for one operator, noise and schedule.
struct RestorationMethod {
  std::string text;           // with every option and the value it has: "diffpir,compat=no,lambda=1,relax=1,xi=0.25"
  bool takes_solver = false;  // it is a guided denoiser
  std::function<RestorationRun(const RestorationBatch&)> prepare;
};

// What a method is made for: defaults depend on the operator, limits on the rest.
struct RestorationSetting {
  const Operator& op;
  double sigma_y;
  std::vector<double> levels;
};

// A row of the table of methods.
struct MethodEntry {
  std::string name, summary;
  std::vector<std::string> options;
  bool takes_solver;
  std::function<std::function<RestorationRun(const RestorationBatch&)>(const OptionValues&, const RestorationSetting&)>
      make;
};

const std::vector<MethodEntry>& method_table();
std::vector<std::string> method_names();
// One line a method: name, summary, options.
std::string method_help();

// The method of NAME[,option=value...]. usage_error for what does not fit the table or the range of an option, and where the method
// cannot do with the operator, sigma_y = 0 or the steps, saying what can.
RestorationMethod make_method(std::string_view text, const RestorationSetting& setting);

}  // namespace farfield
