// Draws samples from a model file: sample_from_file MODEL [COUNT]
#include <cstdlib>
#include <iostream>
#include <numeric>

#include "core/error.h"
#include "models/registry/model_registry.h"
#include "samplers/model_levels.h"
#include "samplers/sampler.h"
#include "samplers/solvers/solver_registry.h"

int main(int argc, char** argv) try {
  if (argc < 2) {
    std::cerr << "usage: sample_from_file MODEL [COUNT]\n";
    return 2;
  }
  const auto model = farfield::open_model(argv[1]);
  const auto solver = farfield::make_solver("dpmpp_2m");

  farfield::SampleRequest request;
  request.seeds.resize(argc > 2 ? std::atoi(argv[2]) : 8);
  std::iota(request.seeds.begin(), request.seeds.end(), 0);
  request.levels = farfield::resolve_levels({.steps = 12}, model->info());  // from noise to 0

  const farfield::Samples samples = farfield::sample(*model, *solver, request);
  std::cout << samples.x.sizes() << ' ' << samples.x.dtype() << ", " << samples.nfe
            << " evaluations each, standard deviation " << samples.x.std().item<double>() << '\n';
} catch (const farfield::Error& error) {
  std::cerr << error.what() << '\n';
  return static_cast<int>(error.code());
}
