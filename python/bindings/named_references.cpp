#include "named_references.h"

#include "core/error.h"

namespace farfield::python {

Subject subject_of(const NamedModel& model) {
  if (!model.text.empty()) return farfield::subject_of(model.text, model.denoiser);
  return {model.denoiser->info().name, model.denoiser->info().kind, model.denoiser, {}};
}

NamedReferences open_named(const std::vector<NamedReference>& given, const std::shared_ptr<const DataSource>& data,
                           const NamedModel& model, uint64_t seed) {
  NamedReferences all;
  for (const auto& one : given) {
    if (const auto* text = std::get_if<std::string>(&one)) all.opened.push_back(*text);
  }
  all.references = open_references(all.opened, data, {model.device, model.text.empty() ? "auto" : model.precision},
                                   seed);
  auto& subjects = all.references.subjects;
  const auto of_all = std::ssize(subjects) - std::ssize(all.opened) + 1;  // where `all` is among them
  std::erase(all.opened, "all");
  std::ptrdiff_t place = 0;
  for (const auto& one : given) {
    const auto* named = std::get_if<NamedModel>(&one);
    if (named == nullptr) {
      place += std::get<std::string>(one) == "all" ? of_all : 1;
      continue;
    }
    subjects.insert(subjects.begin() + place++, subject_of(*named));
    if (!named->text.empty()) all.opened.push_back(named->text);
  }
  for (size_t i = 0; i < subjects.size(); ++i) {
    for (size_t j = 0; j < i; ++j) {
      if (subjects[i].name == subjects[j].name)
        throw usage_error("reference '" + subjects[i].name + "' is named twice; name it once");
    }
  }
  return all;
}

}  // namespace farfield::python
