#pragma once

#include <streambuf>
#include <string>
#include <vector>

#include "command_line.hpp"

namespace heed::tools {

/// Standard input that can say, without waiting, whether a line is there.
/// `IoError` when it can't be read.
class StandardInput final : public std::streambuf {
 public:
  /// Would reading a line return at once? So too at the end, and for a line that is too long.
  bool line_ready();

 protected:
  int_type underflow() override;

 private:
  bool read_more();
  std::string buffer_;
  bool ended_ = false;
};

/// A line on stderr that tells what is waited for, if standard input is a terminal.
void hint_if_terminal(const std::string& what, const CommonFlags& common);
/// All lines of standard input.
std::vector<std::string> read_standard_input(std::vector<std::string>& notes);

}  // namespace heed::tools
