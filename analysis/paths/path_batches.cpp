#include "analysis/paths/path_batches.h"

#include <algorithm>

#include <ATen/core/grad_mode.h>
#include "core/error.h"
#include "core/interrupts.h"

namespace farfield {
namespace {

Arrays measure_part(const BatchWork& work, const PartStore& parts, int64_t part, RowRange rows, Progress& progress) {
  if (auto found = parts.find(part)) {
    progress.advance(rows.size * work.evaluations);
    return *found;
  }
  stop_if_interrupted();
  Arrays measured = work.measure(rows, progress);
  if (rows.size < work.count) parts.keep(part, measured);
  return measured;
}

// In the order of the names.
Tensors ordered(const BatchWork& work, const Arrays& arrays, const RowRange& rows) {
  Tensors values;
  for (const std::string& name : work.names) {
    const auto found = arrays.find(name);
    check(found != arrays.end() && found->second.size(0) == rows.size, "measure_batches: an array of one row a path");
    values.push_back(found->second.contiguous());
  }
  return values;
}

}  // namespace

Arrays measure_batches(const BatchWork& work, const PartStore& parts, Comm& comm) {
  check(work.count > 0 && work.batch > 0, "measure_batches: nothing to measure");
  const torch::NoGradGuard no_gradients;
  Progress progress(work.what, work.count * work.evaluations, work.unit);
  const auto rows_of = [&](int64_t part) {
    return RowRange{part * work.batch, std::min(work.batch, work.count - part * work.batch)};
  };
  std::map<std::string, std::vector<torch::Tensor>> collected;
  try {
    for_each_shard(comm, (work.count + work.batch - 1) / work.batch, [&](int64_t part) {
      return ordered(work, measure_part(work, parts, part, rows_of(part), progress), rows_of(part));
    }, [&](int64_t part, const Tensors& values) {
      for (size_t i = 0; i < values.size(); ++i) collected[work.names[i]].push_back(values[i]);
      if (!is_mine(comm, part)) progress.advance(rows_of(part).size * work.evaluations);
    });
  } catch (const Error& error) {
    throw parts.said_with(error);
  }
  Arrays all;
  for (auto& [name, values] : collected) all[name] = torch::cat(values);
  return all;
}

}  // namespace farfield
