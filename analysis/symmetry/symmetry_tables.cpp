#include "analysis/symmetry/symmetry_tables.h"

#include "analysis/paths/path.h"

namespace farfield {
namespace {

std::vector<Cell> row_of(const std::string& branch, const FixedPoint& point, double position) {
  const double alpha = vp_alpha(point.sigma);
  return {branch,        point.sigma, alpha, vp_time_of(point.sigma), position, alpha * point.x.norm().item<double>(),
          point.residual};
}

}  // namespace

std::optional<double> leading_eigenvalue(const SymmetryRun& run) {
  return run.inputs.gaussian ? std::optional(run.inputs.gaussian->eigenvalues[0].item<double>()) : std::nullopt;
}

Table fixed_points_table(const SymmetryRun& run) {
  Table table{.columns = {"branch", "sigma", "alpha", "time", "position", "norm", "residual", "eigenvalue_sde",
                          "eigenvalue_ode", "stable", "eigenvalue_gaussian", "closed_form"},
              .rows = {}};
  const std::optional<double> leading = leading_eigenvalue(run);
  for (size_t n = 0; n < run.path.levels.size(); ++n) {
    const FixedPoint& centre = run.path.centre[n];
    const double sigma = centre.sigma, eigenvalue = sde_eigenvalue(centre.denoiser_eigenvalue, sigma);
    const double closed = run.pair ? run.pair->fixed_point(vp_alpha(sigma)) : 0;
    const bool taken = run.path.ends && sigma < run.path.critical->sigma;
    std::vector<Cell> cells = row_of(taken ? "drawn_to" : "centre", centre, 0);
    cells.insert(cells.end(),
                 {eigenvalue, ode_eigenvalue(centre.denoiser_eigenvalue, sigma), int64_t{eigenvalue < 0},
                  leading ? Cell(gaussian_sde_eigenvalue(*leading, sigma)) : Cell(), run.pair ? Cell(0.0) : Cell()});
    table.add(std::move(cells));
    for (size_t side = 0; side < 2; ++side) {
      const auto& point = run.path.sides[n][side];
      if (!point) continue;
      const double along = (point->x - centre.x).dot(centre.direction).item<double>();
      cells = row_of(kSymmetryBranches[side], *point, vp_alpha(sigma) * along);
      cells.insert(cells.end(),
                   {Cell(), Cell(), Cell(), Cell(), run.pair ? Cell(side == 0 ? closed : -closed) : Cell()});
      table.add(std::move(cells));
    }
  }
  return table;
}

Table potentials_table(const SymmetryRun& run) {
  Table table{.columns = {"sigma", "alpha", "time", "position", "potential_sde", "potential_ode", "closed_form_sde"},
              .rows = {}};
  for (const PotentialCurve& curve : run.potentials) {
    for (size_t i = 0; i < curve.position.size(); ++i) {
      const double alpha = vp_alpha(curve.sigma);
      table.add({curve.sigma, alpha, vp_time_of(curve.sigma), curve.position[i], curve.sde[i], curve.ode[i],
                 run.pair ? Cell(run.pair->potential_sde(curve.position[i], alpha)) : Cell()});
    }
  }
  return table;
}

std::string symmetry_headline(const SymmetryRun& run) {
  const size_t softest = softest_place(run.path);
  if (run.path.critical) {
    const double sigma = run.path.critical->sigma;
    return fmt::format("The fixed point at the centre {} at sigma = {} (alpha = {}, t = {}).",
                       run.path.ends ? "ends" : "loses its stability", format_digits(sigma, 5),
                       format_digits(vp_alpha(sigma), 5), format_digits(vp_time_of(sigma), 4));
  }
  return fmt::format("The fixed point at the centre keeps its stability from sigma = {} to {}; it is softest at {}.",
                     format_sigma(run.path.levels.front()), format_sigma(run.path.levels.back()),
                     format_sigma(run.path.levels[softest]));
}

}  // namespace farfield
