#pragma once

#include "grade.hpp"

/// Mistakes whose numbers heed has computed beside the right ones.
namespace grade {

/// What to say of each value of a case that is a mistake's.
using Sayings = std::vector<std::pair<std::string, std::string>>;

/// Those of the mistakes that the case has.
inline Mistakes known(const Case& one, const Sayings& sayings) {
  Mistakes found;
  for (const auto& [key, says] : sayings) {
    if (one.has(key)) found.push_back({says, one[key]});
  }
  return found;
}

}  // namespace grade
