#include <heed/core/loops/elementwise.hpp>
#include <heed/core/loops/math.hpp>

namespace heed::loops {

namespace {

// int32 arithmetic runs on uint32_t: it wraps around, where a signed overflow is undefined.
using Integer = uint32_t;
using Mask = uint8_t;

// Functors: one operation on one element.

struct Neg {
  template <class T>
  static T of(T x) {
    return 0 - x;
  }
  static float of(float x) { return -x; }
  static double of(double x) { return -x; }
};
struct Square {
  template <class T>
  static T of(T x) {
    return x * x;
  }
};
struct Abs {
  static float of(float x) { return __builtin_fabsf(x); }
  static double of(double x) { return __builtin_fabs(x); }
  static Integer of(Integer x) { return static_cast<int32_t>(x) < 0 ? 0 - x : x; }
};
struct Sqrt {
  static float of(float x) { return __builtin_sqrtf(x); }
  static double of(double x) { return __builtin_sqrt(x); }
};
struct Exp {
  template <class T>
  static T of(T x) {
    return exponential(x);
  }
};
struct Log {
  template <class T>
  static T of(T x) {
    return natural_log(x);
  }
};
struct Tanh {
  template <class T>
  static T of(T x) {
    return hyperbolic_tangent(x);
  }
};
struct Sigmoid {
  template <class T>
  static T of(T x) {
    return logistic(x);
  }
};
struct Relu {
  template <class T>
  static T of(T x) {
    return x <= 0 ? T(0) : x;  // NaN stays
  }
};
struct Sign {
  template <class T>
  static T of(T x) {
    return x > 0 ? T(1) : x < 0 ? T(-1) : x;  // 0 and NaN stay
  }
};

struct Add {
  template <class T>
  static T of(T a, T b) {
    return a + b;
  }
};
struct Sub {
  template <class T>
  static T of(T a, T b) {
    return a - b;
  }
};
struct Mul {
  template <class T>
  static T of(T a, T b) {
    return a * b;
  }
};
struct Div {
  template <class T>
  static T of(T a, T b) {
    return a / b;
  }
};
struct Pow {
  static float of(float a, float b) { return __builtin_powf(a, b); }
  static double of(double a, double b) { return __builtin_pow(a, b); }
};
struct Minimum {
  template <class T>
  static T of(T a, T b) {
    return a < b || a != a ? a : b;  // NaN wins
  }
};
struct Maximum {
  template <class T>
  static T of(T a, T b) {
    return a > b || a != a ? a : b;
  }
};
struct TanhBackward {
  template <class T>
  static T of(T g, T y) {
    return g * (1 - y * y);
  }
};
struct SigmoidBackward {
  template <class T>
  static T of(T g, T y) {
    return g * (y * (1 - y));
  }
};
struct ReluBackward {
  template <class T>
  static T of(T g, T y) {
    return y > 0 ? g : T(0);
  }
};

struct Product {
  template <class T>
  static T of(T a, T b, T factor) {
    return a * b * factor;
  }
};
struct Clamp {
  template <class T>
  static T of(T x, T low, T high) {
    const T raised = x < low ? low : x;
    return raised > high ? high : raised;
  }
};
struct Where {
  template <class T>
  static T of(Mask mask, T a, T b) {
    return mask ? a : b;
  }
};
struct AddScaled {
  template <class T>
  static T of(T target, T x, T factor) {
    return target + x * factor;
  }
};

struct Equal {
  template <class T>
  static Mask of(T a, T b) {
    return a == b;
  }
};
struct NotEqual {
  template <class T>
  static Mask of(T a, T b) {
    return a != b;
  }
};
struct Less {
  template <class T>
  static Mask of(T a, T b) {
    return a < b;
  }
};
struct LessEqual {
  template <class T>
  static Mask of(T a, T b) {
    return a <= b;
  }
};
struct And {
  static Mask of(Mask a, Mask b) { return static_cast<Mask>(a & b); }
};
struct Or {
  static Mask of(Mask a, Mask b) { return static_cast<Mask>(a | b); }
};
struct Not {
  static Mask of(Mask x) { return static_cast<Mask>(x ^ 1); }
};

template <class To>
struct Convert {
  template <class From>
  static To of(From x) {
    return static_cast<To>(x);
  }
};
template <>
struct Convert<Mask> {
  template <class From>
  static Mask of(From x) {
    return x != 0;
  }
};

// Loops. The stride of an input is a type: One and Zero let the compiler vectorise, Any does not.

struct One {
  explicit One(int64_t) {}
  int64_t operator()(int64_t i) const { return i; }
};
struct Zero {
  explicit Zero(int64_t) {}
  int64_t operator()(int64_t) const { return 0; }
};
struct Any {
  explicit Any(int64_t step) : stride(step) {}
  int64_t operator()(int64_t i) const { return i * stride; }
  int64_t stride;
};

template <class F, class Out, class A, class StrideA, class StrideOut>
void unary_run(const Run& run) {
  const A* __restrict a = static_cast<const A*>(run.in[0]);
  Out* __restrict out = static_cast<Out*>(run.out);
  const StrideA at_a(run.stride[0]);
  const StrideOut at(run.out_stride);
  for (int64_t i = 0; i < run.n; ++i) out[at(i)] = F::of(a[at_a(i)]);
}

template <class F, class Out, class A, class StrideA, class StrideB, class StrideOut>
void binary_run(const Run& run) {
  const A* __restrict a = static_cast<const A*>(run.in[0]);
  const A* __restrict b = static_cast<const A*>(run.in[1]);
  Out* __restrict out = static_cast<Out*>(run.out);
  const StrideA at_a(run.stride[0]);
  const StrideB at_b(run.stride[1]);
  const StrideOut at(run.out_stride);
  const int64_t n = run.n;
  for (int64_t i = 0; i < n; ++i) out[at(i)] = F::of(a[at_a(i)], b[at_b(i)]);
}

template <class F, class Out, class A, class B, class StrideA, class StrideB, class StrideC,
          class StrideOut>
void ternary_run(const Run& run) {
  const A* __restrict a = static_cast<const A*>(run.in[0]);
  const B* __restrict b = static_cast<const B*>(run.in[1]);
  const B* __restrict c = static_cast<const B*>(run.in[2]);
  Out* __restrict out = static_cast<Out*>(run.out);
  const StrideA at_a(run.stride[0]);
  const StrideB at_b(run.stride[1]);
  const StrideC at_c(run.stride[2]);
  const StrideOut at(run.out_stride);
  const int64_t n = run.n;
  for (int64_t i = 0; i < n; ++i) out[at(i)] = F::of(a[at_a(i)], b[at_b(i)], c[at_c(i)]);
}

bool strides_are(const Run& run, int64_t a) { return run.out_stride == 1 && run.stride[0] == a; }
bool strides_are(const Run& run, int64_t a, int64_t b) {
  return strides_are(run, a) && run.stride[1] == b;
}
bool strides_are(const Run& run, int64_t a, int64_t b, int64_t c) {
  return strides_are(run, a, b) && run.stride[2] == c;
}

template <class F, class Out, class A>
void unary(const Run& run) {
  if (strides_are(run, 1)) return unary_run<F, Out, A, One, One>(run);
  unary_run<F, Out, A, Any, Any>(run);
}

/// Conversions write with any stride, and fill from stride 0.
template <class Out, class A>
void convert(const Run& run) {
  if (strides_are(run, 0)) return unary_run<Convert<Out>, Out, A, Zero, One>(run);
  unary<Convert<Out>, Out, A>(run);
}

template <class F, class Out, class A>
void binary(const Run& run) {
  if (strides_are(run, 1, 1)) return binary_run<F, Out, A, One, One, One>(run);
  if (strides_are(run, 1, 0)) return binary_run<F, Out, A, One, Zero, One>(run);
  if (strides_are(run, 0, 1)) return binary_run<F, Out, A, Zero, One, One>(run);
  binary_run<F, Out, A, Any, Any, Any>(run);
}

template <class F, class T>
void ternary(const Run& run) {
  if (strides_are(run, 1, 1, 0)) return ternary_run<F, T, T, T, One, One, Zero, One>(run);
  if (strides_are(run, 1, 0, 0)) return ternary_run<F, T, T, T, One, Zero, Zero, One>(run);
  ternary_run<F, T, T, T, Any, Any, Any, Any>(run);
}

template <class T>
void where(const Run& run) {
  if (strides_are(run, 1, 1, 1)) return ternary_run<Where, T, Mask, T, One, One, One, One>(run);
  if (strides_are(run, 1, 0, 1)) return ternary_run<Where, T, Mask, T, One, Zero, One, One>(run);
  if (strides_are(run, 1, 1, 0)) return ternary_run<Where, T, Mask, T, One, One, Zero, One>(run);
  ternary_run<Where, T, Mask, T, Any, Any, Any, Any>(run);
}

/// In place: `in[0]` is the output, and `in[1]` may be too, hence no __restrict.
template <class T, class StrideOut, class StrideX>
void add_scaled_run(const Run& run) {
  T* out = static_cast<T*>(run.out);
  const T* x = static_cast<const T*>(run.in[1]);
  const T factor = *static_cast<const T*>(run.in[2]);
  const StrideOut at(run.out_stride);
  const StrideX at_x(run.stride[1]);
  const int64_t n = run.n;
  for (int64_t i = 0; i < n; ++i) out[at(i)] = AddScaled::of(out[at(i)], x[at_x(i)], factor);
}

template <class T>
void add_scaled(const Run& run) {
  if (strides_are(run, 1, 1)) return add_scaled_run<T, One, One>(run);
  if (strides_are(run, 1, 0)) return add_scaled_run<T, One, Zero>(run);
  add_scaled_run<T, Any, Any>(run);
}

template <class T, class StrideOut>
void scale_run(const Run& run) {
  T* out = static_cast<T*>(run.out);
  const T factor = *static_cast<const T*>(run.in[1]);
  const StrideOut at(run.out_stride);
  const int64_t n = run.n;
  for (int64_t i = 0; i < n; ++i) out[at(i)] *= factor;
}

template <class T>
void scale(const Run& run) {
  if (run.out_stride == 1) return scale_run<T, One>(run);
  scale_run<T, Any>(run);
}

using Row = Loop[dtype_count];
// Positions of the element types, in the order of DType.
constexpr int f32 = 0, f64 = 1, i32 = 2, bit = 3;

template <class F>
constexpr void set_unary(Row& row) {
  row[f32] = unary<F, float, float>;
  row[f64] = unary<F, double, double>;
}
template <class F>
constexpr void set_binary(Row& row) {
  row[f32] = binary<F, float, float>;
  row[f64] = binary<F, double, double>;
}
template <class F>
constexpr void set_compare(Row& row) {
  row[f32] = binary<F, Mask, float>;
  row[f64] = binary<F, Mask, double>;
  row[i32] = binary<F, Mask, int32_t>;
  row[bit] = binary<F, Mask, Mask>;
}
template <class From>
constexpr void set_convert(Row& row) {
  row[f32] = convert<float, From>;
  row[f64] = convert<double, From>;
  row[i32] = convert<int32_t, From>;
  row[bit] = convert<Mask, From>;
}

constexpr void fill_unary(Row (&rows)[static_cast<int>(Unary::count)]) {
  const auto row = [&](Unary f) -> Row& { return rows[static_cast<int>(f)]; };
  set_unary<Neg>(row(Unary::neg));
  set_unary<Square>(row(Unary::square));
  set_unary<Abs>(row(Unary::abs));
  set_unary<Sqrt>(row(Unary::sqrt));
  set_unary<Exp>(row(Unary::exp));
  set_unary<Log>(row(Unary::log));
  set_unary<Tanh>(row(Unary::tanh));
  set_unary<Sigmoid>(row(Unary::sigmoid));
  set_unary<Relu>(row(Unary::relu));
  set_unary<Sign>(row(Unary::sign));
  row(Unary::neg)[i32] = unary<Neg, Integer, Integer>;
  row(Unary::square)[i32] = unary<Square, Integer, Integer>;
  row(Unary::abs)[i32] = unary<Abs, Integer, Integer>;
}

constexpr void fill_binary(Row (&rows)[static_cast<int>(Binary::count)]) {
  const auto row = [&](Binary f) -> Row& { return rows[static_cast<int>(f)]; };
  set_binary<Add>(row(Binary::add));
  set_binary<Sub>(row(Binary::sub));
  set_binary<Mul>(row(Binary::mul));
  set_binary<Div>(row(Binary::div));
  set_binary<Pow>(row(Binary::pow));
  set_binary<Minimum>(row(Binary::minimum));
  set_binary<Maximum>(row(Binary::maximum));
  set_binary<TanhBackward>(row(Binary::tanh_backward));
  set_binary<SigmoidBackward>(row(Binary::sigmoid_backward));
  set_binary<ReluBackward>(row(Binary::relu_backward));
  row(Binary::add)[i32] = binary<Add, Integer, Integer>;
  row(Binary::sub)[i32] = binary<Sub, Integer, Integer>;
  row(Binary::mul)[i32] = binary<Mul, Integer, Integer>;
  row(Binary::minimum)[i32] = binary<Minimum, int32_t, int32_t>;
  row(Binary::maximum)[i32] = binary<Maximum, int32_t, int32_t>;
}

template <class T, class Signed = T>
constexpr void fill_ternary(ElementwiseLoops& all, int dtype) {
  all.ternary[static_cast<int>(Ternary::product)][dtype] = ternary<Product, T>;
  all.ternary[static_cast<int>(Ternary::clamp)][dtype] = ternary<Clamp, Signed>;
  all.add_scaled[dtype] = add_scaled<T>;
  all.scale[dtype] = scale<T>;
}

constexpr ElementwiseLoops table() {
  ElementwiseLoops all = {};
  fill_unary(all.unary);
  fill_binary(all.binary);
  fill_ternary<float>(all, f32);
  fill_ternary<double>(all, f64);
  fill_ternary<Integer, int32_t>(all, i32);
  set_compare<Equal>(all.compare[static_cast<int>(Relation::eq)]);
  set_compare<NotEqual>(all.compare[static_cast<int>(Relation::ne)]);
  set_compare<Less>(all.compare[static_cast<int>(Relation::lt)]);
  set_compare<LessEqual>(all.compare[static_cast<int>(Relation::le)]);
  all.logical_and = binary<And, Mask, Mask>;
  all.logical_or = binary<Or, Mask, Mask>;
  all.logical_not = unary<Not, Mask, Mask>;
  all.where[f32] = all.where[i32] = where<Integer>;  // moves bits, so sizes are all that counts
  all.where[f64] = where<uint64_t>;
  all.where[bit] = where<Mask>;
  set_convert<float>(all.convert[f32]);
  set_convert<double>(all.convert[f64]);
  set_convert<int32_t>(all.convert[i32]);
  set_convert<Mask>(all.convert[bit]);
  return all;
}

}  // namespace

extern const ElementwiseLoops HEED_TABLE(elementwise_loops) = table();

}  // namespace heed::loops
