#include "analysis/compare/agreement_table.h"

#include <array>

#include "analysis/paths/curve.h"
#include "analysis/stats/agreement.h"
#include "analysis/stats/ratio_cell.h"

namespace farfield {
namespace {

// values [n, L] with NaN: the quantile of each column among those that have a value.
torch::Tensor quantile_of(const torch::Tensor& values, double q) { return values.nanquantile(q, 0); }

// Rows of one path and measure, a level each.
void add_rows(AgreementRow row, const torch::Tensor& values, const std::vector<std::optional<double>>& sigmas,
              std::vector<AgreementRow>& rows) {
  const Curve curve = curve_of(values);
  const auto median = quantile_of(values, 0.5), q25 = quantile_of(values, 0.25), q75 = quantile_of(values, 0.75);
  for (size_t level = 0; level < sigmas.size(); ++level) {
    const auto at = static_cast<int64_t>(level);
    if (curve.count[level] == 0) continue;
    row.sigma = sigmas[level];
    row.samples = curve.count[level];
    row.mean = curve.mean[level];
    row.low = curve.low[level];
    row.high = curve.high[level];
    row.median = median[at].item<double>();
    row.q25 = q25[at].item<double>();
    row.q75 = q75[at].item<double>();
    rows.push_back(row);
  }
}

}  // namespace

std::string_view to_string(Pairing pairing) {
  switch (pairing) {
    case Pairing::kAlong:
      return "along";
    case Pairing::kFreeRunning:
      return "free";
    default:
      return "ends";
  }
}

std::vector<AgreementRow> summarise_agreement(const Trajectories& trajectories) {
  const std::vector<std::optional<double>> levels(trajectories.levels.begin(), trajectories.levels.end() - 1);
  const std::vector<std::optional<double>> end = {std::nullopt};
  struct Part {
    Pairing pairing;
    torch::Tensor values;  // [M, R, L, n]
    const std::vector<std::optional<double>>& sigmas;
  };
  const std::array<Part, 3> parts = {{{Pairing::kAlong, trajectories.along, levels},
                                      {Pairing::kFreeRunning, trajectories.free_running, levels},
                                      {Pairing::kEnds, trajectories.ends.unsqueeze(2), end}}};
  std::vector<AgreementRow> rows;
  for (const Part& part : parts) {
    for (int64_t path = 0; path < part.values.size(1); ++path) {
      for (int64_t measure = 0; measure < part.values.size(0); ++measure) {
        const torch::Tensor values = part.values[measure][path].t().contiguous();  // [n, L]
        add_rows({part.pairing, path, measure, {}, 0, 0, 0, 0, 0, 0, 0}, values, part.sigmas, rows);
      }
    }
  }
  return rows;
}

Table agreement_table(const Trajectories& trajectories, const std::vector<AgreementRow>& rows) {
  Table table;
  table.columns = {"pairing", "reference", "sigma",  "measure", "samples", "mean",
                   "low",     "high",      "median", "q25",     "q75"};
  for (const AgreementRow& row : rows) {
    std::vector<Cell> cells = {std::string(to_string(row.pairing)), trajectories.paths[static_cast<size_t>(row.path)],
                               row.sigma ? Cell(*row.sigma) : Cell(),
                               agreement_names()[static_cast<size_t>(row.measure)], row.samples};
    for (const double value : {row.mean, row.low, row.high, row.median, row.q25, row.q75})
      cells.push_back(ratio_cell(value));
    table.add(std::move(cells));
  }
  return table;
}

}  // namespace farfield
