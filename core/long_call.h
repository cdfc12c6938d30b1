#pragma once

#include <functional>
#include <string>

#include "core/shards.h"

namespace farfield {

// work() where nothing can stop it: a factorisation or product of a library that takes minutes. It runs on a thread of its
// own, with this thread's number of threads, while this one tells how long it takes (`what`, core/progress.h) and looks for
// signals: Error(kInterrupted) within a tenth of a second of one. The work then goes on unheard, so it must own what it
// reads; the process must end by leaving at once, see call_left_running(). What work() throws is thrown here.
// Work of fewer than about 10^10 floating-point operations, a second, is done here.
Tensors long_call(const std::string& what, double operations, std::function<Tensors()> work);

// Whether an interrupted long_call() may still be at work: destructors of static objects would then run under its feet, so
// that a process ends by _exit() after it has written what it has to say.
bool call_left_running();

}  // namespace farfield
