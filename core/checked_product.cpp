#include "core/checked_product.h"

#include <string>

#include <fmt/format.h>

#include "core/error.h"

namespace farfield {

int64_t checked_product(std::string_view what, std::initializer_list<int64_t> sizes, int64_t limit) {
  int64_t product = 1;
  std::string text;
  bool overflows = false, zero = false;
  for (const int64_t size : sizes) {
    check(size >= 0, "checked_product: a negative size");
    overflows = __builtin_mul_overflow(product, size, &product) || overflows;
    zero = zero || size == 0;
    text += fmt::format("{}{}", text.empty() ? "" : " x ", size);
  }
  if (zero) return 0;
  if (!overflows && product <= limit) return product;
  throw usage_error(fmt::format("{}: {} is more than the limit, {}; give less", what, text, limit));
}

}  // namespace farfield
