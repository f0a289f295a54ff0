#pragma once

#include <type_traits>

#include "tensor.hpp"

/// How an operation enters the graph. An operation computes its result `y` as an Array and hands it
/// to `record` together with one backward rule for each differentiable input:
///
///     // mul: y = a * b;  dL/da = g * b,  dL/db = g * a
///     Tensor mul(const Tensor& a, const Tensor& b) {
///       const auto times = [](const Array& g, const Array& other) {
///         return kernels::mul(g, other);
///       };
///       return record("mul", kernels::mul(a.array(), b.array()),
///                     wrt(a, saved(b), times), wrt(b, saved(a), times));
///     }
///
/// `g` is dL/dy. A rule returns the input's gradient, of the input's shape; the engine adds. A rule
/// that ends in `Array& into` instead adds to it in place; `into` is undefined if nothing arrived
/// yet (see `zeros_into`). Arrays reach a rule through `saved` alone; what it captures must be
/// trivially copyable.
///
/// `g` is others' as well: only a node's one rule may write over it, where `g.is_sole_owner()`.
///
/// A node's one rule may be a struct that has, beside its call, `Array remake(saved...) const`: the
/// result again, bit for bit. Where memory counts, what uses such a result saves no copy of it
/// (`linear` after a norm).
namespace heed {

class Node;
class Backward;

/// An Array kept for a backward rule, with the version that its storage had.
struct Saved {
  Array array;
  uint32_t version = 0;
};

/// Arrays to keep: held by reference until `record` knows whether the edge is needed.
template <int N>
struct SavedArrays {
  const Array* arrays[N > 0 ? N : 1];
};
template <class... A>
SavedArrays<sizeof...(A)> saved(const A&... tensors_or_arrays);

/// Where a joint rule puts the gradients of its inputs, numbered as they were listed.
class Gradients {
 public:
  Gradients(Backward& run, int first) : run_(run), first_(first) {}
  bool wants(int input) const;
  /// Adds `gradient` to that input's, if it is wanted.
  void give(int input, Array gradient);
  /// The buffer of a wanted input's gradient, to add to in place; undefined if nothing arrived yet.
  Array& into(int input);
  /// Adds a^T b to a wanted input's gradient [M, N], a: [n, M], b: [n, N], before anyone sees it:
  /// perhaps as one product with what other nodes give it. `GraphError` for other shapes.
  void give_product(int input, const Array& a, const Array& b);
  /// An input itself, counted over all rules of the node; `GraphError` unless its own node
  /// `can_remake`.
  Array remade(int input) const;

 private:
  Backward& run_;
  int first_;
};

/// `into` for adding to: zeros of `shape` first if it was undefined.
Array& zeros_into(Array& into, const Shape& shape, DType dtype);

template <class F, int Inputs, int N>
struct Rule {
  const Tensor* inputs[Inputs];
  SavedArrays<N> keep;
  F function;
};

/// The rule for one input.
template <class F, int N>
Rule<F, 1, N> wrt(const Tensor& input, SavedArrays<N> keep, F function) {
  return {{&input}, keep, function};
}
template <class F>
Rule<F, 1, 0> wrt(const Tensor& input, F function) {
  return {{&input}, {}, function};
}
/// One rule for several inputs that share work: `void(const Array& g, saved..., Gradients& out)`.
template <class F, int K, int N>
Rule<F, K, N> joint(const Tensor* const (&inputs)[K], SavedArrays<N> keep, F function) {
  Rule<F, K, N> rule{{}, keep, function};
  for (int i = 0; i < K; ++i) rule.inputs[i] = inputs[i];
  return rule;
}

/// Puts `y` into the graph under `name` (a string literal). Without a rule whose input requires a
/// gradient, or under `NoGrad`, the result is a constant and nothing is kept.
template <class F, int K, int N, class... Rules>
Tensor record(const char* name, Array y, const Rule<F, K, N>& rule, const Rules&... rules);

}  // namespace heed

#include "record_inl.hpp"
