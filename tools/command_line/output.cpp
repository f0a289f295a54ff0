#include "output.hpp"

#include <fcntl.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "../../core/error.hpp"

namespace heed::tools {

namespace {

constexpr std::size_t buffer_size = 1 << 16;

std::string& buffer() {
  static std::string text;
  return text;
}

[[noreturn]] void fail() {
  throw IoError(std::string("cannot write output: ") + std::strerror(errno));
}

/// The text of strangers may hold what a terminal obeys: there it is shown as `\xNN`. Line ends
/// and tabs stay.
std::string for_terminal(const std::string& text) {
  std::string out;
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t end = std::min(text.find_first_of("\n\t", i), text.size());
    out += escaped(text.substr(i, end - i), std::string::npos);
    if (end < text.size()) out += text[end];
    i = end + 1;
  }
  return out;
}

}  // namespace

void print(const std::string& text) {
  static const bool terminal = isatty(STDOUT_FILENO);
  print_drawing(terminal ? for_terminal(text) : text);
}

void print_drawing(const std::string& text) {
  buffer() += text;
  if (buffer().size() >= buffer_size) flush_output();
}

void flush_output() {
  const std::string text = std::move(buffer());
  buffer().clear();
  for (std::size_t done = 0; done < text.size();) {
    const ssize_t written = ::write(STDOUT_FILENO, text.data() + done, text.size() - done);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail();
    done += static_cast<std::size_t>(written);
  }
}

void finish_output() {
  flush_output();
  if (::close(STDOUT_FILENO) < 0 && errno != EINTR && errno != EBADF) fail();
}

void say(std::string_view text, std::string_view kind) {
  const auto part = [](std::string_view bytes) {
    return iovec{const_cast<char*>(bytes.data()), bytes.size()};
  };
  // One call, so that lines of several processes don't mix.
  const iovec line[] = {part("heed: "), part(kind), part(text), part("\n")};
  // Nobody is left to tell when stderr fails.
  [[maybe_unused]] const ssize_t written = ::writev(STDERR_FILENO, line, 4);
}

void open_standard_streams() {
  for (const int descriptor : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::fcntl(descriptor, F_GETFD) >= 0) continue;
    const int mode = descriptor == STDERR_FILENO ? O_WRONLY : O_RDONLY;
    [[maybe_unused]] const int opened = ::open("/dev/null", mode);
  }
}

}  // namespace heed::tools
