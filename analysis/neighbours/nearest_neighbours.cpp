#include "analysis/neighbours/nearest_neighbours.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>
#include <fmt/format.h>

#include "analysis/neighbours/distance_kernels.h"
#include "core/error.h"
#include "core/interrupts.h"
#include "core/text.h"

namespace farfield {
namespace {

constexpr int64_t kStatesAtOnce = 1024, kPointsAtOnce = 512;

// Rounding of a d-term product in a dtype of unit roundoff u, whatever the order of summation and with that of its
// factors: at most g |x| |y|, g = n u / (1 - n u), n = d + 4 (Higham 2002, sec. 3.1).
double product_rounding(int64_t dim, double unit) {
  const double all = static_cast<double>(dim + 4) * unit;
  return all < 0.5 ? all / (1 - all) : std::numeric_limits<double>::infinity();
}

struct Found {
  double square;
  int64_t index;
  auto operator<=>(const Found&) const = default;
};

// |y - c|^2 / 2 of every row, in float32.
torch::Tensor half_squares_about(const torch::Tensor& centre, const torch::Tensor& points) {
  const int64_t dim = points.size(1);
  torch::Tensor halves = torch::empty({points.size(0)});
  const float* c = centre.const_data_ptr<float>();
  const float* all = points.const_data_ptr<float>();
  float* out = halves.mutable_data_ptr<float>();
  at::parallel_for(0, points.size(0), 16, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) out[row] = squared_distance(c, all + row * dim, dim) / 2;
  });
  return halves;
}

// Some data points, and a centre c near them: the product (x - c).y is small then, and few points are in doubt.
struct PointBlock {
  int64_t first;
  torch::Tensor points;        // [n, d] float32
  torch::Tensor half_squares;  // [n] float32, |y - c|^2 / 2
  double largest_half = 0;     // of them
  double largest_norm = 0;     // max |y|, rounded up
};

class PointBlocks {
 public:
  explicit PointBlocks(const DataSource& data)
      : data_(data),
        dim_(c10::multiply_integers(data.info().shape)),
        centre_(rows(0).mean(0, false, torch::kFloat64).to(torch::kFloat32)) {}
  int64_t dim() const { return dim_; }
  torch::Tensor centre() const { return centre_; }  // [d] float32

  template <class Visit>
  void for_each(const Visit& visit) const {
    const double rounding = product_rounding(dim_, kUnit32), centre_norm = centre_.norm().item<double>();
    for (int64_t first = 0; first < data_.info().count; first += kPointsAtOnce) {
      stop_if_interrupted();
      PointBlock block{first, rows(first), {}};
      block.half_squares = half_squares_about(centre_, block.points);
      block.largest_half = block.half_squares.max().item<double>();
      block.largest_norm = (1 + rounding) * (centre_norm + std::sqrt(2 * block.largest_half * (1 + 2 * rounding)));
      visit(block);
    }
  }

  static constexpr double kUnit32 = std::numeric_limits<float>::epsilon() / 2.0;

 private:
  torch::Tensor rows(int64_t first) const {
    return data_.rows(first, std::min(kPointsAtOnce, data_.info().count - first)).reshape({-1, dim_}).contiguous();
  }

  const DataSource& data_;
  int64_t dim_;
  torch::Tensor centre_;
};

// The search of some states: the k nearest of all points seen so far, as a heap with the farthest in front.
class Search {
 public:
  Search(const torch::Tensor& states, const PointBlocks& blocks, int64_t k)
      : states_(states),
        centred_((states - blocks.centre()).to(torch::kFloat32)),
        norms_((states - blocks.centre()).norm(2, {1})),
        offsets_(norms_.square() / 2 + torch::mv(states - blocks.centre(), blocks.centre().to(torch::kFloat64))),
        heaps_(static_cast<size_t>(states.size(0))),
        k_(static_cast<size_t>(k)),
        rounding32_(product_rounding(blocks.dim(), PointBlocks::kUnit32)),
        rounding64_(product_rounding(blocks.dim(), std::numeric_limits<double>::epsilon() / 2)) {}

  // Scores s = (x - c).y - |y - c|^2 / 2 order the points: |x - y|^2 = |x - c|^2 + 2 (x - c).c - 2 s.
  void look_at(const PointBlock& block) {
    const torch::Tensor scores = torch::addmm(block.half_squares, centred_, block.points.t(), /*beta=*/-1);
    const int64_t count = scores.size(1), dim = states_.size(1);
    const float* all_scores = scores.const_data_ptr<float>();
    const double* all_states = states_.const_data_ptr<double>();
    const float* points = block.points.const_data_ptr<float>();
    at::parallel_for(0, states_.size(0), 1, [&](int64_t begin, int64_t end) {
      for (int64_t row = begin; row < end; ++row) {
        auto& heap = heaps_[static_cast<size_t>(row)];
        const float* mine = all_scores + row * count;
        float least = least_score(row, block);
        for (int64_t i = next_not_below(least, mine, 0, count); i < count;
             i = next_not_below(least, mine, i + 1, count)) {
          const Found found{squared_distance(all_states + row * dim, points + i * dim, dim), block.first + i};
          if (take(heap, found)) least = least_score(row, block);
        }
      }
    });
  }

  // [n, k] each, nearest first.
  Neighbours result() {
    const auto rows = static_cast<int64_t>(heaps_.size()), k = static_cast<int64_t>(k_);
    Neighbours found{torch::empty({rows, k}, torch::kInt64), torch::empty({rows, k}, torch::kFloat64)};
    int64_t* index = found.index.mutable_data_ptr<int64_t>();
    double* distance = found.distance.mutable_data_ptr<double>();
    for (auto& heap : heaps_) {
      std::ranges::sort(heap);
      for (const Found& one : heap) *index++ = one.index, *distance++ = std::sqrt(one.square);
    }
    return found;
  }

 private:
  bool take(std::vector<Found>& heap, const Found& found) const {
    if (heap.size() == k_) {
      if (heap.front() < found) return false;
      std::ranges::pop_heap(heap);
      heap.pop_back();
    }
    heap.push_back(found);
    std::ranges::push_heap(heap);
    return heap.size() == k_;
  }

  // Below this score a point of the block is proven to be no nearer than the k that are there.
  float least_score(int64_t row, const PointBlock& block) const {
    constexpr float kAny = -std::numeric_limits<float>::infinity();
    const auto& heap = heaps_[static_cast<size_t>(row)];
    if (heap.size() < k_) return kAny;
    const double norm = norms_.const_data_ptr<double>()[row], offset = offsets_.const_data_ptr<double>()[row];
    const double reach = norm + 2 * block.largest_norm;  // above |x - y|, |c| and all else that is added up to it
    const double error = rounding32_ * (norm * block.largest_norm + block.largest_half) + rounding64_ * reach * reach;
    const double least = offset - heap.front().square / 2 - error;
    return std::isfinite(least) ? std::nextafter(static_cast<float>(least), kAny) : kAny;
  }

  torch::Tensor states_, centred_;  // x [n, d] float64, x - c [n, d] float32
  torch::Tensor norms_, offsets_;   // |x - c|, |x - c|^2 / 2 + (x - c).c [n] float64
  std::vector<std::vector<Found>> heaps_;
  size_t k_;
  double rounding32_, rounding64_;
};

void check_finite_states(const torch::Tensor& states) {
  const torch::Tensor bad = states.flatten(1).isfinite().all(1).logical_not().nonzero();
  if (bad.size(0) > 0)
    throw numeric_error(fmt::format("neighbours: state {} is not finite", bad[0][0].item<int64_t>()));
}

}  // namespace

void check_neighbours(torch::IntArrayRef shape, const DataInfo& data, int64_t k) {
  if (shape != torch::IntArrayRef(data.shape)) {
    throw usage_error(
        fmt::format("neighbours: states of shape [{}], but samples of {} are [{}]; give data of that shape",
                    join(shape, ","), data.name, join(data.shape, ",")));
  }
  if (k < 1 || k > data.count)
    throw usage_error(
        fmt::format("neighbours: k is {}, expected 1 to {}, the samples of {}", k, data.count, data.name));
}

Neighbours nearest_neighbours(const torch::Tensor& states, const DataSource& data, int64_t k) {
  const torch::NoGradGuard no_gradients;
  check_neighbours(states.sizes().slice(1), data.info(), k);
  check_finite_states(states);
  const PointBlocks blocks(data);
  std::vector<torch::Tensor> index = {torch::empty({0, k}, torch::kInt64)},
                             distance = {torch::empty({0, k}, torch::kFloat64)};
  for (const auto& part : states.reshape({states.size(0), blocks.dim()}).split(kStatesAtOnce)) {
    if (part.size(0) == 0) continue;
    Search search(part.to(torch::kFloat64).contiguous(), blocks, k);
    blocks.for_each([&](const PointBlock& block) { search.look_at(block); });
    const Neighbours found = search.result();
    index.push_back(found.index);
    distance.push_back(found.distance);
  }
  return {torch::cat(index), torch::cat(distance)};
}

}  // namespace farfield
