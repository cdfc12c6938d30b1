#pragma once

#include <cstdint>

namespace farfield {

// The inner loops of the GITS costs on rows of `size` doubles. Sums run over 32 lanes that are added pairwise at the
// end: the same bits on every CPU, whatever its vector width.

// <end - x, u> and <d, u>.
struct AlongChord {
  double chord, slope;
};
AlongChord along_chord(const double* end, const double* x, const double* d, const double* u, int64_t size);

// |p|^2, <p, q> and |q|^2 of p = end - x - along.chord u and q = d - along.slope u.
struct AcrossChord {
  double p_p, p_q, q_q;
};
AcrossChord across_chord(const double* end, const double* x, const double* d, const double* u, AlongChord along,
                         int64_t size);

// |p - h q|^2, p and q as above.
double square_after_jump(const double* end, const double* x, const double* d, const double* u, AlongChord along,
                         double h, int64_t size);

// The sums of |r| and of r^2, r = x + h d - y.
double absolute_miss(const double* x, const double* d, const double* y, double h, int64_t size);
double square_miss(const double* x, const double* d, const double* y, double h, int64_t size);

}  // namespace farfield
