#pragma once

#include <cstdint>
#include <utility>

/// Vectors as long as a register of the instruction set, for products of small matrices, which the
/// compiler does not keep in registers by itself. For files of core/loops alone.
namespace heed::loops {

namespace {

#if defined(__AVX512F__)
constexpr int register_bytes = 64, registers = 32;
#elif defined(__AVX2__)
constexpr int register_bytes = 32, registers = 16;
#else
constexpr int register_bytes = 16, registers = 16;
#endif

template <class T>
struct VectorOf;
template <>
struct VectorOf<float> {
  typedef float type __attribute__((vector_size(register_bytes)));
};
template <>
struct VectorOf<double> {
  typedef double type __attribute__((vector_size(register_bytes)));
};
template <class T>
using Vector = typename VectorOf<T>::type;

/// Numbers in a vector.
template <class T>
constexpr int64_t vector_size = register_bytes / static_cast<int64_t>(sizeof(T));

template <class T>
inline Vector<T> load(const T* from) {
  Vector<T> v;
  __builtin_memcpy(&v, from, sizeof v);
  return v;
}

template <class T>
inline void store(T* to, Vector<T> v) {
  __builtin_memcpy(to, &v, sizeof v);
}

/// x in every lane: x - 0 is x for -0 too, so that nothing is subtracted.
template <class T>
inline Vector<T> all_lanes(T x) {
  return x - Vector<T>{};
}

/// The sum, and the largest, of all lanes. NaN counts as -inf for the latter.
template <class T>
inline T sum_of_lanes(Vector<T> v) {
  for (int64_t half = vector_size<T> / 2; half > 0; half /= 2) {
    for (int64_t i = 0; i < half; ++i) v[i] += v[i + half];
  }
  return v[0];
}
template <class T>
inline T largest_lane(Vector<T> v) {
  for (int64_t half = vector_size<T> / 2; half > 0; half /= 2) {
    for (int64_t i = 0; i < half; ++i) v[i] = v[i] > v[i + half] ? v[i] : v[i + half];
  }
  return v[0];
}

/// sum_i a_i b_i.
template <class T>
inline T dot(const T* a, const T* b, int64_t n) {
  Vector<T> sums{};
  int64_t i = 0;
  for (; i + vector_size<T> <= n; i += vector_size<T>) sums += load<T>(a + i) * load<T>(b + i);
  T sum = sum_of_lanes<T>(sums);
  for (; i < n; ++i) sum += a[i] * b[i];
  return sum;
}

/// Where bit `step` of a lane's number is 0, a's lane and b's lane `step` before it, in turn; and
/// the other half: of each pair of blocks of `step` lanes, the inner two change places.
template <class T, int step, int... lane>
inline void exchange(Vector<T>& a, Vector<T>& b, std::integer_sequence<int, lane...>) {
  constexpr int size = sizeof...(lane);
  const Vector<T> first =
      __builtin_shufflevector(a, b, ((lane & step) == 0 ? lane : size + lane - step)...);
  b = __builtin_shufflevector(a, b, ((lane & step) == 0 ? lane + step : size + lane)...);
  a = first;
}

/// The transpose of a square of vectors, block by block, in log2 of its size rounds.
template <class T, int step = 1>
inline void transpose_square(Vector<T>* rows) {
  constexpr int size = static_cast<int>(vector_size<T>);
  for (int i = 0; i < size; ++i) {
    if ((i & step) != 0) continue;
    exchange<T, step>(rows[i], rows[i + step], std::make_integer_sequence<int, size>{});
  }
  if constexpr (2 * step < size) transpose_square<T, 2 * step>(rows);
}

/// A matrix whose element (i, j) is data[i * row + j * column].
template <class T>
struct Strided {
  const T* data;
  int64_t row, column;
};

/// R rows and V vectors of columns of c = a b or c += a b, held in registers; k: the inner size.
/// The rows of b and c are contiguous.
template <class T, int R, int V>
inline void multiply_block(int64_t k, Strided<T> a, const T* b, int64_t b_row, T* c, int64_t c_row,
                           bool accumulate) {
  constexpr int64_t size = vector_size<T>;
  Vector<T> sums[R][V];
  for (int r = 0; r < R; ++r) {
    for (int v = 0; v < V; ++v) {
      sums[r][v] = accumulate ? load<T>(c + r * c_row + v * size) : Vector<T>{};
    }
  }
  for (int64_t i = 0; i < k; ++i) {
    Vector<T> row[V];
    for (int v = 0; v < V; ++v) row[v] = load<T>(b + i * b_row + v * size);
    for (int r = 0; r < R; ++r) {
      const Vector<T> factor = all_lanes(a.data[r * a.row + i * a.column]);
      for (int v = 0; v < V; ++v) sums[r][v] += factor * row[v];
    }
  }
  for (int r = 0; r < R; ++r) {
    for (int v = 0; v < V; ++v) store<T>(c + r * c_row + v * size, sums[r][v]);
  }
}

/// All m rows of V vectors of columns.
template <class T, int R, int V>
inline void multiply_rows(int64_t m, int64_t k, Strided<T> a, const T* b, int64_t b_row, T* c,
                          int64_t c_row, bool accumulate) {
  while (m >= R) {
    multiply_block<T, R, V>(k, a, b, b_row, c, c_row, accumulate);
    a.data += R * a.row;
    c += R * c_row;
    m -= R;
  }
  if constexpr (R > 1) {
    if (m > 0) multiply_rows<T, R / 2, V>(m, k, a, b, b_row, c, c_row, accumulate);
  }
}

/// c = a b, or c += a b: a [m, k] of any strides, the rows of b [k, n] and c [m, n] contiguous, n a
/// multiple of a vector's size.
template <class T>
inline void multiply(int64_t m, int64_t n, int64_t k, Strided<T> a, const T* b, int64_t b_row, T* c,
                     int64_t c_row, bool accumulate) {
  constexpr int64_t size = vector_size<T>;
  constexpr bool many = registers == 32;  // rows and vectors fill them
  constexpr int most = many ? 3 : 2;
  for (; n >= most * size; n -= most * size, b += most * size, c += most * size) {
    multiply_rows<T, many ? 8 : 6, most>(m, k, a, b, b_row, c, c_row, accumulate);
  }
  for (; n >= 2 * size; n -= 2 * size, b += 2 * size, c += 2 * size) {
    multiply_rows<T, many ? 12 : 6, 2>(m, k, a, b, b_row, c, c_row, accumulate);
  }
  for (; n > 0; n -= size, b += size, c += size) {
    multiply_rows<T, many ? 16 : 8, 1>(m, k, a, b, b_row, c, c_row, accumulate);
  }
}

}  // namespace

}  // namespace heed::loops
