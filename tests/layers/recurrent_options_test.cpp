// Recurrent nets without biases, from first states of zeros, and of one sequence without a batch.
#include "../../core/error.hpp"
#include "../../layers/recurrent.hpp"
#include "../golden.hpp"
#include "support.hpp"

using namespace heed;
using namespace heed::test;
using Catch::Matchers::Contains;

namespace {

/// Compares what layers or a cell gave, and the gradients of inputs and weights.
void check_gradients_of(GoldenCase& c, ModuleView module, const Tensor& loss,
                        const std::vector<std::pair<std::string, Tensor>>& leaves) {
  loss.backward();
  for (const auto& [name, leaf] : leaves) {
    if (leaf.defined()) c.check_gradient(name, leaf);
  }
  c.check_gradients(module);
}

/// A net of two layers in both directions; `state` makes its first state of h and c.
template <class Layers, class State>
void check_layers(GoldenCase& c, Layers layers, bool with_first, const State& state) {
  c.load(layers);
  const bool lstm = layers.config.cell == Cell::lstm;
  const Tensor x = c.input("x"), h = with_first ? c.input("h") : Tensor(),
               memory = with_first && lstm ? c.input("c") : Tensor();
  const RecurrentResult result = layers(x, {}, state(h, memory));
  Tensor loss = c.check_output("output", result.output) + c.check_output("last", result.last);
  if (lstm) loss = loss + c.check_output("last_cell", result.last_cell);
  check_gradients_of(c, layers, loss, {{"x", x}, {"h", h}, {"c", memory}});
}

template <class CellOfOne>
void check_cell(GoldenCase& c, CellOfOne cell) {
  c.load(cell);
  const Tensor x = c.input("x"), h = c.input("h");
  const Tensor loss = c.check_output("h", cell(x, h)) + c.check_output("start_h", cell(x));
  check_gradients_of(c, cell, loss, {{"x", x}, {"h", h}});
}

void check_lstm_cell(GoldenCase& c, LSTMCell cell) {
  c.load(cell);
  const Tensor x = c.input("x"), h = c.input("h"), memory = c.input("c");
  const LSTMState next = cell(x, {h, memory}), first = cell(x);
  const Tensor loss = c.check_output("h", next.h) + c.check_output("c", next.c) +
                      c.check_output("start_h", first.h) + c.check_output("start_c", first.c);
  check_gradients_of(c, cell, loss, {{"x", x}, {"h", h}, {"c", memory}});
}

const auto h_alone = [](const Tensor& h, const Tensor&) { return h; };
const auto both_states = [](const Tensor& h, const Tensor& c) { return LSTMState{h, c}; };

}  // namespace

TEST_CASE("recurrent layers without biases, and of one sequence alone, give PyTorch's numbers") {
  Golden golden("recurrent_options");
  for (const bool bias : {false, true}) {
    const std::string name = bias ? "_alone" : "_no_bias";
    for_each_seed(golden, "gru" + name, [&](GoldenCase& c) {
      check_layers(c,
                   GRU({.input = 3, .hidden = 7, .layers = 2, .bidirectional = true, .bias = bias}),
                   bias, h_alone);
    });
    for_each_seed(golden, "lstm" + name, [&](GoldenCase& c) {
      check_layers(
          c, LSTM({.input = 3, .hidden = 7, .layers = 2, .bidirectional = true, .bias = bias}),
          bias, both_states);
    });
    for_each_seed(golden, "rnn" + name, [&](GoldenCase& c) {
      check_layers(c,
                   RNN({.input = 3, .hidden = 7, .layers = 2, .bidirectional = true, .bias = bias}),
                   bias, h_alone);
    });
  }
}

TEST_CASE("cells without biases, of one sequence, and from no state give PyTorch's numbers") {
  Golden golden("recurrent_options");
  for (const bool bias : {false, true}) {
    const std::string name = bias ? "_cell_alone" : "_cell_no_bias";
    for_each_seed(golden, "gru" + name, [&](GoldenCase& c) {
      check_cell(c, GRUCell({.input = 3, .hidden = 7, .bias = bias}));
    });
    for_each_seed(golden, "lstm" + name, [&](GoldenCase& c) {
      check_lstm_cell(c, LSTMCell({.input = 3, .hidden = 7, .bias = bias}));
    });
    for_each_seed(golden, "rnn" + name, [&](GoldenCase& c) {
      check_cell(c, RNNCell({.input = 3, .hidden = 7, .bias = bias}));
    });
  }
}

TEST_CASE("a GRU without biases is one whose biases are 0, for both places of the reset gate") {
  manual_seed(41);
  const Tensor x = Tensor::randn({2, 5, 3}, float64), keep = keep_of({5, 2}, 5);
  for (const Reset reset : {Reset::after, Reset::before}) {
    GRU bare({.input = 3,
              .hidden = 7,
              .layers = 2,
              .bidirectional = true,
              .reset = reset,
              .bias = false});
    GRU zero({.input = 3, .hidden = 7, .layers = 2, .bidirectional = true, .reset = reset});
    to(bare, float64);
    to(zero, float64);
    auto state = state_dict(bare);
    CHECK(state.size() == 8);
    for (const NamedTensor& named : state_dict(zero)) {
      if (named.name.starts_with("bias")) state.push_back({named.name, named.tensor * 0});
    }
    load_state_dict(zero, state);
    CHECK(difference(bare(x, keep).output, zero(x, keep).output) < 1e-14);
    check_gradients([&] { return bare(x, keep).output; }, parameters(bare));
    CHECK(state_dict(clone(bare)).size() == 8);
    CHECK(difference(clone(bare)(x).last, bare(x).last) == 0);
  }
}

TEST_CASE("a GRU over a whole sequence without a bias equals its steps") {
  manual_seed(42);
  const Tensor x = leaf({3, 4, 15}), weight = leaf({15, 5}), first = leaf({3, 5});
  for (const Tensor& start : {Tensor(), first}) {
    const SequenceOptions options{.first = start, .backward = start.defined()};
    const auto fused = [&] { return gru_sequence(x, weight, {}, options); };
    const auto twin = [&] { return composed::gru_sequence(x, weight, {}, options); };
    std::vector<Tensor> leaves{x, weight};
    if (start.defined()) leaves.push_back(start);
    CHECK(gradient_difference(fused, twin, leaves) < 1e-12);
    check_gradients(fused, leaves);
  }
}

TEST_CASE("one sequence without a batch is a batch of one, padding included") {
  manual_seed(43);
  const LSTM lstm({.input = 3, .hidden = 5, .layers = 2, .bidirectional = true});
  const Tensor x = Tensor::randn({7, 3}), keep = select(keep_of({4}, 7), 0, 0);
  const Tensor h = Tensor::randn({4, 5}), c = Tensor::randn({4, 5});
  const RecurrentResult one = lstm(x, keep, {h, c});
  const RecurrentResult batch =
      lstm(unsqueeze(x, 0), unsqueeze(keep, 0), {unsqueeze(h, 1), unsqueeze(c, 1)});
  CHECK(one.output.shape() == Shape{7, 10});
  CHECK(one.last_cell.shape() == Shape{4, 5});
  CHECK(difference(unsqueeze(one.output, 0), batch.output) == 0);
  CHECK(difference(unsqueeze(one.last, 1), batch.last) == 0);
  CHECK(difference(unsqueeze(one.last_cell, 1), batch.last_cell) == 0);
}

TEST_CASE("recurrent nets say which shapes of inputs and states they expect") {
  const GRU gru({.input = 3, .hidden = 5});
  const Tensor x = Tensor::zeros({7, 3});
  CHECK_THROWS_WITH(gru(Tensor::zeros({3})), Contains("[words, features] of one sequence"));
  CHECK_THROWS_WITH(gru(Tensor::zeros({0, 3})), Contains("at least one word"));
  CHECK_THROWS_WITH(gru(Tensor::zeros({7, 4})), Contains("x is [7, 4], expected [7, 3]"));
  CHECK_THROWS_WITH(gru(x, keep_of({7}, 7)), Contains("keep is [1, 7], expected [7]"));
  CHECK_THROWS_WITH(gru(x, {}, Tensor::zeros({1, 1, 5})),
                    Contains("h0 is [1, 1, 5], expected [1, 5]"));
  const GRUCell cell({.input = 3, .hidden = 5});
  CHECK_THROWS_WITH(cell(Tensor::zeros({2, 4})),
                    Contains("GRUCell: x is [2, 4], expected [batch, features] with 3 features"));
  CHECK_THROWS_WITH(cell(Tensor::zeros({2, 3}), Tensor::zeros({3, 5})),
                    Contains("GRUCell: h is [3, 5], expected [2, 5]"));
  CHECK_THROWS_WITH(cell(Tensor::scalar(1)), Contains("GRUCell: x is []"));
  const LSTMCell lstm({.input = 3, .hidden = 5});
  CHECK_THROWS_WITH(lstm(Tensor::zeros({2, 3}), {Tensor::zeros({2, 5}), {}}),
                    Contains("LSTMCell: h and c come together"));
}

TEST_CASE("a recurrent net that was moved from says so") {
  GRU gru({.input = 3, .hidden = 5});
  const GRU other = std::move(gru);
  CHECK_THROWS_WITH(gru(Tensor::zeros({2, 7, 3})), "GRU: this module was moved from");
  LSTM lstm({.input = 3, .hidden = 5});
  const LSTM taken = std::move(lstm);
  CHECK_THROWS_WITH(lstm(Tensor::zeros({7, 3})), "LSTM: this module was moved from");
}

TEST_CASE("a mask that is turned round, or has its padding in front, is refused") {
  const Tensor x = Tensor::randn({2, 4, 3});
  const Tensor keep = Tensor::of({1, 1, 1, 1, 1, 1, 0, 0}, {2, 4}, boolean);
  const Tensor in_front = Tensor::of({1, 1, 1, 1, 0, 1, 1, 1}, {2, 4}, boolean);
  const Tensor gap = Tensor::of({1, 0, 1, 1, 1, 1, 0, 0}, {2, 4}, boolean);
  const GRU gru({.input = 3, .hidden = 5, .bidirectional = true});
  const LSTM lstm({.input = 3, .hidden = 5});
  const RNN rnn({.input = 3, .hidden = 5});
  CHECK_NOTHROW(gru(x, keep));
  CHECK_THROWS_WITH(gru(x, logical_not(keep)),
                    Contains("GRU: row 1 of keep has padding (false) before a word (true)") &&
                        Contains("keep is logical_not(mask)"));
  CHECK_THROWS_WITH(lstm(x, in_front), Contains("LSTM: row 1") && Contains("stands at the end"));
  CHECK_THROWS_WITH(rnn(x, gap), Contains("RNN: row 0"));
  CHECK_THROWS_AS(rnn(select(x, 0, 0), select(gap, 0, 0)), DataError);
  CHECK_NOTHROW(rnn(x, Tensor::zeros({2, 4}, boolean)));  // texts without words
}

TEST_CASE("sizes stand in PyTorch's order, and mean what their names mean") {
  const GRU gru(3, 5, 2, false);
  CHECK(gru.config.input == 3);
  CHECK(gru.config.hidden == 5);
  CHECK(gru.config.layers == 2);
  CHECK(!gru.config.bias);
  CHECK(LSTM(3, 5).cells[0].weight_ih.shape() == Shape{20, 3});
  const RNN rnn(3, 5, 1, Nonlinearity::relu);
  CHECK(rnn.config.nonlinearity == Nonlinearity::relu);
  CHECK(rnn.config.bias);
  CHECK(GRUCell(3, 5).weight_hh.shape() == Shape{15, 5});
  CHECK(!LSTMCell(3, 5, false).config.bias);
  CHECK(RNNCell(3, 5, true, Nonlinearity::relu).config.nonlinearity == Nonlinearity::relu);
}
