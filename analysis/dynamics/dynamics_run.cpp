#include "analysis/dynamics/dynamics_run.h"

#include <algorithm>
#include <cctype>

#include <ATen/core/grad_mode.h>
#include <fmt/format.h>

#include "analysis/compare/probe_sums.h"
#include "analysis/compare/probes.h"
#include "analysis/compare/references.h"
#include "core/checked_product.h"
#include "core/error.h"
#include "core/interrupts.h"
#include "core/limits.h"
#include "core/progress.h"
#include "core/shards.h"
#include "core/text.h"
#include "models/networks/checkpoint_manifest.h"
#include "samplers/model_levels.h"

namespace farfield {
namespace {

namespace fs = std::filesystem;

constexpr const char* kSumNames[] = {"model_score", "model_denoised", "difference", "reference_score",
                                     "reference_denoised"};

// The last number in a file's name; nothing where there is none or it is longer than any count of images.
std::optional<int64_t> number_in(const std::string& model) {
  const std::string name = fs::path(model).stem().string();
  size_t end = name.size();
  while (end > 0 && std::isdigit(static_cast<unsigned char>(name[end - 1])) == 0) --end;
  size_t first = end;
  while (first > 0 && std::isdigit(static_cast<unsigned char>(name[first - 1])) != 0) --first;
  if (first == end || end - first > 15) return std::nullopt;
  return parse_int(name.substr(first, end - first), "images");
}

// The probes of one batch with what every reference says there, found once.
struct ReferenceOutputs {
  std::vector<torch::Tensor> x;   // of every level
  std::vector<Tensors> denoised;  // of every level and reference
};

class FixedReferences {
 public:
  FixedReferences(const std::vector<Subject>& references, const DynamicsInputs& inputs, const CompareOptions& options)
      : references_(references),
        options_(options),
        probes_(inputs.data, inputs.data->info().shape, options.probes, options.seed),
        outputs_(static_cast<size_t>(batches())) {}

  int64_t batches() const { return (options_.probes + options_.batch - 1) / options_.batch; }
  RowRange rows(int64_t part) const {
    const int64_t first = part * options_.batch;
    return {first, std::min(options_.batch, options_.probes - first)};
  }

  const ReferenceOutputs& at(int64_t part) {
    ReferenceOutputs& outputs = outputs_[static_cast<size_t>(part)];
    if (!outputs.x.empty()) return outputs;
    const RowRange range = rows(part);
    Probes::Batch batch = probes_.batch(ProbeKind::kData, range.first, range.size);
    batch = {batch.clean.to(options_.device), batch.noise.to(options_.device)};
    for (const double sigma : options_.sigmas) {
      stop_if_interrupted();
      outputs.x.push_back(batch.clean + sigma * batch.noise);
      Tensors denoised;
      for (const Subject& reference : references_) denoised.push_back(reference(outputs.x.back(), sigma));
      outputs.denoised.push_back(std::move(denoised));
    }
    return outputs;
  }

 private:
  const std::vector<Subject>& references_;
  const CompareOptions& options_;
  Probes probes_;
  std::vector<ReferenceOutputs> outputs_;
};

Comparison empty_look(const DynamicsRun& run) {
  Comparison look;
  look.kinds = {ProbeKind::kData};
  look.references = run.references;
  look.sigmas = run.options.probes.sigmas;
  look.dimensions = c10::multiply_integers(run.inputs.data->info().shape);
  const auto levels = static_cast<int64_t>(look.sigmas.size()), count = static_cast<int64_t>(run.references.size());
  const int64_t probes = run.options.probes.probes;
  for (const auto& sum : kComparisonSums) {
    const bool of_model = sum == &Comparison::model_score || sum == &Comparison::model_denoised;
    look.*sum = of_model ? torch::zeros({1, levels, probes}, torch::kFloat64)
                         : torch::zeros({1, count, levels, probes}, torch::kFloat64);
  }
  look.evaluated = torch::full({count, levels}, probes, torch::kInt64);
  return look;
}

// Batches of all levels, as compare() cuts them.
Comparison look_at(const DynamicsRun& run, const Snapshot& snapshot, const Subject& model, FixedReferences& references,
                   Comm& comm) {
  Comparison look = empty_look(run);
  const std::vector<double>& sigmas = look.sigmas;
  const auto levels = static_cast<int64_t>(sigmas.size());
  Progress progress("dynamics: " + snapshot.name, run.options.probes.probes * levels, "probes");
  for_each_shard(comm, references.batches(), [&](int64_t part) {
    const ReferenceOutputs& fixed = references.at(part);
    std::vector<Tensors> sums(std::size(kComparisonSums));
    for (size_t level = 0; level < sigmas.size(); ++level) {
      stop_if_interrupted();
      const Tensors at_level = probe_sums(fixed.x[level], model(fixed.x[level], sigmas[level]), fixed.denoised[level]);
      for (size_t i = 0; i < sums.size(); ++i) sums[i].push_back(at_level[i]);
      progress.advance(references.rows(part).size);
    }
    Tensors stacked;  // [S, B] and [R, S, B]
    for (const Tensors& rows : sums) stacked.push_back(torch::stack(rows, -2).cpu().contiguous());
    return stacked;
  }, [&](int64_t part, const Tensors& sums) {
    const RowRange rows = references.rows(part);
    for (size_t i = 0; i < sums.size(); ++i)
      (look.*kComparisonSums[i])[0].narrow(-1, rows.first, rows.size).copy_(sums[i]);
    if (!is_mine(comm, part)) progress.advance(rows.size * levels);
  });
  return look;
}

void check_subject(const Subject& subject, const DynamicsRun& run) {
  const DenoiserInfo& info = subject.denoiser->info();
  if (info.sample_shape != run.inputs.data->info().shape) {
    throw usage_error(fmt::format(
        "{}: its samples are [{}], those of '{}' [{}]; give the data the models were made for", subject.name,
        join(info.sample_shape, ","), run.inputs.data->info().name, join(run.inputs.data->info().shape, ",")));
  }
  const auto& sigmas = run.options.probes.sigmas;
  check_levels_for(info, {sigmas.rbegin(), sigmas.rend()});
}

Subject open_snapshot(const DynamicsRun& run, const Snapshot& snapshot) {
  Subject model = run.inputs.open(snapshot);
  model.name = snapshot.name;
  check_subject(model, run);
  std::vector<Subject> none;
  if (run.options.label) choose_class(model, none, run.options.label);
  return model;
}

// The references, asked for the class.
std::vector<Subject> labelled_references(const DynamicsRun& run) {
  std::vector<Subject> references = run.inputs.references;
  if (!run.options.label) return references;
  Subject model = run.inputs.open(run.inputs.snapshots.front());
  choose_class(model, references, run.options.label);
  return references;
}

void look_at_all(DynamicsRun& run, const PartStore& parts, Comm& comm) {
  const std::vector<Subject> references = labelled_references(run);
  FixedReferences fixed(references, run.inputs, run.options.probes);
  for (size_t i = 0; i < run.inputs.snapshots.size(); ++i) {
    const auto part = static_cast<int64_t>(i);
    // As the root sees it: a rank that came late would find what has just been kept.
    if (comm.any(comm.is_root() && parts.find(part))) {
      const auto kept = parts.find(part);
      Comparison look = empty_look(run);
      for (size_t sum = 0; sum < std::size(kComparisonSums); ++sum)
        look.*kComparisonSums[sum] = kept->at(kSumNames[sum]);
      run.looks.push_back(std::move(look));
      continue;
    }
    const Subject model = open_snapshot(run, run.inputs.snapshots[i]);
    run.looks.push_back(look_at(run, run.inputs.snapshots[i], model, fixed, comm));
    Arrays arrays;
    for (size_t sum = 0; sum < std::size(kComparisonSums); ++sum)
      arrays[kSumNames[sum]] = run.looks.back().*kComparisonSums[sum];
    do_on_root(comm, [&] { parts.keep(part, arrays); });
  }
}

}  // namespace

std::vector<Snapshot> snapshots_of_run(const fs::path& run_folder) {
  std::vector<Snapshot> snapshots;
  for (const CheckpointEntry& entry : read_checkpoint_manifest(run_folder).snapshots) {
    const fs::path file = run_folder / entry.file;
    if (fs::exists(file)) snapshots.push_back({file.stem().string(), file.string(), entry.images});
  }
  if (snapshots.empty()) throw bad_file(run_folder.string(), "holds no snapshot that checkpoints.json names");
  return snapshots;
}

std::vector<Snapshot> snapshots_of_models(const std::vector<std::string>& models) {
  std::vector<Snapshot> snapshots;
  bool told = true;
  for (const std::string& model : models) {
    const std::optional<int64_t> images = number_in(model);
    told = told && images && (snapshots.empty() || *images > snapshots.back().images);
    snapshots.push_back({fs::path(model).stem().string(), model, images.value_or(0)});
  }
  for (size_t i = 0; i < snapshots.size() && !told; ++i) {
    snapshots[i].images = static_cast<int64_t>(i) + 1;
    snapshots[i].name = snapshots[i].model;
  }
  return snapshots;
}

const std::vector<double>& default_dynamics_sigmas() {
  static const std::vector<double> sigmas = {0.1, 0.2, 0.5, 1, 1.5, 2, 5, 10};
  return sigmas;
}

DynamicsRun run_dynamics(DynamicsInputs inputs, DynamicsOptions options, const PartStore& parts, Comm& comm) {
  const torch::NoGradGuard no_gradients;
  DynamicsRun run{std::move(inputs), std::move(options), {}, {}, {}};
  if (run.inputs.snapshots.empty()) throw usage_error("dynamics: no snapshots; name a run or files");
  if (run.inputs.references.empty()) throw usage_error("dynamics: no references; name at least one");
  const Subject last = run.inputs.open(run.inputs.snapshots.back());
  CompareOptions& probes = run.options.probes;
  if (probes.sigmas.empty()) {
    const DenoiserInfo& info = last.denoiser->info();
    for (const double sigma : default_dynamics_sigmas())
      if (sigma >= info.sigma_min && sigma <= info.sigma_max) probes.sigmas.push_back(sigma);
  }
  probes.validate();
  check_subject(last, run);
  for (const Subject& reference : run.inputs.references) {
    check_subject(reference, run);
    run.references.push_back(reference.name);
    run.kinds.push_back(reference.kind);
  }
  checked_product("dynamics: bytes of what the references say at the probes",
                  {static_cast<int64_t>(run.references.size()) + 1, static_cast<int64_t>(probes.sigmas.size()),
                   probes.probes, c10::multiply_integers(run.inputs.data->info().shape), sizeof(float)},
                  limits::kMostBytes);
  try {
    look_at_all(run, parts, comm);
  } catch (const Error& error) {
    if (error.code() != ExitCode::kInterrupted || parts.kept() == 0) throw;
    throw Error(error.code(), fmt::format("{}; {}", error.what(), parts.how_to_go_on()));
  }
  return run;
}

}  // namespace farfield
