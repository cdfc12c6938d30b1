#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include <torch/types.h>

namespace farfield {

// What a denoiser is for.
struct DenoiserInfo {
  std::string name;                   // for reports: "network glyphs.safetensors", "gaussian (rank 64)", ...
  std::string kind = "network";       // what it is, and so how charts draw it: a name of reference_table(), or what was
                                      // learned: network, torchscript, pt2, python, guidance
  std::vector<int64_t> sample_shape;  // [C,H,W] for images, [d] for points
  int64_t label_dim = 0;              // 0: takes no labels
  double sigma_min = 0;               // the range of noise levels it is defined on, 0 <= sigma_min < sigma_max
  double sigma_max = std::numeric_limits<double>::infinity();
  double sigma_data = 0.5;  // standard deviation of the data it was made for
  // The level of its table that is nearest to a sigma (iDDPM, whose networks know 1000 levels); empty: any level will do.
  std::function<double(double sigma)> nearest_level = {};
};

// Labels already bound: what a solver sees. x [B, ...shape], sigma > 0; returns D(x; sigma) like x.
using DenoiseFn = std::function<torch::Tensor(const torch::Tensor& x, double sigma)>;

// D(x; sigma) = E[x0 | x0 + sigma n = x], n ~ N(0, I): everything that can denoise. Variance-exploding form, time =
// sigma: dx/dsigma = (x - D) / sigma, score = (D - x) / sigma^2 (Karras et al. 2022, eq. 3 with s(t) = 1).
// Immutable after construction; gradients flow where the implementation supports them, no-grad guards are the
// caller's.
class Denoiser {
 public:
  virtual ~Denoiser() = default;

  // x [B, ...shape] floating; sigma scalar or [B] (any floating dtype or device; used in double where it matters), each
  // in (0, inf); labels [B, label_dim] or undefined (= all zero). Returns x's shape, dtype and device. A bug or usage
  // error on shape or range mismatch, numeric_error (naming sigma and the sample) when the result is not finite while x
  // is; never an empty tensor.
  torch::Tensor operator()(const torch::Tensor& x, const torch::Tensor& sigma, const torch::Tensor& labels = {}) const;
  torch::Tensor operator()(const torch::Tensor& x, double sigma, const torch::Tensor& labels = {}) const;

  // D(x; sigma) and v^T dD/dx, each sample by its own Jacobian: one evaluation and one backward pass by autograd, or the
  // closed form where there is one. v like x in shape, any floating dtype; x, sigma and labels as above; both results
  // like x. Needs no grad mode and leaves none behind. usage_error where the implementation has neither.
  struct Pullback {
    torch::Tensor denoised, product;  // [B, ...shape]
  };
  Pullback vector_jacobian(const torch::Tensor& x, const torch::Tensor& sigma, const torch::Tensor& v,
                           const torch::Tensor& labels = {}) const;
  Pullback vector_jacobian(const torch::Tensor& x, double sigma, const torch::Tensor& v,
                           const torch::Tensor& labels = {}) const;

  // D(x; sigma), and v^T dD/dx at the same x for any number of v, which may depend on D: one evaluation, and for each v what
  // vector_jacobian() says. Lives no longer than the denoiser and keeps what a backward pass needs.
  struct Linearised {
    torch::Tensor denoised;                                      // [B, ...shape]
    std::function<torch::Tensor(const torch::Tensor& v)> times;  // v^T dD/dx, [B, ...shape]
  };
  Linearised linearised(const torch::Tensor& x, const torch::Tensor& sigma, const torch::Tensor& labels = {}) const;
  Linearised linearised(const torch::Tensor& x, double sigma, const torch::Tensor& labels = {}) const;

  // A solver's view. The denoiser must outlive it.
  DenoiseFn bind(torch::Tensor labels = {}) const;

  virtual const DenoiserInfo& info() const = 0;

 protected:
  // linearise() of those that override pull_back().
  Linearised by_pull_back(const torch::Tensor& x, const torch::Tensor& sigma, const torch::Tensor& labels) const;

 private:
  // D with what leads back to x.
  struct Graph {
    torch::Tensor point, denoised;
  };
  Graph with_graph(const torch::Tensor& x, const torch::Tensor& sigma, const torch::Tensor& labels) const;
  // sigma arrives as float64 [B] on x's device, checked.
  virtual torch::Tensor denoise(const torch::Tensor& x, const torch::Tensor& sigma,
                                const torch::Tensor& labels) const = 0;
  // As denoise(); v like x. By autograd through denoise() unless overridden.
  virtual Pullback pull_back(const torch::Tensor& x, const torch::Tensor& sigma, const torch::Tensor& labels,
                             const torch::Tensor& v) const;
  // As denoise(), x without gradient. By one graph of autograd through denoise() unless pull_back() is overridden.
  virtual Linearised linearise(const torch::Tensor& x, const torch::Tensor& sigma, const torch::Tensor& labels) const;
};

// (D - x) / sigma^2, [B, ...shape].
torch::Tensor score(const Denoiser& denoiser, const torch::Tensor& x, double sigma, const torch::Tensor& labels = {});

}  // namespace farfield
