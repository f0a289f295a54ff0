#pragma once

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <string>

/// How the capstone's programs are called, and how they end where they cannot go on.
namespace capstone {

/// Ends the program with one line.
[[noreturn]] inline void stop(const std::string& says, int code = 1) {
  std::fprintf(stderr, "%s\n", says.c_str());
  std::exit(code);
}

/// PROGRAM DATA MODEL [MINUTES]
struct Command {
  std::string data, model;
  double minutes = 10;
};

inline double minutes_of(const std::string& text) {
  char* end = nullptr;
  const double minutes = std::strtod(text.c_str(), &end);
  if (text.empty() || *end || !std::isfinite(minutes) || minutes <= 0) {
    stop("MINUTES is a number larger than 0, not \"" + text + "\"", 2);
  }
  return minutes;
}

inline Command command_of(int arguments, char** argument) {
  if (arguments < 3 || arguments > 4) {
    stop("usage: " + std::string(argument[0]) + " DATA MODEL [MINUTES]", 2);
  }
  Command command{argument[1], argument[2]};
  if (arguments > 3) command.minutes = minutes_of(argument[3]);
  return command;
}

}  // namespace capstone
