#include "core/math/moments.h"

#include <algorithm>

#include <fmt/format.h>

#include "core/error.h"
#include "core/interrupts.h"

namespace farfield {

namespace {

constexpr int64_t kPanel = 512;  // columns of the symmetric product formed at once; above the diagonal nothing is

}  // namespace

Moments::Moments(int64_t dim) {
  check(dim > 0, "Moments needs at least one dimension");
  sum_ = torch::zeros({dim}, torch::kFloat64);
  products_ = torch::zeros({dim, dim}, torch::kFloat64);
}

Moments::Moments(torch::Tensor shift, int64_t first_row) : Moments(shift.numel()) {
  shift_ = std::move(shift);
  first_row_ = first_row;
}

std::vector<torch::Tensor> Moments::state() const {
  check(count_ > 0, "Moments::state before any row");
  return {torch::full({1}, count_, torch::kInt64), shift_, sum_, products_};
}

Moments Moments::from_state(const std::vector<torch::Tensor>& state) {
  Moments moments(1);
  moments.count_ = state.at(0).item<int64_t>();
  moments.shift_ = state.at(1);
  moments.sum_ = state.at(2);
  moments.products_ = state.at(3);
  return moments;
}

void Moments::add(const torch::Tensor& rows) {
  check(rows.dim() == 2 && rows.size(1) == sum_.size(0), "Moments::add: rows of another width");
  if (rows.size(0) == 0) return;
  auto block = rows.to(torch::kFloat64, /*non_blocking=*/false, /*copy=*/true);
  if (!shift_.defined()) shift_ = block.mean(0);
  block.sub_(shift_);
  const auto sum = block.sum(0);
  if (!sum.isfinite().all().item<bool>()) {
    throw numeric_error(fmt::format("moments: a value among rows {} to {} is not finite", first_row_ + count_,
                                    first_row_ + count_ + block.size(0) - 1));
  }
  sum_ += sum;
  add_product(block.t(), block);
  count_ += block.size(0);
}

void Moments::merge(const Moments& other) {
  check(sum_.size(0) == other.sum_.size(0), "Moments::merge: of another width");
  if (other.count_ == 0) return;
  if (count_ == 0) {
    count_ = other.count_;
    shift_ = other.shift_.clone();
    sum_.copy_(other.sum_);
    products_.copy_(other.products_);
    return;
  }
  products_ += other.products_;
  sum_ += other.sum_;
  if (!other.shift_.equal(shift_)) {
    // sum (x - s)(x - s)^T over the other's rows, x - s = (x - t) + (t - s) with the other's shift t.
    const auto step = (other.shift_ - shift_).unsqueeze(1);
    const auto cross = other.sum_.unsqueeze(1) + step * (static_cast<double>(other.count_) / 2);
    add_product(cross, step.t());
    add_product(step, cross.t());
    sum_ += static_cast<double>(other.count_) * step.squeeze(1);
  }
  count_ += other.count_;
}

void Moments::add_product(const torch::Tensor& left, const torch::Tensor& right) {
  const int64_t dim = sum_.size(0);
  for (int64_t first = 0; first < dim; first += kPanel) {
    stop_if_interrupted();  // a panel takes about a second where there are 10,000 dimensions
    const int64_t width = std::min(kPanel, dim - first);
    auto panel = products_.narrow(0, first, width).narrow(1, 0, first + width);
    panel.addmm_(left.narrow(0, first, width), right.narrow(1, 0, first + width));
  }
}

torch::Tensor Moments::mean() const {
  check(count_ > 0, "Moments::mean before any row");
  return shift_ + sum_ / static_cast<double>(count_);
}

torch::Tensor Moments::covariance() const {
  check(count_ > 0, "Moments::covariance before any row");
  const auto offset = sum_ / static_cast<double>(count_);
  auto lower = products_ / static_cast<double>(count_);
  stop_if_interrupted();  // every pass over the matrix takes a second where there are 10,000 dimensions
  lower.sub_(torch::outer(offset, offset));
  stop_if_interrupted();
  lower.tril_();
  stop_if_interrupted();
  return lower.add_(lower.tril(-1).t());
}

}  // namespace farfield
