#include "analysis/likelihood/likelihood_tables.h"

#include <cmath>

#include <fmt/format.h>

#include "analysis/page/format.h"
#include "core/text.h"

namespace farfield {
namespace {

using torch::Tensor;

const double* numbers_in(const Tensor& values) { return values.const_data_ptr<double>(); }

Cell finite_cell(double value) {
  if (!std::isfinite(value)) return {};
  return value;
}

// Of the mean over draws: each draw's error weighed with its share.
Tensor error_of_draws(const Tensor& log_likelihood, const Tensor& errors) {
  return (torch::softmax(log_likelihood, 1) * errors).square().sum(1).sqrt();
}

void add_measure(std::vector<LikelihoodMeasureOf>& measures, const std::string& name, const std::string& kind,
                 const Tensor& log_likelihood, const Tensor& errors) {
  if (log_likelihood.isnan().any().item<bool>()) return;  // there is none
  measures.push_back({name, kind, log_mean_likelihood(log_likelihood).contiguous(),
                      error_of_draws(log_likelihood, errors).contiguous()});
}

}  // namespace

LikelihoodSummary summarise_likelihood(const LikelihoodRun& run) {
  LikelihoodSummary summary;
  const std::string& kind = run.inputs.model.kind;
  for (int64_t prior = 0; prior < run.log_prior.size(2); ++prior) {
    add_measure(summary.measures, std::string(kLikelihoodPriors[prior]) + " prior", kind,
                run.log_prior.select(2, prior) + run.integral, run.integral_error);
  }
  const Tensor exact = torch::zeros_like(run.integral);
  add_measure(summary.measures, "closed form", kind, run.log_density, exact);
  for (size_t r = 0; r < run.inputs.references.size(); ++r) {
    const Subject& reference = run.inputs.references[r];
    add_measure(summary.measures, "reference " + reference.name, reference.kind,
                run.references.select(2, static_cast<int64_t>(r)), exact);
  }
  const int64_t all = run.integral.size(0);
  summary.sets.push_back({"data", run.inputs.data->info().name, 0, run.own});
  if (all > run.own) summary.sets.push_back({"against", run.inputs.against->info().name, run.own, all - run.own});
  for (size_t set = 0; set < summary.sets.size(); ++set) {
    for (size_t m = 0; m < summary.measures.size(); ++m) {
      const LikelihoodMeasureOf& measure = summary.measures[m];
      const auto part = [&](const Tensor& values) {
        return values.narrow(0, summary.sets[set].first, summary.sets[set].count);
      };
      const double error = part(measure.error).square().sum().sqrt().item<double>() /
                           static_cast<double>(summary.sets[set].count);
      const Tensor scaled = bits_per_dimension(torch::full({1}, -error, torch::kFloat64), run.dimensions());
      summary.rows.push_back({set, m, average_of(bits_of(run, summary, set, m)),
                              -part(measure.log_likelihood).mean().item<double>(), scaled.item<double>()});
    }
  }
  return summary;
}

Tensor bits_of(const LikelihoodRun& run, const LikelihoodSummary& summary, size_t set, size_t measure) {
  const Tensor own = summary.measures[measure].log_likelihood.narrow(0, summary.sets[set].first,
                                                                     summary.sets[set].count);
  return bits_per_dimension(own, run.dimensions(), run.byte_scale()).contiguous();
}

std::vector<double> growth_levels(const LikelihoodRun& run) {
  const FlowRange& range = run.options.range;
  const double low = std::log(range.sigma_min), high = std::log(range.sigma_max);
  std::vector<double> levels;
  for (int64_t i = 0; i < range.intervals; ++i)
    levels.push_back(
        std::exp(low + (high - low) * (static_cast<double>(i) + 0.5) / static_cast<double>(range.intervals)));
  return levels;
}

Curve growth_of(const LikelihoodRun& run, const LikelihoodSet& set) {
  const FlowRange& range = run.options.range;
  const double width = std::log(range.sigma_max / range.sigma_min) / static_cast<double>(range.intervals);
  return curve_of(run.growth.narrow(0, set.first, set.count) / (width * static_cast<double>(run.dimensions())));
}

Table likelihood_table(const LikelihoodRun& run, const LikelihoodSummary& summary) {
  Table table;
  table.columns = {"set", "sample", "class", "evaluations", "integral"};
  for (const LikelihoodMeasureOf& measure : summary.measures) {
    table.columns.push_back("bits " + measure.name);
    table.columns.push_back("log_likelihood " + measure.name);
  }
  table.columns.emplace_back("standard_error");
  const Tensor integral = run.integral.mean(1).contiguous(), evaluations = run.evaluations.sum(1).contiguous();
  for (size_t set = 0; set < summary.sets.size(); ++set) {
    const Tensor labels = (set == 0 ? run.inputs.data : run.inputs.against)->labels();
    std::vector<Tensor> bits;
    for (size_t m = 0; m < summary.measures.size(); ++m) bits.push_back(bits_of(run, summary, set, m));
    for (int64_t i = 0; i < summary.sets[set].count; ++i) {
      const int64_t row = summary.sets[set].first + i;
      std::vector<Cell> cells = {summary.sets[set].name, i};
      Cell label;
      if (labels.defined()) label = labels[i].item<int64_t>();
      cells.push_back(label);
      cells.emplace_back(evaluations.const_data_ptr<int64_t>()[row]);
      cells.emplace_back(numbers_in(integral)[row]);
      for (size_t m = 0; m < summary.measures.size(); ++m) {
        cells.push_back(finite_cell(numbers_in(bits[m])[i]));
        cells.push_back(finite_cell(numbers_in(summary.measures[m].log_likelihood)[row]));
      }
      cells.push_back(finite_cell(numbers_in(summary.measures[0].error)[row]));
      table.add(std::move(cells));
    }
  }
  return table;
}

Table summary_table(const LikelihoodSummary& summary) {
  Table table{.columns = {"set", "data", "measure", "samples", "bits", "bits_low", "bits_high", "bits_std", "nats",
                          "probe_error"},
              .rows = {}};
  for (const LikelihoodRow& row : summary.rows) {
    const LikelihoodSet& set = summary.sets[row.set];
    table.add({set.name, set.data, summary.measures[row.measure].name, set.count, finite_cell(row.bits.mean),
               finite_cell(row.bits.low), finite_cell(row.bits.high), finite_cell(row.bits.std), finite_cell(row.nats),
               finite_cell(row.probe_error)});
  }
  return table;
}

Table growth_table(const LikelihoodRun& run, const LikelihoodSummary& summary) {
  Table table{.columns = {"set", "sigma", "share", "share_low", "share_high"}, .rows = {}};
  const std::vector<double> levels = growth_levels(run);
  for (const LikelihoodSet& set : summary.sets) {
    const Curve curve = growth_of(run, set);
    for (size_t i = 0; i < levels.size(); ++i)
      table.add(
          {set.name, levels[i], finite_cell(curve.mean[i]), finite_cell(curve.low[i]), finite_cell(curve.high[i])});
  }
  return table;
}

std::string likelihood_headline(const LikelihoodRun& run, const LikelihoodSummary& summary) {
  const auto number = [](const LikelihoodRow& row) {
    return format_measured(row.bits.mean, row.bits.low, row.bits.high);
  };
  const LikelihoodRow& own = summary.at(0, 0);
  std::string text = fmt::format(
      "{} gives {} samples of {} {} bits per dimension ({} to {}) at σ_min = {}, with the prior "
      "N(0, σ_max²)",
      run.inputs.model.name, run.own, run.inputs.data->info().name, number(own),
      format_measured(own.bits.low, own.bits.low, own.bits.high),
      format_measured(own.bits.high, own.bits.low, own.bits.high), format_sigma(run.options.range.sigma_min));
  for (size_t m = 1; m < summary.measures.size(); ++m) {
    if (summary.measures[m].name == "moments prior")
      text += fmt::format(", and {} with that of the data's moments", number(summary.at(0, m)));
  }
  text += ".";
  if (summary.sets.size() > 1) {
    text += fmt::format(" Samples of {} take {}, {:+.3g}.", summary.sets[1].data, number(summary.at(1, 0)),
                        summary.at(1, 0).bits.mean - own.bits.mean);
  }
  for (size_t m = 1; m < summary.measures.size(); ++m) {
    if (summary.measures[m].name == "closed form")
      text += fmt::format(" Its density in closed form: {}.", number(summary.at(0, m)));
  }
  return text;
}

}  // namespace farfield
