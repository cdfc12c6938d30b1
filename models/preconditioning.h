#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <torch/types.h>

namespace farfield {

// D(x; sigma) = c_skip x + c_out F(c_in x; c_noise), Karras et al. 2022, table 1. All in float64, one value a sample.
struct Scalings {
  torch::Tensor c_skip, c_out, c_in, c_noise;  // [B] float64
};

// The four published preconditioners. `sigma_data` matters for EDM only.
class Preconditioning {
 public:
  virtual ~Preconditioning() = default;
  virtual std::string_view name() const = 0;                        // "edm", "vp", "ve", "iddpm"
  virtual Scalings scalings(const torch::Tensor& sigma) const = 0;  // sigma [B] float64
  virtual double sigma_min() const = 0;
  virtual double sigma_max() const = 0;
  // iDDPM: the nearest level of its table; the others: sigma itself.
  virtual torch::Tensor round_sigma(const torch::Tensor& sigma) const { return sigma; }
  virtual bool has_levels() const { return false; }             // whether round_sigma changes anything
  virtual int64_t output_channels_factor() const { return 1; }  // iDDPM networks also predict a variance: 2
  // Tables that the reference keeps beside the network's weights (iDDPM: `u` [1001] float32).
  virtual std::map<std::string, torch::Tensor> tables() const { return {}; }
};

// F(c_in x; c_noise): what a network computes. Returns x's shape, with output_channels_factor() times the channels.
using RawNetwork = std::function<torch::Tensor(const torch::Tensor& scaled_x, const torch::Tensor& c_noise)>;

// D(x; sigma) = c_skip x + c_out F(c_in x; c_noise). Coefficients are made in float64, then everything runs in x's
// dtype; of F's output only x's channels count. x [B, ...shape], sigma [B]; returns x's shape and dtype.
torch::Tensor precondition(const Preconditioning& preconditioning, const RawNetwork& network, const torch::Tensor& x,
                           const torch::Tensor& sigma);

// `name` as above or NVlabs' class names (EDMPrecond, VPPrecond, VEPrecond, iDDPMPrecond); usage_error if unknown.
std::unique_ptr<Preconditioning> make_preconditioning(std::string_view name, double sigma_data = 0.5);
const std::vector<std::string>& preconditioning_names();

// DenoiserInfo::nearest_level of a network with this preconditioning; empty where every level will do.
std::function<double(double sigma)> nearest_level_of(std::string_view name);

}  // namespace farfield
