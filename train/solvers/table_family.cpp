#include "train/solvers/table_family.h"

#include <cmath>

#include <fmt/format.h>

#include "core/error.h"
#include "train/solvers/table_forms.h"

namespace farfield {
namespace {

using torch::Tensor;
using Groups = std::vector<Tensor>;

Tensor fixed_levels(const std::vector<double>& levels) { return torch::tensor(levels, torch::kFloat64); }

void require_end_above_zero(const FitSettings& settings, const std::vector<double>& levels) {
  if (levels.back() > 0) return;
  throw usage_error(
      fmt::format("solver fit: {} places midpoints between levels above 0, and these end at 0; give --final sigma_min",
                  settings.method));
}

TableFamily epd_family(const FitSettings& settings, const std::vector<double>& levels) {
  require_end_above_zero(settings, levels);
  const int64_t steps = std::ssize(levels) - 1, points = settings.points;
  Tensor r = torch::empty({steps, points}, torch::kFloat32);
  for (int64_t k = 0; k < points; ++k) {
    const double place = static_cast<double>(k + 1) / static_cast<double>(points + 1);
    r.select(1, k).fill_(std::log(place / (1 - place)));
  }
  TableFamily family;
  family.start = {torch::stack({r, torch::zeros_like(r), torch::zeros_like(r), torch::zeros_like(r)}).flatten()};
  family.rates = {1};
  family.table = [settings, steps, points, fixed = fixed_levels(levels)](const Groups& groups) {
    const Tensor raw = groups[0].to(torch::kFloat64).reshape({4, steps, points});
    return epd_table(fixed, settings.afs, epd_numbers(raw, settings.direction, settings.time));
  };
  return family;
}

TableFamily amed_family(const FitSettings& settings, const std::vector<double>& levels) {
  require_end_above_zero(settings, levels);
  const int64_t steps = std::ssize(levels) - 1;
  TableFamily family;
  family.start = {torch::zeros({3 * steps}, torch::kFloat32)};
  family.rates = {1};
  family.table = [settings, steps, fixed = fixed_levels(levels)](const Groups& groups) {
    const Tensor raw = groups[0].to(torch::kFloat64).reshape({3, steps});
    return amed_table(settings.solver, fixed, settings.afs,
                      {torch::sigmoid(raw[0]), scale_of(raw[1], settings.direction), scale_of(raw[2], settings.time)});
  };
  (void)family.table(family.start);
  return family;
}

// ld3, and s4s with coefficients of its own.
TableFamily schedule_family(const FitSettings& settings, const std::vector<double>& levels) {
  const bool to_zero = levels.back() == 0;
  const std::vector<double> above(levels.begin(), levels.end() - (to_zero ? 1 : 0));
  if (above.size() < 3) {
    throw usage_error(
        fmt::format("solver fit: {} learns where the levels between the first and the last above 0 lie, and "
                    "there is none; ask for more evaluations",
                    settings.method));
  }
  const int64_t steps = std::ssize(levels) - 1, order = multistep_order(settings.solver);
  const Tensor start = fixed_levels(above);
  TableFamily family;
  family.start = {increments_of_levels(start).to(torch::kFloat32), torch::zeros(start.sizes(), torch::kFloat32)};
  family.rates = {1, 0.5};
  if (settings.method == "s4s") {
    family.start.push_back(torch::zeros({steps * order}, torch::kFloat32));
    family.rates.push_back(0.03);  // coefficients move an end far more than levels do
  }
  family.table = [settings, to_zero, steps, order, first = above.front(), last = above.back()](const Groups& groups) {
    const Tensor own = levels_of_increments(groups[0].to(torch::kFloat64), first, last);
    const Tensor shown = shifted_levels(own, groups[1].to(torch::kFloat64));
    const Tensor all = to_zero ? torch::cat({own, torch::zeros({1}, torch::kFloat64)}) : own;
    const Tensor change = groups.size() > 2 ? groups[2].to(torch::kFloat64).reshape({steps, order}) : Tensor();
    return multistep_table(settings.solver, all, shown, settings.afs, change);
  };
  return family;
}

}  // namespace

int64_t TableFamily::parameters() const {
  int64_t count = 0;
  for (const Tensor& group : start) count += group.numel();
  return count;
}

TableFamily table_family(const FitSettings& settings, const std::vector<double>& levels) {
  if (settings.method == "epd") return epd_family(settings, levels);
  if (settings.method == "amed") return amed_family(settings, levels);
  return schedule_family(settings, levels);
}

}  // namespace farfield
