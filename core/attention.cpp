#include "attention.hpp"

#include "broadcast.hpp"
#include "kernels/attention.hpp"
#include "kernels/random.hpp"
#include "record.hpp"

namespace heed {

namespace {

[[noreturn]] void fail_shapes(const Tensor& query, const Tensor& key, const Tensor& value) {
  throw ShapeError(
      "tiled_attention: needs query [B, H, T, K], key [B, G, S, K], value [B, G, S, C] "
      "with G a divisor of H, got " +
      to_string(query.shape()) + ", " + to_string(key.shape()) + ", " + to_string(value.shape()));
}

void check_operands(const Tensor& query, const Tensor& key, const Tensor& value) {
  check_floating("tiled_attention", query);
  check_same_dtype("tiled_attention", query, key, "query", "key");
  check_same_dtype("tiled_attention", query, value, "query", "value");
  if (query.rank() != 4 || key.rank() != 4 || value.rank() != 4) fail_shapes(query, key, value);
  const int64_t H = query.size(1), G = key.size(1);
  const bool fits = query.size(0) == key.size(0) && query.size(3) == key.size(3) &&
                    (G > 0 ? H % G == 0 : H == 0) && value.size(0) == key.size(0) &&
                    value.size(1) == G && value.size(2) == key.size(2);
  if (!fits) fail_shapes(query, key, value);
}

void check_slopes(const Tensor& query, const Tensor& slopes) {
  if (!slopes.defined()) return;
  check_same_dtype("tiled_attention", query, slopes, "query", "slopes");
  if (slopes.shape() == Shape{query.size(1)}) return;
  throw ShapeError("tiled_attention: needs slopes [" + std::to_string(query.size(1)) + "], got " +
                   to_string(slopes.shape()));
}

/// In memory [B, T, H, K], where heads lie side by side.
Array heads_like(const Array& x) {
  return Array::empty({x.size(0), x.size(2), x.size(1), x.size(3)}, x.dtype()).transpose(1, 2);
}

}  // namespace

// de = alpha o (dalpha - (g . c)), dalpha = g V^T; dQ = scale de K, dK = scale de^T Q,
// dV = alpha^T g
Tensor tiled_attention(const Tensor& query, const Tensor& key, const Tensor& value,
                       const Tensor& keep, const Tensor& slopes, TiledAttentionOptions options) {
  check_operands(query, key, value);
  check_slopes(query, slopes);
  if (keep.defined()) check_dtype("tiled_attention", "keep", keep, boolean);
  if (!(options.dropout >= 0 && options.dropout < 1)) {
    throw ConfigError("tiled_attention: dropout must be in [0, 1), got " +
                      std::to_string(options.dropout));
  }
  const Shape weights{query.size(0), query.size(1), query.size(2), key.size(2)};
  const Array kept = keep.defined() ? expand(keep, weights).array() : Array();
  kernels::AttentionSettings settings{options.scale, options.dropout};
  if (options.dropout > 0) {
    Generator& generator = default_generator();
    settings.block = generator.reserve(kernels::random_blocks(element_count(weights), float32));
    settings.seed = generator.seed();
    settings.stream = generator.stream();
  }
  const Array cost = slopes.defined() ? slopes.array() : Array();
  const kernels::TiledAttention result =
      kernels::attention(query.array(), key.array(), value.array(), kept, cost, settings);
  const Array& y = result.context;
  return record(
      "tiled_attention", y,
      joint({&query, &key, &value}, saved(query, key, value, kept, cost, y, result.normalisers),
            [settings](const Array& g, const Array& q, const Array& k, const Array& v,
                       const Array& mask, const Array& costs, const Array& context,
                       const Array& normalisers, Gradients& out) {
              const kernels::AttentionOperands in{q, k, v};
              const kernels::AttentionOperands to{heads_like(q), heads_like(k), heads_like(v)};
              kernels::attention_backward(g, in, mask, costs, {context, normalisers}, settings, to);
              out.give(0, to.query);
              out.give(1, to.key);
              out.give(2, to.value);
            }));
}

}  // namespace heed
