#pragma once

#include <new>
#include <utility>

#include "autograd.hpp"
#include "memory.hpp"

// The templates of record.hpp.
namespace heed {

inline const Array& array_of(const Tensor& tensor) { return tensor.array(); }
inline const Array& array_of(const Array& array) { return array; }

template <class... A>
SavedArrays<sizeof...(A)> saved(const A&... tensors_or_arrays) {
  return {{&array_of(tensors_or_arrays)...}};
}

/// Shows a result to the `DetectAnomaly` and the `Profile` of this thread.
void observe_result(const char* operation, const Array& result);

/// Throws the `TypeError` of an operation whose result is an undefined Array.
[[noreturn]] void throw_undefined(const char* operation);

/// Throws `GraphError` if the storage has changed since it was saved.
void check_version(const Saved& saved, const char* operation);

/// A rule inside its node: its function and what it saved.
template <class F, int K, int N>
struct StoredRule {
  static_assert(
      std::is_trivially_copyable_v<F>,
      "a backward rule captures numbers and Shapes only; hand arrays over with saved(...)");
  F function;
  Saved saved[N > 0 ? N : 1];

  explicit StoredRule(const Rule<F, K, N>& rule) : function(rule.function) {}

  void keep(const Rule<F, K, N>& rule) {
    for (int i = 0; i < N; ++i) saved[i] = {*rule.keep.arrays[i], rule.keep.arrays[i]->version()};
  }

  void release() {
    for (Saved& one : saved) one = {};
  }

  static constexpr bool can_remake = requires { &F::remake; };

  Array remake(const char* name) const {
    for (int i = 0; i < N; ++i) check_version(saved[i], name);
    return remake(std::make_integer_sequence<int, N>());
  }

  /// `first`: the number that the rule's first input has in the node.
  void apply(const Array& g, Backward& run, const char* name, int first) {
    bool wanted = false;
    for (int i = 0; i < K; ++i) wanted |= run.wants(first + i);
    if (!wanted) return;
    for (int i = 0; i < N; ++i) check_version(saved[i], name);
    call(g, run, first, std::make_integer_sequence<int, N>());
  }

 private:
  template <int... I>
  Array remake(std::integer_sequence<int, I...>) const {
    return function.remake(saved[I].array...);
  }

  template <int... I>
  void call(const Array& g, Backward& run, int first, std::integer_sequence<int, I...>) {
    if constexpr (std::is_invocable_v<F, const Array&, decltype((saved[I].array))..., Gradients&>) {
      Gradients out(run, first);
      function(g, saved[I].array..., out);
    } else if constexpr (std::is_invocable_v<F, const Array&, decltype((saved[I].array))...,
                                             Array&>) {
      static_assert(K == 1, "a rule for several inputs ends in `Gradients& out`");
      function(g, saved[I].array..., run.into(first));
    } else {
      static_assert(K == 1, "a rule for several inputs ends in `Gradients& out`");
      run.give(first, function(g, saved[I].array...));
    }
  }
};

/// The rules of one node, one inside the other.
template <class... Rules>
struct StoredRules {
  void keep(Ref<Node>*) {}
  void apply(const Array&, Backward&, const char*, int, bool) {}
};

template <class F, int K, int N, class... Rest>
struct StoredRules<Rule<F, K, N>, Rest...> {
  StoredRule<F, K, N> first;
  StoredRules<Rest...> rest;

  explicit StoredRules(const Rule<F, K, N>& rule, const Rest&... others)
      : first(rule), rest(others...) {}

  void keep(Ref<Node>* inputs, const Rule<F, K, N>& rule, const Rest&... others) {
    bool needed = false;
    for (int i = 0; i < K; ++i) {
      if (!rule.inputs[i]->requires_grad()) continue;
      inputs[i] = rule.inputs[i]->node();
      needed = true;
    }
    if (needed) first.keep(rule);
    rest.keep(inputs + K, others...);
  }

  void apply(const Array& g, Backward& run, const char* name, int number, bool release) {
    first.apply(g, run, name, number);
    if (release) first.release();
    rest.apply(g, run, name, number + K, release);
  }
};

template <class R>
inline constexpr int inputs_of = 0;
template <class F, int K, int N>
inline constexpr int inputs_of<Rule<F, K, N>> = K;

template <class... Rules>
class OperationNode final : public Node {
 public:
  static Ref<Node> make(const char* name, const Array& result, const Rules&... rules) {
    void* memory = allocate(sizeof(OperationNode));
    return Ref<Node>(new (memory) OperationNode(name, result, rules...));
  }

 private:
  static constexpr int count = (inputs_of<Rules> + ...);

  OperationNode(const char* name, const Array& result, const Rules&... rules)
      : Node(name, result, inputs_, count, sizeof(OperationNode)), rules_(rules...) {
    rules_.keep(inputs_, rules...);
  }

  void apply(const Array& g, Backward& run, bool release) override {
    rules_.apply(g, run, name(), 0, release);
  }

  static constexpr bool remakes =
      sizeof...(Rules) == 1 && decltype(StoredRules<Rules...>::first)::can_remake;
  bool can_remake() const override { return remakes; }
  Array remake() const override {
    if constexpr (remakes) return rules_.first.remake(name());
    return {};
  }

  Ref<Node> inputs_[count];
  StoredRules<Rules...> rules_;
};

template <class F, int K, int N>
bool needs_gradient(const Rule<F, K, N>& rule) {
  for (const Tensor* input : rule.inputs) {
    if (input->requires_grad()) return true;
  }
  return false;
}

template <class F, int K, int N, class... Rules>
Tensor record(const char* name, Array y, const Rule<F, K, N>& rule, const Rules&... rules) {
  if (observers > 0) observe_result(name, y);
  if (!grad_enabled() || !(needs_gradient(rule) || ... || needs_gradient(rules))) {
    return Tensor(std::move(y));
  }
  if (!y.defined()) throw_undefined(name);
  Ref<Node> node = OperationNode<Rule<F, K, N>, Rules...>::make(name, y, rule, rules...);
  return Tensor(std::move(y), std::move(node));
}

}  // namespace heed
