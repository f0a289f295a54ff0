#include "scores.hpp"

#include <cmath>

#include "../core/kernels/additive.hpp"
#include "../core/products.hpp"
#include "../core/record.hpp"
#include "../core/views.hpp"
#include "check.hpp"

namespace heed {

namespace {

void check_annotations(const char* score, const Tensor& annotations, int64_t C) {
  if (annotations.rank() == 3 && annotations.size(2) == C) return;
  throw ShapeError(std::string(score) + ": annotations are " + to_string(annotations.shape()) +
                   ", expected [batch, words, " + std::to_string(C) + "]");
}

/// s must be [B, K, n] for keys [B, S, features].
void check_query(const char* score, const Tensor& s, const Tensor& keys, int64_t n,
                 int64_t features) {
  if (!keys.defined() || keys.rank() != 3) {
    throw ShapeError(std::string(score) + ": keys are " +
                     (keys.defined() ? to_string(keys.shape()) : "undefined") +
                     ", expected project(annotations), [batch, words, features]");
  }
  require_shape(score, "keys", keys, {keys.size(0), keys.size(1), features});
  if (s.rank() != 3 || s.size(0) != keys.size(0)) {
    throw ShapeError(std::string(score) + ": the query is " + to_string(s.shape()) +
                     ", expected [" + std::to_string(keys.size(0)) + ", queries, " +
                     std::to_string(n) + "]");
  }
  if (s.size(2) != n) {  // `Attention` has made one query of each sentence [B, 1, n]
    throw ShapeError(std::string(score) + ": a query has " + std::to_string(s.size(2)) +
                     " features, expected " + std::to_string(n));
  }
}

std::optional<Linear> coverage_weight(const AdditiveScoreConfig& c) {
  if (!c.coverage) return std::nullopt;
  return Linear(1, c.size, false);
}

/// Queries [B, K, A], keys [B, S, A] and v [A] of one element type.
void check_additive(const Tensor& queries, const Tensor& keys, const Tensor& v) {
  const bool fits = queries.rank() == 3 && keys.rank() == 3 && v.rank() == 1 &&
                    keys.size(0) == queries.size(0) && keys.size(2) == queries.size(2) &&
                    v.size(0) == queries.size(2);
  if (!fits) {
    throw ShapeError("additive_scores: needs queries [B, K, A], keys [B, S, A] and v [A], got " +
                     to_string(queries.shape()) + ", " + to_string(keys.shape()) + " and " +
                     to_string(v.shape()));
  }
  if (queries.dtype() == keys.dtype() && queries.dtype() == v.dtype()) return;
  throw TypeError(std::string("additive_scores: queries are ") + to_string(queries.dtype()) +
                  ", keys " + to_string(keys.dtype()) + ", v " + to_string(v.dtype()) +
                  "; give all three one element type");
}

void additive_scores_backward(const Array& g, const Array& queries, const Array& keys,
                              const Array& v, Gradients& out) {
  Array to_queries, to_v, unwanted;
  Array& to_keys = out.wants(1) ? out.into(1) : unwanted;
  kernels::additive_scores_backward(g, queries, keys, v, to_queries,
                                    zeros_into(to_keys, keys.shape(), keys.dtype()), to_v);
  out.give(0, to_queries);
  out.give(2, to_v);
}

/// energy tanh(Ws + Uh_j), with coverage tanh(Ws + Uh_j + w c_j).   Ws: [B, K, A], Uh: [B, S, A],
/// attended: [B, K, S] or undefined -> [B, K, S].
Tensor energies(const Linear& energy, const std::optional<Linear>& coverage, const Tensor& Ws,
                const Tensor& Uh, const Tensor& attended) {
  if (!coverage || !attended.defined()) {
    return additive_scores(Ws, Uh, squeeze(energy.weight, 0));
  }
  const Tensor inner = unsqueeze(Ws, 2) + unsqueeze(Uh, 1);  // [B, K, S, A]
  return squeeze(energy(tanh(inner + (*coverage)(unsqueeze(attended, 3)))), 3);
}

AdditiveScoreConfig checked(const char* score, const AdditiveScoreConfig& c) {
  positive(score, "query", c.query);
  positive(score, "key", c.key);
  positive(score, "size", c.size);
  return c;
}

}  // namespace

Tensor additive_scores(const Tensor& queries, const Tensor& keys, const Tensor& v) {
  check_additive(queries, keys, v);
  return record("additive_scores",
                kernels::additive_scores(queries.array(), keys.array(), v.array()),
                joint({&queries, &keys, &v}, saved(queries, keys, v), additive_scores_backward));
}

Tensor composed::additive_scores(const Tensor& queries, const Tensor& keys, const Tensor& v) {
  check_additive(queries, keys, v);
  return matmul(tanh(unsqueeze(queries, 2) + unsqueeze(keys, 1)), v);
}

AdditiveScore::AdditiveScore(AdditiveScoreConfig sizes)
    : config(checked("AdditiveScore", sizes)),
      query(sizes.query, sizes.size, false),
      key(sizes.key, sizes.size, false),
      energy(sizes.size, 1, false),
      coverage(coverage_weight(sizes)) {}

Tensor AdditiveScore::project(const Tensor& annotations) const {
  check_annotations("AdditiveScore", annotations, config.key);
  return key(annotations);
}

Tensor AdditiveScore::operator()(const Tensor& s, const Tensor& keys,
                                 const Tensor& attended) const {
  check_query("AdditiveScore", s, keys, config.query, config.size);
  return energies(energy, coverage, query(s), keys, attended);
}

ConcatScore::ConcatScore(AdditiveScoreConfig sizes)
    : config(checked("ConcatScore", sizes)),
      key(sizes.query + sizes.key, sizes.size, false),
      energy(sizes.size, 1, false),
      coverage(coverage_weight(sizes)) {}

// W [s; h] = W_s s + W_h h: the second part once for each sentence.
Tensor ConcatScore::project(const Tensor& annotations) const {
  check_annotations("ConcatScore", annotations, config.key);
  return linear(annotations, slice(key.weight, 1, config.query, config.query + config.key));
}

Tensor ConcatScore::operator()(const Tensor& s, const Tensor& keys, const Tensor& attended) const {
  check_query("ConcatScore", s, keys, config.query, config.size);
  const Tensor W_s = slice(key.weight, 1, 0, config.query);
  return energies(energy, coverage, linear(s, W_s), keys, attended);
}

DotScore::DotScore(DotScoreConfig sizes) : config(sizes) {
  positive("DotScore", "size", sizes.size);
}

Tensor DotScore::project(const Tensor& annotations) const {
  const int64_t n = config.size;
  if (annotations.size(-1) == n) return annotations;
  if (annotations.size(-1) != 2 * n) {
    throw ShapeError("DotScore: annotations are " + to_string(annotations.shape()) + ", expected " +
                     std::to_string(n) + " features, or as many of each of two directions");
  }
  return slice(annotations, -1, 0, n) + slice(annotations, -1, n, 2 * n);
}

Tensor DotScore::operator()(const Tensor& s, const Tensor& keys) const {
  check_query("DotScore", s, keys, config.size, config.size);
  return matmul(s, transpose(keys, 1, 2));
}

Tensor ScaledDotScore::operator()(const Tensor& s, const Tensor& keys) const {
  return DotScore::operator()(s*(1 / std::sqrt(static_cast<double>(config.size))), keys);
}

GeneralScore::GeneralScore(GeneralScoreConfig sizes)
    : config(sizes),
      key(positive("GeneralScore", "key", sizes.key),
          positive("GeneralScore", "query", sizes.query), false) {}

Tensor GeneralScore::project(const Tensor& annotations) const {
  check_annotations("GeneralScore", annotations, config.key);
  return key(annotations);
}

Tensor GeneralScore::operator()(const Tensor& s, const Tensor& keys) const {
  check_query("GeneralScore", s, keys, config.query, config.query);
  return matmul(s, transpose(keys, 1, 2));
}

LocationScore::LocationScore(LocationScoreConfig sizes)
    : config(sizes),
      location(positive("LocationScore", "query", sizes.query),
               positive("LocationScore", "max_length", sizes.max_length), false) {}

Tensor LocationScore::operator()(const Tensor& s, const Tensor& keys) const {
  check_query("LocationScore", s, keys, config.query, keys.rank() == 3 ? keys.size(2) : 0);
  const int64_t S = keys.size(1);
  if (S > config.max_length) {
    throw DataError("location attention: a sentence has " + std::to_string(S) +
                    " tokens, the model has scores for " + std::to_string(config.max_length) +
                    " (max_length)");
  }
  return slice(location(s), -1, 0, S);
}

}  // namespace heed
