#include "elementwise.hpp"
#include "functions.hpp"

namespace heed::loops {

namespace {

// Loops over runs whose strides are 1 or 0, as types, so that they vectorise. Never inlined: each
// is called from one place or two, by its address from the second.

struct One {
  static int64_t at(int64_t i) { return i; }
};
struct Zero {
  static int64_t at(int64_t) { return 0; }
};

template <class F, class Out, class A, class StrideA>
[[gnu::noinline]] void unary_run(const Run& run) {
  const A* __restrict a = static_cast<const A*>(run.in[0]);
  Out* __restrict out = static_cast<Out*>(run.out);
  const int64_t n = run.n;
  for (int64_t i = 0; i < n; ++i) out[i] = F::of(a[StrideA::at(i)]);
}

template <class F, class Out, class A, class StrideA, class StrideB>
[[gnu::noinline]] void binary_run(const Run& run) {
  const A* __restrict a = static_cast<const A*>(run.in[0]);
  const A* __restrict b = static_cast<const A*>(run.in[1]);
  Out* __restrict out = static_cast<Out*>(run.out);
  const int64_t n = run.n;
  for (int64_t i = 0; i < n; ++i) out[i] = F::of(a[StrideA::at(i)], b[StrideB::at(i)]);
}

template <class F, class A, class T, class StrideA, class StrideB, class StrideC>
[[gnu::noinline]] void ternary_run(const Run& run) {
  const A* __restrict a = static_cast<const A*>(run.in[0]);
  const T* __restrict b = static_cast<const T*>(run.in[1]);
  const T* __restrict c = static_cast<const T*>(run.in[2]);
  T* __restrict out = static_cast<T*>(run.out);
  const int64_t n = run.n;
  for (int64_t i = 0; i < n; ++i) {
    out[i] = F::of(a[StrideA::at(i)], b[StrideB::at(i)], c[StrideC::at(i)]);
  }
}

/// In place: x may be the output itself, hence no __restrict.
template <class T>
[[gnu::noinline]] void add_scaled_run(const Run& run) {
  T* out = static_cast<T*>(run.out);
  const T* x = static_cast<const T*>(run.in[1]);
  const T factor = *static_cast<const T*>(run.in[2]);
  for (int64_t i = 0; i < run.n; ++i) out[i] += x[i] * factor;
}

template <class T>
[[gnu::noinline]] void scale_run(const Run& run) {
  T* out = static_cast<T*>(run.out);
  const T factor = *static_cast<const T*>(run.in[1]);
  for (int64_t i = 0; i < run.n; ++i) out[i] *= factor;
}

// All other strides: through buffers on the stack.

template <class T>
void move_items(int64_t n, const void* in, int64_t stride, void* out, int64_t out_stride) {
  const T* from = static_cast<const T*>(in);
  T* to = static_cast<T*>(out);
  for (int64_t i = 0; i < n; ++i) to[i * out_stride] = from[i * stride];
}

/// Moves n elements of `item` bytes.
void move(int64_t item, int64_t n, const void* in, int64_t stride, void* out, int64_t out_stride) {
  if (item == 1) return move_items<uint8_t>(n, in, stride, out, out_stride);
  if (item == 4) return move_items<uint32_t>(n, in, stride, out, out_stride);
  move_items<uint64_t>(n, in, stride, out, out_stride);
}

/// Bytes of one element of the output and of each input.
struct Items {
  int64_t out, in[3];
};

/// Runs a loop that wants stride 1 everywhere; `in_place`: it also reads the output.
void in_chunks(const Run& run, Items items, Loop dense, bool in_place) {
  constexpr int64_t chunk = 256;
  alignas(64) char buffers[4][chunk * 8];
  for (int64_t start = 0; start < run.n; start += chunk) {
    Run part;
    part.n = run.n - start < chunk ? run.n - start : chunk;
    for (int k = 0; k < 3 && run.in[k]; ++k) {
      part.in[k] = static_cast<const char*>(run.in[k]) + start * run.stride[k] * items.in[k];
      part.stride[k] = 1;
      if (run.stride[k] == 1) continue;
      move(items.in[k], part.n, part.in[k], run.stride[k], buffers[k], 1);
      part.in[k] = buffers[k];
    }
    char* out = static_cast<char*>(run.out) + start * run.out_stride * items.out;
    const bool strided = run.out_stride != 1;
    part.out = strided ? buffers[3] : out;
    if (strided && in_place) move(items.out, part.n, out, run.out_stride, buffers[3], 1);
    dense(part);
    if (strided) move(items.out, part.n, buffers[3], 1, out, run.out_stride);
  }
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
  constexpr Loop dense = unary_run<F, Out, A, One>;
  if (strides_are(run, 1)) return dense(run);
  in_chunks(run, {sizeof(Out), {sizeof(A)}}, dense, false);
}

template <class F, class Out, class A>
void binary(const Run& run) {
  constexpr Loop dense = binary_run<F, Out, A, One, One>;
  if (strides_are(run, 1, 1)) return dense(run);
  if (strides_are(run, 1, 0)) return binary_run<F, Out, A, One, Zero>(run);
  in_chunks(run, {sizeof(Out), {sizeof(A), sizeof(A)}}, dense, false);
}

/// For functions that often have a number on the left.
template <class F, class Out, class A>
void ordered(const Run& run) {
  if (strides_are(run, 0, 1)) return binary_run<F, Out, A, Zero, One>(run);
  binary<F, Out, A>(run);
}

template <class T>
constexpr Items ternary_items = {sizeof(T), {sizeof(T), sizeof(T), sizeof(T)}};

template <class T>
void product(const Run& run) {
  constexpr Loop dense = ternary_run<Product, T, T, One, One, One>;
  if (strides_are(run, 1, 1, 0)) return ternary_run<Product, T, T, One, One, Zero>(run);
  in_chunks(run, ternary_items<T>, dense, false);
}

template <class T>
void clamp(const Run& run) {
  constexpr Loop dense = ternary_run<Clamp, T, T, One, One, One>;
  if (strides_are(run, 1, 0, 0)) return ternary_run<Clamp, T, T, One, Zero, Zero>(run);
  in_chunks(run, ternary_items<T>, dense, false);
}

template <class T>
void where(const Run& run) {
  constexpr Loop dense = ternary_run<Where, Mask, T, One, One, One>;
  if (strides_are(run, 1, 1, 1)) return dense(run);
  if (strides_are(run, 1, 0, 1)) return ternary_run<Where, Mask, T, One, Zero, One>(run);
  in_chunks(run, {sizeof(T), {sizeof(Mask), sizeof(T), sizeof(T)}}, dense, false);
}

template <class To, class From>
void convert(const Run& run) {
  constexpr Loop dense = unary_run<Convert<To>, To, From, One>;
  if (strides_are(run, 1)) return dense(run);
  in_chunks(run, {sizeof(To), {sizeof(From)}}, dense, false);
}

/// Copies within one element type, and fills from stride 0.
template <class T>
void copy(const Run& run) {
  if (strides_are(run, 1)) return unary_run<Convert<T>, T, T, One>(run);
  if (strides_are(run, 0)) return unary_run<Convert<T>, T, T, Zero>(run);
  move(sizeof(T), run.n, run.in[0], run.stride[0], run.out, run.out_stride);
}

template <class T>
void add_scaled(const Run& run) {
  if (strides_are(run, 1, 1)) return add_scaled_run<T>(run);
  in_chunks(run, ternary_items<T>, add_scaled_run<T>, true);
}

template <class T>
void scale(const Run& run) {
  if (run.out_stride == 1) return scale_run<T>(run);
  in_chunks(run, ternary_items<T>, scale_run<T>, true);
}

// The table. Positions of the element types, in the order of DType.
constexpr int f32 = 0, f64 = 1, i32 = 2, bit = 3;

using Row = Loop[dtype_count];

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
constexpr void set_ordered(Row& row) {
  row[f32] = ordered<F, float, float>;
  row[f64] = ordered<F, double, double>;
}
template <class F>
constexpr void set_symmetric_relation(Row& row) {
  row[f32] = binary<F, Mask, float>;
  row[f64] = binary<F, Mask, double>;
  row[i32] = binary<F, Mask, int32_t>;
  row[bit] = binary<F, Mask, Mask>;
}
template <class F>
constexpr void set_ordered_relation(Row& row) {
  row[f32] = ordered<F, Mask, float>;
  row[f64] = ordered<F, Mask, double>;
  row[i32] = ordered<F, Mask, int32_t>;
  row[bit] = ordered<F, Mask, Mask>;
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
  set_unary<Gelu>(row(Unary::gelu));
  set_unary<Silu>(row(Unary::silu));
  set_unary<Sign>(row(Unary::sign));
  row(Unary::neg)[i32] = unary<Neg, Integer, Integer>;
  row(Unary::square)[i32] = unary<Square, Integer, Integer>;
  row(Unary::abs)[i32] = unary<Abs, Integer, Integer>;
}

constexpr void fill_binary(Row (&rows)[static_cast<int>(Binary::count)]) {
  const auto row = [&](Binary f) -> Row& { return rows[static_cast<int>(f)]; };
  set_binary<Add>(row(Binary::add));
  set_ordered<Sub>(row(Binary::sub));
  set_binary<Mul>(row(Binary::mul));
  set_ordered<Div>(row(Binary::div));
  set_binary<Pow>(row(Binary::pow));
  set_binary<Minimum>(row(Binary::minimum));
  set_binary<Maximum>(row(Binary::maximum));
  set_binary<TanhBackward>(row(Binary::tanh_backward));
  set_binary<SigmoidBackward>(row(Binary::sigmoid_backward));
  set_binary<ReluBackward>(row(Binary::relu_backward));
  set_binary<GeluBackward>(row(Binary::gelu_backward));
  set_binary<SiluBackward>(row(Binary::silu_backward));
  row(Binary::add)[i32] = binary<Add, Integer, Integer>;
  row(Binary::sub)[i32] = binary<Sub, Integer, Integer>;
  row(Binary::mul)[i32] = binary<Mul, Integer, Integer>;
  row(Binary::minimum)[i32] = binary<Minimum, int32_t, int32_t>;
  row(Binary::maximum)[i32] = binary<Maximum, int32_t, int32_t>;
}

template <class T, class Signed = T>
constexpr void fill_ternary(ElementwiseLoops& all, int dtype) {
  all.ternary[static_cast<int>(Ternary::product)][dtype] = product<T>;
  all.ternary[static_cast<int>(Ternary::clamp)][dtype] = clamp<Signed>;
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
  set_symmetric_relation<Equal>(all.compare[static_cast<int>(Relation::eq)]);
  set_symmetric_relation<NotEqual>(all.compare[static_cast<int>(Relation::ne)]);
  set_ordered_relation<Less>(all.compare[static_cast<int>(Relation::lt)]);
  set_ordered_relation<LessEqual>(all.compare[static_cast<int>(Relation::le)]);
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
  all.convert[f32][f32] = copy<float>;
  all.convert[f64][f64] = copy<double>;
  all.convert[i32][i32] = copy<int32_t>;
  all.convert[bit][bit] = copy<Mask>;
  return all;
}

}  // namespace

extern const ElementwiseLoops HEED_TABLE(elementwise_loops) = table();

}  // namespace heed::loops
