#include "state_reader.hpp"

#include <cmath>

namespace heed {

namespace {

std::string described(const Shape& shape, DType dtype) {
  return std::string(to_string(dtype)) + " " + to_string(shape);
}

}  // namespace

StateReader::StateReader(const std::vector<NamedTensor>& state) {
  for (const NamedTensor& entry : state) {
    if (!entries_.emplace(entry.name, &entry.tensor).second) differences_.unexpected(entry.name);
  }
}

Array StateReader::take(const std::string& name, const Shape& shape, DType dtype) {
  const auto entry = entries_.find(name);
  if (entry == entries_.end()) {
    differences_.missing(name);
    return {};
  }
  const Array given = entry->second->array();
  entries_.erase(entry);
  if (given.shape() == shape && given.dtype() == dtype) return given.clone();
  differences_.wrong(name + " is " + described(given.shape(), given.dtype()) + ", expected " +
                     described(shape, dtype));
  return {};
}

int64_t StateReader::take_count(const std::string& name, int64_t low) {
  const Array number = take(name, {}, float64);
  if (!number.defined()) return low;
  const double count = number.item();
  if (count >= static_cast<double>(low) && count <= 1e15 && count == std::floor(count)) {
    return static_cast<int64_t>(count);
  }
  differences_.wrong(name + " is " + std::to_string(count) + ", expected a whole number from " +
                     std::to_string(low));
  return low;
}

void StateReader::throw_if_different(const std::string& who) {
  for (const auto& entry : entries_) differences_.unexpected(entry.first);
  differences_.throw_if_any(who);
}

}  // namespace heed
