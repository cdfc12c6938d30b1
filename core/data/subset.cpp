#include "core/data/subset.h"

#include <algorithm>
#include <ranges>
#include <vector>

#include <ATen/ops/randperm.h>
#include <fmt/format.h>

#include "core/math/random.h"

namespace farfield {
namespace {

constexpr uint64_t kSubset = 0x737562736574;

torch::Tensor all_rows(int64_t total) { return torch::arange(total, torch::kInt64); }

// How many of each class, as equal as their `sizes` allow.
std::vector<int64_t> shares_of(const std::vector<int64_t>& sizes, int64_t count) {
  std::vector<int64_t> shares(sizes.size());
  while (count > 0) {
    const int64_t open = std::ranges::count_if(std::views::iota(size_t{0}, sizes.size()),
                                               [&](size_t c) { return shares[c] < sizes[c]; });
    if (open == 0) break;
    const int64_t each = std::max<int64_t>(1, count / open);
    for (size_t c = 0; c < sizes.size() && count > 0; ++c) {
      const int64_t more = std::min({each, sizes[c] - shares[c], count});
      shares[c] += more;
      count -= more;
    }
  }
  return shares;
}

}  // namespace

torch::Tensor subset_rows(const torch::Tensor& labels, int64_t classes, int64_t total, int64_t count, uint64_t seed) {
  if (count >= total) return all_rows(total);
  const torch::Tensor order = at::randperm(total, keyed_generator({seed, kSubset}), torch::kInt64);
  if (!labels.defined()) return std::get<0>(order.narrow(0, 0, count).sort());
  const torch::Tensor drawn = labels.index_select(0, order);
  std::vector<torch::Tensor> members;
  std::vector<int64_t> sizes;
  for (int64_t c = 0; c < classes; ++c) {
    members.push_back(order.index_select(0, (drawn == c).nonzero().squeeze(1)));
    sizes.push_back(members.back().size(0));
  }
  const std::vector<int64_t> shares = shares_of(sizes, count);
  for (size_t c = 0; c < members.size(); ++c) members[c] = members[c].narrow(0, 0, shares[c]);
  return std::get<0>(torch::cat(members).sort());
}

std::shared_ptr<const DataSource> subset_of(const DataSource& data, int64_t count, uint64_t seed) {
  const DataInfo& info = data.info();
  const torch::Tensor rows = subset_rows(data.labels(), info.label_dim, info.count, count, seed);
  torch::Tensor samples = data.rows(rows);
  if (info.eight_bit) samples = ((samples + 1) * 127.5).round().to(torch::kUInt8);
  const torch::Tensor labels = data.labels().defined() ? data.labels().index_select(0, rows) : torch::Tensor();
  std::string name = fmt::format("{},subset={}", info.name, rows.size(0));
  if (seed != 0) name += fmt::format(",subset_seed={}", seed);
  return std::make_shared<DataSource>(name, samples, labels, info.label_dim, info.notes);
}

}  // namespace farfield
