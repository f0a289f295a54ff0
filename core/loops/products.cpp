#include "products.hpp"

#include "vectors.hpp"

namespace heed::loops {

namespace {

/// Columns of c that are computed together.
constexpr int together = 4;

/// to[i] = the sum of the lanes of v[i]; v is overwritten. The vectors a, b, c, d are folded into
/// each other: four sums cost little more than one.
template <class T>
void four_sums_of_lanes(Vector<T>* v, T* to) {
  constexpr int size = static_cast<int>(vector_size<T>);
  constexpr auto lanes = std::make_integer_sequence<int, size>{};
  exchange<T, 1>(v[0], v[1], lanes);
  exchange<T, 1>(v[2], v[3], lanes);
  v[0] += v[1];  // a b a b ...
  v[2] += v[3];  // c d c d ...
  if constexpr (size == 2) {
    __builtin_memcpy(to, &v[0], sizeof v[0]);
    __builtin_memcpy(to + 2, &v[2], sizeof v[2]);
  } else {
    exchange<T, 2>(v[0], v[2], lanes);
    Vector<T> all = v[0] + v[2];  // a b c d a b c d ...
    for (int half = size / 2; half >= together; half /= 2) {
      for (int i = 0; i < half; ++i) all[i] += all[i + half];
    }
    for (int i = 0; i < together; ++i) to[i] = all[i];
  }
}

/// R rows and four columns of c += a b^T, their sums in registers.
template <class T, int R>
void add_block(int64_t k, const T* a, int64_t lda, const T* b, int64_t ldb, T* c, int64_t ldc) {
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
    four_sums_of_lanes<T>(sums[r], product);
    for (int64_t rest = i; rest < k; ++rest) {
      for (int j = 0; j < together; ++j) product[j] += a[r * lda + rest] * b[j * ldb + rest];
    }
    for (int j = 0; j < together; ++j) c[r * ldc + j] += product[j];
  }
}

template <class T>
void few_rows(int64_t m, int64_t n, int64_t k, const T* a, int64_t lda, const T* b, int64_t ldb,
              T* c, int64_t ldc) {
  constexpr int R = registers == 32 ? 6 : 3;  // R x 4 sums, R rows and a column: 31, or 16
  for (; n >= together; n -= together, b += together * ldb, c += together) {
    int64_t i = 0;
    for (; i + R <= m; i += R) add_block<T, R>(k, a + i * lda, lda, b, ldb, c + i * ldc, ldc);
    if constexpr (R > 3) {
      for (; i + 3 <= m; i += 3) add_block<T, 3>(k, a + i * lda, lda, b, ldb, c + i * ldc, ldc);
    }
    if (m - i == 2) add_block<T, 2>(k, a + i * lda, lda, b, ldb, c + i * ldc, ldc);
    if (m - i == 1) add_block<T, 1>(k, a + i * lda, lda, b, ldb, c + i * ldc, ldc);
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
