#include "tests/analysis/deviation/deviation_cases.h"

#include "core/progress.h"
#include "models/analytic/analytic.h"
#include "models/analytic/fit.h"
#include "samplers/schedules/noise_levels.h"
#include "samplers/solvers/solver_registry.h"
#include "tests/support/thread_count.h"

namespace farfield::test {

std::shared_ptr<const DataSource> source_of(const torch::Tensor& points, const torch::Tensor& classes) {
  const int64_t label_dim = classes.defined() ? classes.max().item<int64_t>() + 1 : 0;
  return std::make_shared<DataSource>("points", points.to(torch::kFloat32), classes, label_dim);
}

DeviationSubject against_exact(std::shared_ptr<const Denoiser> model, std::shared_ptr<const DataSource> data) {
  return {std::move(model), make_delta(data_matrix(*data), data->info().shape), data};
}

DeviationRequest deviation_request(const std::string& solver, int64_t seeds, int64_t steps) {
  DeviationRequest request;
  request.solver = solver;
  for (int64_t seed = 0; seed < seeds; ++seed) request.sampling.seeds.push_back(seed);
  request.sampling.levels = noise_levels({.steps = steps});
  return request;
}

Arrays deviations(const DeviationSubject& subject, const DeviationRequest& request, int64_t batch) {
  const ThreadCount one(1);  // small work
  const auto solver = make_solver(request.solver);
  BatchWork work;
  work.count = static_cast<int64_t>(request.sampling.seeds.size());
  work.batch = batch;
  work.names = deviation_names();
  work.names.insert(work.names.end(), neighbour_names().begin(), neighbour_names().end());
  work.measure = [&](RowRange rows, Progress& progress) {
    return measure_deviation(subject, *solver, request, rows, progress);
  };
  return measure_batches(work);
}

}  // namespace farfield::test
