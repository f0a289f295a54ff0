#pragma once

#include <cstdlib>

namespace course {
/// Is it the solution of that number that is graded?
inline bool chosen(int number) {
  static const char* const variable = std::getenv("COURSE_VARIANT");
  static const int variant = variable ? std::atoi(variable) : 0;
  return variant == number;
}
}  // namespace course
