#include "samplers/schedules/gits_file.h"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/io/file.h"
#include "core/io/json.h"
#include "core/io/json_number.h"
#include "core/io/wrong_file.h"
#include "core/limits.h"
#include "core/text.h"
#include "samplers/schedules/gits_metric.h"
#include "samplers/schedules/noise_levels.h"

namespace farfield {
namespace {

using nlohmann::ordered_json;

constexpr const char* kFormat = "farfield gits 1";
constexpr const char *kGammaForm = "gamma_form", *kPrintedForm = "printed";
constexpr uint64_t kGitsFileLimit = uint64_t{1} << 26;

// Everything but schedules and costs, by name: written and read in one place.
template <class File, class Visit>
void visit_settings(File& file, Visit visit) {
  visit("model", file.model);
  visit("model_sha256", file.model_sha256);
  visit("teacher", file.teacher);
  visit("grid", file.grid);
  visit("metric", file.metric);
  visit("gamma", file.gamma);
  visit("seeds", file.seeds);
  visit("student", file.student);
  visit("precision", file.precision);
  visit("levels", file.levels);
}

GitsSchedule schedule_of(const ordered_json& item) {
  GitsSchedule schedule;
  if (item.size() != 5) throw usage_error("a schedule has the keys nfe, steps, cost, indices, levels and no other");
  schedule.nfe = whole_number(item.at("nfe"), "nfe", 1, limits::kMostEvaluations);
  item.at("cost").get_to(schedule.cost);
  for (const ordered_json& index : item.at("indices")) {
    schedule.indices.push_back(whole_number(index, "an index", 0, limits::kMostGridPoints));
  }
  item.at("levels").get_to(schedule.levels);
  if (whole_number(item.at("steps"), "steps", 1, limits::kMostGridPoints) !=
      static_cast<int64_t>(schedule.levels.size()) - 1) {
    throw usage_error("steps of a schedule is not the number of its levels less one");
  }
  return schedule;
}

void check_schedule(const GitsSchedule& schedule, const std::vector<double>& grid) {
  check_levels(schedule.levels);
  const auto fits = [&](size_t i) {
    const int64_t index = schedule.indices[i];
    return index >= 0 && index < static_cast<int64_t>(grid.size()) && grid[index] == schedule.levels[i];
  };
  bool all = schedule.indices.size() == schedule.levels.size();
  for (size_t i = 0; all && i < schedule.indices.size(); ++i) all = fits(i);
  if (!all || schedule.levels.front() != grid.front() || schedule.levels.back() != grid.back()) {
    throw usage_error(fmt::format(
        "the levels of the schedule for {} evaluations are not those of the grid at its indices", schedule.nfe));
  }
}

void check_file(const GitsFile& file) {
  parse_gits_metric(file.metric);
  check_levels(file.levels);
  const auto is_hex = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
  if (file.model_sha256.size() != 64 || !std::all_of(file.model_sha256.begin(), file.model_sha256.end(), is_hex)) {
    throw usage_error("model_sha256 is no SHA-256 of 64 hexadecimal digits");
  }
  if (file.schedules.empty()) throw usage_error("there is no schedule in it");
  for (const GitsSchedule& schedule : file.schedules) check_schedule(schedule, file.levels);
  bool triangle = file.costs.size() == file.levels.size() - 1;
  for (size_t i = 0; triangle && i < file.costs.size(); ++i) triangle = file.costs[i].size() == file.costs.size() - i;
  if (!triangle) throw usage_error("costs are not a row of T - 1 - i numbers for each level i but the last");
}

GitsFile parse(const ordered_json& json) {
  if (!json.is_object() || json.value("format", "") != kFormat) {
    throw usage_error(fmt::format("is no result of farfield schedule search (format is not '{}')", kFormat));
  }
  GitsFile file;
  size_t keys = 3;
  visit_settings(file, [&](const char* key, auto& value) {
    json.at(key).get_to(value);
    ++keys;
  });
  if (json.contains(kGammaForm)) {
    json.at(kGammaForm).get_to(file.gamma_form);
    if (file.gamma_form != kPrintedForm) throw usage_error("gamma_form is not 'printed'");
    ++keys;
  }
  for (const ordered_json& item : json.at("schedules")) file.schedules.push_back(schedule_of(item));
  json.at("costs").get_to(file.costs);
  if (json.size() != keys) throw usage_error("has keys that the format does not know");
  check_file(file);
  return file;
}

}  // namespace

// One line a setting, a schedule, a row of costs: short to read, and easy to compare.
std::string serialize_gits(const GitsFile& file) {
  std::string text = fmt::format("{{\n \"format\": \"{}\"", kFormat);
  visit_settings(file, [&](const char* key, const auto& value) {
    text += fmt::format(",\n \"{}\": {}", key, dump_json(ordered_json(value)));
  });
  if (file.gamma_form == kPrintedForm) text += fmt::format(",\n \"{}\": \"{}\"", kGammaForm, kPrintedForm);
  std::vector<std::string> schedules, costs;
  for (const GitsSchedule& schedule : file.schedules) {
    schedules.push_back(dump_json(ordered_json{{"nfe", schedule.nfe},
                                               {"steps", static_cast<int64_t>(schedule.levels.size()) - 1},
                                               {"cost", schedule.cost},
                                               {"indices", schedule.indices},
                                               {"levels", schedule.levels}}));
  }
  for (const auto& row : file.costs) costs.push_back(dump_json(ordered_json(row)));
  return text + fmt::format(",\n \"schedules\": [\n  {}\n ],\n \"costs\": [\n  {}\n ]\n}}\n", join(schedules, ",\n  "),
                            join(costs, ",\n  "));
}

GitsFile read_gits(const std::filesystem::path& path) {
  refuse_wrong_file(path, FileKind::kText);
  try {
    return parse(parse_json(read_file(path, kGitsFileLimit), path.string()));
  } catch (const nlohmann::json::exception& problem) {
    throw bad_file(path.string(), fmt::format("is no whole result of farfield schedule search: {}", problem.what()));
  } catch (const std::out_of_range& problem) {
    throw bad_file(path.string(), problem.what());
  } catch (const Error& error) {
    if (error.code() != ExitCode::kUsage) throw;
    throw bad_file(path.string(), error.what());
  }
}

const std::vector<double>& gits_levels(const GitsFile& file, int64_t steps, const std::string& name) {
  std::vector<std::string> lengths;
  for (const GitsSchedule& schedule : file.schedules) {
    const auto there = static_cast<int64_t>(schedule.levels.size()) - 1;
    if (there == steps) return schedule.levels;
    lengths.push_back(std::to_string(there));
  }
  throw usage_error(fmt::format("{}: holds no schedule of {} steps; it has {}", name, steps, join(lengths, ", ")));
}

}  // namespace farfield
