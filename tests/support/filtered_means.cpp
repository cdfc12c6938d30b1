#include "tests/support/filtered_means.h"

#include <cmath>
#include <cstdint>
#include <vector>

namespace farfield::test {
namespace {

using torch::Tensor;

Tensor indices(const std::vector<int64_t>& values) { return torch::tensor(values, torch::kInt64); }

// The numbers of an image [d] that are a pixel's, in every channel: c H W + pixel.
std::vector<int64_t> in_every_channel(const std::vector<int64_t>& pixels, const Tensor& image) {
  std::vector<int64_t> numbers;
  for (int64_t c = 0; c < image.size(0); ++c) {
    for (const int64_t pixel : pixels) numbers.push_back(c * image.size(1) * image.size(2) + pixel);
  }
  return numbers;
}

// Candidates at the same place: numbers that decide, with weights, and numbers that are answered for.
FilteredMember same_place(const Tensor& images, const Tensor& x, const std::vector<int64_t>& decide,
                          const std::vector<int64_t>& answer, const Tensor& weights = {}) {
  const Tensor rows = images.reshape({images.size(0), -1});
  const auto one = [](size_t size) { return torch::ones({static_cast<int64_t>(size)}, torch::kFloat64); };
  return {weights.defined() ? weights : one(decide.size()),
          x.flatten().index_select(0, indices(decide)),
          rows.index_select(1, indices(decide)),
          rows.index_select(1, indices(answer)),
          indices(answer),
          one(answer.size())};
}

// At a distance of so many rows and columns from the centre.
double gaussian_weight(double rows, double columns, int64_t k) {
  if (k == 1) return rows == 0 && columns == 0 ? 1 : 0;
  return std::exp(-6 * (rows * rows + columns * columns) / (static_cast<double>(k * k) - 1));
}

// k x k numbers in every channel around (row, column), [C k k]: what is beyond the border wraps or is 0.
Tensor window_around(const Tensor& image, int64_t row, int64_t column, int64_t k, bool wraps) {
  const int64_t height = image.size(1), width = image.size(2), reach = k / 2;
  const Tensor numbers = image.contiguous();
  auto window = torch::zeros({image.size(0) * k * k}, torch::kFloat64);
  double* out = window.data_ptr<double>();
  for (int64_t c = 0; c < image.size(0); ++c) {
    for (int64_t i = row - reach; i <= row + reach; ++i) {
      for (int64_t j = column - reach; j <= column + reach; ++j, ++out) {
        const bool inside = i >= 0 && i < height && j >= 0 && j < width;
        if (!inside && !wraps) continue;
        const int64_t from_row = (i % height + height) % height, from_column = (j % width + width) % width;
        *out = numbers.const_data_ptr<double>()[(c * height + from_row) * width + from_column];
      }
    }
  }
  return window;
}

// Whether a pixel at `query` of an axis accepts windows centred at `candidate`.
bool accepts(const std::string& mode, int64_t query, int64_t candidate, int64_t length, int64_t reach) {
  const bool inner = candidate >= reach && candidate < length - reach;
  if (mode == "circular-interior") return inner;
  if (mode != "border") return true;
  const bool query_inner = query >= reach && query < length - reach;
  return query_inner ? inner : query == candidate;
}

}  // namespace

FilteredSum::FilteredSum(int64_t values, double sigma)
    : sigma_(sigma),
      sum_(torch::zeros({values}, torch::kFloat64)),
      response_(torch::zeros({values}, torch::kFloat64)) {}

void FilteredSum::add(const FilteredMember& member) {
  const Tensor all_weights = member.weights.contiguous(), all_of_query = member.query.contiguous();
  const Tensor all_candidates = member.candidates.contiguous(), all_answers = member.answers.contiguous();
  const double *weights = all_weights.const_data_ptr<double>(), *query = all_of_query.const_data_ptr<double>();
  const double *candidates = all_candidates.const_data_ptr<double>(), *answers = all_answers.const_data_ptr<double>();
  const int64_t n = all_candidates.size(0), m = all_candidates.size(1);
  std::vector<long double> energies(static_cast<size_t>(n));
  long double least = 0;
  for (int64_t i = 0; i < n; ++i) {
    long double energy = 0;
    for (int64_t v = 0; v < m; ++v) {
      const long double difference = static_cast<long double>(query[v]) - candidates[i * m + v];
      energy += weights[v] * difference * difference;
    }
    energies[static_cast<size_t>(i)] = energy;
    if (i == 0 || energy < least) least = energy;
  }
  const int64_t places = member.places.numel();
  std::vector<long double> sums(static_cast<size_t>(places));
  long double total = 0;
  const long double twice_variance = 2 * static_cast<long double>(sigma_) * sigma_;
  for (int64_t i = 0; i < n; ++i) {
    const long double weight = std::exp((least - energies[static_cast<size_t>(i)]) / twice_variance);
    total += weight;
    for (int64_t a = 0; a < places; ++a) {
      sums[static_cast<size_t>(a)] += weight * answers[i * places + a];
    }
  }
  for (int64_t a = 0; a < places; ++a) {
    const int64_t place = member.places[a].item<int64_t>();
    const double response = member.response[a].item<double>();
    sum_[place] += response * static_cast<double>(sums[static_cast<size_t>(a)] / total);
    response_[place] += response;
  }
}

Tensor FilteredSum::mean() const { return torch::where(response_ > 0, sum_ / response_, torch::zeros_like(sum_)); }

Tensor exact_mean(const Tensor& images, const Tensor& x, double sigma) {
  FilteredSum sum(x.numel(), sigma);
  std::vector<int64_t> all;
  for (int64_t v = 0; v < x.numel(); ++v) all.push_back(v);
  sum.add(same_place(images, x, all, all));
  return sum.mean().reshape(x.sizes());
}

Tensor local_mean(const Tensor& images, const Tensor& x, double sigma, int64_t k, bool circular) {
  FilteredSum sum(x.numel(), sigma);
  const int64_t height = x.size(1), width = x.size(2), reach = k / 2;
  for (int64_t row = 0; row < height; ++row) {
    for (int64_t column = 0; column < width; ++column) {
      std::vector<int64_t> box;
      for (int64_t i = row - reach; i <= row + reach; ++i) {
        for (int64_t j = column - reach; j <= column + reach; ++j) {
          const bool inside = i >= 0 && i < height && j >= 0 && j < width;
          if (inside || circular) box.push_back((i + height) % height * width + (j + width) % width);
        }
      }
      sum.add(same_place(images, x, in_every_channel(box, x), in_every_channel({row * width + column}, x)));
    }
  }
  return sum.mean().reshape(x.sizes());
}

Tensor window_mean(const Tensor& images, const Tensor& x, double sigma, int64_t k, const std::string& mode) {
  FilteredSum sum(x.numel(), sigma);
  const int64_t height = x.size(1), width = x.size(2), reach = k / 2;
  const bool wraps = mode == "circular-all" || mode == "circular-interior";
  std::vector<Tensor> all;  // image after image, row after row
  for (int64_t n = 0; n < images.size(0); ++n) {
    for (int64_t pixel = 0; pixel < height * width; ++pixel) {
      all.push_back(window_around(images[n], pixel / width, pixel % width, k, wraps));
    }
  }
  const Tensor windows = torch::stack(all), centres = images.permute({0, 2, 3, 1}).reshape({-1, x.size(0)});
  for (int64_t row = 0; row < height; ++row) {
    for (int64_t column = 0; column < width; ++column) {
      std::vector<int64_t> accepted;
      for (int64_t i = 0; i < windows.size(0); ++i) {
        const int64_t pixel = i % (height * width);
        if (accepts(mode, row, pixel / width, height, reach) && accepts(mode, column, pixel % width, width, reach)) {
          accepted.push_back(i);
        }
      }
      const auto places = indices(in_every_channel({row * width + column}, x));
      const auto one = [](int64_t size) { return torch::ones({size}, torch::kFloat64); };
      const Tensor query = window_around(x, row, column, k, wraps);
      sum.add({one(query.numel()), query, windows.index_select(0, indices(accepted)),
               centres.index_select(0, indices(accepted)), places, one(places.numel())});
    }
  }
  return sum.mean().reshape(x.sizes());
}

Tensor composite_mean(const Tensor& images, const Tensor& x, double sigma, int64_t p) {
  FilteredSum sum(x.numel(), sigma);
  for (int64_t row = 0; row + p <= x.size(1); ++row) {
    for (int64_t column = 0; column + p <= x.size(2); ++column) {
      std::vector<int64_t> box;
      for (int64_t i = row; i < row + p; ++i) {
        for (int64_t j = column; j < column + p; ++j) box.push_back(i * x.size(2) + j);
      }
      const auto numbers = in_every_channel(box, x);
      sum.add(same_place(images, x, numbers, numbers));
    }
  }
  return sum.mean().reshape(x.sizes());
}

Tensor soft_local_mean(const Tensor& images, const Tensor& x, double sigma, int64_t k, bool circular) {
  FilteredSum sum(x.numel(), sigma);
  const int64_t height = x.size(1), width = x.size(2);
  const auto distance = [&](int64_t from, int64_t to, int64_t length) {
    const int64_t direct = std::abs(from - to);
    return static_cast<double>(circular ? std::min(direct, length - direct) : direct);
  };
  std::vector<int64_t> all;
  for (int64_t v = 0; v < x.numel(); ++v) all.push_back(v);
  for (int64_t u = 0; u < height * width; ++u) {
    std::vector<double> weights(static_cast<size_t>(x.numel()));
    for (int64_t v = 0; v < x.numel(); ++v) {
      const int64_t pixel = v % (height * width);
      weights[v] = gaussian_weight(distance(pixel / width, u / width, height),
                                   distance(pixel % width, u % width, width), k);
    }
    sum.add(same_place(images, x, all, in_every_channel({u}, x), torch::tensor(weights, torch::kFloat64)));
  }
  return sum.mean().reshape(x.sizes());
}

Tensor soft_composite_mean(const Tensor& images, const Tensor& x, double sigma, int64_t p) {
  FilteredSum sum(x.numel(), sigma);
  const int64_t height = x.size(1), width = x.size(2);
  const double half = 0.5 * static_cast<double>(p - 1);
  std::vector<int64_t> all;
  for (int64_t v = 0; v < x.numel(); ++v) all.push_back(v);
  for (int64_t row = 0; row + p <= height; ++row) {
    for (int64_t column = 0; column + p <= width; ++column) {
      std::vector<double> weights(static_cast<size_t>(x.numel()));
      for (int64_t v = 0; v < x.numel(); ++v) {
        const int64_t pixel = v % (height * width);
        weights[static_cast<size_t>(v)] = gaussian_weight(static_cast<double>(pixel / width - row) - half,
                                                          static_cast<double>(pixel % width - column) - half, p);
      }
      FilteredMember member = same_place(images, x, all, all, torch::tensor(weights, torch::kFloat64));
      member.response = member.weights;
      sum.add(member);
    }
  }
  return sum.mean().reshape(x.sizes());
}

Tensor masked_mean(const Tensor& images, const Tensor& x, double sigma, const Tensor& masks, bool own) {
  FilteredSum sum(x.numel(), sigma), uncovered(x.numel(), sigma);
  const int64_t pixels = x.size(1) * x.size(2);
  const Tensor sets = masks.reshape({pixels, pixels}), covered = sets.any(0);
  const auto pixels_of = [](const Tensor& set) {
    const Tensor found = set.nonzero().flatten().contiguous();
    return std::vector<int64_t>(found.const_data_ptr<int64_t>(), found.const_data_ptr<int64_t>() + found.numel());
  };
  for (int64_t u = 0; u < pixels; ++u) {
    const auto set = in_every_channel(pixels_of(sets[u]), x);
    sum.add(same_place(images, x, set, set));
    if (covered[u].item<bool>() || !own) continue;
    Tensor with_itself = sets[u].clone();
    with_itself[u] = true;
    uncovered.add(same_place(images, x, in_every_channel(pixels_of(with_itself), x), in_every_channel({u}, x)));
  }
  return (sum.mean() + uncovered.mean()).reshape(x.sizes());
}

Tensor value_mean(const Tensor& images, const Tensor& x, double sigma, const Tensor& weights) {
  FilteredSum sum(x.numel(), sigma);
  std::vector<int64_t> all;
  for (int64_t v = 0; v < x.numel(); ++v) all.push_back(v);
  for (int64_t b = 0; b < x.numel(); ++b) sum.add(same_place(images, x, all, {b}, weights[b]));
  return sum.mean().reshape(x.sizes());
}

Tensor masks_of(const Tensor& heat, double fraction) {
  const int64_t pixels = heat.size(0) * heat.size(1);
  const Tensor flat = heat.reshape({pixels, pixels});
  const Tensor share = flat / flat.sum(1, /*keepdim=*/true);
  const auto [sorted, order] = share.sort(/*stable=*/true, /*dim=*/1, /*descending=*/false);
  const Tensor kept = sorted.cumsum(1) >= 1 - fraction;
  return torch::zeros_like(kept).scatter_(1, order, kept).reshape(heat.sizes());
}

Tensor locality_weights(const Tensor& covariance, double sigma, double threshold, bool output) {
  const auto identity = torch::eye(covariance.size(0), torch::kFloat64);
  const Tensor wiener = at::linalg_solve(covariance + sigma * sigma * identity, covariance);
  const Tensor diagonal = wiener.diagonal();
  const Tensor divisor = torch::where(diagonal.abs() < 1e-6, torch::ones_like(diagonal), diagonal);
  Tensor mask = wiener / divisor.unsqueeze(1);
  if (threshold > 0) mask = (mask.abs() >= threshold * mask.abs().max()).to(torch::kFloat64);
  return output ? mask : mask.t().contiguous();
}

}  // namespace farfield::test
