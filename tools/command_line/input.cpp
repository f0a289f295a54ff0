#include "input.hpp"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <istream>

#include "../../core/error.hpp"
#include "../../models/text/parallel_text.hpp"
#include "output.hpp"

namespace heed::tools {

/// Adds what one call gives behind what has not been taken yet; false at the end.
bool StandardInput::read_more() {
  constexpr std::size_t part = 1 << 16;
  const auto left = static_cast<std::size_t>(egptr() - gptr());
  buffer_.erase(0, buffer_.size() - left);
  buffer_.resize(left + part);
  ssize_t count = -1;
  do count = ::read(STDIN_FILENO, buffer_.data() + left, part);
  while (count < 0 && errno == EINTR);
  const int error = errno;
  buffer_.resize(left + static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
  setg(buffer_.data(), buffer_.data(), buffer_.data() + buffer_.size());
  if (count < 0) throw IoError(std::string("standard input: cannot read: ") + std::strerror(error));
  ended_ = count == 0;
  return !ended_;
}

StandardInput::int_type StandardInput::underflow() {
  if (ended_ || !read_more()) return traits_type::eof();
  return traits_type::to_int_type(*gptr());
}

bool StandardInput::line_ready() {
  // Where no line end has been looked for yet.
  for (std::ptrdiff_t seen = 0; !ended_;) {
    const std::ptrdiff_t size = egptr() - gptr();
    if (std::memchr(gptr() + seen, '\n', static_cast<std::size_t>(size - seen))) return true;
    if (size > max_line_bytes) return true;
    seen = size;
    struct pollfd input = {STDIN_FILENO, POLLIN, 0};
    if (::poll(&input, 1, 0) <= 0) return false;
    read_more();
  }
  return true;
}

void hint_if_terminal(const std::string& what, const CommonFlags& common) {
  if (common.quiet || !isatty(STDIN_FILENO)) return;
  say("reading " + what + " from the keyboard, a line each; Ctrl-D ends them");
}

std::vector<std::string> read_standard_input(std::vector<std::string>& notes) {
  StandardInput input;
  std::istream stream(&input);
  LineReader reader(stream, "standard input");
  std::vector<std::string> lines;
  for (std::string line; reader.next(line);) lines.push_back(line);
  notes.insert(notes.end(), reader.notes().begin(), reader.notes().end());
  return lines;
}

}  // namespace heed::tools
