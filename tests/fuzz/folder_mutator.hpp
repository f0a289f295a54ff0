#pragma once

#include "fuzz.hpp"
#include "tensor_mutator.hpp"

namespace fuzz {

/// Mutates one file of an input of several, so that the others keep what they say of it.
inline std::size_t mutate_part(uint8_t* data, std::size_t size, std::size_t max_size, unsigned seed,
                               const std::vector<std::string>& names) {
  std::vector<Part> parts = split_parts(text_of(data, size), names);
  if (parts.empty() || seed % 16 == 0) return LLVMFuzzerMutate(data, size, max_size);
  Part& part = parts[seed / 16 % parts.size()];
  const std::size_t others = size - std::min(size, part.second.size());
  const std::size_t limit = max_size > others ? max_size - others : 1;
  if (part.first.ends_with(".safetensors")) {
    mutate_tensors(part.second, limit, seed / 256);
  } else {
    mutate(part.second, limit);
  }
  const std::string input = join_parts(parts);
  if (input.size() > max_size) return LLVMFuzzerMutate(data, size, max_size);
  std::memcpy(data, input.data(), input.size());
  return input.size();
}

}  // namespace fuzz
