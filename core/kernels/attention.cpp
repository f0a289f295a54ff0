#include "attention.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "../loops/attention.hpp"
#include "../memory.hpp"
#include "../parallel.hpp"
#include "dispatch.hpp"
#include "random.hpp"
#include "row_access.hpp"

namespace heed::kernels {

namespace {

using loops::AttentionGradients;
using loops::AttentionHead;

/// Rows of tiles that are one piece of work: a long text has several.
constexpr int64_t most_tile_rows = 16;

/// The first element of the matrix [b, h] of x.
template <class T>
T* matrix(const Array& x, int64_t b, int64_t h) {
  return x.data<T>() + b * x.strides()[0] + h * x.strides()[1];
}

/// Everything that is the same for all heads.
template <class T>
struct Heads {
  Heads(const AttentionOperands& operands, const Array& mask, const Array& costs,
        const Array& of_rows, const AttentionSettings& settings)
      : in(operands), slopes(costs), normalisers(of_rows) {
    const Shape weights{B(), H(), queries(), keys()};
    if (mask.defined()) keep = mask.expand(weights);
    whole.queries = queries();
    whole.keys = keys();
    whole.size = in.query.size(3);
    whole.value_size = in.value.size(3);
    whole.query_row = in.query.strides()[2];
    whole.key_row = in.key.strides()[2];
    whole.value_row = in.value.strides()[2];
    whole.scale = static_cast<T>(settings.scale);
    whole.start = {settings.seed, settings.stream, settings.block};
    whole.threshold = static_cast<uint64_t>(std::ceil(settings.dropout * 0x1p32));
    whole.factor = static_cast<T>(1 / (1 - settings.dropout));
    if (keep.defined()) look();
  }

  int64_t B() const { return in.query.size(0); }
  int64_t H() const { return in.query.size(1); }
  int64_t G() const { return in.key.size(1); }
  int64_t queries() const { return in.query.size(2); }
  int64_t keys() const { return in.key.size(2); }
  int64_t tile() const { return loops::attention_loops().of<T>().tile; }
  int64_t tile_rows() const { return (queries() + tile() - 1) / tile(); }
  int64_t tile_columns() const { return (keys() + tile() - 1) / tile(); }
  int64_t tiles() const { return tile_rows() * tile_columns(); }

  AttentionHead<T> head(int64_t b, int64_t h) const {
    AttentionHead<T> one = whole;
    const int64_t g = h * G() / H();
    one.query = matrix<T>(in.query, b, h);
    one.key = matrix<T>(in.key, b, g);
    one.value = matrix<T>(in.value, b, g);
    if (keep.defined()) {
      one.keep = matrix<bool>(keep, b, h);
      one.keep_row = keep.strides()[2];
      one.keep_column = keep.strides()[3];
    }
    if (!seen.empty()) one.seen = seen.data() + (one_mask() ? 0 : b * tiles());
    if (slopes.defined()) one.slope = slopes.data<T>()[h * slopes.strides()[0]];
    const int64_t number = b * H() + h;
    one.first = static_cast<uint64_t>(number * queries() * keys());
    one.maxima = normalisers.data<T>() + number * queries();
    one.inverse_sums = one.maxima + B() * H() * queries();
    return one;
  }

  AttentionOperands in;
  Array slopes, normalisers, keep;
  AttentionHead<T> whole{};
  /// How much of each tile is seen, where all heads of a text share a mask that differs by query:
  /// for each text, or once for all, of the causal mask for example. Empty: each head looks.
  Pooled<uint8_t> seen;

 private:
  bool has_one(int axis) const { return keep.size(axis) == 1 || keep.strides()[axis] == 0; }
  bool one_mask() const { return has_one(0); }
  void look();
};

template <class T>
void Heads<T>::look() {
  const bool rows_differ = keep.strides()[2] != 0;  // else a tile's first row tells
  const int64_t masks = one_mask() ? 1 : B(), rows = tile_rows();
  if (!has_one(1) || !rows_differ || B() * H() <= masks) return;
  Pooled<uint8_t> found(static_cast<std::size_t>(masks * tiles()));
  const int64_t group = at_a_time(tile() * keys(), 1 << 16);
  parallel_for(masks * rows, group, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      loops::attention_loops().of<T>().look(head(i / rows, 0), i % rows * tile(),
                                            found.data() + i * tile_columns());
    }
  });
  seen = std::move(found);
}

/// Heads of short texts that a thread takes at a time.
int64_t heads_at_a_time(int64_t queries, int64_t keys) {
  return at_a_time(queries * keys, 1 << 14);
}

AttentionOperands prepared(const AttentionOperands& in) {
  return {with_contiguous_rows(in.query), with_contiguous_rows(in.key),
          with_contiguous_rows(in.value)};
}

template <class T>
void run_forward(const Heads<T>& heads, const Array& context) {
  const auto& loops = loops::attention_loops().of<T>();
  const int64_t most_queries = most_tile_rows * heads.tile();
  const int64_t per_head = (heads.queries() + most_queries - 1) / most_queries;
  const int64_t pieces = heads.B() * heads.H() * per_head;
  const int64_t group = heads_at_a_time(heads.queries(), heads.keys());
  parallel_for(pieces, group, [&](int64_t begin, int64_t end) {
    Pooled<T> workspace(static_cast<std::size_t>(loops.workspace(heads.whole)));
    for (int64_t piece = begin; piece < end; ++piece) {
      const int64_t number = piece / per_head, first = piece % per_head * most_queries;
      const int64_t b = number / heads.H(), h = number % heads.H();
      const int64_t last = std::min(first + most_queries, heads.queries());
      loops.forward(heads.head(b, h), first, last, matrix<T>(context, b, h), context.strides()[2],
                    workspace.data());
    }
  });
}

template <class T>
void run_backward(const Heads<T>& heads, const Array& g, const Array& context,
                  const AttentionOperands& to) {
  const auto& loops = loops::attention_loops().of<T>();
  const int64_t G = heads.G(), each = G > 0 ? heads.H() / G : 0;
  const int64_t group = heads_at_a_time(each * heads.queries(), heads.keys());
  parallel_for(heads.B() * G, group, [&](int64_t begin, int64_t end) {
    Pooled<T> workspace(static_cast<std::size_t>(loops.workspace(heads.whole)));
    Pooled<AttentionHead<T>> some(static_cast<std::size_t>(each));
    Pooled<AttentionGradients<T>> gradients(static_cast<std::size_t>(each));
    for (int64_t piece = begin; piece < end; ++piece) {
      const int64_t b = piece / G, shared = piece % G;
      for (int64_t i = 0; i < each; ++i) {
        const int64_t h = shared * each + i;
        const auto at = static_cast<std::size_t>(i);
        some[at] = heads.head(b, h);
        gradients[at] = {matrix<T>(context, b, h), matrix<T>(g, b, h), matrix<T>(to.query, b, h),
                         context.strides()[2],     g.strides()[2],     to.query.strides()[2]};
      }
      loops.backward(some.data(), gradients.data(), each, matrix<T>(to.key, b, shared),
                     to.key.strides()[2], matrix<T>(to.value, b, shared), to.value.strides()[2],
                     workspace.data());
    }
  });
}

}  // namespace

TiledAttention attention(const Array& query, const Array& key, const Array& value,
                         const Array& keep, const Array& slopes,
                         const AttentionSettings& settings) {
  const AttentionOperands in = prepared({query, key, value});
  const int64_t B = query.size(0), H = query.size(1), T = query.size(2), C = value.size(3);
  const TiledAttention result{Array::empty({B, T, H, C}, query.dtype()).transpose(1, 2),
                              Array::empty({2, B, H, T}, query.dtype())};
  for_floating(query.dtype(), [&](auto zero) {
    run_forward(Heads<decltype(zero)>(in, keep, slopes, result.normalisers, settings),
                result.context);
  });
  return result;
}

void attention_backward(const Array& g_in, const AttentionOperands& operands, const Array& keep,
                        const Array& slopes, const TiledAttention& result,
                        const AttentionSettings& settings, const AttentionOperands& gradients) {
  const AttentionOperands in = prepared(operands);
  const Array g = with_contiguous_rows(g_in);
  for_floating(g.dtype(), [&](auto zero) {
    run_backward(Heads<decltype(zero)>(in, keep, slopes, result.normalisers, settings), g,
                 result.context, gradients);
  });
}

}  // namespace heed::kernels
