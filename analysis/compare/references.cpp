#include "analysis/compare/references.h"

#include <filesystem>

#include <fmt/format.h>

#include "core/comm.h"
#include "core/data/source.h"
#include "core/data/subset.h"
#include "core/error.h"
#include "core/log.h"
#include "models/analytic/far_field.h"
#include "models/analytic/fit.h"
#include "models/analytic/reference_file.h"
#include "models/registry/model_form.h"
#include "models/registry/reference_registry.h"

namespace farfield {
namespace {

class Opener {
 public:
  // `options` with the data, the seed and the ranks of its fits.
  explicit Opener(ModelOptions options) : options_(std::move(options)) {}

  std::shared_ptr<const Denoiser> open(const ModelForm& form, const std::string& text) {
    if (!form.source && form.options.empty() && options_.data) {
      const std::vector<int64_t>& shape = options_.data->info().shape;
      if (form.kind == "gaussian") return make_gaussian(gaussian(), shape);
      if (form.kind == "gaussian1") return make_far_field(gaussian(), 1, shape);
      if (form.kind == "gaussian2") return make_far_field(gaussian(), 2, shape);
    }
    return open_model(text, options_);
  }

  // See References::gaussian.
  std::optional<GaussianStats> path_gaussian(const std::vector<Subject>& subjects) {
    if (options_.data) return gaussian();
    for (const Subject& subject : subjects) {
      const std::filesystem::path file = model_file(subject.name);
      if (subject.kind == "gaussian" && !file.empty()) return read_gaussian(file);
    }
    return std::nullopt;
  }

 private:
  const GaussianStats& gaussian() {
    if (!gaussian_) gaussian_ = measure_gaussian(*options_.data, 0, *options_.comm);
    return *gaussian_;
  }

  ModelOptions options_;
  std::optional<GaussianStats> gaussian_;
};

void set_class(Subject& subject, int64_t label) {
  const int64_t classes = subject.denoiser->info().label_dim;
  if (classes == 0) return;
  if (label < 0 || label >= classes) {
    throw usage_error(fmt::format("--class: {}; {} has classes 0 to {}", label, subject.name, classes - 1));
  }
  subject.label = torch::zeros({classes});
  subject.label[label] = 1;
}

// KEY=VALUE, unless it names a file.
bool is_option(std::string_view item) {
  const size_t equals = item.find('=');
  return equals != std::string_view::npos && equals > 0 && item.find_first_of(":/\"") > equals &&
         existing_path_length(item) == 0;
}

// What tables and charts call a model: a kind by its canonical text, a file as it was named.
std::string name_of(const ModelForm& form, const std::string& text) { return form.kind.empty() ? text : to_text(form); }

}  // namespace

std::vector<std::string> split_references(std::string_view list) {
  std::vector<std::string> references;
  for (bool more = !list.empty(); more;) {
    const size_t length = source_item_length(list);
    const std::string item(list.substr(0, length));
    if (is_option(item) && !references.empty()) {
      references.back() += "," + item;
    } else {
      references.push_back(item);
    }
    more = length < list.size();
    list.remove_prefix(more ? length + 1 : length);
  }
  return references;
}

namespace {

// What `all` stands for.
std::vector<std::string> all_kinds(const DataSource& data) {
  std::vector<std::string> texts;
  for (const ReferenceKind& kind : reference_table()) {
    if (!kind.in_all.empty() && (!kind.of_images || data.info().shape.size() == 3)) texts.push_back(kind.in_all);
  }
  return texts;
}

bool is_costly(const std::string& kind) {
  const ReferenceKind* row = find_reference(kind);
  return row != nullptr && row->costly;
}

}  // namespace

References open_references(const std::vector<std::string>& texts, std::shared_ptr<const DataSource> data,
                           const ModelOptions& options, uint64_t seed, Comm& comm) {
  const ModelOptions fits{options.device, options.precision, options.trust, data, seed, &comm};
  Opener opener(fits);
  References references;
  const auto add = [&](const std::string& text, Opener& by, const Share& share) -> Subject& {
    const ModelForm form = parse_model(text);
    const std::string name = name_of(form, text);
    for (const Subject& other : references.subjects) {
      if (other.name == name) throw usage_error(fmt::format("reference '{}' is named twice; name it once", name));
    }
    std::shared_ptr<const Denoiser> denoiser = by.open(form, text);
    const std::string kind = denoiser->info().kind;
    references.subjects.push_back({name, kind, std::move(denoiser), {}});
    if (is_costly(kind)) references.subjects.back().share = share;
    return references.subjects.back();
  };
  for (const std::string& text : texts) {
    if (text != "all") {
      add(text, opener, Share{{}, 1, 1});
      continue;
    }
    if (!data) throw usage_error("--references all: fitted to data; give --data");
    ModelOptions few = fits;
    few.data = subset_of(*data, kCostlyImages, seed);
    Opener sparing(few);
    const std::string note = fmt::format("{} of {} samples", few.data->info().count, data->info().count);
    for (const std::string& kind : all_kinds(*data)) {
      const bool costly = is_costly(parse_model(kind).kind);
      Subject& subject = add(kind, costly ? sparing : opener, Share{});
      if (costly && few.data->info().count < data->info().count) subject.note = note;
    }
  }
  references.gaussian = opener.path_gaussian(references.subjects);
  return references;
}

Subject subject_of(const std::string& model, std::shared_ptr<const Denoiser> denoiser) {
  const ModelForm form = parse_model(model);
  const std::string kind = denoiser->info().kind;
  if (!form.kind.empty()) return {to_text(form), kind, std::move(denoiser), {}};
  const std::filesystem::path path(form.source->path);
  return {(path.has_filename() ? path : path.parent_path()).filename().string(), kind, std::move(denoiser), {}};
}

Subject open_subject(const std::string& model, const ModelOptions& options) {
  return subject_of(model, open_model(model, options));
}

void choose_class(Subject& model, std::vector<Subject>& references, std::optional<int64_t> label) {
  const bool conditional = model.denoiser->info().label_dim > 0;
  if (!label) {
    if (conditional) log::info(model.name + " takes class labels; it is compared without one (choose with --class)");
    return;
  }
  if (!conditional) throw usage_error("--class: " + model.name + " takes no class labels; leave it out");
  set_class(model, *label);
  for (Subject& reference : references) set_class(reference, *label);
}

void choose_own_classes(Subject& model, std::vector<Subject>& references) {
  const int64_t classes = model.denoiser->info().label_dim;
  if (classes == 0) throw usage_error("--class all: " + model.name + " takes no class labels; leave it out");
  model.own_classes = true;
  for (Subject& reference : references) {
    const int64_t known = reference.denoiser->info().label_dim;
    if (known > 0 && known != classes) {
      throw usage_error(fmt::format("--class all: {} knows {} classes, {} {}; leave it out", model.name, classes,
                                    reference.name, known));
    }
    reference.own_classes = known > 0;
  }
}

}  // namespace farfield
