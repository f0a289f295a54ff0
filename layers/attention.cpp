#include <heed/layers/attention.hpp>

#include <heed/core/operations.hpp>
#include <heed/layers/check.hpp>

namespace heed {

Attended attend(const Tensor& e, const Tensor& annotations, const Tensor& keep) {
  if (annotations.rank() != 3) {
    throw ShapeError("attention: annotations are " + to_string(annotations.shape()) +
                     ", expected [batch, words, features]");
  }
  const int64_t B = annotations.size(0), S = annotations.size(1), C = annotations.size(2);
  if (keep.defined()) require_mask("attention", keep, {B, S});
  if (e.rank() == 3) {  // K queries for each sentence
    require_shape("attention", "the scores' shape", e, {B, e.size(1), S});
    const Tensor alpha = softmax(e, -1, keep.defined() ? unsqueeze(keep, 1) : keep);
    return {matmul(alpha, annotations), alpha};  // [B, K, C], [B, K, S]
  }
  require_shape("attention", "the scores' shape", e, {B, S});
  const Tensor alpha = softmax(e, -1, keep);                                   // [B, S]
  const Tensor c = reshape(matmul(unsqueeze(alpha, 1), annotations), {B, C});  // [B, C]
  return {c, alpha};
}

AdditiveAttention::AdditiveAttention(AdditiveAttentionConfig sizes)
    : config(sizes),
      query(positive("AdditiveAttention", "query", sizes.query),
            positive("AdditiveAttention", "size", sizes.size), false),
      key(positive("AdditiveAttention", "key", sizes.key), sizes.size, false),
      energy(sizes.size, 1, false) {}

Attended AdditiveAttention::operator()(const Tensor& s, const Tensor& keys,
                                       const Tensor& annotations, const Tensor& keep) const {
  if (keys.rank() != 3) {
    throw ShapeError("AdditiveAttention: keys are " + to_string(keys.shape()) +
                     ", expected project(annotations), [batch, words, size]");
  }
  const int64_t B = keys.size(0), S = keys.size(1), A = config.size;
  const bool several = s.rank() == 3;
  const Shape wanted = several ? Shape{B, s.size(1), config.query} : Shape{B, config.query};
  require_shape("AdditiveAttention", "the query", s, wanted);
  require_shape("AdditiveAttention", "keys", keys, {B, S, A});
  require_shape("AdditiveAttention", "annotations", annotations, {B, S, config.key});
  const Tensor Uh = several ? unsqueeze(keys, 1) : keys;    // [B, S, A] or [B, 1, S, A]
  const Tensor inner = tanh(unsqueeze(query(s), -2) + Uh);  // tanh(W s + U h_j)
  const Tensor e = squeeze(energy(inner), -1);              // [B, S] or [B, K, S]
  return attend(e, annotations, keep);
}

}  // namespace heed
