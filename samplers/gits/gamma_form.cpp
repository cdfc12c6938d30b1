#include "samplers/gits/gamma_form.h"

#include "core/error.h"
#include "core/text.h"

namespace farfield {

const std::vector<std::string>& gamma_form_names() {
  static const std::vector<std::string> names = {"computed", "printed"};
  return names;
}

std::string to_string(GammaForm form) { return gamma_form_names()[form == GammaForm::kComputed ? 0 : 1]; }

GammaForm parse_gamma_form(const std::string& name) {
  for (const GammaForm form : {GammaForm::kComputed, GammaForm::kPrinted}) {
    if (to_string(form) == name) return form;
  }
  throw usage_error(unknown_name("gamma form", name, gamma_form_names()));
}

}  // namespace farfield
