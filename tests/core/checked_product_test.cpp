#include "core/checked_product.h"

#include "tests/support/test_support.h"

namespace farfield {
namespace {

TEST(CheckedProduct, MultipliesUpToTheLimitAndNeverWraps) {
  EXPECT_EQ(checked_product("bytes", {}, 10), 1);
  EXPECT_EQ(checked_product("bytes", {2, 5}, 10), 10);
  EXPECT_EQ(checked_product("bytes", {int64_t{1} << 40, 0, int64_t{1} << 40}, 10), 0);
  EXPECT_EQ(checked_product("bytes", {INT64_MAX, 1}, INT64_MAX), INT64_MAX);
  const auto refused = [](std::initializer_list<int64_t> sizes) {
    const auto error = test::error_of([&] { checked_product("bytes of it", sizes, 10); });
    ASSERT_TRUE(error);
    EXPECT_EQ(error->code(), ExitCode::kUsage);
    EXPECT_NE(std::string(error->what()).find("bytes of it: "), std::string::npos) << error->what();
  };
  refused({2, 6});
  refused({11});
  refused({INT64_MAX, 2});
  refused({INT64_MAX, INT64_MAX});
  refused({int64_t{1} << 32, int64_t{1} << 32});  // 0 where it wraps
  refused({(int64_t{1} << 62) + 1, 4});           // 4 where it wraps
}

}  // namespace
}  // namespace farfield
