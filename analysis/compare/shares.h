#pragma once

#include <memory>
#include <vector>

#include "analysis/compare/comparison.h"
#include "analysis/compare/trajectories.h"
#include "analysis/paths/part_store.h"
#include "core/comm.h"
#include "samplers/solvers/solver.h"

namespace farfield {

// What is measured of references whose evaluations are costly (Subject::share), a part (reference, level) or (reference, batch
// of seeds) at a time. `parts` keep what is finished; a run that is stopped says how to go on. Ranks share the parts.

// Adds to `comparison`, which compare() made of the same arguments.
void measure_shares(Comparison& comparison, const Subject& model, const std::vector<Subject>& references,
                    std::shared_ptr<const DataSource> data, const CompareOptions& options, const PartStore& parts,
                    Comm& comm = alone());

// Adds to `trajectories`, likewise of compare_trajectories().
void measure_shares(Trajectories& trajectories, const Subject& model, const std::vector<Subject>& references,
                    const Solver& solver, const TrajectoryOptions& options, const PartStore& parts,
                    Comm& comm = alone());

}  // namespace farfield
