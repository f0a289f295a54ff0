#include "progress.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>

#include "../terminal/text_table.hpp"

namespace heed::tools {

namespace {

constexpr double redraw_seconds = 0.1, line_seconds = 10;
constexpr const char* erase_line = "\r\x1b[K";

double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

void write_stderr(const std::string& text) {
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, text.data(), text.size());
}

std::size_t terminal_columns() {
  winsize size{};
  return ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

template <class... A>
std::string format(const char* pattern, A... values) {
  char buffer[160];
  std::snprintf(buffer, sizeof buffer, pattern, values...);
  return buffer;
}

std::string progress_text(const TrainingProgress& p) {
  std::string text = format("step %lld  epoch %lld  loss %.4f  %.0f tokens/s  lr %.2e",
                            static_cast<long long>(p.step), static_cast<long long>(p.epoch + 1),
                            p.loss, p.tokens_per_second, p.learning_rate);
  if (p.seconds_left >= 0) text += "  " + clock_time(p.seconds_left) + " left";
  return text;
}

}  // namespace

ProgressDisplay::ProgressDisplay(bool quiet, bool color)
    : quiet_(quiet), color_(color), terminal_(isatty(STDERR_FILENO)) {}

ProgressDisplay::~ProgressDisplay() { clear_line(); }

void ProgressDisplay::clear_line() {
  if (drawn_) write_stderr(erase_line);
  drawn_ = false;
}

void ProgressDisplay::write_line(const std::string& text) {
  clear_line();
  write_stderr(text + '\n');
}

void ProgressDisplay::stepped(const TrainingProgress& progress) {
  const double time = now();
  if (quiet_ || time - last_ < (terminal_ ? redraw_seconds : line_seconds)) return;
  last_ = time;
  const std::string text = progress_text(progress);
  if (!terminal_) return write_line(text);
  write_stderr(erase_line + text.substr(0, terminal_columns() - 1));
  drawn_ = true;
}

void ProgressDisplay::validated(int64_t step, const Validation& validation, bool best) {
  if (quiet_) return;
  std::string text =
      format("step %lld  validation loss %.4f", static_cast<long long>(step), validation.loss);
  for (const auto& [name, value] : validation.metrics) {
    text += "  " + name + format(" %.2f", value);
  }
  if (best) text += color_ ? "  \x1b[32mbest\x1b[0m" : "  best";
  write_line(text);
  last_ = now();
}

void ProgressDisplay::warn(const std::string& text) { write_line("heed: " + text); }

void ProgressDisplay::note(const std::string& text) {
  if (!quiet_) write_line("heed: " + text);
}

}  // namespace heed::tools
