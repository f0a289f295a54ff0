#include "composed.hpp"
#include "known.hpp"

// The learner's own.
#include "multi_head.hpp"

using namespace grade;
using course::Array;
using course::ContextAndWeights;
using course::Tensor;

namespace {

const Sayings attention_mistakes = {
    {"unscaled", "the scores are not divided: eq. (1) has Q K^T / sqrt(d_k)"},
    {"by_K", "the scores are divided by d_k, not by its square root"},
    {"times", "the scores are multiplied by sqrt(d_k), not divided"},
    {"by_S", "the scores are divided by the root of the number of keys; d_k is the size of a key"},
    {"scaled_after", "the division by sqrt(d_k) comes after the softmax: it belongs to the scores"},
    {"over_queries",
     "the softmax runs over the queries: each query's attention weights sum "
     "to 1 over the keys"},
    {"no_softmax", "there is no softmax"},
    {"mask_after",
     "the mask is applied after the softmax: the attention weights of a row no "
     "longer sum to 1"},
    {"mask_turned", "the mask is turned round: keep is 1 where a query may look"},
    {"no_mask", "keep is not used: the keys that it hides are looked at"}};

const Sayings head_mistakes = {
    {"no_transpose",
     "a reshape alone mixes words and heads: make an axis of heads first, then "
     "let it change places with the axis of words"},
    {"interleaved", "each head gets every H-th number of a word; it gets D / H neighbours"}};

const Sayings merge_mistakes = {
    {"no_transpose",
     "a reshape alone mixes words and heads: heads and words change places first, "
     "so that the heads of a word are neighbours"},
    {"interleaved", "the numbers of the heads alternate; a head's d_k numbers stay side by side"}};

const Sayings project_mistakes = {
    {"no_bias", "the bias is not added"},
    {"first_bias", "the bias is cut like in_proj_weight: the same part of it"},
    {"first_rows", "every part takes the first D rows; part i begins at row i D"},
    {"every_third", "the parts lie below each other, D rows each, not every third row"},
    {"transposed", "the part of in_proj_weight is used transposed: `linear` multiplies by W^T"}};

const Sayings multi_mistakes = {
    {"values_are_keys", "the values are projected as keys: part 2 is theirs"},
    {"exchanged", "keys and values have changed places: W^K is part 1, W^V part 2"},
    {"no_output", "W^O is missing: the heads side by side are not yet the result"},
    {"no_output_bias", "the bias of W^O is not added"},
    {"whole_scale", "the scores are divided by sqrt(D): the keys of a head have D / H numbers"},
    {"one_head", "there is one head only: split queries, keys and values before they attend"},
    {"words_mixed",
     "the heads are merged by a reshape alone, which mixes words: use `merge_heads`"}};

Array keep_of(const Case& one) { return one.has("keep") ? contiguous_array(one["keep"]) : Array(); }

/// The cases of contexts, or of attention weights, which depend on no value and no W^O.
std::vector<Case> cases_of(bool weights, const std::string& of_contexts,
                           const std::string& of_weights) {
  std::vector<Case> all = cases("13_multi_head", weights ? of_weights : of_contexts);
  for (Case& one : all) {
    for (const char* key : {"dvalue", "dout_proj.weight", "dout_proj.bias"}) {
      if (weights) one.values.erase(key);
    }
  }
  return all;
}

/// What MultiHead gives where keep does not reach the heads.
Mistakes mistakes_of_keep(const Case& one, const course::MultiHead& m, bool weights) {
  if (!one.has("keep")) return {};
  const auto part = [&](const char* key, int64_t i) {
    const Tensor x = course::constant(contiguous_array(one[key]));
    return course::split_heads(course::project(m, x, i), m.heads);
  };
  const ContextAndWeights all =
      course::dot_product_attention(part("query", 0), part("key", 1), part("value", 2));
  const Tensor y =
      course::linear(course::merge_heads(all.context), m.out_proj_weight, m.out_proj_bias);
  return {{"keep is not handed on: the heads look at what it hides",
           values_of("MultiHead", (weights ? all.weights : y).value())}};
}

void has_a_weight_for_each_key(const std::string& what, const Tensor& weights, int64_t size) {
  const Values w = values_of(what, weights.value());
  holds(!w.shape.empty() && w.shape.back() == size, what,
        "the shape is " + text(w.shape) + ", expected " + std::to_string(size) + " keys last",
        "the attention weights are returned beside the context, and in this order");
}

}  // namespace

EXERCISE("dot_product_attention", "multi_head.hpp") {
  for (const bool weights : {false, true}) {
    for (const Case& one : cases_of(weights, "attention of", "weights of")) {
      const Array keep = keep_of(one);
      composed("dot_product_attention", one, {"query", "key", "value"},
               [&](const std::vector<Tensor>& x) {
                 const ContextAndWeights a = course::dot_product_attention(x[0], x[1], x[2], keep);
                 holds(a.context.node && a.weights.node, "dot_product_attention",
                       "the context or the attention weights are no tensor");
                 has_a_weight_for_each_key("dot_product_attention: the attention weights",
                                           a.weights,
                                           one["key"].shape[one["key"].shape.size() - 2]);
                 return weights ? a.weights : a.context;
               },
               {{"y", known(one, attention_mistakes)}});
    }
  }
}

EXERCISE("split_heads", "multi_head.hpp") {
  for (const Case& one : cases("13_multi_head", "split")) {
    composed("split_heads", one, {"x"},
             [](const std::vector<Tensor>& x) { return course::split_heads(x[0], 2); },
             {{"y", known(one, head_mistakes)}});
  }
}

EXERCISE("merge_heads", "multi_head.hpp") {
  for (const Case& one : cases("13_multi_head", "merge")) {
    composed("merge_heads", one, {"x"},
             [](const std::vector<Tensor>& x) { return course::merge_heads(x[0]); },
             {{"y", known(one, merge_mistakes)}});
  }
}

EXERCISE("project", "multi_head.hpp") {
  for (const Case& one : cases("13_multi_head", "project")) {
    composed("project", one, {"x", "weight", "bias"},
             [&](const std::vector<Tensor>& x) {
               return course::project({2, x[1], x[2], {}, {}}, x[0], one.ids("part")[0]);
             },
             {{"y", known(one, project_mistakes)}});
  }
}

EXERCISE("operator()", "multi_head.hpp") {
  for (const bool weights : {false, true}) {
    for (const Case& one : cases_of(weights, "many", "their weights")) {
      const Array keep = keep_of(one);
      const auto given = [&](const std::string& key) {
        return course::constant(contiguous_array(one[key]));
      };
      Mistakes mistakes = known(one, multi_mistakes);
      const course::MultiHead known_heads{one.ids("heads")[0], given("in_proj_weight"),
                                          given("in_proj_bias"), given("out_proj.weight"),
                                          given("out_proj.bias")};
      for (const Mistake& mistake : mistakes_of_keep(one, known_heads, weights)) {
        mistakes.push_back(mistake);
      }
      composed("MultiHead", one,
               {"query", "key", "value", "in_proj_weight", "in_proj_bias", "out_proj.weight",
                "out_proj.bias"},
               [&](const std::vector<Tensor>& x) {
                 const course::MultiHead m{one.ids("heads")[0], x[3], x[4], x[5], x[6]};
                 const ContextAndWeights a = m(x[0], x[1], x[2], keep);
                 holds(a.context.node && a.weights.node, "MultiHead",
                       "the context or the attention weights are no tensor");
                 return weights ? a.weights : a.context;
               },
               {{"y", mistakes}});
    }
  }
}
