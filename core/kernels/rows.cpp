#include "rows.hpp"

#include <limits>
#include <string>

#include "../error.hpp"
#include "../loops/rows.hpp"
#include "../parallel.hpp"
#include "row_access.hpp"

namespace heed::kernels {

namespace {

template <class T>
const loops::RowLoops<T>& row_loops() {
  return loops::row_loops().of<T>();
}

/// Calls `f(row)` for each row of `rows` rows of `length` elements, on several threads.
template <class F>
void for_rows(int64_t rows, int64_t length, F f) {
  if (length == 0) return;
  parallel_for(rows, rows_at_a_time(length), [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) f(row);
  });
}

int64_t row_length(const Array& x) { return x.rank() == 0 ? 1 : x.shape().back(); }

/// y = loop(x, keep), row by row; `loop` chooses from a RowLoops.
template <class Loop>
Array masked_rows(const Array& x_in, const Array& keep_in, Loop loop) {
  const Array x = with_contiguous_rows(x_in), keep = with_contiguous_rows(keep_in);
  Array y = Array::empty(x.shape(), x.dtype());
  for_floating(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const Rows<T> from(x), to(y);
    const Rows<bool> kept(keep);
    const int64_t n = row_length(x);
    const auto function = loop(row_loops<T>());
    for_rows(row_count(x), n, [&](int64_t row) { function(from[row], kept[row], to[row], n); });
  });
  return y;
}

/// dx = loop(g, y), row by row.
template <class Loop>
Array backward_rows(const Array& g_in, const Array& y_in, Loop loop) {
  const Array g = with_contiguous_rows(g_in), y = with_contiguous_rows(y_in);
  Array dx = Array::empty(g.shape(), g.dtype());
  for_floating(g.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const Rows<T> gradient(g), result(y), to(dx);
    const int64_t n = row_length(g);
    const auto function = loop(row_loops<T>());
    for_rows(row_count(g), n,
             [&](int64_t row) { function(gradient[row], result[row], to[row], n); });
  });
  return dx;
}

}  // namespace

Array softmax(const Array& x, const Array& keep) {
  return masked_rows(x, keep, [](const auto& loops) { return loops.softmax; });
}

Array log_softmax(const Array& x, const Array& keep) {
  return masked_rows(x, keep, [](const auto& loops) { return loops.log_softmax; });
}

Array sparsemax(const Array& x, const Array& keep) {
  return masked_rows(x, keep, [](const auto& loops) { return loops.sparsemax; });
}

LargestOfRows largest_of_rows(const Array& x_in, bool with_log_sum) {
  constexpr int64_t block = LargestOfRows::block;
  const Array x = with_contiguous_rows(x_in);
  const int64_t R = x.size(0), V = x.size(1), blocks = (V + block - 1) / block;
  const LargestOfRows result{Array::empty({R, blocks}, x.dtype()), Array::empty({R}, x.dtype()),
                             with_log_sum ? Array::empty({R}, x.dtype()) : Array()};
  for_floating(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const auto& loops = row_loops<T>();
    const Rows<T> from(x);
    for_rows(R, V, [&](int64_t row) {
      T* maxima = result.maxima.data<T>() + row * blocks;
      T& top = result.top.data<T>()[row];
      loops.block_maxima(from[row], V, block, maxima);
      loops.block_maxima(maxima, blocks, blocks, &top);
      if (with_log_sum) result.log_sum.data<T>()[row] = loops.log_sum_above(from[row], top, V);
    });
  });
  return result;
}

Array softmax_backward(const Array& g, const Array& y) {
  return backward_rows(g, y, [](const auto& loops) { return loops.softmax_backward; });
}

Array sparsemax_backward(const Array& g, const Array& y) {
  return backward_rows(g, y, [](const auto& loops) { return loops.sparsemax_backward; });
}

Array log_softmax_backward(const Array& g_in, const Array& y_in, const Array& keep_in) {
  const Array g = with_contiguous_rows(g_in), y = with_contiguous_rows(y_in);
  const Array keep = with_contiguous_rows(keep_in);
  Array dx = Array::empty(g.shape(), g.dtype());
  for_floating(g.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const Rows<T> gradient(g), result(y), to(dx);
    const Rows<bool> kept(keep);
    const int64_t n = row_length(g);
    for_rows(row_count(g), n, [&](int64_t row) {
      row_loops<T>().log_softmax_backward(gradient[row], result[row], kept[row], to[row], n);
    });
  });
  return dx;
}

void check_targets(const char* operation, const Array& target_in, int64_t ignore, int64_t classes) {
  const Array target = target_in.contiguous();
  const int32_t* ids = target.data<int32_t>();
  for (int64_t i = 0; i < target.numel(); ++i) {
    if (ids[i] == ignore || (ids[i] >= 0 && ids[i] < classes)) continue;
    throw IndexError(std::string(operation) + ": target " + std::to_string(ids[i]) +
                     " at position " + std::to_string(i) + " is out of range [0, " +
                     std::to_string(classes) + ")");
  }
}

Array cross_entropy(const Array& logits_in, const Array& target_in, int64_t ignore,
                    double smoothing, Array& lse) {
  const Array logits = with_contiguous_rows(logits_in), target = target_in.contiguous();
  const int64_t rows = logits.size(0), classes = logits.size(1);
  check_targets("cross_entropy", target, ignore, classes);
  Array losses = Array::zeros({rows}, logits.dtype());
  lse = Array::zeros({rows}, logits.dtype());
  const int32_t* ids = target.data<int32_t>();
  for_floating(logits.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const Rows<T> from(logits);
    T* log_sums = lse.data<T>();
    T* loss = losses.data<T>();
    const T rest = static_cast<T>(smoothing), direct = static_cast<T>(1 - smoothing);
    for_rows(rows, classes, [&](int64_t row) {
      if (ids[row] == ignore) return;
      const T* x = from[row];
      T log_sum = row_loops<T>().log_sum_exp(x, classes);
      // Infinite logits have no softmax.
      if (log_sum - log_sum != 0) log_sum = std::numeric_limits<T>::quiet_NaN();
      log_sums[row] = log_sum;
      loss[row] = direct * (log_sum - x[ids[row]]);
      if (smoothing == 0) return;
      const T mean = row_loops<T>().sum(x, classes) / static_cast<T>(classes);
      loss[row] += rest * (log_sum - mean);
    });
  });
  return losses;
}

Array cross_entropy_backward(const Array& g, const Array& logits, const Array& target,
                             const Array& lse, int64_t ignore, double smoothing) {
  Array dx = Array::empty(logits.shape(), logits.dtype());
  cross_entropy_backward_into(dx, g, logits, target, lse, ignore, smoothing);
  return dx;
}

void cross_entropy_backward_into(const Array& dx, const Array& g_in, const Array& logits_in,
                                 const Array& target_in, const Array& lse, int64_t ignore,
                                 double smoothing) {
  const Array g = g_in.contiguous(), target = target_in.contiguous();
  const Array logits = with_contiguous_rows(logits_in);
  const int64_t rows = logits.size(0), classes = logits.size(1);
  const int32_t* ids = target.data<int32_t>();
  for_floating(logits.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const Rows<T> from(logits), to(dx);
    const T* log_sums = lse.data<T>();
    const T* gradient = g.data<T>();
    const T shift = static_cast<T>(smoothing / static_cast<double>(classes));
    const T direct = static_cast<T>(1 - smoothing);
    for_rows(rows, classes, [&](int64_t row) {
      T* d = to[row];
      if (ids[row] == ignore) {
        for (int64_t i = 0; i < classes; ++i) d[i] = 0;
        return;
      }
      const T scale = gradient[row];
      row_loops<T>().cross_entropy_backward(scale, from[row], log_sums[row], shift, d, classes);
      d[ids[row]] -= scale * direct;
    });
  });
}

}  // namespace heed::kernels
