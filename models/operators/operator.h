#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include <torch/types.h>

namespace farfield {

// What an operator maps from and to.
struct OperatorInfo {
  std::string name;                        // NAME,option=value..., every option with its value
  std::vector<int64_t> image_shape;        // [C,H,W], or [d]
  std::vector<int64_t> measurement_shape;  // without the batch
  int64_t measured = 0;                    // numbers of a measurement that carry noise: all, but for masks
};

// How an image x becomes a measurement, y = A(x) + sigma_y n with n ~ N(0, I). Immutable. States are float32 or float64, on any
// device; everything is computed there and in that dtype, every sample by itself.
class Operator {
 public:
  explicit Operator(OperatorInfo info);
  virtual ~Operator() = default;
  const OperatorInfo& info() const { return info_; }

  // A(x): x [B, ...image_shape] -> [B, ...measurement_shape]. usage_error naming the shapes.
  torch::Tensor apply(const torch::Tensor& x) const;
  // (dA/dx)^T v at x: v [B, ...measurement_shape] -> [B, ...image_shape]; of a linear operator its adjoint, whatever x is.
  torch::Tensor pull_back(const torch::Tensor& x, const torch::Tensor& v) const;
  // y where it was measured, 0 elsewhere.
  virtual torch::Tensor where_measured(const torch::Tensor& y) const { return y; }

 protected:
  void check_image(const torch::Tensor& x) const;
  void check_measurement(const torch::Tensor& y) const;
  virtual torch::Tensor applied(const torch::Tensor& x) const = 0;

 private:
  virtual torch::Tensor pulled_back(const torch::Tensor& x, const torch::Tensor& v) const = 0;

  OperatorInfo info_;
};

// A function of eigenvalues, entry by entry: takes float64 of any shape and returns what broadcasts with it.
using SpectralFunction = std::function<torch::Tensor(const torch::Tensor& eigenvalues)>;

// A linear operator A = U S V^T. `rho` is one number or [B], float64, each in [0, inf].
class LinearOperator : public Operator {
 public:
  using Operator::Operator;

  // A^T y, exact: <A x, y> = <x, A^T y> to rounding.
  torch::Tensor adjoint(const torch::Tensor& y) const;
  // U g(S^2) U^T r, without what A^T maps to 0. r [B, ...measurement_shape].
  torch::Tensor of_gram(const torch::Tensor& r, const SpectralFunction& g) const;
  // V f(S) V^T x, f(0) where there is no singular value. x [B, ...image_shape].
  torch::Tensor of_singular_values(const torch::Tensor& x, const SpectralFunction& f) const;
  // (A A^T + rho I)^-1 r; at rho = 0 the pseudo-inverse, in which squared singular values up to smallest_eigenvalue() count as
  // zero.
  torch::Tensor solve(const torch::Tensor& r, const torch::Tensor& rho) const;
  torch::Tensor pseudo_inverse(const torch::Tensor& y) const;  // A^+ y
  // argmin_x |y - A x|^2 + rho |x - z|^2 = z + A^T (A A^T + rho I)^-1 (y - A z); at rho = 0 its limit z + A^+ (y - A z), at
  // infinity z itself.
  torch::Tensor prox(const torch::Tensor& y, const torch::Tensor& z, const torch::Tensor& rho) const;

  virtual double norm() const = 0;  // the largest singular value
  virtual double smallest_eigenvalue() const { return 0; }

 private:
  torch::Tensor pulled_back(const torch::Tensor&, const torch::Tensor& v) const final { return transposed(v); }
  virtual torch::Tensor transposed(const torch::Tensor& y) const = 0;
  virtual torch::Tensor gram(const torch::Tensor& r, const SpectralFunction& g) const = 0;
  // rho is [B or 1, 1, ...] with the dimensions of a batch of images.
  virtual torch::Tensor nearest(const torch::Tensor& y, const torch::Tensor& z, const torch::Tensor& rho) const;
};

// `name`d by whoever needs it: usage_error where the operator is not linear.
const LinearOperator& require_linear(const Operator& one, const std::string& name);

}  // namespace farfield
