#include "tests/support/process.h"

#include <cstdlib>
#include <fcntl.h>
#include <fstream>
#include <sstream>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/test_support.h"

namespace farfield::test {
namespace {

std::string content(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  std::ostringstream text;
  text << stream.rdbuf();
  return text.str();
}

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

ProcessResult run_program(const std::vector<std::string>& command, const std::vector<std::string>& environment,
                          const std::string& directory) {
  TempDir dir;
  const std::string out = (dir / "out").string(), err = (dir / "err").string();
  const pid_t child = fork();
  if (child == 0) {
    redirect("/dev/null", O_RDONLY, STDIN_FILENO);
    redirect(out, O_WRONLY | O_CREAT, STDOUT_FILENO);
    redirect(err, O_WRONLY | O_CREAT, STDERR_FILENO);
    if (!directory.empty() && chdir(directory.c_str()) != 0) _exit(126);
    become(command, environment);
  }
  int status = 0;
  waitpid(child, &status, 0);
  ProcessResult result;
  result.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  result.out = content(out);
  result.err = content(err);
  return result;
}

ProcessResult run_farfield(std::vector<std::string> arguments, const std::vector<std::string>& environment,
                           const std::string& directory) {
  std::vector<std::string> command = {FARFIELD_BINARY};
  for (auto& argument : arguments) command.push_back(std::move(argument));
  return run_program(command, environment, directory);
}

}  // namespace farfield::test
