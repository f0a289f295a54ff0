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

/// For gradients, whose operands are seldom spread: one loop each.
template <class F, class T>
void backward(const Run& run) {
  constexpr Loop dense = binary_run<F, T, T, One, One>;
  if (strides_are(run, 1, 1)) return dense(run);
  in_chunks(run, {sizeof(T), {sizeof(T), sizeof(T)}}, dense, false);
}

/// With a loop for a number on the left too.
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

template <Unary f>
constexpr void set_floating(ElementwiseLoops& all) {
  constexpr int i = static_cast<int>(f);
  all.unary[i][f32] = unary<Function<f>, float, float>;
  all.unary[i][f64] = unary<Function<f>, double, double>;
  all.unary_backward[i][f32] = backward<Backward<f>, float>;
  all.unary_backward[i][f64] = backward<Backward<f>, double>;
}
template <Unary f>
constexpr void set_real(ElementwiseLoops& all) {
  set_floating<f>(all);
}
template <Unary f>
constexpr void set_arithmetic(ElementwiseLoops& all) {
  set_floating<f>(all);
  all.unary[static_cast<int>(f)][i32] = unary<Function<f>, Integer, Integer>;
}
template <Binary f>
constexpr void set_real(ElementwiseLoops& all) {
  Row& row = all.binary[static_cast<int>(f)];
  row[f32] = ordered<Function2<f>, float, float>;
  row[f64] = ordered<Function2<f>, double, double>;
}
template <Binary f>
constexpr void set_arithmetic(ElementwiseLoops& all) {
  set_real<f>(all);
  all.binary[static_cast<int>(f)][i32] = ordered<Function2<f>, Integer, Integer>;
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

template <class T, class Signed = T>
constexpr void fill_ternary(ElementwiseLoops& all, int dtype) {
  all.ternary[static_cast<int>(Ternary::product)][dtype] = product<T>;
  all.ternary[static_cast<int>(Ternary::clamp)][dtype] = clamp<Signed>;
  all.add_scaled[dtype] = add_scaled<T>;
  all.scale[dtype] = scale<T>;
}

constexpr ElementwiseLoops table() {
  ElementwiseLoops all = {};
#define HEED_SET_UNARY(name, takes, ...) set_##takes<Unary::name>(all);
#define HEED_SET_BINARY(name, takes, ...) set_##takes<Binary::name>(all);
  HEED_UNARY_ROWS(HEED_SET_UNARY)
  HEED_BINARY_ROWS(HEED_SET_BINARY)
#undef HEED_SET_UNARY
#undef HEED_SET_BINARY
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
