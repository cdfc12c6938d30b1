#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "models/operators/operator.h"

namespace farfield {

// The operators of restoration (reference: Chung et al. 2023, DPS; Zhu et al. 2023, DiffPIR). `shape` is an image's [C,H,W]
// unless said otherwise; `name` is what info() calls it. Constants are float64 on the CPU.

// y = x, any shape.
std::unique_ptr<LinearOperator> make_identity(std::string name, std::vector<int64_t> shape);
// y = m x: mask [H,W] of zeros and ones, the same for all channels; what is masked out is 0 in y and carries no noise. Known
// pixels are y itself where sigma_y = 0. usage_error for other values, another size, or nothing kept.
std::unique_ptr<LinearOperator> make_mask(std::string name, std::vector<int64_t> shape, torch::Tensor mask);
// Means of factor x factor blocks, [C,H/factor,W/factor]: A A^T = I / factor^2. usage_error unless factor divides both sides.
std::unique_ptr<LinearOperator> make_pool(std::string name, std::vector<int64_t> shape, int64_t factor);
// Circular convolution y[i,j] = sum_ab k[a,b] x[i - a + h, j - b + w] with kernel [n,m] centred at (h,w) = (n/2, m/2), then every
// factor-th row and column from 0. By FFT; A A^T is circular, too, with eigenvalues |K|^2 averaged over the factor x factor
// aliases. The pseudo-inverse leaves out singular values below 1e-3 of the largest: noise alone would be seen through them.
// usage_error for a kernel larger than the image or not finite, or a factor that does not divide both sides.
std::unique_ptr<LinearOperator> make_blur(std::string name, std::vector<int64_t> shape, torch::Tensor kernel,
                                          int64_t factor);
// y = R x C^T in every channel: rows R [h,H], columns C [w,W]; [C,h,w]. By the singular values of both.
std::unique_ptr<LinearOperator> make_separable(std::string name, std::vector<int64_t> shape, torch::Tensor rows,
                                               torch::Tensor columns);
// y = M x over all numbers of a sample of any shape: M [m,d], y [m]. By its singular values.
std::unique_ptr<LinearOperator> make_matrix(std::string name, std::vector<int64_t> shape, torch::Tensor matrix);
// y = |F(x padded with `pad` zeros on every side)|, F the unitary FFT; not linear. [C,H+2pad,W+2pad].
std::unique_ptr<Operator> make_phase(std::string name, std::vector<int64_t> shape, int64_t pad);

// y = a user's TorchScript module's forward(x), x [B, ...shape] -> floating [B, ...], one row a sample; not linear, whatever it computes:
// pulled back by autograd. It is shown two images for the shape of its measurements, in a process of its own first.
struct ScriptOperatorRequest {
  std::filesystem::path file;
  std::string sha256 = {};                    // pinned; else `trust`
  bool trust = false;                         // consent to run its code
  torch::ScalarType dtype = torch::kFloat32;  // what it is called with
};
// Error(kTrust) without consent; bad_file where it does not load, fails, or returns what is no finite floating tensor of a row a sample
// or has no gradient.
std::unique_ptr<Operator> make_script_operator(std::string name, std::vector<int64_t> shape,
                                               const ScriptOperatorRequest& request);

// The matrix [size/factor,size] of anti-aliased bicubic reduction: Keys' kernel (a = -1/2) stretched by factor, pixels beyond the
// border reflected with the border repeated, rows that sum to 1.
torch::Tensor bicubic_matrix(int64_t size, int64_t factor);

}  // namespace farfield
