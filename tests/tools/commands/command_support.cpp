#include "command_support.hpp"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <thread>

namespace {

std::vector<char*> pointers(std::vector<std::string>& words) {
  std::vector<char*> result;
  for (std::string& word : words) result.push_back(word.data());
  result.push_back(nullptr);
  return result;
}

/// Starts a program with its streams on files; an empty name is /dev/null.
int start(std::vector<std::string> words, const std::string& in, const std::string& out,
          const std::string& err) {
  const pid_t child = ::fork();
  if (child < 0) throw std::runtime_error("fork failed");
  if (child > 0) return child;
  const std::string names[] = {in, out, err};
  for (int i = 0; i < 3; ++i) {
    const std::string& name = names[i].empty() ? "/dev/null" : names[i];
    const int file = ::open(name.c_str(), i == 0 ? O_RDONLY : O_WRONLY | O_CREAT | O_TRUNC, 0666);
    ::dup2(file, i);
    if (file > 2) ::close(file);
  }
  ::execvp(words[0].c_str(), pointers(words).data());
  ::_exit(127);
}

CommandResult run(std::vector<std::string> words, const std::string& input) {
  TemporaryFolder folder;
  write_text(folder / "in", input);
  CommandResult result;
  result.status = wait_for(start(std::move(words), folder / "in", folder / "out", folder / "err"));
  result.out = file_text(folder / "out");
  result.err = file_text(folder / "err");
  return result;
}

}  // namespace

CommandResult shell(const std::string& line, const std::string& input) {
  return run({"bash", "-c", "heed() { \"" HEED_COMMAND "\" \"$@\"; }; " + line}, input);
}

CommandResult heed_command(const std::vector<std::string>& arguments, const std::string& input) {
  std::vector<std::string> words = {HEED_COMMAND};
  words.insert(words.end(), arguments.begin(), arguments.end());
  return run(words, input);
}

int start_heed(const std::vector<std::string>& arguments, const std::string& error_file) {
  std::vector<std::string> words = {HEED_COMMAND};
  words.insert(words.end(), arguments.begin(), arguments.end());
  return start(words, "", "", error_file);
}

int wait_for(int process) {
  int status = 0;
  ::waitpid(process, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

bool wait_for_text(const std::string& file, const std::string& text) {
  for (int i = 0; i < 6000; ++i) {
    if (file_text(file).find(text) != std::string::npos) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return false;
}

std::string file_text(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

void write_text(const std::string& path, const std::string& text) {
  std::ofstream out(path, std::ios::binary);
  out << text;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

void check_refused(const CommandResult& result, int status, const std::string& message) {
  INFO(result.err);
  CHECK(result.status == status);
  CHECK_THAT(result.err, Catch::Matchers::StartsWith("heed: error: "));
  CHECK_THAT(result.err, Catch::Matchers::Contains(message));
  CHECK(std::count(result.err.begin(), result.err.end(), '\n') == 1);
  CHECK(result.out.empty());
}

SmallTask::SmallTask() {
  const CommandResult made =
      heed_command({"data", "reverse", "--out", folder / "d", "--train", "120", "--valid", "11",
                    "--test", "13", "--max-length", "5"});
  INFO(made.err);
  REQUIRE(made.status == 0);
}

void SmallTask::train(const std::string& name, const std::vector<std::string>& more) const {
  std::vector<std::string> words = {"train",       "--data",   folder / "d", "--out",
                                    folder / name, "--preset", "toy",        "--quiet"};
  words.insert(words.end(), more.begin(), more.end());
  const CommandResult trained = heed_command(words);
  INFO(trained.err);
  REQUIRE(trained.status == 0);
}
