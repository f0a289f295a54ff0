#include "../../layers/recurrent.hpp"
#include "../../core/error.hpp"
#include "support.hpp"

using namespace heed;
using namespace heed::test;
using Catch::Matchers::Contains;

namespace {

/// A GRU from PyTorch's formulas, one word at a time, for one sequence without padding:
/// x [1, S, I].
Tensor plain_gru(const RecurrentCell& cell, const Tensor& x, bool backward) {
  const int64_t n = cell.config.hidden, S = x.size(1);
  const auto part = [n](const Tensor& w, int64_t k) { return slice(w, 0, k * n, (k + 1) * n); };
  Tensor h = Tensor::zeros({1, n}, x.dtype());
  std::vector<Tensor> states(static_cast<std::size_t>(S));
  for (int64_t i = 0; i < S; ++i) {
    const int64_t t = backward ? S - 1 - i : i;
    const Tensor x_t = select(x, 1, t);
    const auto from_x = [&](int64_t k) {
      return linear(x_t, part(cell.weight_ih, k), part(cell.bias_ih, k));
    };
    const auto from_h = [&](const Tensor& state, int64_t k) {
      return linear(state, part(cell.weight_hh, k), part(cell.bias_hh, k));
    };
    const Tensor r = sigmoid(from_x(0) + from_h(h, 0));
    const Tensor z = sigmoid(from_x(1) + from_h(h, 1));
    const Tensor c = cell.config.reset == Reset::after ? tanh(from_x(2) + r * from_h(h, 2))
                                                       : tanh(from_x(2) + from_h(r * h, 2));
    h = (1.0 - z) * c + z * h;
    states[static_cast<std::size_t>(t)] = h;
  }
  return stack(states, 1);
}

Tensor first_words(const Tensor& x, int64_t row, int64_t length) {
  return slice(slice(x, 0, row, row + 1), 1, 0, length);
}

}  // namespace

TEST_CASE("the fused step of a GRU equals the composed one in value and every gradient") {
  manual_seed(1);
  const Tensor x = leaf({3, 15}), h_gates = leaf({3, 15}), h = leaf({3, 5});
  for (const Tensor& keep : {Tensor(), Tensor::of({1, 0, 1}, {3}, boolean)}) {
    const auto fused = [&] { return gru_step(x, h_gates, h, keep); };
    const auto twin = [&] { return composed::gru_step(x, h_gates, h, keep); };
    CHECK(gradient_difference(fused, twin, {x, h_gates, h}) < 1e-12);
    check_gradients(fused, {x, h_gates, h});
  }
}

TEST_CASE("a GRU over a whole sequence equals its steps in value and every gradient") {
  manual_seed(15);
  const Tensor x = leaf({3, 4, 15}), weight = leaf({15, 5}), bias = leaf({15}),
               first = leaf({3, 5});
  const Tensor ragged = transpose(keep_of({4, 1, 3}, 4), 0, 1);
  for (const bool backward : {false, true}) {
    for (const Tensor& keep : {Tensor(), ragged}) {
      for (const Tensor& start : {Tensor(), first}) {
        const SequenceOptions options{.first = start, .keep = keep, .backward = backward};
        const auto fused = [&] { return gru_sequence(x, weight, bias, options); };
        const auto twin = [&] { return composed::gru_sequence(x, weight, bias, options); };
        std::vector<Tensor> leaves{x, weight, bias};
        if (start.defined()) leaves.push_back(start);
        CHECK(gradient_difference(fused, twin, leaves) < 1e-12);
        check_gradients(fused, leaves);
        const NoGrad no_grad;
        CHECK(difference(fused(), twin()) < 1e-15);
      }
    }
  }
}

TEST_CASE("a GRU over a whole sequence takes gates that lie apart and says what does not fit") {
  manual_seed(16);
  const Tensor x = leaf({15, 4, 3}), weight = leaf({5, 15}), bias = leaf({15, 2});
  const auto fused = [&] {
    return gru_sequence(transpose(x, 0, 2), transpose(weight, 0, 1), select(bias, 1, 1));
  };
  const auto twin = [&] {
    return composed::gru_sequence(transpose(x, 0, 2), transpose(weight, 0, 1), select(bias, 1, 1));
  };
  CHECK(gradient_difference(fused, twin, {x, weight, bias}) < 1e-12);
  const Tensor U = leaf({15, 5}), b = leaf({15});
  CHECK_THROWS_WITH(gru_sequence(leaf({3, 4, 14}), U, b), Contains("gates_x is [3, 4, 14]"));
  CHECK_THROWS_WITH(gru_sequence(leaf({3, 0, 15}), U, b), Contains("at least one word"));
  CHECK_THROWS_WITH(gru_sequence(leaf({3, 4, 15}), U, b, {.first = leaf({2, 5})}),
                    Contains("the first state is [2, 5], expected [3, 5]"));
  CHECK_THROWS_WITH(gru_sequence(leaf({3, 4, 15}), U, b, {.keep = keep_of({4, 2, 1}, 4)}),
                    Contains("keep is [3, 4], expected [4, 3]"));
  CHECK_THROWS_WITH(gru_sequence(leaf({3, 4, 15}), U, Tensor::zeros({15})),
                    Contains("another operand float32"));
}

TEST_CASE("the fused step of an LSTM equals the composed one in value and every gradient") {
  manual_seed(12);
  const Tensor gates = leaf({3, 20}), state = leaf({3, 10});
  for (const Tensor& keep : {Tensor(), Tensor::of({1, 0, 1}, {3}, boolean)}) {
    const auto fused = [&] { return lstm_step(gates, state, keep); };
    const auto twin = [&] { return composed::lstm_step(gates, state, keep); };
    CHECK(gradient_difference(fused, twin, {gates, state}) < 1e-12);
    check_gradients(fused, {gates, state});
  }
  const Tensor apart = leaf({3, 7, 20}), states = leaf({3, 2, 10});
  const auto fused = [&] { return lstm_step(select(apart, 1, 4), select(states, 1, 1)); };
  const auto twin = [&] { return composed::lstm_step(select(apart, 1, 4), select(states, 1, 1)); };
  CHECK(gradient_difference(fused, twin, {apart, states}) < 1e-12);
  CHECK_THROWS_WITH(lstm_step(gates, leaf({3, 9})), Contains("expected [batch, 2 hidden]"));
  CHECK_THROWS_WITH(lstm_step(leaf({3, 15}), state), Contains("gates is [3, 15]"));
}

TEST_CASE("a step takes rows that lie apart, as those of a whole sequence do") {
  manual_seed(2);
  const Tensor x = leaf({3, 7, 15}), h_gates = leaf({3, 2, 15}), h = leaf({3, 2, 5});
  const auto fused = [&] {
    return gru_step(select(x, 1, 4), select(h_gates, 1, 1), select(h, 1, 1));
  };
  const auto twin = [&] {
    return composed::gru_step(select(x, 1, 4), select(h_gates, 1, 1), select(h, 1, 1));
  };
  CHECK(gradient_difference(fused, twin, {x, h_gates, h}) < 1e-12);
}

TEST_CASE("a GRU equals its formulas word by word, for both places of the reset gate") {
  manual_seed(3);
  for (const Reset reset : {Reset::after, Reset::before}) {
    GRU gru({.input = 3, .hidden = 5, .bidirectional = true, .reset = reset});
    to(gru, float64);
    const Tensor x = leaf({1, 7, 3});
    const auto plain = [&] {
      return cat({plain_gru(gru.cells[0], x, false), plain_gru(gru.cells[1], x, true)}, -1);
    };
    CHECK(gradient_difference([&] { return gru(x).output; }, plain, leaves_of(gru, {x})) < 1e-12);
  }
}

TEST_CASE("the two places of the reset gate differ") {
  manual_seed(4);
  GRU after({.input = 3, .hidden = 5});
  GRU before({.input = 3, .hidden = 5, .reset = Reset::before});
  load_state_dict(before, state_dict(after));
  const Tensor x = Tensor::randn({2, 7, 3});
  CHECK(difference(after(x).output, before(x).output) > 1e-3);
}

TEST_CASE("sequences of different lengths in one batch give what each gives alone") {
  manual_seed(5);
  const std::vector<int64_t> lengths{7, 3, 1, 5};
  const Tensor keep = keep_of(lengths, 7);
  for (const Reset reset : {Reset::after, Reset::before}) {
    GRU gru({.input = 3, .hidden = 5, .layers = 2, .bidirectional = true, .reset = reset});
    to(gru, float64);
    const Tensor x = leaf({4, 7, 3});
    const auto leaves = leaves_of(gru, {x});
    const RecurrentResult batch = gru(x, keep);
    Tensor loss = mixed(batch.last), single_loss = Tensor::scalar(0, float64);
    std::vector<Tensor> lasts;
    for (int64_t b = 0; b < 4; ++b) {
      const int64_t length = lengths[static_cast<std::size_t>(b)];
      const RecurrentResult single = gru(first_words(x, b, length));
      CHECK(difference(first_words(batch.output, b, length), single.output) < 1e-14);
      const Tensor padding = slice(slice(batch.output, 0, b, b + 1), 1, length, 7);
      CHECK(difference(padding, Tensor::zeros(padding.shape(), float64)) == 0);
      lasts.push_back(single.last);
      loss = loss + mixed(first_words(batch.output, b, length));
      single_loss = single_loss + mixed(single.output);
    }
    const Tensor last = cat(lasts, 1);
    CHECK(difference(batch.last, last) < 1e-14);
    const auto ragged = grad({loss}, leaves), alone = grad({single_loss + mixed(last)}, leaves);
    for (std::size_t i = 0; i < leaves.size(); ++i) CHECK(difference(ragged[i], alone[i]) < 1e-12);
  }
}

TEST_CASE("what stands at the padding changes nothing") {
  manual_seed(6);
  const GRU gru({.input = 3, .hidden = 5, .layers = 2, .bidirectional = true});
  const Tensor keep = keep_of({2, 7}, 7), x = Tensor::randn({2, 7, 3});
  const Tensor noise = masked_fill(Tensor::randn({2, 7, 3}), unsqueeze(keep, 2), 0);
  const RecurrentResult a = gru(x, keep), b = gru(x + noise, keep);
  CHECK(difference(a.output, b.output) == 0);
  CHECK(difference(a.last, b.last) == 0);
}

TEST_CASE("a mask that keeps all is no mask") {
  manual_seed(7);
  const GRU gru({.input = 3, .hidden = 5, .layers = 2, .bidirectional = true});
  const Tensor x = Tensor::randn({2, 7, 3});
  CHECK(difference(gru(x, keep_of({7, 7}, 7)).output, gru(x).output) == 0);
}

TEST_CASE("last is the last state of each layer and direction") {
  manual_seed(8);
  const GRU gru({.input = 3, .hidden = 5, .layers = 2, .bidirectional = true});
  const RecurrentResult result = gru(Tensor::randn({2, 7, 3}));
  CHECK(result.last.shape() == Shape{4, 2, 5});
  const Tensor top_forward = slice(select(result.output, 1, 6), -1, 0, 5);
  const Tensor top_backward = slice(select(result.output, 1, 0), -1, 5, 10);
  CHECK(difference(select(result.last, 0, 2), top_forward) == 0);
  CHECK(difference(select(result.last, 0, 3), top_backward) == 0);
}

TEST_CASE("a first state continues a sequence") {
  manual_seed(9);
  const GRU gru({.input = 3, .hidden = 5, .layers = 2});
  const Tensor x = Tensor::randn({2, 7, 3});
  const RecurrentResult whole = gru(x), head = gru(slice(x, 1, 0, 4));
  const RecurrentResult tail = gru(slice(x, 1, 4, 7), {}, head.last);
  CHECK(difference(tail.last, whole.last) < 1e-6);
  CHECK(difference(tail.output, slice(whole.output, 1, 4, 7)) < 1e-6);
}

TEST_CASE("a cell's step is its call with the input projected before") {
  manual_seed(10);
  for (const Reset reset : {Reset::after, Reset::before}) {
    GRUCell cell({.input = 3, .hidden = 5, .reset = reset});
    to(cell, float64);
    const Tensor x = leaf({2, 3}), h = leaf({2, 5});
    CHECK(difference(cell(x, h), cell.step(cell.project(x), h)) == 0);
    check_gradients([&] { return cell(x, h); }, leaves_of(cell, {x, h}));
    const Tensor kept = cell.step(cell.project(x), h, Tensor::of({1, 0}, {2}, boolean));
    CHECK(difference(select(kept, 0, 1), select(h, 0, 1)) == 0);
    CHECK(difference(select(kept, 0, 0), select(cell(x, h), 0, 0)) == 0);
  }
}

TEST_CASE("dropout acts between layers in training only") {
  manual_seed(11);
  GRU gru({.input = 3, .hidden = 5, .layers = 2, .dropout = 0.5});
  const Tensor x = Tensor::randn({2, 7, 3});
  CHECK(difference(gru(x).output, gru(x).output) > 0);
  eval(gru);
  CHECK(difference(gru(x).output, gru(x).output) == 0);
}

TEST_CASE("a GRU has PyTorch's names and shapes") {
  const GRU gru({.input = 3, .hidden = 5, .layers = 2, .bidirectional = true});
  const auto named = named_parameters(gru);
  REQUIRE(named.size() == 16);
  CHECK(named[0].name == "weight_ih_l0");
  CHECK(named[5].name == "weight_hh_l0_reverse");
  CHECK(named[5].tensor.shape() == Shape{15, 5});
  CHECK(named[8].name == "weight_ih_l1");
  CHECK(named[8].tensor.shape() == Shape{15, 10});
  CHECK(named[15].name == "bias_hh_l1_reverse");
}

TEST_CASE("a GRU says what is wrong with its inputs") {
  const GRU gru({.input = 3, .hidden = 5});
  const Tensor x = Tensor::zeros({2, 7, 3});
  CHECK_THROWS_WITH(gru(Tensor::zeros({2, 7, 4})), Contains("x is [2, 7, 4], expected [2, 7, 3]"));
  CHECK_THROWS_WITH(gru(Tensor::zeros({2, 0, 3})), Contains("at least one word"));
  CHECK_THROWS_WITH(gru(x, Tensor::ones({2, 7})), Contains("keep is float32, expected bool"));
  CHECK_THROWS_WITH(gru(x, keep_of({1}, 7)), Contains("keep is [1, 7], expected [2, 7]"));
  CHECK_THROWS_WITH(gru(x, {}, Tensor::zeros({1, 2, 4})), Contains("h0 is [1, 2, 4]"));
  CHECK_THROWS_AS(GRU({.input = 3, .hidden = 0}), ConfigError);
  CHECK_THROWS_AS(GRU({.input = 3, .hidden = 5, .layers = 0}), ConfigError);
  CHECK_THROWS_AS(gru_step(Tensor::zeros({2, 14}), Tensor::zeros({2, 15}), Tensor::zeros({2, 5})),
                  ShapeError);
}

TEST_CASE("LSTMs and plain nets read ragged batches as each sentence alone, and can be cloned") {
  manual_seed(13);
  const std::vector<int64_t> lengths{7, 3, 1};
  const Tensor keep = keep_of(lengths, 7), x = Tensor::randn({3, 7, 3});
  const auto check = [&](const auto& layers) {
    const RecurrentResult batch = layers(x, keep);
    for (int64_t b = 0; b < 3; ++b) {
      const int64_t length = lengths[static_cast<std::size_t>(b)];
      const RecurrentResult single = layers(first_words(x, b, length));
      CHECK(difference(first_words(batch.output, b, length), single.output) < 1e-6);
      CHECK(difference(slice(batch.last, 1, b, b + 1), single.last) < 1e-6);
      const Tensor padding = slice(slice(batch.output, 0, b, b + 1), 1, length, 7);
      CHECK(difference(padding, Tensor::zeros(padding.shape())) == 0);
    }
    CHECK(difference(clone(layers)(x, keep).output, batch.output) == 0);
  };
  check(LSTM({.input = 3, .hidden = 5, .layers = 2, .bidirectional = true}));
  check(RNN({.input = 3,
             .hidden = 5,
             .layers = 2,
             .bidirectional = true,
             .nonlinearity = Nonlinearity::relu}));
}

TEST_CASE("an LSTM takes both of its first states or neither") {
  const LSTM lstm({.input = 3, .hidden = 5});
  const Tensor x = Tensor::zeros({2, 7, 3}), first = Tensor::zeros({1, 2, 5});
  CHECK_THROWS_WITH(lstm(x, {}, {first, {}}), Contains("come together"));
  CHECK_THROWS_WITH(lstm(x, {}, {slice(first, 1, 0, 1), slice(first, 1, 0, 1)}),
                    Contains("LSTM: h0 is [1, 1, 10]"));
  CHECK(lstm(x, {}, {first, first}).last_cell.shape() == Shape{1, 2, 5});
  const LSTMCell cell({.input = 3, .hidden = 5});
  CHECK_THROWS_WITH(cell(Tensor::zeros({2, 3}), {Tensor::zeros({2, 5}), Tensor::zeros({2, 4})}),
                    Contains("LSTMCell: c is [2, 4], expected [2, 5]"));
  CHECK(named_parameters(LSTM({.input = 3, .hidden = 5}))[0].tensor.shape() == Shape{20, 3});
  CHECK(named_parameters(RNNCell({.input = 3, .hidden = 5}))[0].tensor.shape() == Shape{5, 3});
}
