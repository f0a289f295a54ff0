#include "multi_head_attention.hpp"

#include <cmath>

#include "../core/operations.hpp"
#include "check.hpp"
#include "few_queries.hpp"
#include "initializers.hpp"
#include "key_value_cache.hpp"

namespace heed {

namespace {

/// `keep` for weights of the given shape [..., T, S], checked.
Tensor checked_keep(const char* layer, const Tensor& keep, const Shape& weights) {
  if (!keep.defined()) return keep;
  if (keep.dtype() != boolean) {
    throw TypeError(std::string(layer) + ": keep is " + to_string(keep.dtype()) +
                    ", expected bool (true = may be attended to)");
  }
  // Of fewer axes it is not clear which are meant, unless the first is 1.
  bool fits = keep.rank() == weights.rank() ||
              (keep.rank() > 0 && keep.rank() < weights.rank() && keep.size(0) == 1);
  for (int axis = 1; fits && axis <= keep.rank(); ++axis) {
    const int64_t size = keep.size(-axis);
    fits = size == 1 || size == weights[weights.rank() - axis];
  }
  if (!fits) {
    throw ShapeError(std::string(layer) + ": keep is " + to_string(keep.shape()) + ", expected " +
                     to_string(weights) +
                     ": as many axes (or the first 1), each of that size or 1");
  }
  return keep;
}

/// The weights' shape [..., T, S], once the operands of eq. (1) fit together.
Shape weights_shape(const AttentionInput& in) {
  const auto fail = [&](const char* rule) {
    throw ShapeError("scaled_dot_product_attention: " + std::string(rule) + ": query " +
                     to_string(in.query.shape()) + ", key " + to_string(in.key.shape()) +
                     ", value " + to_string(in.value.shape()));
  };
  const int rank = in.query.rank();
  if (rank < 2 || in.key.rank() != rank || in.value.rank() != rank) {
    fail("expected [..., T, K], [..., S, K], [..., S, C]");
  }
  if (in.query.size(-1) != in.key.size(-1)) fail("queries and keys differ in size");
  if (in.key.size(-2) != in.value.size(-2)) fail("there is not one value for each key");
  for (int axis = 0; axis < rank - 2; ++axis) {
    const int64_t queries = in.query.size(axis), keys = in.key.size(axis);
    const bool heads = rank == 4 && axis == 1 && keys > 0 && queries % keys == 0;
    if ((queries != keys && !heads) || keys != in.value.size(axis)) fail("leading axes differ");
  }
  Shape shape = in.query.shape();
  shape[rank - 1] = in.key.size(-2);
  return shape;
}

/// x y head by head, each of the G heads of y with H / G heads of x in a row: these stand below
/// each other in one product, and nothing of y is copied.   [B, H, T, .] [B, G, ., .].
Tensor product_of_heads(const Tensor& x, const Tensor& y) {
  if (x.rank() != 4 || x.size(1) == y.size(1)) return matmul(x, y);
  const int64_t B = x.size(0), H = x.size(1), T = x.size(2), G = y.size(1);
  return reshape(matmul(reshape(x, {B, G, H / G * T, x.size(3)}), y), {B, H, T, y.size(3)});
}

/// 1 / sqrt(K); of vectors without numbers every product is 0, however scaled.
double scale_of(const Tensor& query) {
  const int64_t K = query.size(-1);
  return K > 0 ? 1 / std::sqrt(static_cast<double>(K)) : 1;
}

/// softmax(Q K^T / sqrt(d_k)), with what ALiBi and relative positions add.   [..., T, S]
Tensor weights_at_once(const AttentionInput& in, const Tensor& slopes,
                       const std::optional<RelativePositions>& relative) {
  const Tensor q = in.query * scale_of(in.query);
  Tensor e = product_of_heads(q, transpose(in.key, -2, -1));
  if (slopes.defined()) e = e + alibi(slopes.size(0), e.size(-2), e.size(-1), e.dtype());
  if (relative) e = e + relative->scores(q, e.size(-1));
  return softmax(e, -1, in.keep);
}

/// Eq. (1) with all weights at once, and what relative positions add.
Attended attended_at_once(const AttentionInput& in, double p, const Tensor& slopes,
                          const std::optional<RelativePositions>& relative) {
  const Tensor alpha = weights_at_once(in, slopes, relative);
  const Tensor dropped = p > 0 ? heed::dropout(alpha, p) : alpha;
  const Tensor context = product_of_heads(dropped, in.value);
  return {relative ? context + relative->context(dropped) : context, alpha};
}

/// [..., T, .] of up to four axes as [B, H, T, .], H = 1 where there are no heads.
Tensor with_heads(const Tensor& x) {
  if (x.rank() == 4) return x;
  return unsqueeze(x.rank() == 2 ? unsqueeze(x, 0) : x, 1);
}

/// Eq. (1), tile by tile.
Attended attended_by_tiles(const AttentionInput& in, double p, const Tensor& slopes) {
  const Tensor keep =
      in.keep.defined() && in.keep.rank() == in.query.rank() ? with_heads(in.keep) : in.keep;
  const Tensor q = with_heads(in.query), k = with_heads(in.key);
  const Tensor context =
      tiled_attention(q, k, with_heads(in.value), keep, slopes, {scale_of(q), p});
  const LazyWeights weights(in.query, in.key, in.keep, slopes);
  if (in.query.rank() == 4) return {context, weights};
  Shape shape = in.query.shape();
  shape[shape.rank() - 1] = in.value.size(-1);
  return {reshape(context, shape), weights};
}

/// Eq. (1).
Attended attended(AttentionInput in, double p, const Tensor& slopes,
                  const std::optional<RelativePositions>& relative) {
  in.keep = checked_keep("scaled_dot_product_attention", in.keep, weights_shape(in));
  if (!relative && p == 0 && few_to_answer(in.query, in.key, in.value)) {
    return answered(in.query, {in.key.array(), in.value.array(), {}}, in.keep, slopes,
                    scale_of(in.query));
  }
  const bool by_tiles = !relative && in.query.rank() <= 4 && in.query.size(-2) >= few_queries;
  return by_tiles ? attended_by_tiles(in, p, slopes) : attended_at_once(in, p, slopes, relative);
}

/// [B, T, H K] -> [B, H, T, K]: a view.
Tensor split_heads(const Tensor& x, int64_t heads) {
  return transpose(reshape(x, {x.size(0), x.size(1), heads, x.size(2) / heads}), 1, 2);
}

/// [B, H, T, K] -> [B, T, D].
Tensor concatenate_heads(const Tensor& x) {
  return reshape(transpose(x, 1, 2), {x.size(0), x.size(2), x.size(1) * x.size(3)});
}

/// The keep mask of B sentences with T queries and S keys, for the weights [B, H, T, S].
Tensor keep_of_heads(const Tensor& keep, int64_t B, int64_t T, int64_t S) {
  if (!keep.defined() || keep.rank() > 3) return keep;
  if (keep.rank() == 3) return unsqueeze(checked_keep("MultiHeadAttention", keep, {B, T, S}), 1);
  if (keep.rank() != 2 || keep.shape() != Shape{B, S}) {
    throw ShapeError("MultiHeadAttention: keep is " + to_string(keep.shape()) + ", expected " +
                     to_string(Shape{B, S}) +
                     " for the keys of each sentence, or [1, T, S] for each query: "
                     "unsqueeze(keep, 0)");
  }
  return unsqueeze(unsqueeze(keep, 1), 1);
}

void check_text(const char* what, const Tensor& x, int64_t D) {
  if (x.defined() && x.rank() == 3 && x.size(2) == D) return;
  throw ShapeError("MultiHeadAttention: the " + std::string(what) + " is " +
                   (x.defined() ? to_string(x.shape()) : "undefined") +
                   ", expected [batch, words, " + std::to_string(D) + "]");
}

/// Queries of B sentences, and B times S keys and values for them.
void check_batch(const AttentionInput& in) {
  const auto& [query, key, value, keep] = in;
  if (query.size(0) == key.size(0) && key.shape() == value.shape()) return;
  throw ShapeError("MultiHeadAttention: the query is " + to_string(query.shape()) + ", the key " +
                   to_string(key.shape()) + ", the value " + to_string(value.shape()) +
                   "; expected one batch size, and a value for each key");
}

/// K, the size of a head.
int64_t head_size(const MultiHeadAttentionConfig& c) { return c.size / c.heads; }

/// `c` if there can be such an attention, with G for kv_heads.
MultiHeadAttentionConfig checked(MultiHeadAttentionConfig c) {
  positive("MultiHeadAttention", "size", c.size);
  positive("MultiHeadAttention", "heads", c.heads);
  if (c.kv_heads == 0) c.kv_heads = c.heads;
  positive("MultiHeadAttention", "kv_heads", c.kv_heads);
  const auto fail = [](const std::string& what) {
    throw ConfigError("MultiHeadAttention: " + what);
  };
  if (c.size % c.heads != 0) {
    fail(std::to_string(c.heads) + " heads do not divide the size " + std::to_string(c.size));
  }
  if (c.heads % c.kv_heads != 0) {
    fail(std::to_string(c.kv_heads) + " kv_heads do not divide the " + std::to_string(c.heads) +
         " heads");
  }
  if (c.window < 0) {
    fail("window is " + std::to_string(c.window) + ", expected at least 0 (0: the whole text)");
  }
  if (c.positions == SelfPositions::rotary && head_size(c) % 2 != 0) {
    fail("rotary positions need heads of even size, these have " + std::to_string(head_size(c)));
  }
  return c;
}

std::optional<RelativePositions> relative_positions(const MultiHeadAttentionConfig& c) {
  if (c.positions != SelfPositions::relative) return std::nullopt;
  return RelativePositions(c.distance, head_size(c));
}

void check_other_text(const MultiHeadAttentionConfig& c) {
  if (c.window == 0 && c.positions == SelfPositions::none) return;
  throw Error("MultiHeadAttention: this one has " +
              std::string(c.window > 0 ? "a window" : "positions") +
              ", for a text that attends to itself, which is self(x, keep); keys of their own, or "
              "of another text, have no places that it knows");
}

/// x W_i + b_i for the rows `first` to `end` of in_proj_weight, cut into heads.   [B, S, D] ->
/// [B, heads, S, K].
Tensor project_rows(const MultiHeadAttention& m, const Tensor& x, int64_t first, int64_t end) {
  const Tensor y =
      linear(x, slice(m.in_proj_weight, 0, first, end), slice(m.in_proj_bias, 0, first, end));
  return split_heads(y, (end - first) / head_size(m.config));
}

/// Keys and values, [B, G, S, K] each, for queries [B, T, D].
void check_projected(const MultiHeadAttentionConfig& c, const Tensor& query,
                     const KeysAndValues& memory) {
  const auto& [key, value] = memory;
  if (!key.defined() || !value.defined()) {
    throw ShapeError("MultiHeadAttention: the memory is undefined, expected what project gives");
  }
  const int64_t B = query.size(0), G = c.kv_heads, K = head_size(c);
  const bool fits = key.rank() == 4 && key.shape() == Shape{B, G, key.size(2), K};
  if (fits && value.shape() == key.shape()) return;
  throw ShapeError("MultiHeadAttention: the query is " + to_string(query.shape()) +
                   ", the memory's key " + to_string(key.shape()) + " and value " +
                   to_string(value.shape()) + "; expected project(memory) of [" +
                   std::to_string(B) + ", words, " + std::to_string(c.size) + "]");
}

/// The mask for the weights [B, H, T, S] of the last T of S words, or of T queries on another text.
Tensor keep_of(const MultiHeadAttentionConfig& c, const Tensor& keep, int64_t B, int64_t T,
               int64_t S) {
  const Tensor kept =
      checked_keep("MultiHeadAttention", keep_of_heads(keep, B, T, S), {B, c.heads, T, S});
  if (c.window == 0) return kept;
  const Tensor near = window_keep(T, S, c.window);
  return kept.defined() ? logical_and(kept, near) : near;
}

double dropout_of(const MultiHeadAttention& m) { return m.dropout.training ? m.dropout.p : 0; }

Tensor slopes_of(const MultiHeadAttention& m, DType dtype) {
  const bool alibi = m.config.positions == SelfPositions::alibi;
  return alibi ? alibi_slopes(m.config.heads, dtype) : Tensor();
}

/// The end of section 3.2.2: W_O for the heads side by side.
Attended together(const MultiHeadAttention& m, const Attended& heads) {
  return {m.out_proj(concatenate_heads(heads.context)), heads.weights};
}

/// Section 3.2.2 once everything is projected. query: [B, H, T, K]; keep: of `keep_of`.
Attended heads_of(const MultiHeadAttention& m, const Tensor& query, const KeysAndValues& memory,
                  const Tensor& keep) {
  return together(m, attended({query, memory.key, memory.value, keep}, dropout_of(m),
                              slopes_of(m, query.dtype()), m.relative));
}

/// The same for the newest words of a text, which join those before.
Attended heads_going_on(const MultiHeadAttention& m, const Tensor& query,
                        const KeysAndValues& newest, const Tensor& keep, KeyValueCache& before) {
  if (!m.relative && dropout_of(m) == 0 && few_to_answer(query, newest.key, newest.value)) {
    before.add(newest);
    return together(
        m, answered(query, before.words(), keep, slopes_of(m, query.dtype()), scale_of(query)));
  }
  const bool goes_on = before.length() > 0;
  Attended found = heads_of(m, query, before.append(newest), keep);
  // The keys are the cache's, which the next words write over: no looking later.
  if (goes_on) found.weights.tensor();
  return found;
}

}  // namespace

Tensor causal_keep(int64_t T, int64_t S) { return unsqueeze(le(offsets(T, S), 0), 0); }

LazyWeights::LazyWeights(const Tensor& query, const Tensor& key, const Tensor& keep,
                         const Tensor& slopes)
    : query_(query), key_(key), keep_(keep), slopes_(slopes), changes_(changes()) {}

/// How often the operands were changed in place.
uint32_t LazyWeights::changes() const {
  uint32_t count = 0;
  for (const Tensor* one : {&query_, &key_, &keep_, &slopes_}) {
    if (one->defined()) count += one->array().version();
  }
  return count;
}

const Tensor& LazyWeights::tensor() const {
  if (weights_.defined() || !query_.defined()) return weights_;
  if (changes() != changes_) {
    throw GraphError(
        "attention: queries, keys or mask were changed in place before the weights were looked at; "
        "look first, or change a clone()");
  }
  const AttentionInput in{query_, key_, key_, keep_};
  if (recorded_) {
    const EnableGrad as_at_the_call;
    weights_ = weights_at_once(in, slopes_, {});
  } else {
    const NoGrad as_at_the_call;
    weights_ = weights_at_once(in, slopes_, {});
  }
  return weights_;
}

Attended scaled_dot_product_attention(const AttentionInput& in, double p) {
  return attended(in, p, {}, {});
}

MultiHeadAttention::MultiHeadAttention(MultiHeadAttentionConfig sizes)
    : config(checked(sizes)),
      in_proj_weight(
          init::empty({sizes.size + 2 * config.kv_heads * head_size(sizes), sizes.size})),
      in_proj_bias(init::empty({in_proj_weight.size(0)})),
      out_proj(sizes.size, sizes.size),
      relative(relative_positions(sizes)),
      dropout(sizes.dropout) {
  init::xavier_uniform(in_proj_weight);
  init::zeros(in_proj_bias);
  init::zeros(out_proj.bias);
}

Attended MultiHeadAttention::self(const Tensor& x, const Tensor& keep) const {
  KeyValueCache none;
  return self(x, keep, none);
}

Attended MultiHeadAttention::self(const Tensor& x, const Tensor& keep,
                                  KeyValueCache& before) const {
  const int64_t D = config.size, G = config.kv_heads, E = G * head_size(config);
  check_text("text", x, D);
  const int64_t B = x.size(0), T = x.size(1);
  // Before anything joins the words so far: who passes a wrong mask may try again.
  const Tensor kept = keep_of(config, keep, B, T, before.length() + T);
  const Tensor qkv = linear(x, in_proj_weight, in_proj_bias);  // [B, T, D + 2E]
  Tensor q = split_heads(slice(qkv, -1, 0, D), config.heads),
         k = split_heads(slice(qkv, -1, D, D + E), G);
  if (config.positions == SelfPositions::rotary) {
    q = rotate(q, before.length());
    k = rotate(k, before.length());
  }
  const Tensor v = split_heads(slice(qkv, -1, D + E, D + 2 * E), G);
  return heads_going_on(*this, q, {k, v}, kept, before);
}

KeysAndValues MultiHeadAttention::project(const Tensor& memory) const {
  const int64_t D = config.size, G = config.kv_heads, E = G * head_size(config);
  check_text("memory", memory, D);
  const Tensor kv = linear(memory, slice(in_proj_weight, 0, D, D + 2 * E),
                           slice(in_proj_bias, 0, D, D + 2 * E));  // [B, S, 2E]
  return {split_heads(slice(kv, -1, 0, E), G), split_heads(slice(kv, -1, E, 2 * E), G)};
}

Attended MultiHeadAttention::operator()(const AttentionInput& in) const {
  const int64_t D = config.size, E = config.kv_heads * head_size(config);
  check_text("query", in.query, D);
  check_text("key", in.key, D);
  check_text("value", in.value, D);
  check_batch(in);
  return (*this)(
      in.query,
      {project_rows(*this, in.key, D, D + E), project_rows(*this, in.value, D + E, D + 2 * E)},
      in.keep);
}

Attended MultiHeadAttention::operator()(const Tensor& query, const KeysAndValues& memory,
                                        const Tensor& keep) const {
  check_other_text(config);
  check_text("query", query, config.size);
  check_projected(config, query, memory);
  const int64_t B = query.size(0), T = query.size(1), S = memory.key.size(2);
  return heads_of(*this, project_rows(*this, query, 0, config.size), memory,
                  keep_of(config, keep, B, T, S));
}

void MultiHeadAttention::members(Members& m) {
  m("in_proj_weight", in_proj_weight)("in_proj_bias", in_proj_bias)("out_proj", out_proj);
  m("relative", relative)("dropout", dropout);
}

}  // namespace heed
