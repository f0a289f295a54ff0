#include "attention.hpp"

#include "models.hpp"

using namespace grade;
using namespace course;

namespace {

constexpr int64_t A = 4;

Tensor given(const Case& one, const std::string& key) {
  return constant(contiguous_array(one[key]));
}

/// e without what a slip leaves out.
Values energies(const Case& one, bool with_tanh, bool with_v, bool with_query) {
  const Values &query = one["query"], &keys = one["keys"], &v = one["v"];
  const int64_t B = keys.shape[0], S = keys.shape[1];
  Values e{{B, S}, {}};
  for (int64_t b = 0; b < B; ++b) {
    for (int64_t j = 0; j < S; ++j) {
      double sum = 0;
      for (int64_t a = 0; a < A; ++a) {
        const double q = with_query ? query.numbers[b * A + a] : 0;
        const double inner = q + keys.numbers[(b * S + j) * A + a];
        sum += (with_v ? v.numbers[a] : 1) * (with_tanh ? std::tanh(inner) : inner);
      }
      e.numbers.push_back(sum);
    }
  }
  return e;
}

Tensor product(const Tensor& alpha, const Tensor& h) {
  const int64_t B = h.shape()[0], S = h.shape()[1], C = h.shape()[2];
  return reshape(matmul(reshape(alpha, {B, 1, S}), h), {B, C});
}

Tensor both(const Found& found) { return cat({found.weights, found.context}, 1); }

/// A softmax over the sentences of a batch in place of the words of one.
Tensor softmax_of_batch(const Tensor& e) { return transpose(softmax(transpose(e, 0, 1)), 0, 1); }

Tensor flat(const Memory& x) {
  const int64_t B = x.h.shape()[0];
  return cat({reshape(x.h, {B, grade::count(x.h.shape()) / B}),
              reshape(x.keys, {B, grade::count(x.keys.shape()) / B}), x.s_0},
             1);
}

Mistakes mistakes_of_annotate(const RNNsearch& m, const Sentences& x) {
  const Tensor words = embed(x, m.source_embedding);
  const Tensor zero = constant(zeros({x.B, m.forward.weight_hh.shape()[1]}));
  const Tensor right = gru_sequence(m.forward, words, zero, x.keep);
  const Tensor left = gru_sequence(m.backward, words, zero, x.keep, true);
  const Tensor other = gru_sequence(m.backward, words, zero, x.keep);
  const auto made = [&](const Tensor& a, const Tensor& b, const Tensor& start) {
    const Tensor h = cat({a, b}, 2);
    return flat(
        {h, linear(h, m.key_weight), tanh(linear(start, m.initial_weight, m.initial_bias))});
  };
  return {mistake("an annotation is [forward h_j; backward h_j], in this order",
                  made(left, right, select(left, 1, 0))),
          mistake("the backward net reads from the last word to the first: `true` is missing",
                  made(right, other, select(other, 1, 0))),
          mistake("s_0 is made of the backward state at the first word, number 0",
                  made(right, left, select(left, 1, x.S - 1))),
          mistake("s_0 is made of the backward state, not of the forward one",
                  made(right, left, select(right, 1, x.S - 1)))};
}

/// What `search` may do wrong.
enum class Slip {
  new_state,
  for_the_read_out,
  state_is_lost,
  no_context,
  old_context,
  state_before
};

Searched searched(const RNNsearch& m, const Memory& memory, const Sentences& before, Slip slip) {
  const Tensor y = embed(before, m.target_embedding);
  Tensor s = memory.s_0, c_before = scale(soft_search(m, memory, s).context, 0);
  std::vector<Tensor> steps, looked;
  for (int64_t i = 0; i < before.S; ++i) {
    const Tensor y_i = select(y, 1, i);
    Found found = soft_search(m, memory, s);
    const bool late = slip == Slip::new_state || slip == Slip::old_context;
    const Tensor fed = late ? c_before : found.context;
    const Tensor next = decoder_step(m, y_i, fed, slip == Slip::state_is_lost ? memory.s_0 : s);
    if (slip == Slip::new_state || slip == Slip::for_the_read_out) {
      found = soft_search(m, memory, next);
    }
    c_before = found.context;
    looked.push_back(found.weights);
    const Tensor read = slip == Slip::no_context ? scale(found.context, 0) : found.context;
    steps.push_back(read_out(m, slip == Slip::state_before ? s : next, read, y_i));
    s = next;
  }
  return {stack(steps, 1), stack(looked, 1)};
}

Mistakes mistakes_of_search(const RNNsearch& m, const Memory& memory, const Sentences& before,
                            const Values& right) {
  const auto with = [&](Slip slip) { return searched(m, memory, before, slip).logits; };
  Tensor s = memory.s_0;
  const Tensor words = embed(before, m.target_embedding);
  const Tensor c_1 = soft_search(m, memory, s).context;
  std::vector<Tensor> once;
  for (int64_t i = 0; i < before.S; ++i) {
    s = decoder_step(m, select(words, 1, i), c_1, s);
    once.push_back(read_out(m, s, c_1, select(words, 1, i)));
  }
  return {
      mistake("it searches once, for the first word: each step has a context of its own",
              stack(once, 1)),
      mistake("s_i searches in place of s_{i-1}: search first, for what it finds is in the step "
              "that makes s_i",
              with(Slip::new_state)),
      mistake("s_i searches for the read-out: it takes the context that s_{i-1} has found, which "
              "is in s_i already",
              with(Slip::for_the_read_out)),
      mistake("each step starts from s_0: hand the state on", with(Slip::state_is_lost)),
      mistake("the read-out looks at c_i too", with(Slip::no_context)),
      mistake("the step reads the context of this word, not of the one before",
              with(Slip::old_context)),
      mistake("the read-out takes the new state s_i, not s_{i-1}", with(Slip::state_before)),
      {"time is axis 1: [B, T, V]", values_of("", transpose(contiguous_array(right), 0, 1))}};
}

}  // namespace

EXERCISE("additive_scores", "attention.hpp") {
  for (const Case& one : cases("11_soft_search", "scores")) {
    composed(
        "additive_scores", one, {"query", "keys", "v"},
        [](const std::vector<Tensor>& x) { return additive_scores(x[0], x[1], x[2]); },
        {{"y",
          {{"the tanh is missing: a sum of a query's part and a key's part would not depend on "
            "how they fit",
            energies(one, false, true, true)},
           {"v is missing: the tanh is weighted by v before it is summed",
            energies(one, true, false, true)},
           {"the query is missing: every step would look at the same words",
            energies(one, true, true, false)}}}});
  }
}

EXERCISE("attend", "attention.hpp") {
  for (const Case& one : cases("11_soft_search", "attend")) {
    const Tensor e = given(one, "e"), h = given(one, "h");
    Mistakes known;
    if (h.shape()[0] > 0) {
      const Tensor alpha = softmax(e), over_batch = softmax_of_batch(e);
      const double words = static_cast<double>(h.shape()[1]);
      known = {
          mistake("the attention weights of a sentence sum to 1 over its words: softmax along the "
                  "last axis",
                  cat({over_batch, product(over_batch, h)}, 1)),
          mistake("the context is made with the scores: weigh by alpha, not by e",
                  cat({alpha, product(e, h)}, 1)),
          mistake("the attention weights are the scores: the softmax is missing",
                  cat({e, product(e, h)}, 1)),
          mistake("the attention weights are the scores: return alpha",
                  cat({e, product(alpha, h)}, 1)),
          mistake(
              "the attention weights sum to 1, so the context is a mean; it is divided by S once "
              "more",
              cat({alpha, scale(product(alpha, h), 1 / words)}, 1))};
    }
    composed("attend: attention weights and context side by side", one, {"e", "h"},
             [](const std::vector<Tensor>& x) {
               const Found found = attend(x[0], x[1]);
               const int64_t B = x[1].shape()[0], C = x[1].shape()[2];
               holds(found.weights.node && found.context.node, "attend",
                     "the attention weights or the context are no tensor",
                     "Found is {weights, context}");
               holds(found.context.shape() == course::Shape{B, C}, "attend",
                     "the context is " + text(found.context.shape()) + ", expected " + text({B, C}),
                     "Found is {weights, context}: attention weights [B, S], context [B, C]");
               return both(found);
             },
             {{"y", known}});
  }
}

EXERCISE("annotate", "attention.hpp") {
  for (const Case& one : cases("11_soft_search", "annotate")) {
    RNNsearch m;
    const Sentences x = sentences(one, "source");
    model(
        "annotate: h, keys and s_0 side by side", one, parameters(m, small_sizes, A),
        [&] {
          const Memory memory = annotate(m, x);
          holds(memory.h.node && memory.keys.node && memory.s_0.node, "annotate",
                "h, keys or s_0 is no tensor", "Memory is {h, keys, s_0}");
          const course::Shape h = {x.B, x.S, 6}, keys = {x.B, x.S, A};
          holds(memory.h.shape() == h, "annotate",
                "h is " + text(memory.h.shape()) + ", expected " + text(h),
                "an annotation for each word: the two directions side by side along axis 2");
          holds(memory.keys.shape() == keys, "annotate",
                "the keys are " + text(memory.keys.shape()) + ", expected " + text(keys),
                "keys are U_a h_j: `linear` with key_weight");
          return flat(memory);
        },
        [&] { return mistakes_of_annotate(m, x); });
  }
}

EXERCISE("search", "attention.hpp") {
  for (const Case& one : cases("11_soft_search", "search")) {
    RNNsearch m;
    const Sentences x = sentences(one, "source"), before = sentences(one, "before");
    Searched found;
    model(
        "search: the logits", one, parameters(m, small_sizes, A),
        [&] {
          found = search(m, annotate(m, x), before);
          return found.logits;
        },
        [&] { return mistakes_of_search(m, annotate(m, x), before, one["y"]); });
    const std::string what = "search (" + one.name + "): where it looked";
    holds(found.weights.node != nullptr, what, "the attention weights are no tensor",
          "Searched is {logits, weights}");
    const Values looked = values_of(what, found.weights.value());
    std::vector<Tensor> rows;
    for (int64_t i = 0; i < before.S; ++i) {
      rows.push_back(constant(slice(contiguous_array(one["weights"]), 1, 0, 1)));
    }
    same(what, looked, one["weights"],
         {mistake(
              "the attention weights of the first word stand for all: collect those of each step",
              cat(rows, 1)),
          mistake("these are where s_i looks; s_{i-1} searches",
                  searched(m, annotate(m, x), before, Slip::for_the_read_out).weights),
          {"queries are axis 1, words axis 2: [B, T, S]",
           values_of("", transpose(contiguous_array(one["weights"]), 0, 1))}});
  }
}
