#include "reductions.hpp"

#include <atomic>
#include <limits>

#include "../loops/reductions.hpp"
#include "../loops/rows.hpp"
#include "../parallel.hpp"
#include "dispatch.hpp"
#include "elementwise.hpp"

namespace heed::kernels {

namespace {

using loops::ColumnsLoop, loops::Reduction, loops::RowsLoop;

/// Elements that one task reduces, and a row or column that is longer is cut into
/// pieces of so many.
constexpr int64_t task_size = 16384, cut_size = 65536;
/// Columns of one task.
constexpr int64_t column_block = 256;

const loops::ReductionLoops& table() { return loops::reduction_loops(); }
int index(DType dtype) { return static_cast<int>(dtype); }
int64_t smaller(int64_t a, int64_t b) { return a < b ? a : b; }
int64_t larger(int64_t a, int64_t b) { return a > b ? a : b; }
int64_t ceil_divide(int64_t a, int64_t b) { return (a + b - 1) / b; }

/// Pointer arithmetic on untyped elements.
void* element(void* base, int64_t i, DType dtype) {
  return static_cast<char*>(base) + i * static_cast<int64_t>(item_size(dtype));
}

/// Which axes are reduced; an empty list means all.
struct Flags {
  bool reduced[max_rank] = {};
  Flags(const Axes& axes, int rank) {
    for (int i = 0; i < rank; ++i) reduced[i] = axes.empty();
    for (const int64_t axis : axes) reduced[axis] = true;
  }
};

Shape reduced_shape(const Shape& shape, const Flags& flags, bool keep) {
  Shape result;
  for (int i = 0; i < shape.rank(); ++i) {
    if (!flags.reduced[i]) result.push_back(shape[i]);
    if (flags.reduced[i] && keep) result.push_back(1);
  }
  return result;
}

/// x as [outer, extent, inner], reduced over `extent`; inner elements are neighbours, or inner is 1
/// and those of a row are.
struct Plan {
  Array x;
  int64_t outer = 1, extent = 1, inner = 1;
  int64_t outer_stride = 0, extent_stride = 1;
};

/// Neighbouring axes of one kind, stepped over as one.
struct Group {
  bool reduced;
  int64_t size, stride;
};

/// Returns the number of groups, or 0 where axes of one kind can't be merged into
/// at most three groups.
int grouped(const Array& x, const Flags& flags, Group groups[3]) {
  int count = 0;
  for (int i = 0; i < x.rank(); ++i) {
    const int64_t size = x.shape()[i], stride = x.strides()[i];
    if (size == 1) continue;
    const bool same_kind = count > 0 && groups[count - 1].reduced == flags.reduced[i];
    if (same_kind && groups[count - 1].stride == stride * size) {
      groups[count - 1].size *= size;
      groups[count - 1].stride = stride;
    } else {
      if (same_kind || count == 3) return 0;
      groups[count++] = {flags.reduced[i], size, stride};
    }
  }
  return count;
}

/// Fits the groups into a plan without moving an element, if possible.
bool fits(Plan& plan, const Group* groups, int count) {
  const Group* first = groups;
  const Group* end = groups + count;
  if (first != end && !first->reduced) {
    plan.outer = first->size;
    plan.outer_stride = first->stride;
    ++first;
  }
  if (first == end) return false;
  plan.extent = first->size;
  plan.extent_stride = first->stride;
  ++first;
  if (first == end) {
    if (plan.extent_stride == 1) return true;
    if (plan.outer_stride != 1) return false;  // else the rows of the transpose are columns here
    plan.inner = plan.outer;
    plan.outer = 1;
    return true;
  }
  plan.inner = first->size;
  return !first->reduced && first->stride == 1 && first + 1 == end;
}

/// The general case: a copy with the reduced axes last.
Plan plan_of_copy(const Array& x, const Flags& flags) {
  Axes order;
  Plan plan;
  for (int i = 0; i < x.rank(); ++i) {
    if (!flags.reduced[i]) order.push_back(i), plan.outer *= x.shape()[i];
  }
  for (int i = 0; i < x.rank(); ++i) {
    if (flags.reduced[i]) order.push_back(i), plan.extent *= x.shape()[i];
  }
  plan.x = x.permute(order).contiguous();
  plan.outer_stride = plan.extent;
  return plan;
}

Plan plan_of(const Array& x, const Flags& flags) {
  Group groups[3];
  Plan plan;
  if (const int count = grouped(x, flags, groups); count > 0 && fits(plan, groups, count)) {
    plan.x = x;
    return plan;
  }
  return plan_of_copy(x, flags);
}

/// Only for the rows of a function without columns.
Plan plan_of_rows(const Array& x, const Flags& flags) {
  Plan plan = plan_of(x, flags);
  return plan.inner == 1 ? plan : plan_of_copy(x, flags);
}

int64_t rows_of_a_task(const Plan& plan) { return larger(1, task_size / plan.extent); }

void run_rows(RowsLoop loop, const Plan& plan, const Array& y) {
  const DType dtype = plan.x.dtype();
  parallel_for(plan.outer, rows_of_a_task(plan), [&](int64_t begin, int64_t end) {
    loop(end - begin, plan.extent, element(plan.x.raw(), begin * plan.outer_stride, dtype),
         plan.outer_stride, element(y.raw(), begin, y.dtype()));
  });
}

/// Long rows: partial results [outer, pieces] of pieces of one length,
/// reduced again in their order.
void reduce_long_rows(const Reduction& f, const Plan& plan, const Array& y) {
  const DType dtype = plan.x.dtype();
  const int64_t pieces = ceil_divide(plan.extent, task_size);
  const Array partial = Array::empty({plan.outer, pieces}, float64);
  const RowsLoop loop = f.rows[index(dtype)][index(float64)];
  parallel_for(plan.outer * pieces, 1, [&](int64_t begin, int64_t end) {
    for (int64_t task = begin; task < end; ++task) {
      const int64_t start = task % pieces * task_size;
      const int64_t first = task / pieces * plan.outer_stride + start;
      loop(1, smaller(task_size, plan.extent - start), element(plan.x.raw(), first, dtype), 0,
           element(partial.raw(), task, float64));
    }
  });
  f.rows[index(float64)][index(y.dtype())](plan.outer, pieces, partial.raw(), pieces, y.raw());
}

/// Reduces pieces of `length` rows of each column: out [outer, pieces, inner].
void reduce_column_pieces(ColumnsLoop loop, const Plan& plan, int64_t length, const Array& out) {
  const DType dtype = plan.x.dtype();
  const int64_t pieces = ceil_divide(plan.extent, length);
  const int64_t blocks = ceil_divide(plan.inner, column_block);
  const int64_t cost = length * smaller(plan.inner, column_block);
  parallel_for(
      plan.outer * pieces * blocks, larger(1, task_size / cost), [&](int64_t begin, int64_t end) {
        for (int64_t task = begin; task < end; ++task) {
          const int64_t column = task % blocks * column_block, row = task / blocks;
          const int64_t start = row % pieces * length;
          const int64_t first =
              row / pieces * plan.outer_stride + start * plan.extent_stride + column;
          loop(smaller(length, plan.extent - start), smaller(column_block, plan.inner - column),
               element(plan.x.raw(), first, dtype), plan.extent_stride,
               element(out.raw(), row * plan.inner + column, out.dtype()));
        }
      });
}

void reduce_columns(const Reduction& f, const Plan& plan, const Array& y) {
  const int from = index(plan.x.dtype()), to = index(y.dtype());
  const int64_t width = smaller(plan.inner, column_block);
  if (plan.extent * width <= cut_size) {
    return reduce_column_pieces(f.columns[from][to], plan, plan.extent, y);
  }
  const int64_t length = larger(1, cut_size / width);
  Plan second;
  second.outer = plan.outer;
  second.extent = ceil_divide(plan.extent, length);
  second.inner = second.extent_stride = plan.inner;
  second.outer_stride = second.extent * plan.inner;
  second.x = Array::empty({plan.outer, second.extent, plan.inner}, float64);
  reduce_column_pieces(f.columns[from][index(float64)], plan, length, second.x);
  reduce_columns(f, second, y);
}

/// `of_none`: the result over no element. `dtype`: x's, or float64.
Array reduced(const Reduction& f, const Array& x, const Axes& axes, bool keep, double of_none,
              DType dtype) {
  const Flags flags(axes, x.rank());
  const Array y = Array::empty(reduced_shape(x.shape(), flags, keep), dtype);
  if (x.numel() == 0) {
    fill(y, of_none);
    return y;
  }
  const Plan plan = plan_of(x, flags);
  if (plan.inner > 1) {
    reduce_columns(f, plan, y);
  } else if (plan.extent > cut_size) {
    reduce_long_rows(f, plan, y);
  } else {
    run_rows(f.rows[index(x.dtype())][index(dtype)], plan, y);
  }
  return y;
}

template <class T>
void logsumexp_rows(const Plan& plan, const Array& y) {
  const auto loop = loops::row_loops().of<T>().log_sum_exp;
  const T* x = plan.x.data<T>();
  T* out = y.data<T>();
  parallel_for(plan.outer, rows_of_a_task(plan), [&](int64_t begin, int64_t end) {
    for (int64_t r = begin; r < end; ++r) out[r] = loop(x + r * plan.outer_stride, plan.extent);
  });
}

/// Calls `body(begin, end)` for pieces of a contiguous x.
template <class F>
void for_pieces(const Array& x, F&& body) {
  parallel_for(x.numel(), task_size, body);
}

}  // namespace

Array sum(const Array& x, const Axes& axes, bool keep) {
  return reduced(table().sum, x, axes, keep, 0, x.dtype());
}

Array sum(const Array& x, const Axes& axes, bool keep, DType result) {
  return reduced(table().sum, x, axes, keep, 0, result);
}

Array prod(const Array& x, const Axes& axes, bool keep) {
  return reduced(table().product, x, axes, keep, 1, x.dtype());
}

Array max(const Array& x, const Axes& axes, bool keep) {
  return reduced(table().max, x, axes, keep, 0, x.dtype());
}

Array min(const Array& x, const Axes& axes, bool keep) {
  return reduced(table().min, x, axes, keep, 0, x.dtype());
}

Array logsumexp(const Array& x, const Axes& axes, bool keep) {
  const Flags flags(axes, x.rank());
  const Array y = Array::empty(reduced_shape(x.shape(), flags, keep), x.dtype());
  if (x.numel() == 0) {
    fill(y, -std::numeric_limits<double>::infinity());
  } else {
    const Plan plan = plan_of_rows(x, flags);
    for_floating(x.dtype(), [&]<class T>(T) { logsumexp_rows<T>(plan, y); });
  }
  return y;
}

namespace {

Array places(const RowsLoop* loops, const Array& x, int axis, bool keep) {
  const Flags flags({axis}, x.rank());
  const Array y = Array::empty(reduced_shape(x.shape(), flags, keep), int32);
  if (y.numel() > 0) run_rows(loops[index(x.dtype())], plan_of_rows(x, flags), y);
  return y;
}

}  // namespace

Array argmax(const Array& x, int axis, bool keep) { return places(table().argmax, x, axis, keep); }
Array argmin(const Array& x, int axis, bool keep) { return places(table().argmin, x, axis, keep); }

Array sum_to(const Array& g, const Shape& shape) {
  const int added = g.rank() - shape.rank();
  Axes axes;
  for (int i = 0; i < g.rank(); ++i) {
    const bool broadcast = i < added || (shape[i - added] == 1 && g.shape()[i] != 1);
    if (broadcast) axes.push_back(i);
  }
  return axes.empty() ? g : sum(g, axes, true).reshape(shape);
}

double sum_of_squares(const Array& x) {
  if (x.numel() == 0) return 0;
  const Array dense = x.contiguous();
  const auto loop = table().sum_of_squares[index(x.dtype())];
  const int64_t pieces = ceil_divide(x.numel(), task_size);
  const Array partial = Array::empty({pieces}, float64);
  double* sums = partial.data<double>();
  for_pieces(dense, [&](int64_t begin, int64_t end) {
    sums[begin / task_size] = loop(end - begin, element(dense.raw(), begin, x.dtype()));
  });
  double all = 0;
  for (int64_t i = 0; i < pieces; ++i) all += sums[i];
  return all;
}

bool all_finite(const Array& x) {
  const Array dense = x.contiguous();
  const auto loop = table().all_finite[index(x.dtype())];
  std::atomic<bool> finite{true};
  for_pieces(dense, [&](int64_t begin, int64_t end) {
    if (!finite.load(std::memory_order_relaxed)) return;
    if (!loop(end - begin, element(dense.raw(), begin, x.dtype()))) finite = false;
  });
  return finite;
}

}  // namespace heed::kernels
