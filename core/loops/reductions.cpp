#include "reductions.hpp"

namespace heed::loops {

namespace {

/// What a sum of `T` runs in, and what is no more and no less than every other `T`.
template <class T>
struct Traits {
  using Wide = double;
  static constexpr T lowest = -static_cast<T>(__builtin_inff());
  static constexpr T highest = static_cast<T>(__builtin_inff());
};
template <>
struct Traits<int32_t> {
  using Wide = int64_t;
  static constexpr int32_t lowest = INT32_MIN, highest = INT32_MAX;
};

template <class T>
struct Sum {
  using Accumulator = typename Traits<T>::Wide;
  static constexpr Accumulator start = 0;
  static constexpr int64_t lanes = 16;
  static Accumulator join(Accumulator a, Accumulator b) { return a + b; }
};

template <class T>
struct Product {
  using Accumulator = double;
  static constexpr Accumulator start = 1;
  static constexpr int64_t lanes = 16;
  static Accumulator join(Accumulator a, Accumulator b) { return a * b; }
};

template <class T>
struct Max {
  using Accumulator = T;
  static constexpr T start = Traits<T>::lowest;
  static constexpr int64_t lanes = 32;
  static T join(T a, T b) {  // NaN stays
    const T larger = a < b ? b : a;
    return b != b ? b : larger;
  }
};

template <class T>
struct Min {
  using Accumulator = T;
  static constexpr T start = Traits<T>::highest;
  static constexpr int64_t lanes = 32;
  static T join(T a, T b) {  // NaN stays
    const T smaller = b < a ? b : a;
    return b != b ? b : smaller;
  }
};

template <class To>
struct Narrow {
  template <class From>
  static To of(From x) {
    return static_cast<To>(x);
  }
};
template <>
struct Narrow<int32_t> {
  template <class From>
  static int32_t of(From x) {
    return static_cast<int32_t>(static_cast<int64_t>(x));  // wraps around
  }
};

/// join of term(0), ..., term(n - 1): some partial results side by side,
/// joined pairwise at the end.
template <class R, class Term>
typename R::Accumulator reduce(int64_t n, Term term) {
  using A = typename R::Accumulator;
  constexpr int64_t lanes = R::lanes;
  A partial[lanes];
  for (int64_t lane = 0; lane < lanes; ++lane) partial[lane] = R::start;
  int64_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    for (int64_t lane = 0; lane < lanes; ++lane) {
      partial[lane] = R::join(partial[lane], term(i + lane));
    }
  }
  for (int64_t lane = 0; i < n; ++i, ++lane) partial[lane] = R::join(partial[lane], term(i));
  for (int64_t half = lanes / 2; half > 0; half /= 2) {
    for (int64_t lane = 0; lane < half; ++lane) {
      partial[lane] = R::join(partial[lane], partial[lane + half]);
    }
  }
  return partial[0];
}

/// The same for a row too short for lanes.
template <class R, class Term>
typename R::Accumulator reduce_short(int64_t n, Term term) {
  typename R::Accumulator all = R::start;
  for (int64_t i = 0; i < n; ++i) all = R::join(all, term(i));
  return all;
}

template <class R, class From, class To>
void rows(int64_t count, int64_t n, const void* x, int64_t stride, void* out) {
  for (int64_t r = 0; r < count; ++r) {
    const From* row = static_cast<const From*>(x) + r * stride;
    const auto term = [=](int64_t i) { return static_cast<typename R::Accumulator>(row[i]); };
    static_cast<To*>(out)[r] =
        Narrow<To>::of(n < R::lanes ? reduce_short<R>(n, term) : reduce<R>(n, term));
  }
}

/// At most `block` columns, whose accumulators stay in the first-level cache; four rows at a time.
constexpr int64_t block = 256;
template <class R, class From>
void reduce_columns(int64_t n, int64_t columns, const From* __restrict x, int64_t stride,
                    typename R::Accumulator* __restrict all) {
  using A = typename R::Accumulator;
  for (int64_t j = 0; j < columns; ++j) all[j] = R::start;
  int64_t r = 0;
  for (; r + 4 <= n; r += 4) {
    const From* __restrict a = x + r * stride;
    const From* __restrict b = a + stride;
    const From* __restrict c = b + stride;
    const From* __restrict d = c + stride;
    for (int64_t j = 0; j < columns; ++j) {
      const A two = R::join(R::join(all[j], static_cast<A>(a[j])), static_cast<A>(b[j]));
      all[j] = R::join(R::join(two, static_cast<A>(c[j])), static_cast<A>(d[j]));
    }
  }
  for (; r < n; ++r) {
    const From* row = x + r * stride;
    for (int64_t j = 0; j < columns; ++j) all[j] = R::join(all[j], static_cast<A>(row[j]));
  }
}

template <class R, class From, class To>
void columns(int64_t n, int64_t count, const void* x, int64_t stride, void* out) {
  typename R::Accumulator all[block];
  for (int64_t start = 0; start < count; start += block) {
    const int64_t size = count - start < block ? count - start : block;
    reduce_columns<R>(n, size, static_cast<const From*>(x) + start, stride, all);
    To* target = static_cast<To*>(out) + start;
    for (int64_t j = 0; j < size; ++j) target[j] = Narrow<To>::of(all[j]);
  }
}

/// The first place of the largest (R is Max) or smallest (Min) of each row.
template <template <class> class R, class T>
void place_rows(int64_t count, int64_t n, const void* x, int64_t stride, void* out) {
  for (int64_t r = 0; r < count; ++r) {
    const T* row = static_cast<const T*>(x) + r * stride;
    const T found = reduce<R<T>>(n, [=](int64_t i) { return row[i]; });
    int64_t i = 0;
    while (i < n - 1 && row[i] != found && row[i] == row[i]) ++i;
    static_cast<int32_t*>(out)[r] = static_cast<int32_t>(i);
  }
}

template <class T>
double sum_of_squares(int64_t n, const void* x) {
  const T* values = static_cast<const T*>(x);
  return reduce<Sum<T>>(n, [=](int64_t i) {
    const double value = static_cast<double>(values[i]);
    return value * value;
  });
}

template <class T>
bool all_finite(int64_t n, const void* x) {
  const T* values = static_cast<const T*>(x);
  int32_t bad = 0;
  for (int64_t i = 0; i < n; ++i) bad |= values[i] - values[i] != 0;
  return bad == 0;
}

constexpr int f32 = 0, f64 = 1, i32 = 2;

template <class R, class From, class To>
constexpr void set(Reduction& reduction, int from, int to) {
  reduction.rows[from][to] = rows<R, From, To>;
  reduction.columns[from][to] = columns<R, From, To>;
}

template <template <class> class R>
constexpr Reduction floating() {
  Reduction reduction = {};
  set<R<float>, float, float>(reduction, f32, f32);
  set<R<float>, float, double>(reduction, f32, f64);
  set<R<double>, double, float>(reduction, f64, f32);
  set<R<double>, double, double>(reduction, f64, f64);
  return reduction;
}

template <template <class> class R>
constexpr Reduction arithmetic() {
  Reduction reduction = floating<R>();
  set<R<int32_t>, int32_t, int32_t>(reduction, i32, i32);
  set<R<int32_t>, int32_t, double>(reduction, i32, f64);
  set<R<double>, double, int32_t>(reduction, f64, i32);
  return reduction;
}

template <template <class> class R>
constexpr void set_places(RowsLoop (&loops)[3]) {
  loops[f32] = place_rows<R, float>;
  loops[f64] = place_rows<R, double>;
  loops[i32] = place_rows<R, int32_t>;
}

constexpr ReductionLoops table() {
  ReductionLoops all = {};
  all.sum = arithmetic<Sum>();
  all.product = floating<Product>();
  all.max = arithmetic<Max>();
  all.min = arithmetic<Min>();
  set_places<Max>(all.argmax);
  set_places<Min>(all.argmin);
  all.sum_of_squares[f32] = sum_of_squares<float>;
  all.sum_of_squares[f64] = sum_of_squares<double>;
  all.all_finite[f32] = all_finite<float>;
  all.all_finite[f64] = all_finite<double>;
  return all;
}

}  // namespace

extern const ReductionLoops HEED_TABLE(reduction_loops) = table();

}  // namespace heed::loops
