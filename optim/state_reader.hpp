#pragma once

#include <map>
#include <string>
#include <vector>

#include "../core/named_tensor.hpp"

namespace heed {

/// Takes tensors out of a stored state by name, and collects what differs from what was expected.
/// For sources of this folder.
class StateReader {
 public:
  /// `state` must live as long as the reader.
  explicit StateReader(const std::vector<NamedTensor>& state);

  bool has(const std::string& name) const { return entries_.count(name) != 0; }
  /// A copy of the tensor `name`; undefined if something is wrong with it.
  Array take(const std::string& name, const Shape& shape, DType dtype);
  /// A whole number of at least `low` that is stored as a float64; `low` if something is wrong.
  int64_t take_count(const std::string& name, int64_t low);
  /// One `FormatError` that begins with `who`, if anything differed or was not taken.
  void throw_if_different(const std::string& who);

 private:
  std::map<std::string, const Tensor*> entries_;
  StateDifferences differences_;
};

}  // namespace heed
