// Vaswani et al. 2017, section 3.2.1: eq. (1), with all weights at once, by tiles, or of few
// queries.
#include "scaled_dot_product.hpp"

#include <cmath>

#include "../core/error.hpp"
#include "../core/operations.hpp"
#include "few_queries.hpp"

namespace heed {

namespace {

/// `ShapeError` unless x broadcasts to weights of the given shape [..., T, S].
void check_fits(const char* layer, const char* name, const Tensor& x, const Shape& weights) {
  // Of fewer axes it is not clear which are meant, unless the first is 1.
  bool fits =
      x.rank() == weights.rank() || (x.rank() > 0 && x.rank() < weights.rank() && x.size(0) == 1);
  for (int axis = 1; fits && axis <= x.rank(); ++axis) {
    const int64_t size = x.size(-axis);
    fits = size == 1 || size == weights[weights.rank() - axis];
  }
  if (fits) return;
  std::string message = std::string(layer) + ": " + name + " is " + to_string(x.shape()) +
                        ", expected " + to_string(weights) +
                        ": as many axes, each of that size or 1";
  if (x.rank() < weights.rank()) {
    message +=
        "; one [T, S] for all is unsqueeze(x, 0), one for the keys of each sentence, [B, S], "
        "unsqueeze(unsqueeze(x, 1), 1)";
  }
  throw ShapeError(message);
}

}  // namespace

Tensor checked_keep(const char* layer, const Tensor& keep, const Shape& weights) {
  if (!keep.defined()) return keep;
  if (keep.dtype() != boolean) {
    throw TypeError(
        std::string(layer) + ": keep is " + to_string(keep.dtype()) +
        ", expected bool (true = may be attended to)" +
        (is_floating(keep.dtype()) ? "; numbers that are added to scores are the bias" : ""));
  }
  check_fits(layer, "keep", keep, weights);
  return keep;
}

double scale_of(const Tensor& query, const std::optional<double>& scale) {
  if (scale) return *scale;
  const int64_t K = query.size(-1);
  return K > 0 ? 1 / std::sqrt(static_cast<double>(K)) : 1;
}

void check_bias(const char* layer, const Tensor& bias, const Tensor& query, const Shape& weights) {
  if (!bias.defined()) return;
  if (bias.dtype() != query.dtype()) {
    throw TypeError(std::string(layer) + ": the bias is " + to_string(bias.dtype()) +
                    ", the query " + to_string(query.dtype()) +
                    (bias.dtype() == boolean ? "; a mask of true and false is the keep"
                                             : "; convert with .to()"));
  }
  check_fits(layer, "the bias", bias, weights);
}

namespace {

/// Do heads of queries share keys: are these axes H of queries and G of keys and values?
bool share_heads(const AttentionInput& in, int axis) {
  const int64_t H = in.query.size(axis), G = in.key.size(axis);
  return in.query.rank() == 4 && axis == 1 && G == in.value.size(axis) && G > 0 && H % G == 0;
}

/// What a leading axis of all three broadcasts to; -1: they differ.
int64_t leading_size(const AttentionInput& in, int axis) {
  int64_t size = 1;
  for (const Tensor* one : {&in.query, &in.key, &in.value}) {
    if (one->size(axis) == 1) continue;
    if (size != 1 && size != one->size(axis)) return -1;
    size = one->size(axis);
  }
  return size;
}

/// x with its leading axes of size 1 as long as those of `shape`.
Tensor with_leading(const Tensor& x, Shape shape) {
  for (int axis = -2; axis < 0; ++axis) shape[shape.rank() + axis] = x.size(axis);
  return shape == x.shape() ? x : expand(x, shape);
}

/// The operands of eq. (1), which fit together, with their leading axes as long as the longest.
AttentionInput broadcast(AttentionInput in) {
  Shape queries = in.query.shape(), keys = queries;
  for (int axis = 0; axis < queries.rank() - 2; ++axis) {
    keys[axis] = in.key.size(axis);
    if (share_heads(in, axis)) continue;
    keys[axis] = queries[axis] = leading_size(in, axis);
  }
  in.query = with_leading(in.query, queries);
  in.key = with_leading(in.key, keys);
  in.value = with_leading(in.value, keys);
  return in;
}

/// `ShapeError` unless the operands of eq. (1) fit together.
void check_operands(const AttentionInput& in) {
  const auto fail = [&](const char* rule) {
    throw ShapeError("scaled_dot_product_attention: " + std::string(rule) + ": query " +
                     to_string(in.query.shape()) + ", key " + to_string(in.key.shape()) +
                     ", value " + to_string(in.value.shape()));
  };
  const int rank = in.query.rank();
  if (rank < 2 || in.key.rank() != rank || in.value.rank() != rank) {
    fail("expected [..., T, K], [..., S, K], [..., S, C] of as many axes each (unsqueeze)");
  }
  if (in.query.size(-1) != in.key.size(-1)) fail("queries and keys differ in size");
  if (in.key.size(-2) != in.value.size(-2)) fail("there is not one value for each key");
  for (int axis = 0; axis < rank - 2; ++axis) {
    if (!share_heads(in, axis) && leading_size(in, axis) < 0) fail("leading axes differ");
  }
}

/// [..., T, S].
Shape weights_shape(const AttentionInput& in) {
  Shape shape = in.query.shape();
  shape[shape.rank() - 1] = in.key.size(-2);
  return shape;
}

/// x y head by head, each of the G heads of y with H / G heads of x in a row: these stand below
/// each other in one product, and nothing of y is copied.   [B, H, T, .] [B, G, ., .].
Tensor product_of_heads(const Tensor& x, const Tensor& y) {
  if (x.rank() != 4 || x.size(1) == y.size(1)) return matmul(x, y);
  const int64_t B = x.size(0), H = x.size(1), T = x.size(2), G = y.size(1);
  return reshape(matmul(reshape(x, {B, G, H / G * T, x.size(3)}), y), {B, H, T, y.size(3)});
}

/// Where a query may look: where the bias is not -inf, as the masks of numbers say it. A query that
/// may look nowhere gets zeros, and not NaN.
Tensor keep_of(const AttentionInput& in) {
  if (!in.bias.defined()) return in.keep;
  const Tensor allowed = ne(in.bias, -INFINITY);
  return in.keep.defined() ? logical_and(in.keep, allowed) : allowed;
}

/// softmax(Q K^T / sqrt(d_k)), with what the bias, ALiBi and relative positions add.   [..., T, S]
Tensor weights_at_once(const AttentionInput& in, const Tensor& slopes,
                       const std::optional<RelativePositions>& relative) {
  const Tensor q = in.query * scale_of(in.query, in.scale);
  Tensor e = product_of_heads(q, transpose(in.key, -2, -1));
  if (in.bias.defined()) e = e + in.bias;
  if (slopes.defined()) e = e + alibi(slopes.size(0), e.size(-2), e.size(-1), e.dtype());
  if (relative) e = e + relative->scores(q, e.size(-1));
  return softmax(e, -1, keep_of(in));
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
      tiled_attention(q, k, with_heads(in.value), keep, slopes, {scale_of(q, in.scale), p});
  const LazyWeights weights(in.query, in.key, in.keep, slopes, in.scale);
  if (in.query.rank() == 4) return {context, weights};
  Shape shape = in.query.shape();
  shape[shape.rank() - 1] = in.value.size(-1);
  return {reshape(context, shape), weights};
}

}  // namespace

Attended attended(AttentionInput in, double p, const Tensor& slopes,
                  const std::optional<RelativePositions>& relative) {
  check_operands(in);
  in = broadcast(in);
  static_cast<void>(checked_keep("scaled_dot_product_attention", in.keep, weights_shape(in)));
  check_bias("scaled_dot_product_attention", in.bias, in.query, weights_shape(in));
  const bool simple = !relative && !in.bias.defined();
  if (simple && p == 0 && few_to_answer(in.query, in.key, in.value)) {
    return answered(in.query, {in.key.array(), in.value.array(), {}}, in.keep, slopes,
                    scale_of(in.query, in.scale));
  }
  const bool by_tiles = simple && in.query.rank() <= 4 && in.query.size(-2) >= few_queries;
  return by_tiles ? attended_by_tiles(in, p, slopes) : attended_at_once(in, p, slopes, relative);
}

LazyWeights::LazyWeights(const Tensor& query, const Tensor& key, const Tensor& keep,
                         const Tensor& slopes, std::optional<double> scale)
    : query_(query), key_(key), keep_(keep), slopes_(slopes), scale_(scale), changes_(changes()) {}

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
  const AttentionInput in{query_, key_, key_, keep_, {}, scale_};
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

}  // namespace heed
