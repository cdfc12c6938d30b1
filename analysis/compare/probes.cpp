#include "analysis/compare/probes.h"

#include <ATen/ops/randperm.h>
#include <fmt/format.h>

#include "core/error.h"
#include "core/math/random.h"
#include "core/text.h"

namespace farfield {
namespace {

constexpr uint64_t kOrder = 0x6f72646572, kNoiseOf[] = {0x64617461, 0x6e6f697365};

}  // namespace

std::string_view to_string(ProbeKind kind) { return kind == ProbeKind::kData ? "data" : "noise"; }

Probes::Probes(std::shared_ptr<const DataSource> data, std::vector<int64_t> shape, int64_t count, uint64_t seed)
    : data_(std::move(data)), shape_(std::move(shape)), seed_(seed) {
  if (!data_) return;
  if (data_->info().shape != shape_) {
    throw usage_error(
        fmt::format("{}: samples are [{}], the model's are [{}]; give the data the model was made for (for "
                    "example with ,pad= or another size)",
                    data_->info().name, join(data_->info().shape, ","), join(shape_, ",")));
  }
  const torch::Tensor order = at::randperm(data_->info().count, keyed_generator({seed_, kOrder}), torch::kInt64);
  order_ = order.index_select(0, torch::arange(count).remainder(data_->info().count));
}

Probes::Batch Probes::batch(ProbeKind kind, int64_t first, int64_t count) const {
  std::vector<int64_t> shape = shape_;
  shape.insert(shape.begin(), count);
  Batch batch{torch::zeros(shape), torch::empty(shape)};
  for (int64_t i = 0; i < count; ++i) {
    const auto index = static_cast<uint64_t>(first + i);
    batch.noise[i].normal_(0, 1, keyed_generator({seed_, index, kNoiseOf[static_cast<int>(kind)]}));
  }
  if (kind == ProbeKind::kData) {
    check(data_ != nullptr, "data probes without data");
    batch.clean = data_->rows(order_.narrow(0, first, count));
  }
  return batch;
}

torch::Tensor Probes::classes(ProbeKind kind, int64_t first, int64_t count, int64_t label_dim) const {
  if (kind == ProbeKind::kData && data_ && data_->labels().defined())
    return data_->labels().index_select(0, order_.narrow(0, first, count));
  return torch::arange(first, first + count, torch::kInt64).remainder(label_dim);
}

}  // namespace farfield
