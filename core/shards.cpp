#include "core/shards.h"

#include <algorithm>
#include <optional>

#include "core/error.h"

namespace farfield {
namespace {

constexpr int64_t kMostShards = 8, kLeastRows = 512;

// What came of a shard: its tensors, or the error instead.
struct Outcome {
  Tensors tensors;
  std::optional<Error> error;
};

Tensors contiguous(Tensors tensors) {
  for (auto& tensor : tensors) tensor = tensor.contiguous();
  return tensors;
}

Outcome attempt(const std::function<Tensors(int64_t)>& compute, int64_t shard) {
  try {
    return {contiguous(compute(shard)), {}};
  } catch (const Error& error) {
    if (error.code() == ExitCode::kInterrupted) throw;
    return {{}, error};
  }
}

std::vector<int64_t> broadcast_numbers(Comm& comm, std::vector<int64_t> numbers, int owner) {
  auto length = torch::full({1}, static_cast<int64_t>(numbers.size()), torch::kInt64);
  comm.broadcast(length, owner);
  numbers.resize(static_cast<size_t>(length.item<int64_t>()));
  comm.broadcast(torch::from_blob(numbers.data(), length.item<int64_t>(), torch::kInt64), owner);
  return numbers;
}

// [exit code, then for each tensor: dtype, dimensions, sizes]
std::vector<int64_t> describe(const Outcome& outcome) {
  std::vector<int64_t> numbers = {static_cast<int64_t>(outcome.error ? outcome.error->code() : ExitCode::kOk)};
  for (const auto& tensor : outcome.tensors) {
    check(tensor.is_cpu(), "for_each_shard: results on the CPU only");
    numbers.insert(numbers.end(), {static_cast<int64_t>(tensor.scalar_type()), tensor.dim()});
    numbers.insert(numbers.end(), tensor.sizes().begin(), tensor.sizes().end());
  }
  return numbers;
}

Tensors empty_as(const std::vector<int64_t>& description) {
  Tensors tensors;
  for (size_t i = 1; i < description.size();) {
    const auto dtype = static_cast<torch::ScalarType>(description[i]);
    const auto dimensions = static_cast<size_t>(description[i + 1]);
    tensors.push_back(torch::empty(torch::IntArrayRef(description).slice(i + 2, dimensions), dtype));
    i += 2 + dimensions;
  }
  return tensors;
}

// The owner's outcome, on every rank.
Tensors share(Comm& comm, Outcome own, int owner) {
  const bool mine = comm.rank() == owner;
  const auto description = broadcast_numbers(comm, mine ? describe(own) : std::vector<int64_t>(), owner);
  const auto code = static_cast<ExitCode>(description[0]);
  if (code != ExitCode::kOk) {
    throw Error(code, comm.broadcast_text(mine ? own.error->what() : "", owner));
  }
  Tensors tensors = mine ? std::move(own.tensors) : empty_as(description);
  for (auto& tensor : tensors) comm.broadcast(tensor, owner);
  return tensors;
}

}  // namespace

void for_each_shard(Comm& comm, int64_t count, const std::function<Tensors(int64_t)>& compute,
                    const std::function<void(int64_t, const Tensors&)>& combine) {
  if (comm.size() == 1) {  // errors of any type pass as they are
    for (int64_t shard = 0; shard < count; ++shard) combine(shard, contiguous(compute(shard)));
    return;
  }
  for (int64_t first = 0; first < count; first += comm.size()) {  // a round: one shard a rank
    const int64_t mine = first + comm.rank();
    const Outcome own = mine < count ? attempt(compute, mine) : Outcome();
    for (int64_t shard = first; shard < std::min(count, first + comm.size()); ++shard) {
      const auto owner = static_cast<int>(shard - first);
      combine(shard, share(comm, owner == comm.rank() ? own : Outcome(), owner));
    }
  }
}

Tensors on_root(Comm& comm, const std::function<Tensors()>& compute) {
  Tensors result;
  for_each_shard(comm, 1, [&](int64_t) { return compute(); },
                 [&](int64_t, const Tensors& tensors) { result = tensors; });
  return result;
}

void do_on_root(Comm& comm, const std::function<void()>& action) {
  on_root(comm, [&] {
    action();
    return Tensors();
  });
}

std::vector<RowRange> shards_of_rows(int64_t count) {
  const int64_t shards = std::clamp<int64_t>(count / kLeastRows, 1, kMostShards);
  const int64_t size = (count + shards - 1) / shards;
  std::vector<RowRange> ranges;
  for (int64_t first = 0; first < count; first += size) ranges.push_back({first, std::min(size, count - first)});
  return ranges;
}

}  // namespace farfield
