#include "models/counting.h"

#include "models/analytic/analytic.h"
#include "tests/support/test_support.h"

namespace farfield {
namespace {

TEST(Counting, CountsCallsAndChangesNothing) {
  const auto denoiser = make_isotropic(torch::full({3}, 2.0, torch::kFloat64), 0, {3});
  int64_t calls = 0;
  const auto counted = counting(denoiser->bind(), calls);
  const auto x = torch::zeros({5, 3});
  EXPECT_TRUE(counted(x, 1.0).equal((*denoiser)(x, 1.0)));
  counted(x, 2.0);
  EXPECT_EQ(calls, 2);
}

}  // namespace
}  // namespace farfield
