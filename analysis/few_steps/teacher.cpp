#include "analysis/few_steps/teacher.h"

#include <map>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "analysis/paths/path_batches.h"
#include "core/error.h"
#include "core/io/file.h"
#include "core/io/json.h"
#include "core/io/npz.h"
#include "samplers/model_levels.h"
#include "samplers/sampler.h"
#include "samplers/solvers/solver_registry.h"

namespace farfield {
namespace {

using nlohmann::ordered_json;

constexpr const char* kTeacherFormat = "farfield teacher 1";
constexpr uint64_t kKeyLimit = 1 << 20;

std::vector<double> teacher_levels(const TeacherRequest& request, const DenoiserInfo& model) {
  const int64_t steps = request.settings.steps;
  return resolve_levels({.steps = steps,
                         .sigma_min = request.last,
                         .sigma_max = request.first,
                         .final = request.to_zero ? "zero" : "sigma_min"},
                        model);
}

SampleRequest teacher_request(const TeacherRequest& request, const DenoiserInfo& model) {
  SampleRequest sampling;
  sampling.levels = teacher_levels(request, model);
  sampling.label = request.label;
  sampling.batch = request.batch;
  sampling.device = request.device;
  return sampling;
}

void check_teacher(const Solver& solver) {
  if (!solver.stochastic() && !solver.adaptive() && solver.order() > 0) return;
  throw usage_error(fmt::format("solver fit: teacher {} {}; name one that steps through a schedule to the one solution",
                                solver.name(),
                                solver.stochastic() ? "draws noise"
                                : solver.adaptive() ? "chooses its own steps"
                                                    : "does not follow the ODE"));
}

// The first key whose values differ.
std::string first_difference(const ordered_json& a, const ordered_json& b) {
  for (const auto& [key, value] : a.items()) {
    if (!b.contains(key) || b.at(key) != value) return key;
  }
  return "format";
}

}  // namespace

std::string teacher_key(const RecordedModel& model, const TeacherRequest& request) {
  return dump_json(ordered_json{{"format", kTeacherFormat},
                                {"model_sha256", model.sha256},
                                {"precision", model.precision},
                                {"solver", resolve_solver(request.settings.solver)},
                                {"steps", request.settings.steps},
                                {"first", request.first},
                                {"last", request.last},
                                {"to_zero", request.to_zero},
                                {"class", request.label.value_or(-1)}});
}

FitTeacher teach(const RecordedModel& model, const TeacherRequest& request, const std::vector<int64_t>& seeds,
                 const PartStore& parts) {
  const auto solver = make_solver(request.settings.solver);
  check_teacher(*solver);
  const SampleRequest whole = teacher_request(request, model.denoiser.info());
  FitTeacher teacher{teacher_key(model, request), {seeds, {}, {}}, count_evaluations(*solver, whole), false};
  BatchWork work;
  work.what = "teacher";
  work.count = std::ssize(seeds);
  work.batch = request.batch;
  work.evaluations = teacher.nfe;
  work.names = {"classes", "ends"};
  work.measure = [&](RowRange rows, Progress& progress) {
    SampleRequest some = whole;
    some.seeds.assign(seeds.begin() + rows.first, seeds.begin() + rows.first + rows.size);
    some.on_evaluation = [&](int64_t samples) { progress.advance(samples); };
    const Samples samples = sample(model.denoiser, *solver, some);
    return Arrays{{"classes", samples.classes}, {"ends", samples.x}};
  };
  const Arrays arrays = measure_batches(work, parts);
  teacher.ends.classes = arrays.at("classes");
  teacher.ends.ends = arrays.at("ends");
  return teacher;
}

void write_teacher(const FitTeacher& teacher, const RunFolder& folder) {
  write_npz(folder.path("teacher.npz"), {{"seeds", torch::tensor(teacher.ends.seeds, torch::kInt64)},
                                         {"classes", teacher.ends.classes},
                                         {"ends", teacher.ends.ends}});
  write_file_atomically(folder.path("teacher.json"), teacher.key + "\n");
}

FitTeacher read_teacher(const std::filesystem::path& folder, const std::string& key,
                        const std::vector<int64_t>& seeds) {
  const auto name = (folder / "teacher.json").string();
  const ordered_json stored = parse_json(read_file(folder / "teacher.json", kKeyLimit), name);
  const ordered_json wanted = parse_json(key, "teacher");
  if (!stored.is_object() || stored != wanted) {
    throw usage_error(fmt::format("{}: is the teacher of another fit ({} differs); leave --ends out, or name another",
                                  name, first_difference(wanted, stored)));
  }
  const auto file = folder / "teacher.npz";
  const auto arrays = read_npz(file);
  for (const char* array : {"seeds", "classes", "ends"}) {
    if (!arrays.contains(array)) throw bad_file(file.string(), fmt::format("has no array {}", array));
  }
  const torch::Tensor known = arrays.at("seeds"), classes = arrays.at("classes"), ends = arrays.at("ends");
  if (known.scalar_type() != torch::kInt64 || known.dim() != 1 || classes.sizes() != known.sizes() ||
      classes.scalar_type() != torch::kInt64 || ends.scalar_type() != torch::kFloat64 || ends.dim() < 2 ||
      ends.size(0) != known.size(0)) {
    throw bad_file(file.string(), "seeds, classes and ends are not one row a seed");
  }
  std::map<int64_t, int64_t> place;
  for (int64_t i = 0; i < known.size(0); ++i) place[known[i].item<int64_t>()] = i;
  std::vector<int64_t> rows;
  for (const int64_t seed : seeds) {
    if (!place.contains(seed))
      throw usage_error(
          fmt::format("{}: has no trajectory of seed {}; leave --ends out, or ask for its seeds", file.string(), seed));
    rows.push_back(place.at(seed));
  }
  const auto chosen = torch::tensor(rows, torch::kInt64);
  return {key, {seeds, classes.index_select(0, chosen), ends.index_select(0, chosen)}, 0, true};
}

TeacherEnds some_ends(const TeacherEnds& ends, int64_t first, int64_t count) {
  return {{ends.seeds.begin() + first, ends.seeds.begin() + first + count},
          ends.classes.narrow(0, first, count),
          ends.ends.narrow(0, first, count)};
}

}  // namespace farfield
