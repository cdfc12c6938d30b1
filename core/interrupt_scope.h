#pragma once

#include <functional>

namespace farfield {

// Hands a further question down to everything that this thread calls while the object lives: interrupted() of
// core/interrupts.h is true as well where `question` says so. For a host whose signals do not come to us, such as Python.
// Scopes nest, the innermost is asked; it may be asked thousands of times a second.
class InterruptScope {
 public:
  explicit InterruptScope(std::function<bool()> question);
  ~InterruptScope();
  InterruptScope(const InterruptScope&) = delete;
  InterruptScope& operator=(const InterruptScope&) = delete;

  // Of this thread; false without a scope.
  static bool asked();

 private:
  std::function<bool()> question_;
  InterruptScope* outer_;
};

}  // namespace farfield
