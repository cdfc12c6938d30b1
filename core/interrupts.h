#pragma once

namespace farfield {

// SIGINT, SIGTERM, SIGUSR1 and SIGHUP (the terminal was closed) set a flag that every loop polls; another one a second or
// more after the first ends the process at once (exit 128 + its number). Sooner it is the same request: `timeout`,
// terminals and launchers signal a process and then its whole group. A SIGHUP that was ignored at the start stays ignored.
// SIGXCPU (the soft limit of CPU time, ulimit -S -t) sets the flag, too, and never ends the process.
void install_interrupt_handlers();
bool interrupted();
// Throws Error(kInterrupted) when a signal came; for loops that have nothing to save.
void stop_if_interrupted();
// For tests: as if a signal had come (or not).
void set_interrupted(bool value);

}  // namespace farfield
