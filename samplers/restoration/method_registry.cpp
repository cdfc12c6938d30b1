#include "samplers/restoration/method_registry.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "core/error.h"
#include "core/named_options.h"
#include "core/text.h"
#include "samplers/restoration/step_methods.h"

namespace farfield {
namespace {

using Prepare = std::function<RestorationRun(const RestorationBatch&)>;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// The papers' choices for a kind of operator: DPS's zeta, DiffPIR's xi.
struct OperatorDefaults {
  const char* name;
  double zeta, xi;
};
constexpr OperatorDefaults kOperatorDefaults[] = {
    {"mask", 0.5, 1}, {"pool", 0.3, 0.25}, {"decimate", 0.3, 0.25}, {"bicubic", 0.3, 0.25}, {"phase", 1, 0.1}};

OperatorDefaults defaults_for(const Operator& op) {
  const std::string name = op.info().name.substr(0, op.info().name.find(','));
  for (const OperatorDefaults& one : kOperatorDefaults) {
    if (one.name == name) return one;
  }
  return {"", 0.3, 0.1};
}

// A batch like the real ones but of one image of zeros, with which a method's faults come to light before any work.
Measurement nothing_measured(const RestorationSetting& setting) {
  std::vector<int64_t> shape = setting.op.info().measurement_shape;
  shape.insert(shape.begin(), 1);
  return {setting.op, torch::zeros(shape, torch::kFloat64), setting.sigma_y};
}

// A^+ y: the smallest image that a measurement fits.
torch::Tensor seen_image(const Measurement& measurement) {
  return require_linear(measurement.op, "diffpir,start=measurement").pseudo_inverse(measurement.y);
}

Prepare diffpir(const OptionValues& options, const RestorationSetting& setting) {
  DiffpirOptions how;
  how.lambda = options.number_from("lambda", 1, 0, kInfinity);
  how.xi = options.number_from("xi", defaults_for(setting.op).xi, 0, 1);
  how.relax = options.number_from("relax", 1, 0, 1);
  how.compat = options.flag("compat", false);
  (void)make_diffpir(nothing_measured(setting), how);
  const bool from_measurement = options.choice("start", "noise", {"noise", "measurement"}) == "measurement";
  if (from_measurement) (void)require_linear(setting.op, "diffpir,start=measurement");
  return [how, from_measurement](const RestorationBatch& batch) {
    RestorationRun run{{}, make_diffpir(batch.measurement, how)};
    if (from_measurement) run.centre = seen_image(batch.measurement);
    return run;
  };
}

// DiffPIR that holds every D to the measurement exactly.
Prepare ddnm(const OptionValues& options, const RestorationSetting& setting) {
  DiffpirOptions how;
  how.lambda = 0;
  how.xi = std::pow(options.number_from("eta", 0.85, 0, 1), 2);
  (void)require_linear(setting.op, "ddnm");
  return [how](const RestorationBatch& batch) { return RestorationRun{{}, make_diffpir(batch.measurement, how)}; };
}

Prepare dps(const OptionValues& options, const RestorationSetting& setting) {
  using Form = DpsOptions::Form;
  DpsOptions how;
  how.zeta = options.number_from("zeta", defaults_for(setting.op).zeta, 0, 1e6);
  const std::string form = options.choice("form", "ancestral", {"ancestral", "euler", "heun"});
  how.form = form == "ancestral" ? Form::kAncestral : form == "euler" ? Form::kEuler : Form::kHeun;
  how.clip = options.flag("clip", false);
  return [how](const RestorationBatch& batch) {
    return RestorationRun{{}, make_dps(batch.prior, batch.labels, batch.measurement, how)};
  };
}

Prepare dps_yt(const OptionValues& options, const RestorationSetting& setting) {
  (void)make_dps_yt(nothing_measured(setting), 1);
  const double least = least_dps_yt_lambda(require_linear(setting.op, "dps_yt"), setting.sigma_y, setting.levels);
  const double lambda = options.number("lambda", 2 * least, 0, kInfinity);
  if (lambda <= least) {
    throw usage_error(
        fmt::format("method dps_yt: lambda is {}, and its steps grow without bound up to {:.6g} at this operator, "
                    "sigma_y and schedule; take a larger one or more steps",
                    format_double(lambda), least));
  }
  return [lambda](const RestorationBatch& batch) { return RestorationRun{{}, make_dps_yt(batch.measurement, lambda)}; };
}

Prepare ddrm(const OptionValues& options, const RestorationSetting& setting) {
  const DdrmOptions how{options.number_from("eta", 0.85, 0, 1), options.number_from("eta_b", 1, 0, 1)};
  (void)make_ddrm(nothing_measured(setting), how);
  return [how](const RestorationBatch& batch) { return RestorationRun{{}, make_ddrm(batch.measurement, how)}; };
}

template <Spread spread>
Prepare guided(const OptionValues& options, const RestorationSetting& setting) {
  PosteriorOptions how;
  how.spread = spread;
  if (spread == Spread::kTweedie) {
    how.tolerance = options.number("tolerance", how.tolerance, 0, 1);
    how.products = options.integer("products", how.products, 1, 1'000'000);
  }
  if (spread != Spread::kNone) (void)require_linear(setting.op, options.name());
  if (spread == Spread::kNone && setting.sigma_y == 0)
    throw usage_error("method dps_gauss divides by sigma_y, which is 0: take pigdm, tweedie or diffpir");
  return [how](const RestorationBatch& batch) {
    return RestorationRun{make_posterior_denoiser(batch.prior, batch.measurement, how), {}};
  };
}

const MethodEntry& method_entry(const std::string& name) {
  for (const MethodEntry& entry : method_table()) {
    if (entry.name == name) return entry;
  }
  throw usage_error(unknown_name("method", name, method_names()));
}

}  // namespace

const std::vector<MethodEntry>& method_table() {
  static const std::vector<MethodEntry> table = {
      {"diffpir",
       "DiffPIR: every D held to the measurement by a prox, xi the share of fresh noise; one evaluation a step",
       {"lambda=", "xi=", "relax=", "start=noise|measurement", "compat=yes|no"},
       false,
       diffpir},
      {"ddnm",
       "DDNM: every D made to fit exactly, for measurements without noise; one evaluation a step",
       {"eta="},
       false,
       ddnm},
      {"ddrm",
       "DDRM: along the singular vectors of the operator; one evaluation a step",
       {"eta=", "eta_b="},
       false,
       ddrm},
      {"dps",
       "DPS: a gradient of the residual's norm, step zeta, after every step; an evaluation and a product a step",
       {"zeta=", "form=ancestral|euler|heun", "clip=yes|no"},
       false,
       dps},
      {"dps_yt",
       "DPS y_t: a gradient at the next state, no product; one evaluation a step",
       {"lambda="},
       false,
       dps_yt},
      {"dps_gauss",
       "the posterior's D for a likelihood at D; any solver, a product an evaluation",
       {},
       true,
       guided<Spread::kNone>},
      {"pigdm",
       "PiGDM, the posterior's D for a unit prior; any solver, a product an evaluation",
       {},
       true,
       guided<Spread::kUnit>},
      {"tweedie",
       "the posterior's D, exact for a Gaussian prior; any solver, products of its conjugate gradients",
       {"tolerance=", "products="},
       true,
       guided<Spread::kTweedie>},
  };
  return table;
}

std::vector<std::string> method_names() {
  std::vector<std::string> names;
  for (const MethodEntry& entry : method_table()) names.push_back(entry.name);
  return names;
}

std::string method_help() {
  std::vector<std::string> lines;
  for (const MethodEntry& entry : method_table()) {
    const std::string takes = entry.options.empty() ? "" : "; takes " + join(entry.options, ",");
    lines.push_back(fmt::format("  {:<10} {}{}", entry.name, entry.summary, takes));
  }
  return join(lines, "\n");
}

RestorationMethod make_method(std::string_view text, const RestorationSetting& setting) {
  NamedOptions parts = parse_named_options("method", text);
  const MethodEntry& entry = method_entry(parts.name);
  const std::vector<std::string> keys = option_keys(entry.options);
  for (const auto& [key, value] : parts.options) {
    if (std::ranges::find(keys, key) != keys.end()) continue;
    if (keys.empty())
      throw usage_error(fmt::format("method {}: takes no options, got {}={}; leave it out", entry.name, key, value));
    throw usage_error(fmt::format("method {}: {}", entry.name, unknown_name("option", key, keys)));
  }
  const OptionValues options("method", entry.name, std::move(parts.options));
  RestorationMethod method{{}, entry.takes_solver, entry.make(options, setting)};
  method.text = options.resolved();
  return method;
}

}  // namespace farfield
