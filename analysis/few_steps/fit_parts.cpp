#include "analysis/few_steps/fit_parts.h"

#include <cstring>

#include "samplers/solvers/table_file.h"

namespace farfield {
namespace {

using torch::Tensor;

Tensor bytes_of(const SolverTable& table) {
  const std::string text = serialize_table({"", "", "", table});
  Tensor bytes = torch::empty({static_cast<int64_t>(text.size())}, torch::kUInt8);
  std::memcpy(bytes.mutable_data_ptr(), text.data(), text.size());
  return bytes;
}

SolverTable table_of_bytes(const Tensor& bytes) {
  const Tensor whole = bytes.contiguous();
  const auto* data = static_cast<const char*>(whole.const_data_ptr());
  return parse_table({data, static_cast<size_t>(whole.numel())}, "a kept fit").table;
}

}  // namespace

Arrays arrays_of_fit(const FitRecord& fit) {
  std::vector<Tensor> rows;
  for (const FitRow& row : fit.rows) {
    rows.push_back(
        torch::tensor({static_cast<double>(row.iteration), row.rate, row.train, row.held_out}, torch::kFloat64));
  }
  return {{"start", bytes_of(fit.start)},
          {"fitted", bytes_of(fit.fitted)},
          {"rows", torch::stack(rows)},
          {"start_squares", fit.start_squares},
          {"fitted_squares", fit.fitted_squares},
          {"counts", torch::tensor({fit.nfe, fit.parameters, int64_t{fit.improved}}, torch::kInt64)},
          {"seconds", torch::full({1}, fit.seconds, torch::kFloat64)}};
}

FitRecord fit_of_arrays(const Arrays& arrays, const FitSettings& settings) {
  const Tensor &counts = arrays.at("counts"), &rows = arrays.at("rows");
  FitRecord fit;
  fit.settings = settings;
  fit.nfe = counts[0].item<int64_t>();
  fit.parameters = counts[1].item<int64_t>();
  fit.improved = counts[2].item<int64_t>() != 0;
  fit.start = table_of_bytes(arrays.at("start"));
  fit.fitted = table_of_bytes(arrays.at("fitted"));
  for (int64_t i = 0; i < rows.size(0); ++i) {
    const Tensor row = rows[i];
    fit.rows.push_back({static_cast<int64_t>(row[0].item<double>()), row[1].item<double>(), row[2].item<double>(),
                        row[3].item<double>()});
  }
  fit.start_squares = arrays.at("start_squares");
  fit.fitted_squares = arrays.at("fitted_squares");
  fit.seconds = arrays.at("seconds").item<double>();
  return fit;
}

}  // namespace farfield
