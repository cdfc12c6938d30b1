#include "analysis/geometry/leading_eigen.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include <torch/types.h>

#include "analysis/geometry/column_sums.h"
#include "core/error.h"
#include "core/math/random.h"

namespace farfield {
namespace {

constexpr int kHalvings = 54;  // to the last bit of the largest
constexpr double kEpsilon = std::numeric_limits<double>::epsilon();

int64_t padded(int64_t n) { return (n + kColumnUnit - 1) / kColumnUnit * kColumnUnit; }

// A symmetric matrix as H_0 H_1 ... T ... H_1 H_0 with T tridiagonal and H_k = I - scale[k] v_k v_k^T. T has m <= n
// rows: the others are 0 to rounding, as those of a matrix of low rank are.
struct Tridiagonal {
  std::vector<double> diagonal, beside;    // [m], [m-1]
  std::vector<double> reflectors, scales;  // v_k [m][padded n], zero up to k; [m]
};

// rows[i] -= v[i] w + w[i] v for every row after `first`, on columns from `from` on.
FARFIELD_EVERY_WIDTH
void subtract_rank_two(double* rows, int64_t stride, int64_t first, int64_t n, int64_t from, const double* v,
                       const double* w) {
  for (int64_t i = first; i < n; ++i) {
    double* row = rows + i * stride;
    const double of_w = v[i], of_v = w[i];
    for (int64_t at = from; at < stride; at += kLanes)
      store(row + at, load(row + at) - of_w * load(w + at) - of_v * load(v + at));
  }
}

// out = the sum of v[i] rows[i] over the rows after `first`, on columns from `from` on: the product with a symmetric
// matrix.
FARFIELD_EVERY_WIDTH
void multiply_rows(const double* rows, int64_t stride, int64_t first, int64_t n, int64_t from, const double* v,
                   double* out) {
  for (int64_t at = from; at < stride; at += kColumnUnit) {
    ColumnLanes low[2] = {}, high[2] = {};  // rows in turn, so that no sum waits for itself
    for (int64_t i = first; i + 1 < n; i += 2) {
      const double *even = rows + i * stride + at, *odd = even + stride;
      low[0] += v[i] * load(even);
      high[0] += v[i] * load(even + kLanes);
      low[1] += v[i + 1] * load(odd);
      high[1] += v[i + 1] * load(odd + kLanes);
    }
    if ((n - first) % 2 == 1) {
      const double* last = rows + (n - 1) * stride + at;
      low[0] += v[n - 1] * load(last);
      high[0] += v[n - 1] * load(last + kLanes);
    }
    store(out + at, low[0] + low[1]);
    store(out + at + kLanes, high[0] + high[1]);
  }
}

// In four sums side by side: one would wait for itself.
double product(const double* a, const double* b, int64_t size) {
  double sums[4] = {};
  int64_t i = 0;
  for (; i + 4 <= size; i += 4) {
    for (int64_t l = 0; l < 4; ++l) sums[l] += a[i + l] * b[i + l];
  }
  for (; i < size; ++i) sums[0] += a[i] * b[i];
  return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

Tridiagonal tridiagonal_form(const std::vector<double>& matrix, int64_t n) {
  const int64_t stride = padded(n);
  torch::Tensor memory = torch::zeros({n, stride}, torch::kFloat64);  // aligned to whole registers
  double* rows = memory.mutable_data_ptr<double>();
  for (int64_t i = 0; i < n; ++i) std::copy_n(&matrix[i * n], n, &rows[i * stride]);
  const auto trace = [&](int64_t first) {
    double sum = 0;
    for (int64_t i = first; i < n; ++i) sum += std::fabs(rows[i * stride + i]);
    return sum;
  };
  const double rounding = kEpsilon * trace(0);
  Tridiagonal form;
  std::vector<double> v(stride), w(stride);
  for (int64_t k = 0; k < n; ++k) {
    form.diagonal.push_back(rows[k * stride + k]);
    form.scales.push_back(0);
    std::fill(v.begin(), v.end(), 0.0);
    std::copy(&rows[k * stride + k + 1], &rows[k * stride + n], v.data() + k + 1);
    if (k + 1 == n || trace(k + 1) <= rounding) break;
    const double norm = std::sqrt(product(v.data(), v.data(), n));
    const bool done = norm <= std::fabs(v[k + 1]);  // tridiagonal there already
    const double sign = v[k + 1] < 0 ? -1 : 1, scale = done ? 0 : 1 / (norm * (norm + std::fabs(v[k + 1])));
    form.beside.push_back(done ? v[k + 1] : -sign * norm);
    v[k + 1] += done ? 0 : sign * norm;
    form.scales.back() = scale;
    form.reflectors.insert(form.reflectors.end(), v.begin(), v.end());
    if (done) continue;
    const int64_t from = (k + 1) / kColumnUnit * kColumnUnit;
    std::fill(w.begin(), w.end(), 0.0);
    multiply_rows(rows, stride, k + 1, n, from, v.data(), w.data());
    const double half = scale * scale / 2 * product(v.data(), w.data(), n);
    for (int64_t i = k + 1; i < n; ++i) w[i] = scale * w[i] - half * v[i];
    subtract_rank_two(rows, stride, k + 1, n, from, v.data(), w.data());
  }
  return form;
}

// Divides by a bound of the eigenvalues (Gershgorin's), and returns it.
double scale_to_one(Tridiagonal& form) {
  const size_t n = form.diagonal.size();
  double bound = 0;
  for (size_t i = 0; i < n; ++i) {
    bound = std::max(bound, std::fabs(form.diagonal[i]) + (i > 0 ? std::fabs(form.beside[i - 1]) : 0) +
                                (i + 1 < n ? std::fabs(form.beside[i]) : 0));
  }
  if (bound == 0) return 0;
  for (double& number : form.diagonal) number /= bound;
  for (double& number : form.beside) number /= bound;
  return bound;
}

using LaneBits [[gnu::vector_size(64)]] = uint64_t;

FARFIELD_INLINE void set_absolute(const ColumnLanes& of, ColumnLanes& to) {
  to = reinterpret_cast<ColumnLanes>(reinterpret_cast<LaneBits>(of) & ~(uint64_t{1} << 63));
}

// How many eigenvalues lie below each of eight shifts, Sturm's count: the sign changes of p_i = (d_i - shift) p_{i-1} -
// e_{i-1}^2 p_{i-2}. No quotient that eight lanes would wait for, and no comparison; what grows or shrinks is brought
// back now and then.
FARFIELD_INLINE void count_below(const Tridiagonal& form, const double* shifts, uint64_t* below) {
  constexpr size_t kRowsBetweenScalings = 8;
  constexpr double kLeastSquare = 1e-40;  // no p is 0 together with the one before
  const ColumnLanes shift = load(shifts);
  LaneBits count = {};
  ColumnLanes before = {}, here = ColumnLanes{} + 1;
  for (size_t i = 0; i < form.diagonal.size(); ++i) {
    const double square = i > 0 ? std::max(form.beside[i - 1] * form.beside[i - 1], kLeastSquare) : 0;
    const ColumnLanes next = (form.diagonal[i] - shift) * here - square * before;
    count += (reinterpret_cast<LaneBits>(next) ^ reinterpret_cast<LaneBits>(here)) >> 63;
    before = here;
    here = next;
    if (i % kRowsBetweenScalings != kRowsBetweenScalings - 1) continue;
    ColumnLanes size_here, size_before;
    set_absolute(here, size_here);
    set_absolute(before, size_before);
    const ColumnLanes scale = 1 / (size_here + size_before);
    before *= scale;
    here *= scale;
  }
  for (int64_t l = 0; l < kLanes; ++l) below[l] = count[l];
}

// Bisection on [0, 1] for the eight largest eigenvalues at a time, one a lane.
FARFIELD_EVERY_WIDTH
void bisect(const Tridiagonal& form, double* values) {
  const size_t n = form.diagonal.size();
  double lows[kLanes] = {}, highs[kLanes];
  uint64_t below[kLanes];
  std::fill_n(highs, kLanes, 1.0);
  for (int step = 0; step < kHalvings; ++step) {
    for (int64_t l = 0; l < kLanes; ++l) values[l] = lows[l] + (highs[l] - lows[l]) / 2;
    count_below(form, values, below);
    for (int64_t l = 0; l < kLanes; ++l) (below[l] + static_cast<uint64_t>(l) >= n ? highs : lows)[l] = values[l];
  }
}

// T - shift as L U by Gaussian elimination with row exchanges, to solve many systems.
class ShiftedTridiagonal {
 public:
  ShiftedTridiagonal(const Tridiagonal& form, double shift) : n_(form.diagonal.size()) {
    for (size_t i = 0; i < n_; ++i) {
      upper_.push_back({form.diagonal[i] - shift, i + 1 < n_ ? form.beside[i] : 0, 0});
    }
    multipliers_.resize(n_);
    exchanged_.resize(n_);
    for (size_t i = 0; i + 1 < n_; ++i) eliminate(i, form.beside[i]);
    if (std::fabs(upper_.back()[0]) < kEpsilon) upper_.back()[0] = kEpsilon;
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
  void eliminate(size_t i, double below) {
    std::array<double, 3> next = {below, upper_[i + 1][0], upper_[i + 1][1]};
    exchanged_[i] = std::fabs(below) > std::fabs(upper_[i][0]);
    if (exchanged_[i]) std::swap(next, upper_[i]);
    if (std::fabs(upper_[i][0]) < kEpsilon) upper_[i][0] = kEpsilon;
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
std::vector<double> vectors_of(const Tridiagonal& form, const std::vector<double>& values) {
  constexpr int kIterations = 3;
  const auto n = static_cast<int64_t>(form.diagonal.size());
  SplitMix64 random(1);
  std::vector<double> vectors;
  for (const double value : values) {
    const ShiftedTridiagonal shifted(form, value);
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

// From vectors of T to vectors of the matrix [n][n].
std::vector<double> reflected_back(const Tridiagonal& form, const std::vector<double>& of_form, int64_t n) {
  const size_t rows = form.diagonal.size(), count = of_form.size() / rows, stride = static_cast<size_t>(padded(n));
  std::vector<double> vectors(count * static_cast<size_t>(n));
  for (size_t i = 0; i < count; ++i) {
    double* x = &vectors[i * static_cast<size_t>(n)];
    std::copy_n(&of_form[i * rows], rows, x);
    for (size_t k = rows - 1; k-- > 0;) {
      const double* v = &form.reflectors[k * stride];
      const auto from = static_cast<int64_t>(k) + 1;
      const double part = form.scales[k] * product(v + from, x + from, n - from);
      for (int64_t at = from; at < n; ++at) x[at] -= part * v[at];
    }
  }
  return vectors;
}

}  // namespace

LeadingEigen leading_eigen(const std::vector<double>& matrix, int64_t n, int64_t wanted) {
  check(n >= 1 && static_cast<int64_t>(matrix.size()) == n * n && wanted >= 1 && wanted <= kLanes,
        "leading_eigen: a square matrix, and one to eight of its eigenvalues");
  Tridiagonal form = tridiagonal_form(matrix, n);
  LeadingEigen leading;
  const double bound = scale_to_one(form);
  if (bound == 0) return leading;
  double values[kLanes];
  bisect(form, values);
  for (int64_t k = 0; k < std::min(wanted, static_cast<int64_t>(form.diagonal.size())); ++k) {
    if (values[k] > static_cast<double>(n) * kEpsilon * values[0]) leading.values.push_back(values[k]);
  }
  leading.vectors = reflected_back(form, vectors_of(form, leading.values), n);
  for (double& value : leading.values) value *= bound;
  return leading;
}

}  // namespace farfield
