// The JSON text of a native model file: NVlabs' keyword arguments, read strictly.
#include "models/networks/model_config.h"

#include <cmath>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/io/json.h"
#include "core/limits.h"
#include "core/text.h"
#include "models/networks/network_fields.h"
#include "models/preconditioning.h"

namespace farfield {
namespace {

using Json = nlohmann::ordered_json;

// Reads fields of one JSON object and remembers which names it knows.
class FieldReader {
 public:
  FieldReader(const Json& object, std::string_view file) : object_(object), file_(file) {}

  template <class Number>
  void operator()(const char* name, Number& value, Number low, Number high) {
    if (const Json* entry = find(name)) value = number<Number>(name, *entry, low, high);
  }
  template <class Number>
  void operator()(const char* name, std::vector<Number>& values, Number low, Number high) {
    const Json* entry = find(name);
    if (entry == nullptr) return;
    if (!entry->is_array() || entry->size() > 16) fail(name, "a list of at most 16 numbers", *entry);
    values.clear();
    for (const Json& item : *entry) values.push_back(number<Number>(name, item, low, high));
  }
  void operator()(const char* name, Resolution& value, int64_t low, int64_t high) {
    const Json* entry = find(name);
    if (entry == nullptr) return;
    if (entry->is_array() && entry->size() != 2) fail(name, "a whole number or [height, width]", *entry);
    const Json &rows = entry->is_array() ? (*entry)[0] : *entry, &columns = entry->is_array() ? (*entry)[1] : *entry;
    value = {number<int64_t>(name, rows, low, high), number<int64_t>(name, columns, low, high)};
  }
  void operator()(const char* name, std::string& value, const std::vector<std::string>& allowed) {
    const Json* entry = find(name);
    if (entry == nullptr) return;
    if (!entry->is_string()) fail(name, "one of " + join(allowed, ", "), *entry);
    value = entry->get<std::string>();
  }
  void operator()(const char* name, bool& value) {
    const Json* entry = find(name);
    if (entry == nullptr) return;
    if (!entry->is_boolean()) fail(name, "true or false", *entry);
    value = entry->get<bool>();
  }
  // A setting of the reference that exists here with one value only.
  void fixed(const char* name, double value) {
    const Json* entry = find(name);
    if (entry != nullptr && (!entry->is_number() || std::abs(entry->get<double>() - value) > 1e-12 * std::abs(value))) {
      fail(name, format_double(value) + " (the only value supported)", *entry);
    }
  }
  const Json* find(const char* name) {
    known_.emplace_back(name);
    const auto entry = object_.find(name);
    return entry == object_.end() ? nullptr : &*entry;
  }
  void finish() const {
    for (const auto& [key, value] : object_.items()) {
      if (std::find(known_.begin(), known_.end(), key) == known_.end()) {
        throw bad_file(file_, "config: " + unknown_name("key", key, known_));
      }
    }
  }
  [[noreturn]] void fail(const char* name, const std::string& expected, const Json& got) const {
    throw bad_file(file_, fmt::format("config: {} must be {}, got {}", name, expected, quote(dump_json(got))));
  }

 private:
  template <class Number>
  Number number(const char* name, const Json& entry, Number low, Number high) const {
    const bool right_kind = std::is_integral_v<Number> ? entry.is_number_integer() : entry.is_number();
    if (!right_kind || !(entry.get<double>() >= static_cast<double>(low)) ||
        !(entry.get<double>() <= static_cast<double>(high))) {
      fail(name, fmt::format("{} from {} to {}", std::is_integral_v<Number> ? "a whole number" : "a number", low, high),
           entry);
    }
    return entry.get<Number>();
  }

  const Json& object_;
  std::string file_;
  std::vector<std::string> known_;
};

struct FieldWriter {
  Json& object;
  void operator()(const char* name, const Resolution& value, int64_t, int64_t) const {
    object[name] = value.is_square() ? Json(value.height) : Json{value.height, value.width};
  }
  template <class Value, class... Limits>
  void operator()(const char* name, const Value& value, Limits&&...) const {
    object[name] = value;
  }
};

struct ReferenceClass {
  const char* precond;
  const char* name;
};
constexpr ReferenceClass kReferenceClasses[] = {
    {"edm", "EDMPrecond"}, {"vp", "VPPrecond"}, {"ve", "VEPrecond"}, {"iddpm", "iDDPMPrecond"}};

void read_sigma_range(FieldReader& reader, ModelConfig& config) {
  reader("sigma_data", config.sigma_data, limits::kLowestSigmaData, limits::kHighestSigmaData);
  reader("sigma_min", config.sigma_min, 0.0, limits::kHighestSigma);
  if (const Json* high = reader.find("sigma_max"); high != nullptr && *high != Json("inf")) {
    reader("sigma_max", config.sigma_max, limits::kLowestSigma, limits::kHighestSigma);
  }
  if (!(config.sigma_min < config.sigma_max)) reader.fail("sigma_min", "below sigma_max", config.sigma_min);
}

// Keyword arguments of the reference's other preconditioners, all at their defaults.
void read_fixed_settings(FieldReader& reader, const std::string& precond) {
  reader.find("use_fp16");  // the precision is chosen when the model is run
  if (precond == "vp") {
    reader.fixed("beta_d", 19.9);
    reader.fixed("beta_min", 0.1);
    reader.fixed("epsilon_t", 1e-5);
  }
  if (precond == "iddpm") {
    reader.fixed("C_1", 0.001);
    reader.fixed("C_2", 0.008);
  }
  if (precond == "vp" || precond == "iddpm") reader.fixed("M", 1000);
}

}  // namespace

ModelConfig ModelConfig::parse(const std::string& precond, const std::string& text, std::string_view file) {
  constexpr size_t kLongest = 65536;
  if (text.size() > kLongest) throw bad_file(file, "config: more than 65536 characters");
  const Json object = parse_json(text, fmt::format("{}: config", file));
  if (!object.is_object()) throw bad_file(file, "config: expected a JSON object");
  ModelConfig config;
  try {
    config.precond = std::string(make_preconditioning(precond)->name());
    FieldReader reader(object, file);
    std::string model_type = config.precond == "edm" ? "DhariwalUNet" : "SongUNet";  // the reference's defaults
    reader("model_type", model_type, {"SongUNet", "DhariwalUNet", "PointMlp"});
    config.network = NetworkConfig::defaults(model_type);
    visit_network_fields(config.network, reader);
    read_sigma_range(reader, config);
    read_fixed_settings(reader, config.precond);
    reader.finish();
    config.network.validate();
  } catch (const Error& error) {
    if (error.code() == ExitCode::kBadFile) throw;
    throw bad_file(file, error.what());
  }
  return config;
}

std::string ModelConfig::reference_class() const {
  for (const ReferenceClass& entry : kReferenceClasses) {
    if (precond == entry.precond) return entry.name;
  }
  throw usage_error(unknown_name("preconditioning", precond, preconditioning_names()));
}

std::string ModelConfig::json() const {
  Json object;
  object["model_type"] = network.model_type;
  visit_network_fields(network, FieldWriter{object});
  // NVlabs' code does not know these two: at their defaults the text stays one that it reads.
  if (network.innermost_attention) object.erase("innermost_attention");
  if (network.normalisation == NetworkConfig().normalisation) object.erase("normalisation");
  object["sigma_data"] = sigma_data;
  if (sigma_min > 0) object["sigma_min"] = sigma_min;
  if (std::isfinite(sigma_max)) object["sigma_max"] = sigma_max;
  return dump_json(object);
}

}  // namespace farfield
