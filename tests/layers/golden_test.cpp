#include <heed/layers/attention.hpp>
#include <heed/layers/embedding.hpp>
#include <heed/layers/linear.hpp>
#include <heed/layers/multi_head_attention.hpp>
#include <heed/layers/norm.hpp>
#include <heed/layers/recurrent.hpp>

#include "../golden.hpp"

using namespace heed;
using namespace heed::test;

TEST_CASE("Linear, LayerNorm and Embedding give PyTorch's outputs and gradients") {
  Golden golden("layers");
  for_each_seed(golden, "linear", [](GoldenCase& c) {
    Linear linear(5, 7);
    c.load(linear);
    const Tensor x = c.input("x");
    c.check_output("y", linear(x)).backward();
    c.check_gradient("x", x);
    c.check_gradients(linear);
  });
  for_each_seed(golden, "layer_norm", [](GoldenCase& c) {
    LayerNorm norm(11);
    c.load(norm);
    const Tensor x = c.input("x");
    c.check_output("y", norm(x)).backward();
    c.check_gradient("x", x);
    c.check_gradients(norm);
  });
  for (const int64_t padding : {-1, 3}) {
    for_each_seed(golden, padding < 0 ? "embedding" : "embedding_padding", [&](GoldenCase& c) {
      Embedding embedding(13, 5, padding);
      c.load(embedding);
      c.check_output("y", embedding(c.input("ids"))).backward();
      c.check_gradients(embedding);
    });
  }
}

TEST_CASE("Additive attention gives PyTorch's context, weights and gradients") {
  Golden golden("layers");
  for_each_seed(golden, "additive_attention", [](GoldenCase& c) {
    AdditiveAttention attention({.query = 11, .key = 14, .size = 13});
    c.load(attention);
    const Tensor s = c.input("s"), annotations = c.input("annotations");
    const Attended attended =
        attention(s, attention.project(annotations), annotations, c.input("keep"));
    const Tensor loss =
        c.check_output("context", attended.context) + c.check_output("weights", attended.weights);
    loss.backward();
    c.check_gradient("s", s);
    c.check_gradient("annotations", annotations);
    c.check_gradients(attention);
  });
}

namespace {

/// Asks a MultiHeadAttention, and compares all that comes back; the inputs are the leaves that the
/// golden file names `names`.
void check_heads(GoldenCase& c, const std::vector<std::string>& names, bool causal,
                 const MultiHeadAttentionConfig& config) {
  MultiHeadAttention attention(config);
  c.load(attention);
  std::vector<Tensor> leaves;
  for (const std::string& name : names) leaves.push_back(c.input(name));
  AttentionInput in{leaves.front(), leaves[leaves.size() / 2], leaves.back(), c.input("keep")};
  if (causal) {
    const int64_t T = in.query.size(1);
    in.keep = logical_and(reshape(in.keep, {-1, 1, 1, T}), causal_keep(T, T));
  }
  const Attended attended = attention(in);
  const Tensor loss =
      c.check_output("context", attended.context) + c.check_output("weights", attended.weights);
  loss.backward();
  for (std::size_t i = 0; i < names.size(); ++i) c.check_gradient(names[i], leaves[i]);
  c.check_gradients(attention);
}

}  // namespace

TEST_CASE("Multi-head attention gives PyTorch's context, weights of each head and gradients") {
  Golden golden("attention");
  const auto check = [&](const std::string& name, const std::vector<std::string>& inputs) {
    for_each_seed(golden, name, [&](GoldenCase& c) {
      check_heads(c, inputs, name == "self_causal", {.size = 15, .heads = 3});
    });
  };
  check("self", {"x"});
  check("self_causal", {"x"});
  check("cross", {"x", "memory"});
  check("key_and_value", {"x", "key", "value"});
}

TEST_CASE("Every option of multi-head attention gives the outputs and gradients of its twin") {
  Golden golden("attention_options");
  using enum SelfPositions;
  const auto check = [&](const std::string& name, bool causal, const MultiHeadAttentionConfig& c) {
    for_each_seed(golden, name, [&](GoldenCase& one) { check_heads(one, {"x"}, causal, c); });
  };
  check("grouped", false, {.size = 12, .heads = 6, .kv_heads = 2});
  check("multi_query", true, {.size = 12, .heads = 6, .kv_heads = 1});
  check("window", false, {.size = 12, .heads = 3, .window = 2});
  check("window_causal", true, {.size = 12, .heads = 3, .window = 2});
  check("relative", false, {.size = 12, .heads = 3, .positions = relative, .distance = 2});
  check("relative_causal", true, {.size = 12, .heads = 3, .positions = relative, .distance = 2});
  check("rotary", false, {.size = 12, .heads = 3, .positions = rotary});
  check("alibi", false, {.size = 12, .heads = 3, .positions = alibi});
  check("alibi_causal", true, {.size = 12, .heads = 6, .kv_heads = 3, .positions = alibi});
  check("rotary_grouped_window", true,
        {.size = 24, .heads = 6, .kv_heads = 2, .window = 3, .positions = rotary});
  check("relative_grouped_window", false,
        {.size = 12, .heads = 6, .kv_heads = 3, .window = 4, .positions = relative, .distance = 3});
  for_each_seed(golden, "grouped_cross", [](GoldenCase& c) {
    check_heads(c, {"x", "memory"}, false, {.size = 12, .heads = 6, .kv_heads = 2});
  });
}

TEST_CASE("Cross-entropy gives PyTorch's losses and gradients") {
  Golden golden("cross_entropy");
  for (const Reduction reduction : {Reduction::mean, Reduction::sum, Reduction::none}) {
    for (const double smoothing : {0.0, 0.1}) {
      const std::string name = std::string(reduction == Reduction::mean  ? "mean"
                                           : reduction == Reduction::sum ? "sum"
                                                                         : "none") +
                               (smoothing > 0 ? "_smoothed" : "_plain");
      for_each_seed(golden, name, [&](GoldenCase& c) {
        const Tensor logits = c.input("logits");
        const Tensor y = cross_entropy(
            logits, c.input("target"),
            {.ignore_index = 5, .label_smoothing = smoothing, .reduction = reduction});
        c.check_output("y", y).backward();
        c.check_gradient("logits", logits);
      });
    }
  }
}

TEST_CASE(
    "GRUs of one and two layers, one and both directions give PyTorch's outputs and gradients") {
  Golden golden("gru");
  for (const int64_t layers : {1, 2}) {
    for (const int64_t directions : {1, 2}) {
      for (const Reset reset : {Reset::after, Reset::before}) {
        const std::string name = "layers_" + std::to_string(layers) + "_directions_" +
                                 std::to_string(directions) +
                                 (reset == Reset::before ? "_before" : "");
        for_each_seed(golden, name, [&](GoldenCase& c) {
          GRU gru({.input = 5,
                   .hidden = 11,
                   .layers = layers,
                   .bidirectional = directions == 2,
                   .reset = reset});
          c.load(gru);
          const Tensor x = c.input("x"), h0 = c.input("h0");
          const GRUResult result = gru(x, c.keep(x.size(1)), h0);
          const Tensor loss =
              c.check_output("output", result.output) + c.check_output("last", result.last);
          loss.backward();
          c.check_gradient("x", x);
          c.check_gradient("h0", h0);
          c.check_gradients(gru);
        });
      }
    }
  }
}

TEST_CASE("A GRU cell gives PyTorch's state and gradients") {
  Golden golden("gru");
  for (const Reset reset : {Reset::after, Reset::before}) {
    for_each_seed(golden, reset == Reset::after ? "cell" : "cell_before", [&](GoldenCase& c) {
      GRUCell cell({.input = 5, .hidden = 11, .reset = reset});
      c.load(cell);
      const Tensor x = c.input("x"), h = c.input("h");
      c.check_output("h", cell(x, h)).backward();
      c.check_gradient("x", x);
      c.check_gradient("h", h);
      c.check_gradients(cell);
    });
  }
}
