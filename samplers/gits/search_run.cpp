#include "samplers/gits/search_run.h"

#include <fmt/format.h>

#include "core/error.h"
#include "core/progress.h"
#include "core/text.h"
#include "samplers/budgets.h"
#include "samplers/solvers/solver_registry.h"

namespace farfield {
namespace {

// The teacher's levels: `points` of `grid`, down to its sigma_min; or a file of them.
std::vector<double> grid_levels(const SearchOptions& options, const DenoiserInfo& model) {
  ScheduleRequest grid = options.grid;
  if (!is_formula(grid.schedule)) {
    if (options.points) throw usage_error("--points does not apply to a grid from a file; leave it out");
    return resolve_levels(grid, model);
  }
  const int64_t points = options.points.value_or(61);
  grid.steps = points - 1;
  grid.final = "sigma_min";
  return resolve_levels(grid, model);
}

// The schedules of one trajectory, a row for each number of evaluations.
void add_own_schedules(const torch::Tensor& costs, const GitsRequest& request,
                       std::vector<std::vector<torch::Tensor>>& rows) {
  const auto schedules = gits_schedules(costs.contiguous(), request);
  for (size_t e = 0; e < schedules.size(); ++e) rows[e].push_back(torch::tensor(schedules[e].indices, torch::kInt64));
}

GitsFile file_of(const RecordedModel& model, const SearchOptions& options, const GitsRequest& request,
                 const GitsSearch& search) {
  GitsFile file;
  file.model = model.text;
  file.model_sha256 = model.sha256;
  file.teacher = resolve_solver(options.teacher);
  file.grid = options.grid.schedule;
  file.metric = to_string(request.metric);
  file.student = options.afs ? resolve_solver(options.student_text()) : "";
  file.seeds = options.seed_text();
  file.precision = model.precision;
  file.gamma = request.gamma;
  file.gamma_form = to_string(request.gamma_form);
  file.levels = request.levels;
  file.schedules = search.schedules;
  const auto costs = search.costs.accessor<double, 2>();
  const int64_t points = costs.size(0);
  for (int64_t i = 0; i + 1 < points; ++i) {
    file.costs.emplace_back();
    for (int64_t j = i + 1; j < points; ++j) file.costs.back().push_back(costs[i][j]);
  }
  return file;
}

}  // namespace

std::string SearchOptions::seed_text() const { return seeds.value_or(fmt::format("0-{}", warmup - 1)); }

void SearchOptions::validate() const {
  (void)make_solver(teacher);
  (void)make_solver(student_text());
  (void)parse_seeds(seed_text());
  (void)parse_nfe(nfe);
  (void)parse_gits_metric(metric);
  (void)parse_gamma_form(gamma_form);
  if (per_sample && afs)
    throw usage_error("gits: a schedule a sample is not searched for AFS; leave one of the two out");
}

bool is_search_file(const std::filesystem::path& path) {
  try {
    return !read_gits(path).levels.empty();
  } catch (const Error&) {
    return false;
  }
}

GitsRequest search_request(const SearchOptions& options, const Solver* student, const DenoiserInfo& model) {
  GitsRequest request;
  request.levels = grid_levels(options, model);
  request.seeds = parse_seeds(options.seed_text());
  request.nfe = parse_nfe(options.nfe);
  request.metric = parse_gits_metric(options.metric);
  request.gamma = options.gamma;
  request.gamma_form = parse_gamma_form(options.gamma_form);
  request.afs_student = student;
  request.batch = options.batch;
  request.device = options.device;
  return request;
}

SearchResult run_search(const RecordedModel& model, const SearchOptions& options) {
  options.validate();
  const auto teacher = make_solver(options.teacher);
  const std::shared_ptr<const Solver> student = make_solver(options.student_text());
  GitsRequest request = search_request(options, options.afs ? student.get() : nullptr, model.denoiser.info());
  std::optional<Progress> progress;
  request.on_phase = [&](const std::string& phase, int64_t total) { progress.emplace(phase, total, "evaluations"); };
  request.on_evaluation = [&](int64_t samples) { progress->advance(samples); };
  std::vector<std::vector<torch::Tensor>> rows(request.nfe.size());
  if (options.per_sample)
    request.on_costs = [&](const torch::Tensor& costs) { add_own_schedules(costs, request, rows); };
  GitsSearch search = gits_search(model.denoiser, *teacher, request);
  GitsFile file = file_of(model, options, request, search);
  request.on_phase = {};
  request.on_evaluation = {};
  request.on_costs = {};
  SearchResult result{student, std::move(request), std::move(search), std::move(file), {}};
  if (options.per_sample) {
    for (const auto& of_nfe : rows) result.per_sample.push_back(torch::stack(of_nfe));
  }
  return result;
}

}  // namespace farfield
