#include "core/device.h"

#include <gtest/gtest.h>

#include "tests/support/test_support.h"

namespace farfield {
namespace {

TEST(Device, UnknownOrAbsentDevicesAreUsageErrors) {
  EXPECT_EQ(parse_device("cpu"), torch::Device(torch::kCPU));
  for (const char* bad : {"", "gpu", "cuda:", "cuda:-1", "cuda:9999", "cpu:0", "cudax"}) {
    const auto error = test::error_of([&] { parse_device(bad); });
    ASSERT_TRUE(error) << bad;
    EXPECT_EQ(error->code(), ExitCode::kUsage) << bad;
  }
}

TEST(Device, AutoPrecisionNeedsMatrixUnits) {
  const auto expected = cpu_has_bf16_matrix_units() ? Precision::kBf16 : Precision::kFp32;
  EXPECT_EQ(parse_precision("auto", torch::kCPU), expected);
  EXPECT_EQ(parse_precision("bf16", torch::kCPU), Precision::kBf16);
  EXPECT_TRUE(test::error_of([] { parse_precision("tf32", torch::kCPU); }));
  const auto error = test::error_of([] { parse_precision("bf61", torch::kCPU); });
  ASSERT_TRUE(error);
  EXPECT_NE(std::string(error->what()).find("did you mean 'bf16'?"), std::string::npos);
}

}  // namespace
}  // namespace farfield
