#pragma once

namespace farfield {

// The functions of exponential integrators: phi_1(z) = (e^z - 1) / z, phi_{k+1}(z) = (phi_k(z) - 1/k!) / z, phi_k(0) =
// 1/k!. k from 1 to 4, any finite z; to about 1e-15 relative, without the cancellation of the formula near 0.
double phi(int k, double z);

}  // namespace farfield
