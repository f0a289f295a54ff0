#include "alignment.hpp"

namespace heed {

std::string pharaoh(const Alignment& alignment) {
  std::string line;
  for (const auto& [source, target] : alignment) {
    if (!line.empty()) line += ' ';
    line += std::to_string(source) + '-' + std::to_string(target);
  }
  return line;
}

}  // namespace heed
