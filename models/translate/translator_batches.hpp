#pragma once

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <string>
#include <vector>

#include "../../core/error.hpp"

namespace heed {

/// A sentence as batches see it: its tokens, and the bytes that it takes to read it.
struct SentenceSize {
  int64_t length = 0;
  double bytes = 0;
};

/// Calls `work` with the numbers of at most `batch` sentences at a time, and of no more than fit
/// into `memory` bytes (but one at least): the longest first, so that a batch holds sentences of
/// like length. `ConfigError` in the name of `caller` for a batch below 1.
template <class F>
void in_batches(const char* caller, const std::vector<SentenceSize>& sizes, int64_t batch,
                double memory, F work) {
  if (batch < 1) {
    throw ConfigError(std::string(caller) + ": batch " + std::to_string(batch) +
                      ", expected at least 1");
  }
  std::vector<std::size_t> order(sizes.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return sizes[a].length != sizes[b].length ? sizes[a].length > sizes[b].length : a < b;
  });
  for (std::size_t i = 0; i < order.size();) {
    std::size_t end = i;
    // All are padded to the largest of them.
    for (double most = 0; end < order.size() && end - i < static_cast<std::size_t>(batch); ++end) {
      most = std::max(most, sizes[order[end]].bytes);
      if (end > i && most * static_cast<double>(end - i + 1) > memory) break;
    }
    work(std::vector<std::size_t>(order.begin() + static_cast<std::ptrdiff_t>(i),
                                  order.begin() + static_cast<std::ptrdiff_t>(end)));
    i = end;
  }
}

}  // namespace heed
