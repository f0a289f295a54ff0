#include "../golden.hpp"
#include "../../layers/attention.hpp"
#include "../../layers/embedding.hpp"
#include "../../layers/linear.hpp"
#include "../../layers/multi_head_attention.hpp"
#include "../../layers/norm.hpp"
#include "../../layers/recurrent.hpp"

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
    Attention attention(ScoreFunction(AdditiveScore({.query = 11, .key = 14, .size = 13})));
    c.load(attention);
    const Tensor s = c.input("s"), annotations = c.input("annotations");
    const Attended attended = attention(s, attention.remember(annotations, c.input("keep")));
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
/// golden file names `names`: of a text, of two, or of a query, its keys and values.
void check_heads(GoldenCase& c, const std::vector<std::string>& names, bool causal,
                 const MultiHeadAttentionConfig& config) {
  MultiHeadAttention attention(config);
  c.load(attention);
  std::vector<Tensor> leaves;
  for (const std::string& name : names) leaves.push_back(c.input(name));
  const Tensor &x = leaves.front(), &value = leaves.back();
  Tensor keep = c.input("keep");
  if (causal) {
    const int64_t T = x.size(1);
    keep = logical_and(reshape(keep, {-1, 1, 1, T}), causal_keep(T, T));
  }
  const Attended attended = names.size() == 1   ? attention.self(x, keep)
                            : names.size() == 2 ? attention(x, attention.project(value), keep)
                                                : attention({x, leaves[1], value, keep});
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
          const RecurrentResult result = gru(x, c.keep(x.size(1)), h0);
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

namespace {

/// Layers over ragged sequences, from given first states: outputs, last states, all gradients.
template <class Layers, class First>
void check_layers(GoldenCase& c, Layers& layers, const First& first) {
  c.load(layers);
  const Tensor x = c.input("x"), h0 = c.input("h0");
  const bool lstm = layers.config.cell == Cell::lstm;
  const Tensor c0 = lstm ? c.input("c0") : Tensor();
  const RecurrentResult result = layers(x, c.keep(x.size(1)), first(h0, c0));
  Tensor loss = c.check_output("output", result.output) + c.check_output("last", result.last);
  if (lstm) loss = loss + c.check_output("last_cell", result.last_cell);
  loss.backward();
  c.check_gradient("x", x);
  c.check_gradient("h0", h0);
  if (lstm) c.check_gradient("c0", c0);
  c.check_gradients(layers);
}

}  // namespace

TEST_CASE("LSTMs and plain nets of layers and directions give PyTorch's outputs and gradients") {
  Golden golden("recurrent");
  for (const auto& [layers, both] : {std::pair{1, false}, std::pair{1, true}, std::pair{2, true}}) {
    const std::string name =
        "layers_" + std::to_string(layers) + "_directions_" + (both ? "2" : "1");
    for_each_seed(golden, "lstm_" + name, [&, count = layers, two = both](GoldenCase& c) {
      LSTM lstm({.input = 5, .hidden = 11, .layers = count, .bidirectional = two});
      check_layers(c, lstm, [](const Tensor& h, const Tensor& cell) { return LSTMState{h, cell}; });
    });
    for (const auto function : {Nonlinearity::tanh, Nonlinearity::relu}) {
      const std::string kind = function == Nonlinearity::tanh ? "rnn_tanh_" : "rnn_relu_";
      for_each_seed(golden, kind + name, [&, count = layers, two = both](GoldenCase& c) {
        RNN rnn({.input = 5,
                 .hidden = 11,
                 .layers = count,
                 .bidirectional = two,
                 .nonlinearity = function});
        check_layers(c, rnn, [](const Tensor& h, const Tensor&) { return h; });
      });
    }
  }
}

TEST_CASE("Cells of an LSTM and a plain net give PyTorch's states and gradients") {
  Golden golden("recurrent");
  for_each_seed(golden, "lstm_cell", [&](GoldenCase& c) {
    LSTMCell cell({.input = 5, .hidden = 11});
    c.load(cell);
    const Tensor x = c.input("x"), h = c.input("h"), memory = c.input("c");
    const LSTMState next = cell(x, {h, memory});
    (c.check_output("h", next.h) + c.check_output("c", next.c)).backward();
    c.check_gradient("x", x);
    c.check_gradient("h", h);
    c.check_gradient("c", memory);
    c.check_gradients(cell);
  });
  for (const auto function : {Nonlinearity::tanh, Nonlinearity::relu}) {
    const char* name = function == Nonlinearity::tanh ? "rnn_cell_tanh" : "rnn_cell_relu";
    for_each_seed(golden, name, [&](GoldenCase& c) {
      RNNCell cell({.input = 5, .hidden = 11, .nonlinearity = function});
      c.load(cell);
      const Tensor x = c.input("x"), h = c.input("h");
      c.check_output("h", cell(x, h)).backward();
      c.check_gradient("x", x);
      c.check_gradient("h", h);
      c.check_gradients(cell);
    });
  }
}

namespace {

/// Step 3 of an attention, told what was attended to.
void check_score(GoldenCase& c, ScoreFunction score, AttentionConfig options) {
  options.query = 11;
  options.size = 13;
  Attention attention(static_cast<ScoreFunction&&>(score), options);
  c.load(attention);
  const Tensor s = c.input("s"), annotations = c.input("annotations");
  const Tensor attended = c.input("attended");
  const AttentionMemory memory = attention.remember(annotations, c.input("keep"));
  const Attended found = attention(s, memory, {3, attended});
  const Tensor loss =
      c.check_output("context", found.context) + c.check_output("weights", found.weights);
  loss.backward();
  c.check_gradient("s", s);
  c.check_gradient("annotations", annotations);
  if (attention.score.takes_coverage()) c.check_gradient("attended", attended);
  c.check_gradients(attention);
}

}  // namespace

TEST_CASE(
    "Every score, normaliser and window gives the context, weights and gradients of PyTorch") {
  Golden golden("scores");
  const AdditiveScoreConfig sizes{.query = 11, .key = 22, .size = 13};
  AdditiveScoreConfig told = sizes;
  told.coverage = true;
  const auto check = [&](const std::string& name, const auto& score,
                         const AttentionConfig& options = {}) {
    for_each_seed(golden, name,
                  [&](GoldenCase& c) { check_score(c, ScoreFunction(score()), options); });
  };
  check("additive", [&] { return AdditiveScore(sizes); });
  check("concat", [&] { return ConcatScore(sizes); });
  check("dot", [] { return DotScore({.size = 11}); });
  check("scaled", [] { return ScaledDotScore({.size = 11}); });
  check("general", [] { return GeneralScore({.query = 11, .key = 22}); });
  check("location", [] { return LocationScore({.query = 11, .max_length = 17}); });
  check("sparsemax", [&] { return AdditiveScore(sizes); }, {.normaliser = Normaliser::sparsemax});
  check("coverage", [&] { return AdditiveScore(told); });
  check("concat_coverage", [&] { return ConcatScore(told); });
  check("monotonic", [&] { return AdditiveScore(sizes); }, {.window = 2});
  check("predictive", [] { return GeneralScore({.query = 11, .key = 22}); },
        {.window = 2, .local = Local::predictive});
}
