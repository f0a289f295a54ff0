#include "program.hpp"

#include <sys/wait.h>

#include <fcntl.h>
#include <spawn.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "../../core/error.hpp"
#include "../../core/files/files.hpp"

extern char** environ;  // NOLINT: POSIX

namespace heed::tools {

TemporaryFolder::TemporaryFolder(const std::string& what) {
  const char* parent = std::getenv("TMPDIR");
  path = join_path(parent ? parent : "/tmp", "heed-XXXXXX");
  if (!mkdtemp(path.data())) throw IoError(what + ": " + path + ": " + std::strerror(errno));
}

TemporaryFolder::~TemporaryFolder() {
  try {
    remove_path(path);
  } catch (const Error&) {
    // It lies where the system clears up.
  }
}

namespace {

/// A pipe whose ends a started program doesn't inherit.
struct Pipe {
  Pipe() {
    if (::pipe2(ends, O_CLOEXEC) != 0) throw IoError(std::string("pipe: ") + std::strerror(errno));
  }
  ~Pipe() {
    ::close(ends[0]);
    close_writing();
  }
  void close_writing() {
    if (ends[1] >= 0) ::close(ends[1]);
    ends[1] = -1;
  }
  std::string read_all() const {
    std::string all;
    char buffer[4096];
    for (;;) {
      const ssize_t got = ::read(ends[0], buffer, sizeof buffer);
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) return all;
      all.append(buffer, static_cast<std::size_t>(got));
    }
  }
  int ends[2] = {-1, -1};
};

pid_t start(const std::vector<std::string>& words, const std::string& input, const Pipe& output) {
  std::vector<char*> arguments;
  for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  const char* from = input.empty() ? "/dev/null" : input.c_str();
  posix_spawn_file_actions_addopen(&files, 0, from, O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&files, output.ends[1], 1);
  pid_t process = 0;
  const int failure =
      posix_spawnp(&process, arguments[0], &files, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&files);
  if (failure != 0) throw IoError(words[0] + ": " + std::strerror(failure));
  return process;
}

}  // namespace

ProgramEnd run_program(const std::vector<std::string>& words, const std::string& input) {
  Pipe output;
  const pid_t process = start(words, input, output);
  output.close_writing();
  ProgramEnd end;
  end.output = output.read_all();
  int status = 0;
  while (::waitpid(process, &status, 0) < 0 && errno == EINTR) {
  }
  end.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return end;
}

std::string this_program() {
  std::string path(4096, '\0');
  const ssize_t length = ::readlink("/proc/self/exe", path.data(), path.size());
  if (length < 0) throw IoError(std::string("/proc/self/exe: ") + std::strerror(errno));
  path.resize(static_cast<std::size_t>(length));
  return path;
}

}  // namespace heed::tools
