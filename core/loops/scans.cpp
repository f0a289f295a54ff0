#include "scans.hpp"

namespace heed::loops {

namespace {

/// At most `block` columns, whose sums stay in the first-level cache.
constexpr int64_t block = 256;

template <class T>
void cumsum_of_one(int64_t n, const T* x, T* y, int64_t stride) {
  double sum = 0;
  for (int64_t r = 0; r < n; ++r) {
    sum += static_cast<double>(x[r * stride]);
    y[r * stride] = static_cast<T>(sum);
  }
}

template <class T>
void cumsum(int64_t n, int64_t columns, const T* x, T* y, int64_t stride) {
  if (columns == 1) return cumsum_of_one(n, x, y, stride);
  double sums[block];
  for (int64_t start = 0; start < columns; start += block) {
    const int64_t size = columns - start < block ? columns - start : block;
    for (int64_t j = 0; j < size; ++j) sums[j] = 0;
    for (int64_t r = 0; r < n; ++r) {
      const T* __restrict from = x + r * stride + start;
      T* __restrict to = y + r * stride + start;
      for (int64_t j = 0; j < size; ++j) {
        sums[j] += static_cast<double>(from[j]);
        to[j] = static_cast<T>(sums[j]);
      }
    }
  }
}

}  // namespace

extern const ScanTables HEED_TABLE(scan_loops);
const ScanTables HEED_TABLE(scan_loops) = {{cumsum<float>}, {cumsum<double>}};

}  // namespace heed::loops
