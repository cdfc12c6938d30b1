#pragma once

namespace farfield::test {

// This program's system calls that change folders and files (open, write, fsync, rename, unlink, rmdir, mkdir and their
// ...at forms), also those that the C++ library makes, can be made to fail or to be the last one.
struct CallFault {
  long at = -1;   // the number of the call, from 0 on; -1: none
  int error = 0;  // errno of the failing call; 0: the process is killed there (SIGKILL) instead
};

// From now on in this process.
void arm_calls(const CallFault& fault);
// How many calls there were since arm_calls().
long calls_seen();

}  // namespace farfield::test
