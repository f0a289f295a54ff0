#include "products.hpp"

#include <cstring>
#include <limits>

#include "../bfloat16.hpp"
#include "../blas.hpp"
#include "../error.hpp"
#include "../loops/products.hpp"
#include "../parallel.hpp"
#include "../precision.hpp"
#include "../profile.hpp"
#include "rounding.hpp"

namespace heed::kernels {

namespace {

/// How the last two axes of an array lie in memory, for BLAS.
struct Layout {
  bool valid = false, transposed = false;
  int64_t ld = 1;
};

Layout layout_of(const Array& x) {
  const int last = x.rank() - 1;
  const int64_t rows = x.shape()[last - 1], columns = x.shape()[last];
  const int64_t row_stride = x.strides()[last - 1], column_stride = x.strides()[last];
  if (columns <= 1 || column_stride == 1) {
    if (rows <= 1) return {true, false, columns > 0 ? columns : 1};
    if (row_stride >= columns && row_stride > 0) return {true, false, row_stride};
  }
  if (rows <= 1 || row_stride == 1) {
    if (columns <= 1) return {true, true, rows > 0 ? rows : 1};
    if (column_stride >= rows && column_stride > 0) return {true, true, column_stride};
  }
  return {};
}

/// An operand with strides that BLAS can read.
struct Operand {
  Array array;
  Layout layout;
};

/// `x` itself where BLAS can read it, else a contiguous copy of its matrices. Batch axes that
/// `expand` made (stride 0) are not copied out.
Operand operand(const Array& x) {
  const Layout layout = layout_of(x);
  if (layout.valid) return {x, layout};
  Shape distinct = x.shape();
  for (int axis = 0; axis < x.rank() - 2; ++axis) {
    if (x.strides()[axis] == 0 && distinct[axis] > 0) distinct[axis] = 1;
  }
  const Array copy = x.view_as(distinct, x.strides(), x.offset()).contiguous().expand(x.shape());
  return {copy, layout_of(copy)};
}

/// The product of whole batches: shapes and strides of the batch axes, and the matrices.
struct Batch {
  Shape shape, a, b, c;
  Gemm matrix;
  int64_t count = 1;
  /// Bytes of an operand's number, and of a result's.
  int64_t operand_size = 0, result_size = 0;
  /// [n], what every row of c begins with, or null; matrix.accumulate then.
  const void* bias = nullptr;
};

/// Consecutive batch members that share b are one taller product, if a and c lie as one matrix.
void fold_shared(Batch& batch) {
  Gemm& p = batch.matrix;
  while (!batch.shape.empty() && !p.transpose_a) {
    const int last = batch.shape.rank() - 1;
    const int64_t size = batch.shape[last];
    if (p.m == 1 && batch.a[last] >= p.k && batch.c[last] >= p.n) {
      p.lda = batch.a[last];
      p.ldc = batch.c[last];
    }
    const bool joined = batch.b[last] == 0 && batch.a[last] == p.m * p.lda &&
                        batch.c[last] == p.m * p.ldc && p.m > 0;
    if (size != 1 && !joined) return;
    p.m *= size;
    batch.count /= size > 0 ? size : 1;
    for (Shape* list : {&batch.shape, &batch.a, &batch.b, &batch.c}) *list = list->without(last);
  }
}

Shape leading(const Shape& list) { return Shape(list.begin(), list.rank() - 2); }

Batch batch_of(const Array& into, const Operand& a, const Operand& b, bool accumulate) {
  const int last = into.rank() - 1;
  const Layout c = layout_of(into);
  Batch batch{leading(into.shape()),
              leading(a.array.strides()),
              leading(b.array.strides()),
              leading(into.strides()),
              {},
              element_count(leading(into.shape()))};
  batch.matrix = {into.dtype(),        into.shape()[last - 1],
                  into.shape()[last],  a.array.shape()[last],
                  a.array.raw(),       a.layout.ld,
                  a.layout.transposed, b.array.raw(),
                  b.layout.ld,         b.layout.transposed,
                  into.raw(),          c.ld,
                  accumulate};
  batch.operand_size = batch.result_size = static_cast<int64_t>(item_size(into.dtype()));
  return batch;
}

/// Pieces of one product: rows x columns of them.
struct Cut {
  int64_t rows = 1, columns = 1;
};

/// Halves the pieces of an [m, n] result until there are `wanted`, never below the given sizes; the
/// longer side first.
void halve(Cut& cut, int64_t m, int64_t n, int64_t least_rows, int64_t least_columns,
           int64_t wanted) {
  while (cut.rows * cut.columns < wanted) {
    const int64_t rows = m / cut.rows, columns = n / cut.columns;
    const bool by_rows = rows >= 2 * least_rows, by_columns = columns >= 2 * least_columns;
    if (!by_rows && !by_columns) return;
    int64_t& side = by_rows && (!by_columns || rows >= 2 * columns) ? cut.rows : cut.columns;
    side *= 2;
  }
}

/// Multiplications of a product, or how many take as long: with fewer than 16 rows it waits for
/// memory.
int64_t work_of(int64_t m, int64_t n, int64_t k) {
  constexpr int64_t rows_that_hide_memory = 16;
  return (m > rows_that_hide_memory ? m : rows_that_hide_memory) * n * (k > 0 ? k : 1);
}

/// Depends on the shape alone, never on the number of threads: with several of OpenBLAS's kernels
/// the bits of a product change with how it is cut. Every piece packs its operands anew, and wide
/// ones pack least for what they compute; smaller ones are taken where there would be fewer than
/// sixteen, or four.
Cut cut_of(int64_t m, int64_t n, int64_t k) {
  constexpr int64_t least_work = 1 << 19;  // multiplications that are worth a thread's waking
  const int64_t worth = work_of(m, n, k) / least_work;
  const auto at_most = [&](int64_t pieces) { return worth < pieces ? worth : pieces; };
  Cut cut;
  halve(cut, m, n, 256, 512, at_most(64));
  halve(cut, m, n, 128, 256, at_most(16));
  halve(cut, m, n, 64, 48, at_most(4));
  return cut;
}

const void* advanced(const void* data, int64_t bytes) {
  return static_cast<const char*>(data) + bytes;
}

/// Start of piece `i` of `count` balanced pieces of `extent`,
/// on multiples of 16 where they are long.
int64_t piece_start(int64_t extent, int64_t count, int64_t i) {
  if (i == count) return extent;
  const int64_t start = extent * i / count;
  return extent / count >= 32 ? start / 16 * 16 : start;
}

/// Rows and columns of piece `piece` of the cut of `whole`, one of the batch's products.
Gemm piece_of(const Batch& batch, const Gemm& whole, const Cut& cut, int64_t piece) {
  const int64_t i = piece / cut.columns, j = piece % cut.columns;
  const int64_t row = piece_start(whole.m, cut.rows, i);
  const int64_t column = piece_start(whole.n, cut.columns, j);
  Gemm part = whole;
  part.m = piece_start(whole.m, cut.rows, i + 1) - row;
  part.n = piece_start(whole.n, cut.columns, j + 1) - column;
  const int64_t a = whole.transpose_a ? row : row * whole.lda;
  const int64_t b = whole.transpose_b ? column * whole.ldb : column;
  part.a = advanced(whole.a, a * batch.operand_size);
  part.b = advanced(whole.b, b * batch.operand_size);
  part.c = const_cast<void*>(advanced(whole.c, (row * whole.ldc + column) * batch.result_size));
  return part;
}

/// The matrices of batch member `index`.
Gemm member_of(const Batch& batch, int64_t index) {
  Gemm p = batch.matrix;
  int64_t a = 0, b = 0, c = 0;
  for (int axis = batch.shape.rank() - 1; axis >= 0; --axis) {
    const int64_t i = index % batch.shape[axis];
    index /= batch.shape[axis];
    a += i * batch.a[axis];
    b += i * batch.b[axis];
    c += i * batch.c[axis];
  }
  p.a = advanced(p.a, a * batch.operand_size);
  p.b = advanced(p.b, b * batch.operand_size);
  p.c = const_cast<void*>(advanced(p.c, c * batch.result_size));
  return p;
}

/// Writes the bias to every row of a piece that begins at column `column`.
void begin_with_bias(const Batch& batch, const Gemm& piece, int64_t column) {
  const void* from = advanced(batch.bias, column * batch.result_size);
  for (int64_t i = 0; i < piece.m; ++i) {
    std::memcpy(static_cast<char*>(piece.c) + i * piece.ldc * batch.result_size, from,
                static_cast<std::size_t>(piece.n * batch.result_size));
  }
}

/// How a product is computed: by OpenBLAS, by oneDNN, or by loops of heed's own.
using Product = void (*)(const Gemm&);

/// Few rows times a matrix that is stored by its columns, as weights are: OpenBLAS would take most
/// of its time to pack b. With more rows, or sums too short to be worth adding up lane by lane, it
/// is as fast or faster; one row or column is a product of its own there, which does not pack.
bool has_few_rows(const Gemm& p) {
  constexpr int64_t most_rows = 6, least_terms = 96;
  return p.m > 1 && p.m <= most_rows && p.n > 1 && p.k >= least_terms && !p.transpose_a &&
         p.transpose_b;
}

template <class T>
void multiply_few_rows(const Gemm& p) {
  auto* c = static_cast<T*>(p.c);
  if (!p.accumulate) {
    for (int64_t i = 0; i < p.m; ++i) {
      std::memset(c + i * p.ldc, 0, static_cast<std::size_t>(p.n) * sizeof(T));
    }
  }
  loops::product_loops().of<T>().few_rows(p.m, p.n, p.k, static_cast<const T*>(p.a), p.lda,
                                          static_cast<const T*>(p.b), p.ldb, c, p.ldc);
}

Product product_for(const Gemm& p) {
  if (!has_few_rows(p)) return gemm;
  return p.dtype == float64 ? multiply_few_rows<double> : multiply_few_rows<float>;
}

/// Computes all products by `product`, in pieces.
void run(const Batch& batch, Product product) {
  const Gemm& p = batch.matrix;
  const Cut cut = cut_of(p.m, p.n, p.k);
  const int64_t pieces = cut.rows * cut.columns;
  // Small products of a batch are grouped, so that a thread gets some work at a time.
  const int64_t work = work_of(p.m, p.n, p.k) / pieces;
  const int64_t group = at_a_time(work, 1 << 18);
  parallel_for(batch.count * pieces, group, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const Gemm piece = piece_of(batch, member_of(batch, i / pieces), cut, i % pieces);
      if (batch.bias) begin_with_bias(batch, piece, piece_start(p.n, cut.columns, i % cut.columns));
      product(piece);
    }
  });
}

/// Is a product so large that it gains by rounding its operands, which goes over m k + k n numbers
/// of memory? An estimate, not measured on such a processor: a multiplication in bfloat16 saves 6
/// to 12 ps of a core, a number costs 300 ps to round in cache (AVX2; from memory twice that), and
/// a call of the library as much as 2^19 multiplications do. With fewer rows than `least_uses` no
/// product is large.
bool gains_by_rounding(const Gemm& p) {
  constexpr int64_t least_uses = 24;  // multiplications that a rounded number takes part in
  constexpr int64_t least_terms = 32, least_work = 1 << 19;
  return p.k >= least_terms && p.m * p.n >= least_uses * (p.m + p.n) &&
         p.m * p.n * p.k >= least_work;
}

/// The same products with their operands rounded to bfloat16.
void run_rounded(const Batch& batch) {
  const Gemm& p = batch.matrix;
  // Zeros beyond the end of the sums change nothing, and leave few different lengths to plan for.
  constexpr int64_t multiple = 64;
  const int64_t k = (p.k + multiple - 1) / multiple * multiple;
  const Rounded a = rounded({batch.shape, batch.a, static_cast<const float*>(p.a), p.lda,
                             p.transpose_a ? Extents{p.k, p.m} : Extents{p.m, p.k},
                             p.transpose_a ? Extents{k, p.m} : Extents{p.m, k}});
  const Rounded b = rounded({batch.shape, batch.b, static_cast<const float*>(p.b), p.ldb,
                             p.transpose_b ? Extents{p.n, p.k} : Extents{p.k, p.n},
                             p.transpose_b ? Extents{p.n, k} : Extents{k, p.n}});
  Batch halves = batch;
  halves.a = a.strides;
  halves.b = b.strides;
  halves.operand_size = sizeof(Bfloat16);
  halves.matrix.k = k;
  halves.matrix.a = a.numbers;
  halves.matrix.lda = a.ld;
  halves.matrix.b = b.numbers;
  halves.matrix.ldb = b.ld;
  run(halves, bfloat16_product());
}

void run(const Batch& batch) {
  const Gemm& p = batch.matrix;
  if (batch.count == 0 || p.m == 0 || p.n == 0) return;
  count_flops(2.0 * static_cast<double>(batch.count) * static_cast<double>(p.m * p.n) *
              static_cast<double>(p.k));
  const bool may_round = product_precision == Precision::bfloat16 && p.dtype == float32;
  if (may_round && gains_by_rounding(p)) return run_rounded(batch);
  run(batch, product_for(p));
}

void check_extents(const Array& a, const Array& b) {
  for (const Array* x : {&a, &b}) {
    for (int axis = x->rank() - 2; axis < x->rank(); ++axis) {
      if (x->shape()[axis] <= std::numeric_limits<int32_t>::max()) continue;
      throw ShapeError("matmul: a " + to_string(a.shape()) + ", b " + to_string(b.shape()) +
                       ": BLAS takes extents of at most 2147483647");
    }
  }
}

}  // namespace

void matmul_into(const Array& into, const Array& a, const Array& b, bool accumulate) {
  check_extents(a, b);
  if (into.numel() == 0) return;
  const Operand left = operand(a), right = operand(b);  // copies live until the product is done
  Batch batch = batch_of(into, left, right, accumulate);
  fold_shared(batch);
  run(batch);
}

Array linear(const Array& x, const Array& weight, const Array& bias_in) {
  const Array columns = weight.transpose(0, 1);
  if (!bias_in.defined()) return matmul(x, columns);
  check_extents(x, columns);
  const Array y = Array::empty({x.size(0), weight.size(0)}, x.dtype());
  if (y.numel() == 0) return y;
  const Array bias = bias_in.contiguous();
  const Operand left = operand(x), right = operand(columns);
  Batch batch = batch_of(y, left, right, true);
  batch.bias = bias.raw();
  run(batch);
  return y;
}

Array matmul(const Array& a, const Array& b) {
  check_extents(a, b);
  Shape shape = a.shape();
  shape[a.rank() - 1] = b.size(-1);
  Array y = Array::empty(shape, a.dtype());
  matmul_into(y, a, b, false);
  return y;
}

void add_matmul(Array& into, const Array& a, const Array& b) {
  if (into.defined()) {
    matmul_into(into, a, b, true);
  } else {
    into = matmul(a, b);
  }
}

}  // namespace heed::kernels
