#include "tests/core/failing_allocations.h"

#include <cstdlib>
#include <cstring>
#include <new>

#include <c10/core/CPUAllocator.h>
#include <c10/util/Exception.h>

namespace farfield::test {
namespace {

thread_local bool counting = false, all_from = false;
thread_local int64_t refused = 0, seen = 0;

bool refuses() {
  if (!counting) return false;
  const int64_t number = seen++;
  return all_from ? number >= refused : number == refused;
}

// LibTorch's own allocator behind a door.
class Door : public c10::Allocator {
 public:
  explicit Door(c10::Allocator* behind) : behind_(behind) {}
  c10::DataPtr allocate(size_t bytes) override {
    TORCH_CHECK(!refuses(), "DefaultCPUAllocator: can't allocate memory: you tried to allocate ", bytes, " bytes.");
    return behind_->allocate(bytes);
  }
  c10::DeleterFnPtr raw_deleter() const override { return behind_->raw_deleter(); }
  void copy_data(void* to, const void* from, size_t bytes) const override { std::memcpy(to, from, bytes); }

 private:
  c10::Allocator* behind_;
};

void install_door() {
  static Door door(c10::GetCPUAllocator());
  static const bool installed = [] {
    constexpr uint8_t kAboveTheDefault = 1;
    c10::SetCPUAllocator(&door, kAboveTheDefault);
    return true;
  }();
  static_cast<void>(installed);
}

}  // namespace

RefusedAllocation::RefusedAllocation(int64_t k, Which which) {
  install_door();
  refused = k;
  seen = 0;
  all_from = which == Which::kAllFrom;
  counting = true;
}

RefusedAllocation::~RefusedAllocation() { counting = false; }

bool RefusedAllocation::happened() const { return seen > refused; }

}  // namespace farfield::test

void* operator new(std::size_t bytes) {
  if (farfield::test::refuses()) throw std::bad_alloc();
  if (void* const block = std::malloc(bytes == 0 ? 1 : bytes)) return block;
  throw std::bad_alloc();
}

void* operator new(std::size_t bytes, const std::nothrow_t&) noexcept {
  return farfield::test::refuses() ? nullptr : std::malloc(bytes == 0 ? 1 : bytes);
}

void operator delete(void* block) noexcept { std::free(block); }
void operator delete(void* block, std::size_t) noexcept { std::free(block); }
