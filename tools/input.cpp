#include "input.hpp"

#include <unistd.h>

#include <iostream>

#include <heed/models/parallel_text.hpp>

#include "output.hpp"

namespace heed::tools {

void hint_if_terminal(const std::string& what, const CommonFlags& common) {
  if (common.quiet || !isatty(STDIN_FILENO)) return;
  say("reading " + what + " from the keyboard, a line each; Ctrl-D ends them");
}

std::vector<std::string> read_standard_input(std::vector<std::string>& notes) {
  LineReader reader(std::cin, "standard input");
  std::vector<std::string> lines;
  for (std::string line; reader.next(line);) lines.push_back(line);
  notes.insert(notes.end(), reader.notes().begin(), reader.notes().end());
  return lines;
}

}  // namespace heed::tools
