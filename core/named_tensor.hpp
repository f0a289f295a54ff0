#pragma once

#include <string>
#include <vector>

#include "tensor.hpp"

namespace heed {

/// A tensor with its name: an entry of a state dict, a parameter of a model,
/// a moment of an optimiser.
struct NamedTensor {
  std::string name;
  Tensor tensor;
};

/// The tensor of that name. `IndexError` where there is none lists the names.
Tensor tensor_named(const std::vector<NamedTensor>& tensors, const std::string& name);

/// Everything in which a stored state differs from what should take it over, for one message.
class StateDifferences {
 public:
  void missing(const std::string& name) { missing_.push_back(name); }
  /// Names from a file are escaped here.
  void unexpected(const std::string& name);
  /// A name with what is wrong: `bias is [3], expected [5]`.
  void wrong(const std::string& what) { wrong_.push_back(what); }
  /// Throws a `FormatError` that begins with `who` and lists all, if there is any.
  void throw_if_any(const std::string& who) const;

 private:
  std::vector<std::string> missing_, unexpected_, wrong_;
};

}  // namespace heed
