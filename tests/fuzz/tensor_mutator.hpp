#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string>

/// libFuzzer's own mutation of `data`, in place, up to `max_size` bytes; the new size.
extern "C" std::size_t LLVMFuzzerMutate(uint8_t* data, std::size_t size, std::size_t max_size);

namespace fuzz {

/// Mutates `text` to at most `limit` bytes.
inline void mutate(std::string& text, std::size_t limit) {
  limit = std::max<std::size_t>(limit, 1);
  std::size_t size = std::min(text.size(), limit);
  text.resize(limit);
  size = LLVMFuzzerMutate(reinterpret_cast<uint8_t*>(text.data()), size, limit);
  text.resize(size);
}

/// Mutates the header of a safetensors file and writes its new length in front, or the data behind
/// it: a mutation of any byte would mostly end at a length that does not fit.
inline void mutate_tensors(std::string& file, std::size_t limit, unsigned seed) {
  uint64_t length = 0;
  if (file.size() >= 8) std::memcpy(&length, file.data(), 8);
  if (file.size() < 8 || length > file.size() - 8 || limit < 16 || seed % 16 == 0) {
    return mutate(file, limit);
  }
  std::string header = file.substr(8, length), data = file.substr(8 + length);
  if (seed % 4 == 1) {
    mutate(data, limit > 8 + header.size() ? limit - 8 - header.size() : 1);
  } else {
    mutate(header, limit > 8 + data.size() ? limit - 8 - data.size() : 1);
  }
  length = header.size();
  file.assign(reinterpret_cast<const char*>(&length), 8);
  file += header + data;
  file.resize(std::min(file.size(), limit));
}

}  // namespace fuzz
