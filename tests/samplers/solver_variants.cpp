#include "tests/samplers/solver_variants.h"

#include "core/error.h"
#include "core/text.h"
#include "samplers/solvers/solver_registry.h"

namespace farfield::test {
namespace {

bool is_taken(const std::string& solver) {
  try {
    make_solver(solver);
    return true;
  } catch (const Error&) {
    return false;
  }
}

// The settings that a form of the table allows: "predict=x0|eps" each of its words but the default, which is the first,
// "eta=" some numbers.
std::vector<std::string> settings_of(const std::string& form) {
  const size_t equals = form.find('=');
  const std::string key = form.substr(0, equals + 1);
  const auto words = split(form.substr(equals + 1), '|');
  std::vector<std::string> settings;
  for (size_t i = 1; i < words.size(); ++i) settings.push_back(key + words[i]);
  if (!words.empty()) return settings;
  for (const char* number : {"0", "0.02", "0.3", "1", "2"}) settings.push_back(key + number);
  return settings;
}

}  // namespace

torch::Tensor toy_latents() { return torch::linspace(-1.7, 2.1, 12, torch::kFloat64).view({4, 3}); }

IntegrateOptions quiet(const torch::Tensor& x) {
  return {.brownian = [x](double, double) { return torch::zeros_like(x); }};
}

std::vector<std::string> solver_variants() {
  std::vector<std::string> texts;
  for (const auto& entry : solver_table()) {
    texts.push_back(entry.name);
    for (const auto& form : entry.options) {
      if (form.ends_with('=')) continue;
      for (const auto& setting : settings_of(form)) texts.push_back(entry.name + "," + setting);
    }
  }
  return texts;
}

std::vector<std::string> solver_variants_with_numbers() {
  std::vector<std::string> texts;
  const auto add = [&](const std::string& text) {
    if (is_taken(text)) texts.push_back(text);
  };
  for (const auto& entry : solver_table()) {
    add(entry.name);
    for (size_t i = 0; i < entry.options.size(); ++i) {
      for (const auto& setting : settings_of(entry.options[i])) {
        add(entry.name + "," + setting);
        for (size_t j = i + 1; j < entry.options.size(); ++j) {
          if (entry.options[i].ends_with('=') && entry.options[j].ends_with('=')) continue;
          for (const auto& other : settings_of(entry.options[j])) add(entry.name + "," + setting + "," + other);
        }
      }
    }
  }
  return texts;
}

}  // namespace farfield::test
