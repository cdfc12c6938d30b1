#include "tests/support/mutants.h"

#include <random>

#include <gtest/gtest.h>

#include "core/error.h"

namespace farfield::test {
namespace {

class Mutator {
 public:
  explicit Mutator(uint64_t seed) : random_(seed) {}

  void damage(std::string& bytes) {
    if (bytes.empty()) bytes.push_back(static_cast<char>(below(256)));
    const size_t at = below(bytes.size()), length = 1 + below(std::min<size_t>(bytes.size() - at, 16));
    switch (below(7)) {
      case 0:
        bytes[at] = static_cast<char>(bytes[at] ^ (1 << below(8)));
        break;
      case 1:
        bytes[at] = "\x00\x01\x7F\x80\xFF\"{[-9"[below(10)];
        break;
      case 2:
        bytes.resize(at);
        break;
      case 3:
        bytes.erase(at, length);
        break;
      case 4:
        bytes.insert(at, bytes.substr(at, length));
        break;
      case 5:
        bytes.insert(at, length, static_cast<char>(below(256)));
        break;
      default:
        bytes.replace(at, length, length, below(2) == 0 ? '\xFF' : '\0');
        break;
    }
  }

  size_t below(size_t bound) { return std::uniform_int_distribution<size_t>(0, bound - 1)(random_); }

 private:
  std::mt19937_64 random_;
};

}  // namespace

void for_each_mutant(const std::string& good, int count, const std::function<void(const std::string&)>& use) {
  for (int i = 0; i < count; ++i) {
    Mutator mutator(static_cast<uint64_t>(i));
    std::string mutant = good;
    for (size_t times = 1 + mutator.below(3); times > 0; --times) mutator.damage(mutant);
    use(mutant);
  }
}

int expect_read_or_refused(const std::vector<std::string>& goods, int count,
                           const std::function<void(const std::string&)>& read) {
  int refused = 0;
  for (size_t which = 0; which < goods.size(); ++which) {
    int number = 0;
    for_each_mutant(goods[which], count, [&](const std::string& mutant) {
      try {
        read(mutant);
      } catch (const Error& error) {
        ++refused;
        EXPECT_EQ(error.code(), ExitCode::kBadFile) << "mutant " << number << " of " << which << ": " << error.what();
        EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos) << error.what();
      } catch (const std::exception& other) {
        ADD_FAILURE() << "mutant " << number << " of " << which << ": " << other.what();
      }
      ++number;
    });
  }
  return refused;
}

}  // namespace farfield::test
