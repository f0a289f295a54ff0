#include "products.hpp"

#include "vectors.hpp"

namespace heed::loops {

namespace {

/// Columns of c that are computed together.
constexpr int together = 4;

/// to[i] = the sum of the lanes of sums[i]. The vectors are folded into each other: four sums cost
/// little more than one.
template <class T>
void sums_of_lanes(Vector<T>* sums, T* to) {
  constexpr int size = static_cast<int>(vector_size<T>);
  constexpr auto lanes = std::make_integer_sequence<int, size>{};
  exchange<T, 1>(sums[0], sums[1], lanes);
  exchange<T, 1>(sums[2], sums[3], lanes);
  sums[0] += sums[1];
  sums[2] += sums[3];
  if constexpr (size == 2) {
    __builtin_memcpy(to, &sums[0], sizeof sums[0]);
    __builtin_memcpy(to + 2, &sums[2], sizeof sums[2]);
  } else {
    exchange<T, 2>(sums[0], sums[2], lanes);
    Vector<T> all = sums[0] + sums[2];
    for (int half = size / 2; half >= together; half /= 2) {
      for (int i = 0; i < half; ++i) all[i] += all[i + half];
    }
    for (int i = 0; i < together; ++i) to[i] = all[i];
  }
}

/// R rows and four columns of c, their sums in registers.
template <class T, int R>
void block(int64_t k, const T* a, int64_t lda, const T* b, int64_t ldb, T* c, int64_t ldc) {
  constexpr int64_t size = vector_size<T>;
  Vector<T> sums[R][together] = {};
  int64_t i = 0;
  for (; i + size <= k; i += size) {
    Vector<T> rows[R];
    for (int r = 0; r < R; ++r) rows[r] = load<T>(a + r * lda + i);
    for (int j = 0; j < together; ++j) {
      const Vector<T> column = load<T>(b + j * ldb + i);
      for (int r = 0; r < R; ++r) sums[r][j] += rows[r] * column;
    }
  }
  for (int r = 0; r < R; ++r) {
    T product[together];
    sums_of_lanes<T>(sums[r], product);
    for (int64_t rest = i; rest < k; ++rest) {
      for (int j = 0; j < together; ++j) product[j] += a[r * lda + rest] * b[j * ldb + rest];
    }
    for (int j = 0; j < together; ++j) c[r * ldc + j] += product[j];
  }
}

template <class T>
void few_rows(int64_t m, int64_t n, int64_t k, const T* a, int64_t lda, const T* b, int64_t ldb,
              T* c, int64_t ldc) {
  constexpr int R = registers == 32 ? 6 : 3;  // with their columns they fill the registers
  for (; n >= together; n -= together, b += together * ldb, c += together) {
    int64_t i = 0;
    for (; i + R <= m; i += R) block<T, R>(k, a + i * lda, lda, b, ldb, c + i * ldc, ldc);
    for (; i + 3 <= m; i += 3) block<T, 3>(k, a + i * lda, lda, b, ldb, c + i * ldc, ldc);
    if (m - i == 2) block<T, 2>(k, a + i * lda, lda, b, ldb, c + i * ldc, ldc);
    if (m - i == 1) block<T, 1>(k, a + i * lda, lda, b, ldb, c + i * ldc, ldc);
  }
  for (int64_t i = 0; i < m; ++i) {
    for (int64_t j = 0; j < n; ++j) c[i * ldc + j] += dot(a + i * lda, b + j * ldb, k);
  }
}

template <class T>
constexpr ProductLoops<T> loops_of = {few_rows<T>};

}  // namespace

extern const ProductTables HEED_TABLE(product_loops) = {loops_of<float>, loops_of<double>};

}  // namespace heed::loops
