#include "analysis/compare/references.h"

#include <algorithm>
#include <filesystem>

#include <fmt/format.h>

#include "analysis/page/series.h"
#include "core/error.h"
#include "core/log.h"
#include "core/source_form.h"
#include "core/text.h"
#include "models/analytic/fit.h"
#include "models/analytic/reference_file.h"

namespace farfield {
namespace {

const std::vector<std::string> kReferenceKinds = {"isotropic", "gaussian", "mixture", "delta"};

bool digits(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

class Opener {
 public:
  Opener(std::shared_ptr<const DataSource> data, const ModelOptions& options, uint64_t seed, Comm& comm)
      : data_(std::move(data)), options_(options), seed_(seed), comm_(comm) {}

  std::shared_ptr<const Denoiser> open(const std::string& name) {
    if (!is_fitted_here(name)) {
      const bool word = name.find_first_of(":/.") == std::string::npos && !std::filesystem::exists(name);
      if (word) throw usage_error(unknown_name("reference", name, kReferenceKinds));
      return open_model(name, options_);
    }
    if (!data_) {
      throw usage_error(fmt::format("reference '{}' is fitted to data: add --data SRC, or name a file", name));
    }
    if (name == "gaussian") return make_gaussian(gaussian(), data_->info().shape);
    return make_reference(name, *data_, seed_, comm_);
  }

  const GaussianStats& gaussian() {
    if (!gaussian_) gaussian_ = measure_gaussian(*data_, 0, comm_);
    return *gaussian_;
  }

  // See References::gaussian.
  std::optional<GaussianStats> path_gaussian(const std::vector<Subject>& subjects) {
    if (data_) return gaussian();
    for (const Subject& subject : subjects) {
      const std::filesystem::path file = model_file(subject.name);
      if (subject.kind == "gaussian" && !file.empty()) return read_gaussian(file);
    }
    return std::nullopt;
  }

 private:
  std::shared_ptr<const DataSource> data_;
  ModelOptions options_;
  uint64_t seed_;
  Comm& comm_;
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
         !begins_with_path(item);
}

}  // namespace

bool is_fitted_here(std::string_view reference) {
  const std::vector<std::string> parts = split(reference, ':');
  if (parts.empty() || std::find(kReferenceKinds.begin(), kReferenceKinds.end(), parts[0]) == kReferenceKinds.end())
    return false;
  return std::all_of(parts.begin() + 1, parts.end(), [](auto& part) { return digits(part) || part == "classes"; });
}

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

References open_references(const std::vector<std::string>& names, std::shared_ptr<const DataSource> data,
                           const ModelOptions& options, uint64_t seed, Comm& comm) {
  Opener opener(std::move(data), options, seed, comm);
  References references;
  for (const std::string& name : names) {
    for (const Subject& other : references.subjects) {
      if (other.name == name) throw usage_error(fmt::format("reference '{}' is named twice; name it once", name));
    }
    std::shared_ptr<const Denoiser> denoiser = opener.open(name);
    const std::string kind = denoiser_kind(denoiser->info());
    references.subjects.push_back({name, kind, std::move(denoiser), {}});
  }
  references.gaussian = opener.path_gaussian(references.subjects);
  return references;
}

Subject subject_of(const std::string& model, std::shared_ptr<const Denoiser> denoiser) {
  const SourceForm form = parse_source(model, {});
  const std::filesystem::path path(std::filesystem::exists(form.path) ? form.path : model);
  const std::string kind = denoiser_kind(denoiser->info());
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

}  // namespace farfield
