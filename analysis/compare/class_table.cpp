#include "analysis/compare/class_table.h"

#include "analysis/stats/explained_variance.h"
#include "analysis/stats/ratio_cell.h"

namespace farfield {

std::vector<ClassRow> class_rows(const Comparison& comparison) {
  std::vector<ClassRow> rows;
  if (!comparison.classes.defined()) return rows;
  const torch::Tensor asked = comparison.classes[0], difference = comparison.difference[0];
  const auto classes = asked.max().item<int64_t>() + 1;
  for (int64_t label = 0; label < classes; ++label) {
    const torch::Tensor members = (asked == label).nonzero().squeeze(1);
    for (int64_t r = 0; r < difference.size(0); ++r) {
      for (int64_t level = 0; level < difference.size(1); ++level) {
        const auto evaluated = comparison.evaluated[r][level].item<int64_t>();
        const torch::Tensor of = members.masked_select(members < evaluated);
        if (of.size(0) == 0) continue;
        const auto total = [&](const torch::Tensor& values) { return values.index_select(0, of).sum().item<double>(); };
        rows.push_back({label, r, level, of.size(0),
                        explained_variance(total(difference[r][level]), total(comparison.model_score[0][level]))});
      }
    }
  }
  return rows;
}

Table class_table(const Comparison& comparison, const std::vector<ClassRow>& rows) {
  Table table;
  table.columns = {"class", "reference", "sigma", "samples", "explained"};
  for (const ClassRow& row : rows) {
    table.add({row.label, comparison.references[static_cast<size_t>(row.reference)],
               comparison.sigmas[static_cast<size_t>(row.level)], row.samples, ratio_cell(row.explained)});
  }
  return table;
}

}  // namespace farfield
