#pragma once

#include <cmath>
#include <cstring>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "../../core/array.hpp"
#include "../../core/parallel.hpp"

/// What the tests of array functions share.
namespace heed::testing {

/// Reproducible numbers in [-2, 2), another sequence for each `seed`.
inline Array numbers(const Shape& shape, DType dtype, uint32_t seed) {
  std::vector<double> values(static_cast<std::size_t>(element_count(shape)));
  uint32_t state = seed * 2654435761u + 12345u;
  for (double& value : values) {
    state = state * 1664525u + 1013904223u;
    value = (state >> 8) / double(1 << 22) - 2;
  }
  return Array::from<double>(values, shape).to(dtype);
}

inline Array ids(const Shape& shape, int64_t bound, uint32_t seed) {
  std::vector<int32_t> values(static_cast<std::size_t>(element_count(shape)));
  uint32_t state = seed * 2654435761u + 12345u;
  for (int32_t& value : values) {
    state = state * 1664525u + 1013904223u;
    value = static_cast<int32_t>((state >> 8) % static_cast<uint32_t>(bound));
  }
  return Array::from<int32_t>(values, shape);
}

inline Array mask(const Shape& shape, uint32_t seed) { return ids(shape, 2, seed).to(boolean); }

/// The same numbers with the last two axes swapped in memory, and with gaps between the elements.
inline Array turned(const Array& x) { return x.transpose(-1, -2).clone().transpose(-1, -2); }
inline Array with_gaps(const Array& x) {
  Shape wide = x.shape();
  wide[x.rank() - 1] *= 3;
  const Array room = Array::full(wide, 77, x.dtype());
  const Array view = room.slice(-1, 1, wide.back(), 3);
  for (int64_t i = 0; i < x.size(-1); ++i) {
    const Array to = view.select(-1, i), from = x.select(-1, i).contiguous();
    // Element by element: what is tested here must not be trusted here.
    for (int64_t j = 0; j < from.numel(); ++j) {
      int64_t rest = j, offset = 0;
      for (int axis = to.rank() - 1; axis >= 0; --axis) {
        offset += rest % to.shape()[axis] * to.strides()[axis];
        rest /= to.shape()[axis];
      }
      std::memcpy(static_cast<char*>(to.raw()) + offset * int64_t(item_size(x.dtype())),
                  static_cast<char*>(from.raw()) + j * int64_t(item_size(x.dtype())),
                  item_size(x.dtype()));
    }
  }
  return view;
}

/// The elements in row-major order, as doubles.
inline std::vector<double> values(const Array& x) { return x.to(float64).to_vector<double>(); }

using Numbers = std::vector<double>;

/// Calls `f(row, values of the row)` for each vector along the last axis and joins what it returns.
template <class F>
Numbers by_rows(const Array& x, F f) {
  const Numbers all = values(x);
  const auto n = static_cast<std::size_t>(x.size(-1));
  Numbers result;
  for (std::size_t row = 0; row * n < all.size(); ++row) {
    const Numbers out = f(row, Numbers(all.begin() + std::ptrdiff_t(row * n),
                                       all.begin() + std::ptrdiff_t((row + 1) * n)));
    result.insert(result.end(), out.begin(), out.end());
  }
  return result;
}

/// |actual - expected| <= tolerance (1 + |expected|) everywhere; equal infinities are equal.
inline void check_close(const Array& actual, const std::vector<double>& expected,
                        double tolerance) {
  const std::vector<double> got = values(actual);
  REQUIRE(got.size() == expected.size());
  for (std::size_t i = 0; i < got.size(); ++i) {
    if (got[i] == expected[i]) continue;
    if (std::abs(got[i] - expected[i]) <= tolerance * (1 + std::abs(expected[i]))) continue;
    FAIL("element " << i << " of " << got.size() << ": " << got[i] << " should be " << expected[i]);
  }
  SUCCEED();
}

inline void check_close(const Array& actual, const Array& expected, double tolerance) {
  REQUIRE(actual.shape() == expected.shape());
  check_close(actual, values(expected), tolerance);
}

inline bool same_bits(const Array& a, const Array& b) {
  if (a.shape() != b.shape() || a.dtype() != b.dtype()) return false;
  const Array x = a.contiguous(), y = b.contiguous();
  if (x.numel() == 0) return true;
  return std::memcmp(x.raw(), y.raw(),
                     static_cast<std::size_t>(x.numel()) * item_size(x.dtype())) == 0;
}

/// Calls `f`, which returns an Array, on one thread and on two, and compares bytes.
template <class F>
void check_same_bits_for_threads(F f) {
  const int before = threads();
  set_threads(1);
  const Array one = f();
  set_threads(2);
  const Array two = f();
  set_threads(3);
  const Array three = f();
  set_threads(before);
  CHECK(same_bits(one, two));
  CHECK(same_bits(one, three));
}

/// float32 gets the first tolerance, float64 the second.
inline double tolerance(DType dtype, double single = 2e-6, double twice = 1e-14) {
  return dtype == float64 ? twice : single;
}

}  // namespace heed::testing
