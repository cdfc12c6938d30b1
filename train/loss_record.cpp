#include "train/loss_record.h"

#include <limits>

namespace farfield {
namespace {

// Half decades from 0.01 to 100: EDM's range with a bin beyond each end.
const std::vector<double> kEdges = {0.01, 0.0316, 0.1, 0.316, 1, 3.16, 10, 31.6, 100};

}  // namespace

LossRecord::LossRecord()
    : edges_(torch::tensor(kEdges, torch::kFloat64)),
      sums_(torch::zeros({2, static_cast<int64_t>(kEdges.size()) + 1}, torch::kFloat64)) {}

void LossRecord::add(const torch::Tensor& sigma, const torch::Tensor& loss) {
  const auto bin = torch::bucketize(sigma, edges_);
  sums_[0].index_add_(0, bin, torch::ones_like(loss));
  sums_[1].index_add_(0, bin, loss);
}

double LossRecord::mean() const {
  const auto totals = sums_.sum(1);
  const double count = totals[0].item<double>();
  return count == 0 ? 0 : totals[1].item<double>() / count;
}

std::vector<SigmaLoss> LossRecord::bins() const {
  std::vector<SigmaLoss> bins;
  const auto sums = sums_.accessor<double, 2>();
  for (int64_t bin = 0; bin < sums_.size(1); ++bin) {
    const double count = sums[0][bin];
    if (count == 0) continue;
    const bool last = bin == sums_.size(1) - 1;
    bins.push_back({bin == 0 ? 0 : kEdges[bin - 1], last ? std::numeric_limits<double>::infinity() : kEdges[bin],
                    static_cast<int64_t>(count), sums[1][bin] / count});
  }
  return bins;
}

void LossRecord::clear() { sums_.zero_(); }

}  // namespace farfield
