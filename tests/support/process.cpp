#include "tests/support/process.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "tests/support/files.h"

namespace farfield::test {
namespace {

void redirect(const std::string& path, int flags, int descriptor) {
  const int file = open(path.c_str(), flags, 0600);
  dup2(file, descriptor);
  close(file);
}

[[noreturn]] void become(const std::vector<std::string>& command, const std::vector<std::string>& environment) {
  for (const auto& variable : environment) {
    const size_t equals = variable.find('=');
    setenv(variable.substr(0, equals).c_str(), variable.substr(equals + 1).c_str(), 1);
  }
  std::vector<char*> words;
  for (const auto& word : command) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  execvp(words[0], words.data());
  _exit(127);
}

}  // namespace

RunningProgram::RunningProgram(const std::vector<std::string>& command, const std::vector<std::string>& environment,
                               const std::string& directory)
    : child_(fork()) {
  if (child_ != 0) return;
  redirect("/dev/null", O_RDONLY, STDIN_FILENO);
  redirect((dir_ / "out").string(), O_WRONLY | O_CREAT, STDOUT_FILENO);
  redirect((dir_ / "err").string(), O_WRONLY | O_CREAT, STDERR_FILENO);
  if (!directory.empty() && chdir(directory.c_str()) != 0) _exit(126);
  become(command, environment);
}

RunningProgram::~RunningProgram() {
  if (!running()) return;
  signal(SIGKILL);
  result();
}

void RunningProgram::signal(int number) const { kill(child_, number); }

bool RunningProgram::running() {
  over_ = over_ || wait4(child_, &status_, WNOHANG, &usage_) == child_;
  return !over_;
}

ProcessResult RunningProgram::result() {
  if (!over_) wait4(child_, &status_, 0, &usage_);
  over_ = true;
  const int code = WIFEXITED(status_) ? WEXITSTATUS(status_) : 128 + WTERMSIG(status_);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
  };
  return {code, text_of(dir_ / "out"), text_of(dir_ / "err"), seconds(usage_.ru_utime) + seconds(usage_.ru_stime),
          int64_t{usage_.ru_maxrss} << 10};
}

ProcessResult run_program(const std::vector<std::string>& command, const std::vector<std::string>& environment,
                          const std::string& directory) {
  return RunningProgram(command, environment, directory).result();
}

std::vector<std::string> farfield_command(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), FARFIELD_BINARY);
  return arguments;
}

ProcessResult run_farfield(std::vector<std::string> arguments, const std::vector<std::string>& environment,
                           const std::string& directory) {
  return run_program(farfield_command(std::move(arguments)), environment, directory);
}

}  // namespace farfield::test
