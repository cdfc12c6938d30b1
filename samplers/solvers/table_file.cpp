#include "samplers/solvers/table_file.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/io/file.h"
#include "core/io/json.h"
#include "core/io/wrong_file.h"
#include "core/text.h"

namespace farfield {
namespace {

using nlohmann::ordered_json;

constexpr const char* kTableFormat = "farfield solver table 1";
constexpr uint64_t kTableFileLimit = uint64_t{1} << 26;

ordered_json to_json(const TablePoint<double>& point) {
  return {{"level", point.level}, {"network", point.network}, {"state", point.state},
          {"own", point.own},     {"past", point.past},       {"weight", point.weight}};
}

ordered_json to_json(const TableStep<double>& step) {
  ordered_json points = ordered_json::array();
  for (const auto& point : step.points) points.push_back(to_json(point));
  return {{"network", step.network}, {"state", step.state}, {"own", step.own}, {"past", step.past}, {"points", points}};
}

double number_of(const ordered_json& object, const char* key) {
  const ordered_json& value = object.at(key);
  if (!value.is_number()) throw usage_error(fmt::format("{} is no number", key));
  return value.get<double>();
}

std::vector<double> numbers_of(const ordered_json& object, const char* key) {
  std::vector<double> numbers;
  const ordered_json& list = object.at(key);
  if (!list.is_array()) throw usage_error(fmt::format("{} is no list", key));
  for (const ordered_json& value : list) {
    if (!value.is_number()) throw usage_error(fmt::format("{} holds what is no number", key));
    numbers.push_back(value.get<double>());
  }
  return numbers;
}

TablePoint<double> point_of(const ordered_json& json) {
  if (json.size() != 6) throw usage_error("a point has the keys level, network, state, own, past, weight and no other");
  return {number_of(json, "level"), number_of(json, "network"), number_of(json, "state"),
          number_of(json, "own"),   numbers_of(json, "past"),   number_of(json, "weight")};
}

TableStep<double> step_of(const ordered_json& json) {
  if (json.size() != 5) throw usage_error("a step has the keys network, state, own, past, points and no other");
  TableStep<double> step{
      number_of(json, "network"), number_of(json, "state"), number_of(json, "own"), numbers_of(json, "past"), {}};
  for (const ordered_json& point : json.at("points")) step.points.push_back(point_of(point));
  return step;
}

Prediction prediction_named(const std::string& name) {
  if (name == "slope") return Prediction::kSlope;
  if (name == "denoised") return Prediction::kDenoised;
  throw usage_error(fmt::format("values is '{}', expected slope or denoised", name));
}

TableFile table_of_json(const ordered_json& json) {
  if (!json.is_object() || json.value("format", "") != kTableFormat)
    throw usage_error(fmt::format("is no solver table (format is not '{}')", kTableFormat));
  if (json.size() != 8) {
    throw usage_error(
        "a table has the keys format, method, model, model_sha256, values, afs, levels, steps and no other");
  }
  TableFile file;
  json.at("method").get_to(file.method);
  json.at("model").get_to(file.model);
  json.at("model_sha256").get_to(file.model_sha256);
  file.table.prediction = prediction_named(json.at("values").get<std::string>());
  json.at("afs").get_to(file.table.afs);
  file.table.levels = numbers_of(json, "levels");
  for (const ordered_json& step : json.at("steps")) file.table.steps.push_back(step_of(step));
  check_table(file.table);
  return file;
}

}  // namespace

// One line a step: short to read, and easy to compare.
std::string serialize_table(const TableFile& file) {
  const SolverTable& table = file.table;
  std::vector<std::string> steps;
  for (const auto& step : table.steps) steps.push_back(dump_json(to_json(step)));
  return fmt::format(
      "{{\n \"format\": \"{}\",\n \"method\": {},\n \"model\": {},\n \"model_sha256\": {},\n \"values\": \"{}\",\n"
      " \"afs\": {},\n \"levels\": {},\n \"steps\": [\n  {}\n ]\n}}\n",
      kTableFormat, dump_json(ordered_json(file.method)), dump_json(ordered_json(file.model)),
      dump_json(ordered_json(file.model_sha256)), table.prediction == Prediction::kSlope ? "slope" : "denoised",
      table.afs, dump_json(ordered_json(table.levels)), join(steps, ",\n  "));
}

TableFile parse_table(std::string_view text, const std::string& name) {
  try {
    return table_of_json(parse_json(text, name));
  } catch (const nlohmann::json::exception& problem) {
    throw bad_file(name, fmt::format("is no whole solver table: {}", problem.what()));
  } catch (const Error& error) {
    if (error.code() != ExitCode::kUsage) throw;
    throw bad_file(name, error.what());
  }
}

TableFile read_table(const std::filesystem::path& path) {
  refuse_wrong_file(path, FileKind::kText);
  return parse_table(read_file(path, kTableFileLimit), path.string());
}

bool is_table_file(const std::filesystem::path& path) {
  try {
    return !read_table(path).table.steps.empty();
  } catch (const Error&) {
    return false;
  }
}

}  // namespace farfield
