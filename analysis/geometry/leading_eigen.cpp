#include "analysis/geometry/leading_eigen.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "analysis/geometry/column_sums.h"
#include "core/error.h"
#include "core/math/random.h"

namespace farfield {
namespace {

constexpr double kEpsilon = std::numeric_limits<double>::epsilon();

int64_t padded(int64_t n) { return (n + kColumnUnit - 1) / kColumnUnit * kColumnUnit; }

// A symmetric matrix as H_0 H_1 ... T ... H_1 H_0 with T tridiagonal and H_k = I - scale[k] v_k v_k^T.
struct Tridiagonal {
  std::vector<double> diagonal, beside;    // [n], [n-1]
  std::vector<double> reflectors, scales;  // v_k [n][padded n], zero up to k; [n]
};

// rows[i] -= v[i] w + w[i] v for every row after `first`, on columns from `from` on.
FARFIELD_EVERY_WIDTH
void subtract_rank_two(double* rows, int64_t stride, int64_t first, int64_t n, int64_t from, const double* v,
                       const double* w) {
  for (int64_t i = first; i < n; ++i) {
    double* row = rows + i * stride;
    const double of_w = v[i], of_v = w[i];
    for (int64_t at = from; at < stride; at += kLanes)
      store(row + at, ColumnLanes(load(row + at) - of_w * load(w + at) - of_v * load(v + at)));
  }
}

// out[i] = <rows[i], v> for every row after `first`, on columns from `from` on.
FARFIELD_EVERY_WIDTH
void multiply_rows(const double* rows, int64_t stride, int64_t first, int64_t n, int64_t from, const double* v,
                   double* out) {
  for (int64_t i = first; i < n; ++i) {
    LaneSum sum;
    const double* row = rows + i * stride;
    sum_columns<1>(stride - from, &sum, [=](int64_t at, ColumnLanes* s) __attribute__((always_inline)) {
      s[0] += load(row + from + at) * load(v + from + at);
    });
    out[i] = sum.total();
  }
}

double product(const double* a, const double* b, int64_t size) {
  double sum = 0;
  for (int64_t i = 0; i < size; ++i) sum += a[i] * b[i];
  return sum;
}

Tridiagonal tridiagonal_form(const std::vector<double>& matrix, int64_t n) {
  const int64_t stride = padded(n);
  std::vector<double> rows(n * stride), w(stride);
  for (int64_t i = 0; i < n; ++i) std::copy_n(&matrix[i * n], n, &rows[i * stride]);
  Tridiagonal form{std::vector<double>(n), std::vector<double>(n), std::vector<double>(n * stride),
                   std::vector<double>(n)};
  for (int64_t k = 0; k + 2 < n; ++k) {
    double* v = &form.reflectors[k * stride];
    std::copy(&rows[k * stride + k + 1], &rows[k * stride + n], v + k + 1);
    const double norm = std::sqrt(product(v, v, n));
    form.beside[k] = v[k + 1];
    if (norm <= std::fabs(v[k + 1])) continue;  // tridiagonal there already
    const double sign = v[k + 1] < 0 ? -1 : 1, scale = 1 / (norm * (norm + std::fabs(v[k + 1])));
    v[k + 1] += sign * norm;
    form.beside[k] = -sign * norm;
    form.scales[k] = scale;
    const int64_t from = (k + 1) / kColumnUnit * kColumnUnit;
    std::fill(w.begin(), w.end(), 0.0);
    multiply_rows(rows.data(), stride, k + 1, n, from, v, w.data());
    const double half = scale * scale / 2 * product(v, w.data(), n);
    for (int64_t i = k + 1; i < n; ++i) w[i] = scale * w[i] - half * v[i];
    subtract_rank_two(rows.data(), stride, k + 1, n, from, v, w.data());
  }
  for (int64_t i = 0; i < n; ++i) form.diagonal[i] = rows[i * stride + i];
  if (n > 1) form.beside[n - 2] = rows[(n - 2) * stride + n - 1];
  form.beside.resize(n - 1);
  return form;
}

// Bisection on eight eigenvalues at a time, one a lane: how many eigenvalues lie below a shift is the number of negative
// pivots of T - shift.
FARFIELD_EVERY_WIDTH
void bisect(const Tridiagonal& form, double low, double high, double tiny, double* values) {
  const auto n = static_cast<int64_t>(form.diagonal.size());
  double lows[kLanes], highs[kLanes];
  std::fill_n(lows, kLanes, low);
  std::fill_n(highs, kLanes, high);
  for (int step = 0; step < 60; ++step) {
    double shifts[kLanes], below[kLanes] = {};
    for (int64_t l = 0; l < kLanes; ++l) shifts[l] = lows[l] + (highs[l] - lows[l]) / 2;
    const ColumnLanes shift = load(shifts), one = ColumnLanes{} + 1, least = ColumnLanes{} + tiny;
    ColumnLanes count = {}, pivot = one;
    for (int64_t i = 0; i < n; ++i) {
      const double square = i > 0 ? form.beside[i - 1] * form.beside[i - 1] : 0;
      pivot = form.diagonal[i] - shift - square / pivot;
      pivot = (pivot < least) & (pivot > -least) ? -least : pivot;
      count += pivot < 0 ? one : ColumnLanes{};
    }
    store(below, count);
    for (int64_t l = 0; l < kLanes; ++l) (below[l] >= static_cast<double>(n - l) ? highs : lows)[l] = shifts[l];
  }
  for (int64_t l = 0; l < kLanes; ++l) values[l] = lows[l] + (highs[l] - lows[l]) / 2;
}

// T - shift as L U by Gaussian elimination with row exchanges, to solve many systems.
class ShiftedTridiagonal {
 public:
  ShiftedTridiagonal(const Tridiagonal& form, double shift, double tiny) : n_(form.diagonal.size()) {
    for (size_t i = 0; i < n_; ++i) {
      upper_.push_back({form.diagonal[i] - shift, i + 1 < n_ ? form.beside[i] : 0, 0});
    }
    multipliers_.resize(n_);
    exchanged_.resize(n_);
    for (size_t i = 0; i + 1 < n_; ++i) eliminate(i, form.beside[i], tiny);
    if (std::fabs(upper_.back()[0]) < tiny) upper_.back()[0] = tiny;
  }

  void solve(std::vector<double>& x) const {
    for (size_t i = 0; i + 1 < n_; ++i) {
      if (exchanged_[i]) std::swap(x[i], x[i + 1]);
      x[i + 1] -= multipliers_[i] * x[i];
    }
    for (size_t i = n_; i-- > 0;) {
      if (i + 1 < n_) x[i] -= upper_[i][1] * x[i + 1];
      if (i + 2 < n_) x[i] -= upper_[i][2] * x[i + 2];
      x[i] /= upper_[i][0];
    }
  }

 private:
  void eliminate(size_t i, double below, double tiny) {
    std::array<double, 3> next = {below, upper_[i + 1][0], upper_[i + 1][1]};
    exchanged_[i] = std::fabs(below) > std::fabs(upper_[i][0]);
    if (exchanged_[i]) std::swap(next, upper_[i]);
    if (std::fabs(upper_[i][0]) < tiny) upper_[i][0] = tiny;
    multipliers_[i] = next[0] / upper_[i][0];
    upper_[i + 1] = {next[1] - multipliers_[i] * upper_[i][1], next[2] - multipliers_[i] * upper_[i][2], 0};
  }

  size_t n_;
  std::vector<std::array<double, 3>> upper_;
  std::vector<double> multipliers_;
  std::vector<bool> exchanged_;
};

void normalise_against(std::vector<double>& x, const std::vector<double>& before, int64_t n) {
  for (size_t first = 0; first + n <= before.size(); first += n) {
    const double part = product(&before[first], x.data(), n);
    for (int64_t i = 0; i < n; ++i) x[i] -= part * before[first + i];
  }
  const double norm = std::sqrt(product(x.data(), x.data(), n));
  for (double& number : x) number /= norm;
}

// Of T, one after the other, each orthogonal to those before.
std::vector<double> vectors_of(const Tridiagonal& form, const std::vector<double>& values, double tiny) {
  constexpr int kIterations = 3;
  const auto n = static_cast<int64_t>(form.diagonal.size());
  SplitMix64 random(1);
  std::vector<double> vectors;
  for (const double value : values) {
    const ShiftedTridiagonal shifted(form, value, tiny);
    std::vector<double> x(n);
    for (double& number : x) number = random.between(0.5, 1);
    for (int i = 0; i < kIterations; ++i) {
      shifted.solve(x);
      const double largest = std::fabs(*std::ranges::max_element(x, {}, [](double one) { return std::fabs(one); }));
      for (double& number : x) number /= largest;  // before it is squared
      normalise_against(x, vectors, n);
    }
    vectors.insert(vectors.end(), x.begin(), x.end());
  }
  return vectors;
}

// From vectors of T to vectors of the matrix.
void reflect_back(const Tridiagonal& form, std::vector<double>& vectors, int64_t n) {
  const int64_t stride = padded(n);
  for (size_t first = 0; first + n <= vectors.size(); first += n) {
    double* x = &vectors[first];
    for (int64_t k = n - 2; k-- > 0;) {
      const double* v = &form.reflectors[k * stride];
      const double part = form.scales[k] * product(v + k + 1, x + k + 1, n - k - 1);
      for (int64_t i = k + 1; i < n; ++i) x[i] -= part * v[i];
    }
  }
}

}  // namespace

LeadingEigen leading_eigen(const std::vector<double>& matrix, int64_t n, int64_t wanted) {
  check(n >= 1 && static_cast<int64_t>(matrix.size()) == n * n && wanted >= 1 && wanted <= kLanes,
        "leading_eigen: a square matrix, and one to eight of its eigenvalues");
  const Tridiagonal form = tridiagonal_form(matrix, n);
  double bound = 0;  // Gershgorin's
  for (int64_t i = 0; i < n; ++i) {
    bound = std::max(bound, std::fabs(form.diagonal[i]) + (i > 0 ? std::fabs(form.beside[i - 1]) : 0) +
                                (i + 1 < n ? std::fabs(form.beside[i]) : 0));
  }
  LeadingEigen leading;
  if (bound == 0) return leading;
  const double tiny = kEpsilon * kEpsilon * bound;
  double values[kLanes];
  bisect(form, 0, bound, tiny, values);
  for (int64_t k = 0; k < std::min(wanted, n); ++k) {
    if (values[k] > static_cast<double>(n) * kEpsilon * values[0]) leading.values.push_back(values[k]);
  }
  leading.vectors = vectors_of(form, leading.values, kEpsilon * bound);
  reflect_back(form, leading.vectors, n);
  return leading;
}

}  // namespace farfield
