#include "named_tensor.hpp"

#include "error.hpp"
#include "suggest.hpp"

namespace heed {

namespace {

/// Appends `; unexpected: a, b` unless there is none.
void append(std::string& text, const char* what, const std::vector<std::string>& names) {
  if (names.empty()) return;
  text.append(text.empty() ? "" : "; ").append(what).append(": ").append(listed(names, ", "));
}

}  // namespace

Tensor tensor_named(const std::vector<NamedTensor>& tensors, const std::string& name) {
  std::vector<std::string> names;
  for (const NamedTensor& entry : tensors) {
    if (entry.name == name) return entry.tensor;
    names.push_back(escaped(entry.name));
  }
  throw IndexError("tensor_named: no tensor is named " + escaped(name) +
                   ", there are: " + (names.empty() ? "none" : listed(names, ", ")));
}

void StateDifferences::unexpected(const std::string& name) { unexpected_.push_back(escaped(name)); }

void StateDifferences::throw_if_any(const std::string& who) const {
  std::string text;
  append(text, "missing", missing_);
  append(text, "unexpected", unexpected_);
  append(text, "wrong", wrong_);
  if (!text.empty()) throw FormatError(who + ": " + text);
}

}  // namespace heed
