#pragma once

// The pair of Dormand and Prince (1980), A family of embedded Runge-Kutta formulae, orders 5 and 4.
namespace farfield::dormand_prince {

constexpr int kStages = 7;
constexpr double kC[kStages] = {0, 1. / 5, 3. / 10, 4. / 5, 8. / 9, 1, 1};
// The last row are the fifth-order weights: the last stage is evaluated at the new state, and is the next step's first.
constexpr double kA[kStages][kStages - 1] = {{},
                                             {1. / 5},
                                             {3. / 40, 9. / 40},
                                             {44. / 45, -56. / 15, 32. / 9},
                                             {19372. / 6561, -25360. / 2187, 64448. / 6561, -212. / 729},
                                             {9017. / 3168, -355. / 33, 46732. / 5247, 49. / 176, -5103. / 18656},
                                             {35. / 384, 0, 500. / 1113, 125. / 192, -2187. / 6784, 11. / 84}};
// The difference of the fifth-order weights from the fourth-order ones.
constexpr double kError[kStages] = {71. / 57600, 0, -71. / 16695, 71. / 1920, -17253. / 339200, 22. / 525, -1. / 40};

}  // namespace farfield::dormand_prince
