#include "../../layers/dropout.hpp"
#include "../../layers/embedding.hpp"
#include "../../layers/linear.hpp"
#include "../../layers/norm.hpp"
#include "../../layers/recurrent.hpp"
#include "support.hpp"

using namespace heed;
using namespace heed::test;
using Catch::Matchers::Contains;

namespace {

static_assert(!std::is_copy_constructible_v<Parameter>);
static_assert(!std::is_copy_constructible_v<Linear> && !std::is_copy_assignable_v<Linear>);
static_assert(!std::is_copy_constructible_v<GRUCell>);
static_assert(std::is_nothrow_move_constructible_v<Linear>);
static_assert(Module<Linear> && !Module<Tensor> && !Module<int>);

struct NetConfig {
  int64_t width = 5;
  int64_t depth = 2;
  bool normed = true;
};

/// Ties, a vector, an optional member, a buffer and a mode.
struct Net {
  NetConfig config;
  Embedding embedding;
  std::vector<Linear> layers;
  std::optional<LayerNorm> norm;
  Dropout dropout{0.5};
  Buffer scale;
  Parameter output;

  explicit Net(NetConfig sizes)
      : config(sizes),
        embedding(7, sizes.width, 0),
        scale(Tensor::full({3}, 2)),
        output(embedding.weight.share()) {
    for (int64_t i = 0; i < sizes.depth; ++i) layers.emplace_back(sizes.width, sizes.width);
    if (sizes.normed) norm.emplace(sizes.width);
  }
  void members(Members& m) {
    m("embedding", embedding)("layers", layers)("norm", norm)("dropout", dropout);
    m("scale", scale)("output", output);
  }
};

std::vector<std::string> names_of(const std::vector<NamedTensor>& tensors) {
  std::vector<std::string> names;
  for (const NamedTensor& tensor : tensors) names.push_back(tensor.name);
  return names;
}

std::vector<NamedTensor> copied(const std::vector<NamedTensor>& state) {
  std::vector<NamedTensor> copies;
  for (const NamedTensor& entry : state) copies.push_back({entry.name, entry.tensor.clone()});
  return copies;
}

}  // namespace

TEST_CASE("members give names in their order, a tied weight once, buffers in the state alone") {
  const Net net({});
  const std::vector<std::string> expected{"embedding.weight", "layers.0.weight", "layers.0.bias",
                                          "layers.1.weight",  "layers.1.bias",   "norm.weight",
                                          "norm.bias"};
  CHECK(names_of(named_parameters(net)) == expected);
  CHECK(parameters(net).size() == expected.size());
  std::vector<std::string> with_buffer = expected;
  with_buffer.push_back("scale");
  CHECK(names_of(state_dict(net)) == with_buffer);
  CHECK(parameter_count(net) == 7 * 5 + 2 * (25 + 5) + 10);
  CHECK(parameter_count(Net({.normed = false})) == 7 * 5 + 2 * (25 + 5));
}

TEST_CASE("handles of parameters stay valid after the module moved") {
  std::vector<Linear> layers;
  layers.emplace_back(3, 2);
  const Tensor weight = parameters(layers[0])[0];
  for (int i = 0; i < 5; ++i) layers.emplace_back(3, 2);
  CHECK(&weight.array() == &layers[0].weight.array());
  sum(layers[0](Tensor::ones({1, 3}))).backward();
  CHECK(difference(weight.grad(), Tensor::ones({2, 3})) == 0);
}

TEST_CASE("an absent bias is no member") {
  const Linear layer(3, 2, false);
  CHECK(names_of(named_parameters(layer)) == std::vector<std::string>{"weight"});
  CHECK(layer(Tensor::ones({5, 3})).shape() == Shape{5, 2});
  CHECK(!clone(layer).bias.defined());
}

TEST_CASE("a state dict makes the round trip, and buffers and ties with it") {
  const Net source({});
  Net target({});
  load_state_dict(target, state_dict(source));
  const auto a = state_dict(source), b = state_dict(target);
  for (std::size_t i = 0; i < a.size(); ++i) {
    CHECK(difference(a[i].tensor, b[i].tensor) == 0);
    CHECK(!a[i].tensor.array().shares_storage_with(b[i].tensor.array()));
  }
  CHECK(difference(target.output, source.embedding.weight) == 0);
}

TEST_CASE("loading converts float64 to the module's type and raises the version") {
  const Linear source(3, 2);
  Linear target(3, 2);
  auto state = state_dict(source);
  for (NamedTensor& entry : state) entry.tensor = entry.tensor.to(float64);
  const uint32_t before = target.weight.array().version();
  load_state_dict(target, state);
  CHECK(difference(target.weight, source.weight) == 0);
  CHECK(target.weight.array().version() > before);
}

TEST_CASE(
    "loading lists everything missing, unexpected and mis-shaped at once, and changes nothing") {
  Net net({});
  const auto before = copied(state_dict(net));
  auto state = copied(state_dict(Net({})));
  state[1] = {"layers.0.wait", state[1].tensor};
  state[4].tensor = Tensor::zeros({11});
  state[5].tensor = Tensor::zeros({5}, float64).to(int32);
  state.push_back({"extra\n", Tensor::zeros({1})});
  state.push_back({"norm.bias", Tensor::zeros({5})});
  std::string message;
  try {
    load_state_dict(net, state);
  } catch (const FormatError& error) {
    message = error.what();
  }
  CHECK_THAT(message, Contains("missing: layers.0.weight;"));
  CHECK_THAT(message, Contains("unexpected: norm.bias, extra\\x0a, layers.0.wait;"));
  CHECK_THAT(message, Contains("layers.1.bias is [11], expected [5]"));
  CHECK_THAT(message, Contains("norm.weight is int32, expected float32"));
  const auto after = state_dict(net);
  for (std::size_t i = 0; i < before.size(); ++i) {
    CHECK(difference(before[i].tensor, after[i].tensor) == 0);
  }
}

TEST_CASE("a tied weight is found under any of its names, and equal duplicates are accepted") {
  Net net({});
  auto state = copied(state_dict(Net({})));
  const Tensor weight = state[0].tensor;
  state.push_back({"output", weight.clone()});
  load_state_dict(net, state);
  CHECK(difference(net.output, weight) == 0);

  state.erase(state.begin());
  const Tensor other = weight + 1;
  state.back().tensor = other;
  load_state_dict(net, state);
  CHECK(difference(net.embedding.weight, other) == 0);

  state.push_back({"embedding.weight", weight});
  CHECK_THROWS_WITH(load_state_dict(net, state),
                    Contains("output differs from embedding.weight, but the two are one weight"));
}

TEST_CASE("two members of one name are an error that names them") {
  struct Twice {
    Linear a{2, 3}, b{2, 3};
    void members(Members& m) { m("layer", a)("layer", b); }
  };
  CHECK_THROWS_WITH(parameters(Twice{}), Contains("two members are named layer.weight"));
}

TEST_CASE("train and eval set the mode of every dropout below") {
  Net net({});
  CHECK(net.dropout.training);
  eval(net);
  CHECK(!net.dropout.training);
  const Tensor x = Tensor::ones({101});
  CHECK(difference(net.dropout(x), x) == 0);
  train(net);
  CHECK(difference(net.dropout(x), x) == 1);
}

TEST_CASE("conversion to float64 keeps ties, handles and numbers and converts buffers") {
  Net net({});
  const Tensor handle = parameters(net)[0];
  const Tensor before = net.embedding.weight.tensor().clone();
  to(net, float64);
  CHECK(handle.dtype() == float64);
  CHECK(handle.requires_grad());
  CHECK(&net.output.array() == &net.embedding.weight.array());
  CHECK(net.scale.dtype() == float64);
  to(net, float32);
  CHECK(difference(net.embedding.weight, before) == 0);
  CHECK_THROWS_AS(to(net, int32), TypeError);
}

TEST_CASE("a clone has the weights, buffers, mode, ties and frozen weights, and is independent") {
  Net net({.width = 3, .depth = 1});
  eval(net);
  to(net, float64);
  Tensor(net.layers[0].bias.tensor()).set_requires_grad(false);
  const Generator before = default_generator();
  Net copy = clone(net);
  CHECK(default_generator().position() == before.position());
  const auto a = state_dict(net), b = state_dict(copy);
  REQUIRE(names_of(a) == names_of(b));
  for (std::size_t i = 0; i < a.size(); ++i) CHECK(difference(a[i].tensor, b[i].tensor) == 0);
  CHECK(!copy.dropout.training);
  CHECK(&copy.output.array() == &copy.embedding.weight.array());
  CHECK(!copy.layers[0].bias.requires_grad());
  CHECK(copy.layers[0].weight.requires_grad());

  const Tensor kept = net.embedding.weight.tensor().clone();
  {
    const NoGrad no_grad;
    Tensor(copy.embedding.weight.tensor()).fill_(0);
  }
  CHECK(difference(net.embedding.weight, kept) == 0);
  CHECK(difference(copy.output, kept) > 0);
}

TEST_CASE("every layer can be cloned") {
  CHECK(clone(Linear(3, 2)).weight.shape() == Shape{2, 3});
  CHECK(clone(Embedding(7, 3, 1)).padding_index == 1);
  CHECK(clone(LayerNorm(3, 1e-3)).eps == 1e-3);
  CHECK(clone(Dropout(0.3)).p == 0.3);
  const GRU gru({.input = 3, .hidden = 2, .layers = 2, .bidirectional = true, .dropout = 0.1});
  const auto a = state_dict(gru), b = state_dict(clone(gru));
  REQUIRE(names_of(a) == names_of(b));
  for (std::size_t i = 0; i < a.size(); ++i) CHECK(difference(a[i].tensor, b[i].tensor) == 0);
}

TEST_CASE("a clone whose config no longer describes the module says what differs") {
  Net net({});
  net.layers.emplace_back(5, 5);
  CHECK_THROWS_WITH(clone(net), Contains("clone: ") && Contains("number of members"));
  net.layers.pop_back();
  net.layers[1] = Linear(5, 3);
  CHECK_THROWS_WITH(clone(net), Contains("layers.1.weight is [5, 5], expected [3, 5]"));
}

TEST_CASE("frozen weights get no gradient until they are unfrozen") {
  Linear layer(3, 2);
  freeze(layer);
  CHECK(!layer(Tensor::ones({1, 3})).requires_grad());
  unfreeze(layer);
  sum(layer(Tensor::ones({1, 3}))).backward();
  CHECK(layer.weight.grad().defined());
}

TEST_CASE("the summary is a table of names, shapes and counts with the total") {
  CHECK(summary(Linear(11, 2)) ==
        "name    shape    weights\n"
        "weight  [2, 11]       22\n"
        "bias    [2]            2\n"
        "total                 24\n");
}

TEST_CASE("eval mode for a while leaves each layer as it was, also after an error") {
  struct Two {
    Dropout first{0.5}, second{0.5};
    void members(Members& m) { m("first", first)("second", second); }
  } net;
  eval(net.second);
  try {
    const EvalMode evaluating(net);
    CHECK_FALSE(net.first.training);
    train(net);  // as a function that is called meanwhile may
    throw Error("in the middle");
  } catch (const Error&) {
    CHECK(net.first.training);
    CHECK_FALSE(net.second.training);
  }
}
