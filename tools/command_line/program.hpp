#pragma once

#include <string>
#include <vector>

namespace heed::tools {

/// A folder for files that only this process reads, removed at the end.
class TemporaryFolder {
 public:
  /// `what` begins the message of the `IoError` if there can't be one.
  explicit TemporaryFolder(const std::string& what);
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  std::string path;
};

/// How a program ended: by its exit status, or 128 and the number of the signal.
struct ProgramEnd {
  int status = 0;
  std::string output;
};

/// Starts the program that `words` begins with, found as a shell finds it, and waits for its end.
/// Its standard input is /dev/null or the file `input`. `IoError` if it can't be started.
ProgramEnd run_program(const std::vector<std::string>& words, const std::string& input = "");

/// The file of the running program.
std::string this_program();

}  // namespace heed::tools
