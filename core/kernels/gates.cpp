#include "../loops/gates.hpp"
#include "../parallel.hpp"
#include "row_access.hpp"
#include "rows.hpp"

namespace heed::kernels {

namespace {

template <class T>
void set(T* row, T value, int64_t n) {
  for (int64_t i = 0; i < n; ++i) row[i] = value;
}

template <class T>
void copy(T* to, const T* from, int64_t n) {
  for (int64_t i = 0; i < n; ++i) to[i] = from[i];
}

}  // namespace

void gru_gates(const Array& gates_x_in, const Array& gates_h_in, const Array& h_in,
               const Array& keep_in, const Array& y, const Array& gates) {
  const Array gates_x = with_contiguous_rows(gates_x_in), h = with_contiguous_rows(h_in);
  const Array gates_h = with_contiguous_rows(gates_h_in), keep = with_contiguous_rows(keep_in);
  const int64_t batch = h.size(0), n = h.size(1);
  const bool* kept = keep.defined() ? keep.data<bool>() : nullptr;
  for_floating(h.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const auto& loop = loops::gate_loops().of<T>();
    const Rows<T> from_x(gates_x), from_h(gates_h), old(h), next(y), left(gates);
    parallel_for(batch, rows_at_a_time(4 * n), [&](int64_t begin, int64_t end) {
      for (int64_t row = begin; row < end; ++row) {
        if (!kept || kept[row]) {
          loop.forward(from_x[row], from_h[row], old[row], next[row], left[row], n);
        } else {
          copy<T>(next[row], old[row], n);
          set<T>(left[row], 0, 4 * n);
        }
      }
    });
  });
}

void gru_gates_backward(const Array& g_in, const Array& h_in, const Array& keep_in,
                        const Array& gates, const Array& d_gates_x, const Array& d_gates_h,
                        const Array& d_h) {
  const Array g = with_contiguous_rows(g_in), h = with_contiguous_rows(h_in);
  const Array keep = with_contiguous_rows(keep_in);
  const int64_t batch = h.size(0), n = h.size(1);
  const bool* kept = keep.defined() ? keep.data<bool>() : nullptr;
  for_floating(h.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const auto& loop = loops::gate_loops().of<T>();
    const Rows<T> gradient(g), old(h), left(gates);
    const Rows<T> to_x(d_gates_x), to_h(d_gates_h), to_old(d_h);
    parallel_for(batch, rows_at_a_time(4 * n), [&](int64_t begin, int64_t end) {
      for (int64_t row = begin; row < end; ++row) {
        if (!kept || kept[row]) {
          loop.backward(gradient[row], old[row], left[row], to_x[row], to_h[row], to_old[row], n);
        } else {
          set<T>(to_x[row], 0, 3 * n);
          set<T>(to_h[row], 0, 3 * n);
          copy<T>(to_old[row], gradient[row], n);
        }
      }
    });
  });
}

Array lstm_gates(const Array& inner_in, const Array& state_in, const Array& keep_in, Array& gates) {
  const Array inner = with_contiguous_rows(inner_in), state = with_contiguous_rows(state_in);
  const Array keep = with_contiguous_rows(keep_in);
  const int64_t batch = state.size(0), n = state.size(1) / 2;
  Array y = Array::empty(state.shape(), state.dtype());
  gates = Array::empty({batch, 4 * n}, state.dtype());
  const bool* kept = keep.defined() ? keep.data<bool>() : nullptr;
  for_floating(state.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const auto& loop = loops::gate_loops().of<T>();
    const Rows<T> from(inner), old(state), next(y), left(gates);
    parallel_for(batch, rows_at_a_time(6 * n), [&](int64_t begin, int64_t end) {
      for (int64_t row = begin; row < end; ++row) {
        if (!kept || kept[row]) {
          loop.lstm_forward(from[row], old[row], next[row], left[row], n);
        } else {
          copy<T>(next[row], old[row], 2 * n);
          set<T>(left[row], 0, 4 * n);
        }
      }
    });
  });
  return y;
}

void lstm_gates_backward(const Array& g_in, const Array& state_in, const Array& next,
                         const Array& keep_in, const Array& gates, Array& d_inner, Array& d_state) {
  const Array g = with_contiguous_rows(g_in), state = with_contiguous_rows(state_in);
  const Array keep = with_contiguous_rows(keep_in);
  const int64_t batch = state.size(0), n = state.size(1) / 2;
  d_inner = Array::empty({batch, 4 * n}, state.dtype());
  d_state = Array::empty(state.shape(), state.dtype());
  const bool* kept = keep.defined() ? keep.data<bool>() : nullptr;
  for_floating(state.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const auto& loop = loops::gate_loops().of<T>();
    const Rows<T> gradient(g), old(state), fresh(next), left(gates), to(d_inner), to_old(d_state);
    parallel_for(batch, rows_at_a_time(6 * n), [&](int64_t begin, int64_t end) {
      for (int64_t row = begin; row < end; ++row) {
        if (!kept || kept[row]) {
          loop.lstm_backward(gradient[row], old[row], fresh[row], left[row], to[row], to_old[row],
                             n);
        } else {
          set<T>(to[row], 0, 4 * n);
          copy<T>(to_old[row], gradient[row], 2 * n);
        }
      }
    });
  });
}

}  // namespace heed::kernels
