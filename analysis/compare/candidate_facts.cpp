#include "analysis/compare/candidate_facts.h"

#include <cmath>

#include <nlohmann/json.hpp>

#include "core/io/json.h"
#include "models/analytic/candidate_reading.h"

namespace farfield {
namespace {

struct NamedReading {
  std::string name;
  CandidateReading reading;
};

std::vector<NamedReading> readings_of(const Subject& model, const std::vector<Subject>& references) {
  std::vector<NamedReading> found;
  const auto look_at = [&](const Subject& subject) {
    const auto* reader = dynamic_cast<const CandidateReader*>(subject.denoiser.get());
    if (reader != nullptr) found.push_back({subject.name, reader->reading()});
  };
  look_at(model);
  for (const Subject& reference : references) look_at(reference);
  return found;
}

}  // namespace

Facts candidate_facts(const Subject& model, const std::vector<Subject>& references) {
  Facts facts;
  for (const auto& [name, reading] : readings_of(model, references)) facts.emplace_back(name, in_words(reading));
  return facts;
}

std::string candidate_record(const Subject& model, const std::vector<Subject>& references) {
  nlohmann::ordered_json record = nlohmann::ordered_json::object();
  for (const auto& [name, reading] : readings_of(model, references)) {
    record[name] = {
        {"points", reading.points}, {"states", reading.queries}, {"read", reading.read}, {"dropped", nullptr}};
    if (std::isfinite(reading.dropped)) record[name]["dropped"] = reading.dropped;
  }
  return record.empty() ? "" : dump_json(record);
}

}  // namespace farfield
