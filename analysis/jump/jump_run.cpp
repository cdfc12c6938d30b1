#include "analysis/jump/jump_run.h"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "analysis/jump/jump_report.h"
#include "analysis/page/format.h"
#include "core/io/json.h"
#include "samplers/solvers/solver_registry.h"

namespace farfield {
namespace {

constexpr size_t kSlopeTrajectories = 8;  // each needs an accurate path of its own

Provenance provenance_of(const JumpRun& run, const RunCall& call) {
  const SampleRequest& request = run.options.request;
  Provenance how;
  how.command = call.command;
  how.asked = {{"model", run.inputs.model_text + " (" + run.inputs.model->info().name + ")"},
               {"trajectories", fmt::format("{}, {} over {} steps", request.seeds.size(), run.inputs.solver,
                                            run.result.levels.size() - 1)}};
  if (run.options.data) {
    const DataInfo& data = run.options.data->info();
    how.asked.emplace_back("data", fmt::format("{}, {} samples", data.name, data.count));
  }
  if (request.label) how.asked.emplace_back("class", std::to_string(*request.label));
  how.settings = {{"batch", std::to_string(request.batch)},
                  {"device and precision", call.device + ", " + call.precision},
                  {"time", format_seconds(call.seconds)},
                  {"program", version_line()}};
  return how;
}

void add_jump_records(RunInfo& info, const JumpRun& run, const RunCall& call) {
  const SampleRequest& request = run.options.request;
  info.add("config", dump_json(nlohmann::ordered_json{{"model", run.inputs.model_text},
                                                      {"solver", resolve_solver(run.inputs.solver)},
                                                      {"levels", run.result.levels},
                                                      {"space", to_string(run.options.space)},
                                                      {"class", request.label.value_or(-1)},
                                                      {"data", run.options.data ? run.options.data->info().name : ""},
                                                      {"batch", request.batch},
                                                      {"device", call.device},
                                                      {"precision", call.precision}}));
  info.add("nfe", std::to_string(run.result.nfe.back()));
  info.add_text("headline", jump_headline(run.result));
  if (run.result.frechet) info.add("features", contract_json(run.result.frechet->contract));
  if (!run.options.data) return;
  info.add_text("data_fingerprint", run.options.data->info().fingerprint);
  info.add("data_left_out", dump_json(to_json(run.options.data->info().notes.left_out)));
}

// The request for its first `count` trajectories, or all.
SampleRequest first_rows(SampleRequest request, size_t count) {
  if (request.seeds.size() <= count) return request;
  request.seeds.resize(count);
  for (torch::Tensor* given : {&request.latents, &request.classes}) {
    if (given->defined()) *given = given->narrow(0, 0, static_cast<int64_t>(count));
  }
  return request;
}

}  // namespace

JumpRun run_jump(JumpInputs inputs, JumpOptions options, const PartStore& parts, Comm& comm) {
  Jump result = measure_jump(*inputs.model, *make_solver(inputs.solver), options, parts, comm);
  std::optional<Slopes> slopes;
  if (inputs.slopes) {
    std::vector<std::string> solvers = slope_solvers();
    if (std::ranges::find(solvers, inputs.solver) == solvers.end()) solvers.push_back(inputs.solver);
    slopes = measure_slopes(*inputs.model, solvers, first_rows(options.request, kSlopeTrajectories), comm);
  }
  return {std::move(inputs), std::move(options), std::move(result), std::move(slopes)};
}

void save_jump(const JumpRun& run, const RunCall& call, RunInfo info, RunFolder& folder) {
  const JumpStory story{
      run.inputs.model->info().name, run.inputs.solver, run.options.data ? run.options.data->info().name : "",
      run.options.request.seeds,     run.options.space, provenance_of(run, call)};
  write_jump(run.result, run.slopes, story, folder);
  add_jump_records(info, run, call);
  folder.commit(std::move(info));
}

}  // namespace farfield
