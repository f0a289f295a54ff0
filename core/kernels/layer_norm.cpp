#include "../loops/rows.hpp"
#include "../loops/updates.hpp"
#include "../parallel.hpp"
#include "row_access.hpp"
#include "rows.hpp"

namespace heed::kernels {

namespace {

template <class T>
const T* data_or_null(const Array& x) {
  return x.defined() ? x.data<T>() : nullptr;
}

/// Rows whose parameter gradients are summed one after another;
/// the sums of such groups are added in order.
constexpr int64_t summed_rows = 64;

}  // namespace

Array layer_norm(const Array& x_in, const Array& weight_in, const Array& bias_in, double eps,
                 Array& mean, Array& rstd) {
  const Array x = with_contiguous_rows(x_in);
  const Array weight = with_contiguous_rows(weight_in), bias = with_contiguous_rows(bias_in);
  const int64_t rows = row_count(x), n = x.size(-1);
  Array y = Array::empty(x.shape(), x.dtype());
  mean = Array::empty({rows}, x.dtype());
  rstd = Array::empty({rows}, x.dtype());
  for_floating(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const auto& loop = loops::row_loops().of<T>();
    const Rows<T> from(x), to(y);
    const T *w = data_or_null<T>(weight), *b = data_or_null<T>(bias);
    T *means = mean.data<T>(), *rstds = rstd.data<T>();
    parallel_for(rows, rows_at_a_time(n), [&](int64_t begin, int64_t end) {
      for (int64_t row = begin; row < end; ++row) {
        loop.layer_norm(from[row], w, b, static_cast<T>(eps), to[row], means + row, rstds + row, n);
      }
    });
  });
  return y;
}

namespace {

/// Both gradients of the parameters, as sums over rows: the cut into groups and the order of adding
/// depend on the shape alone.
template <class T>
void sum_parameter_gradients(const Rows<T>& g, const Rows<T>& x, const T* mean, const T* rstd,
                             int64_t rows, int64_t n, T* dweight, T* dbias) {
  const auto& loop = loops::row_loops().of<T>();
  const int64_t groups = (rows + summed_rows - 1) / summed_rows;
  const Array partial = Array::zeros({groups, 2, n}, dtype_of<T>);
  T* sums = partial.data<T>();
  parallel_for(groups, 1, [&](int64_t begin, int64_t end) {
    for (int64_t group = begin; group < end; ++group) {
      T* into = sums + group * 2 * n;
      const int64_t stop = group + 1 < groups ? (group + 1) * summed_rows : rows;
      for (int64_t row = group * summed_rows; row < stop; ++row) {
        loop.layer_norm_parameters(g[row], x[row], mean[row], rstd[row], dweight ? into : nullptr,
                                   dbias ? into + n : nullptr, n);
      }
    }
  });
  const auto add = loops::update_loops().of<T>().add;
  for (int64_t group = 0; group < groups; ++group) {
    if (dweight) add(dweight, sums + group * 2 * n, n);
    if (dbias) add(dbias, sums + (group * 2 + 1) * n, n);
  }
}

}  // namespace

Array layer_norm_backward(const Array& g_in, const Array& x_in, const Array& weight_in,
                          const Array& mean, const Array& rstd, Array* weight_gradient,
                          Array* bias_gradient) {
  const Array g = with_contiguous_rows(g_in), x = with_contiguous_rows(x_in);
  const Array weight = with_contiguous_rows(weight_in);
  const int64_t rows = row_count(x), n = x.size(-1);
  Array dx = Array::empty(x.shape(), x.dtype());
  for (Array* gradient : {weight_gradient, bias_gradient}) {
    if (gradient) *gradient = Array::zeros({n}, x.dtype());
  }
  for_floating(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const auto& loop = loops::row_loops().of<T>();
    const Rows<T> gradient(g), from(x), to(dx);
    const T *w = data_or_null<T>(weight), *means = mean.data<T>(), *rstds = rstd.data<T>();
    parallel_for(rows, rows_at_a_time(n), [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        loop.layer_norm_backward(gradient[i], from[i], w, means[i], rstds[i], to[i], n);
      }
    });
    if (!weight_gradient && !bias_gradient) return;
    sum_parameter_gradients<T>(gradient, from, means, rstds, rows, n,
                               weight_gradient ? weight_gradient->data<T>() : nullptr,
                               bias_gradient ? bias_gradient->data<T>() : nullptr);
  });
  return dx;
}

}  // namespace heed::kernels
