#include "core/interrupt_scope.h"

#include <utility>

namespace farfield {
namespace {

thread_local InterruptScope* scope_of_thread = nullptr;

}  // namespace

InterruptScope::InterruptScope(std::function<bool()> question)
    : question_(std::move(question)), outer_(std::exchange(scope_of_thread, this)) {}
InterruptScope::~InterruptScope() { scope_of_thread = outer_; }

bool InterruptScope::asked() { return scope_of_thread != nullptr && scope_of_thread->question_(); }

}  // namespace farfield
