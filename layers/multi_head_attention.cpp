#include <heed/layers/multi_head_attention.hpp>

#include <cmath>

#include <heed/core/broadcast.hpp>
#include <heed/core/operations.hpp>
#include <heed/layers/check.hpp>
#include <heed/layers/initializers.hpp>

namespace heed {

namespace {

/// `keep` for weights of the given shape [..., T, S], checked.
Tensor checked_keep(const char* layer, const Tensor& keep, const Shape& weights) {
  if (!keep.defined()) return keep;
  if (keep.dtype() != boolean) {
    throw TypeError(std::string(layer) + ": keep is " + to_string(keep.dtype()) +
                    ", expected bool (true = may be attended to)");
  }
  bool fits = keep.rank() <= weights.rank();
  for (int axis = 1; fits && axis <= keep.rank(); ++axis) {
    const int64_t size = keep.size(-axis);
    fits = size == 1 || size == weights[weights.rank() - axis];
  }
  if (!fits) {
    throw ShapeError(std::string(layer) + ": keep is " + to_string(keep.shape()) +
                     ", which does not broadcast to the weights " + to_string(weights));
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
    if (in.query.size(axis) != in.key.size(axis) || in.key.size(axis) != in.value.size(axis)) {
      fail("leading axes differ");
    }
  }
  Shape shape = in.query.shape();
  shape[rank - 1] = in.key.size(-2);
  return shape;
}

/// [B, T, D] -> [B, H, T, K]: a view.
Tensor split_heads(const Tensor& x, int64_t heads) {
  return transpose(reshape(x, {x.size(0), x.size(1), heads, x.size(2) / heads}), 1, 2);
}

/// [B, H, T, K] -> [B, T, D].
Tensor concatenate_heads(const Tensor& x) {
  return reshape(transpose(x, 1, 2), {x.size(0), x.size(2), x.size(1) * x.size(3)});
}

bool same(const Tensor& a, const Tensor& b) { return &a.array() == &b.array(); }

void check_text(const char* what, const Tensor& x, int64_t D) {
  if (x.rank() == 3 && x.size(2) == D) return;
  throw ShapeError("MultiHeadAttention: the " + std::string(what) + " is " + to_string(x.shape()) +
                   ", expected [batch, words, " + std::to_string(D) + "]");
}

MultiHeadAttentionConfig checked(const MultiHeadAttentionConfig& c) {
  positive("MultiHeadAttention", "size", c.size);
  positive("MultiHeadAttention", "heads", c.heads);
  if (c.size % c.heads == 0) return c;
  throw ConfigError("MultiHeadAttention: " + std::to_string(c.heads) +
                    " heads do not divide the size " + std::to_string(c.size));
}

}  // namespace

Tensor causal_keep(int64_t T, int64_t S) {
  const Tensor t = unsqueeze(Tensor::arange(T, float64), 1), s = Tensor::arange(S, float64);
  return unsqueeze(le(s - t, static_cast<double>(S - T)), 0);
}

// eq. (1): softmax(Q K^T / sqrt(d_k)) V
Attended scaled_dot_product_attention(const AttentionInput& in, double p) {
  const Tensor keep = checked_keep("scaled_dot_product_attention", in.keep, weights_shape(in));
  const double scale = 1 / std::sqrt(static_cast<double>(in.query.size(-1)));
  const Tensor e = matmul(in.query * scale, transpose(in.key, -2, -1));  // [..., T, S]
  const Tensor alpha = softmax(e, -1, keep);
  return {matmul(p > 0 ? heed::dropout(alpha, p) : alpha, in.value), alpha};
}

MultiHeadAttention::MultiHeadAttention(MultiHeadAttentionConfig sizes)
    : config(checked(sizes)),
      in_proj_weight(Tensor::empty({3 * sizes.size, sizes.size})),
      in_proj_bias(Tensor::zeros({3 * sizes.size})),
      out_proj(sizes.size, sizes.size),
      dropout(sizes.dropout) {
  init::xavier_uniform(in_proj_weight);
  init::zeros(out_proj.bias);
}

Tensor MultiHeadAttention::project_query(const Tensor& query) const {
  check_text("query", query, config.size);
  const Tensor W_Q = slice(in_proj_weight, 0, 0, config.size);  // [D, D]
  const Tensor b_Q = slice(in_proj_bias, 0, 0, config.size);
  return split_heads(linear(query, W_Q, b_Q), config.heads);
}

KeysAndValues MultiHeadAttention::project(const Tensor& key, const Tensor& value) const {
  const int64_t D = config.size, H = config.heads;
  check_text("key", key, D);
  check_text("value", value, D);
  if (same(key, value)) {
    const Tensor kv = linear(key, slice(in_proj_weight, 0, D, 3 * D),
                             slice(in_proj_bias, 0, D, 3 * D));  // [B, S, 2D]
    return {split_heads(slice(kv, -1, 0, D), H), split_heads(slice(kv, -1, D, 2 * D), H)};
  }
  const Tensor W_K = slice(in_proj_weight, 0, D, 2 * D),
               W_V = slice(in_proj_weight, 0, 2 * D, 3 * D);
  const Tensor b_K = slice(in_proj_bias, 0, D, 2 * D), b_V = slice(in_proj_bias, 0, 2 * D, 3 * D);
  return {split_heads(linear(key, W_K, b_K), H), split_heads(linear(value, W_V, b_V), H)};
}

SelfProjection MultiHeadAttention::project_self(const Tensor& x) const {
  const int64_t D = config.size, H = config.heads;
  check_text("query", x, D);
  const Tensor qkv = linear(x, in_proj_weight, in_proj_bias);  // [B, T, 3D]
  return {split_heads(slice(qkv, -1, 0, D), H),
          {split_heads(slice(qkv, -1, D, 2 * D), H), split_heads(slice(qkv, -1, 2 * D, 3 * D), H)}};
}

Attended MultiHeadAttention::attend(const Tensor& query, const KeysAndValues& memory,
                                    const Tensor& keep) const {
  const Attended heads = scaled_dot_product_attention({query, memory.key, memory.value, keep},
                                                      dropout.training ? dropout.p : 0);
  return {out_proj(concatenate_heads(heads.context)), heads.weights};
}

Attended MultiHeadAttention::operator()(const AttentionInput& in) const {
  Tensor keep = in.keep;  // [B, S] holds for every query, [B, T, S] for every head
  if (keep.defined() && keep.rank() == 2) {
    require_mask("MultiHeadAttention", keep, {in.key.size(0), in.key.size(1)});
    keep = unsqueeze(keep, 1);
  }
  if (keep.defined() && keep.rank() == 3) keep = unsqueeze(keep, 1);
  if (same(in.query, in.key) && same(in.key, in.value)) {
    const SelfProjection self = project_self(in.query);
    return attend(self.query, self.memory, keep);
  }
  return attend(project_query(in.query), project(in.key, in.value), keep);
}

void MultiHeadAttention::members(Members& m) {
  m("in_proj_weight", in_proj_weight)("in_proj_bias", in_proj_bias)("out_proj", out_proj);
  m("dropout", dropout);
}

}  // namespace heed
