#include "../../layers/sequential.hpp"
#include "../../layers/dropout.hpp"
#include "../../layers/embedding.hpp"
#include "../../layers/linear.hpp"
#include "../../layers/norm.hpp"
#include "../../layers/pooling.hpp"
#include "support.hpp"

using namespace heed;
using namespace heed::test;

namespace {

std::vector<std::string> names_of(const std::vector<NamedTensor>& tensors) {
  std::vector<std::string> names;
  for (const NamedTensor& tensor : tensors) names.push_back(tensor.name);
  return names;
}

Tensor twice(const Tensor& x) { return x * 2; }

static_assert(Module<Sequential<Linear, Dropout>>);
static_assert(!std::is_copy_constructible_v<Sequential<Linear>>);
static_assert(std::is_nothrow_move_constructible_v<Sequential<Linear, Dropout>>);

}  // namespace

TEST_CASE("Sequential calls its layers and functions in order") {
  manual_seed(31);
  const Sequential net(Linear(4, 8), relu, Linear(8, 2));
  const Linear &first = std::get<0>(net.parts), &last = std::get<2>(net.parts);
  const Tensor x = Tensor::randn({3, 4});
  CHECK(difference(net(x), last(relu(first(x)))) == 0);
  const Sequential doubled(twice, [](const Tensor& t) { return t + 1; });
  CHECK(difference(doubled(x), x * 2 + 1) == 0);
  CHECK(difference(Sequential()(x), x) == 0);
  CHECK(difference(Sequential(Identity(), heed::tanh, gelu)(x), gelu(tanh(x))) == 0);
}

TEST_CASE("Sequential takes ids through an embedding to one vector of a text") {
  const Sequential net(
      Embedding(7, 5), [](const Tensor& x) { return masked_mean(x); }, Linear(5, 2),
      [](const Tensor& x) { return softmax(x); });
  CHECK(net(Tensor::of({1, 2, 0, 6, 6, 3}, {2, 3}, int32)).shape() == Shape{2, 2});
}

TEST_CASE("parts of Sequential are named by their places, functions counted") {
  Sequential net(Linear(4, 8), relu, Dropout(0.5), Sequential(LayerNorm(8), Linear(8, 2, false)),
                 Identity());
  const std::vector<std::string> expected{"0.weight", "0.bias", "3.0.weight", "3.0.bias",
                                          "3.1.weight"};
  CHECK(names_of(named_parameters(net)) == expected);
  CHECK(names_of(state_dict(net)) == expected);
  CHECK_THAT(summary(net), Catch::Contains("3.1.weight  [2, 8]"));
  CHECK(parameter_count(net) == 4 * 8 + 8 + 16 + 16);
}

TEST_CASE("Sequential is trained, evaluated, converted, loaded and moved as any module") {
  manual_seed(32);
  Sequential net(Linear(4, 8), relu, Dropout(0.5), Linear(8, 2));
  const Tensor x = Tensor::randn({3, 4}, float64);
  to(net, float64);
  CHECK(difference(net(x), net(x)) > 0);
  eval(net);
  CHECK(difference(net(x), net(x)) == 0);
  check_gradients([&] { return net(x); }, parameters(net));
  Sequential other(Linear(4, 8), silu, Dropout(0.5), Linear(8, 2));
  load_state_dict(other, state_dict(net));
  CHECK(difference(std::get<3>(other.parts).weight,
                   std::get<3>(net.parts).weight.tensor().to(float32)) == 0);
  const Tensor before = net(x);
  const Sequential moved = std::move(net);
  CHECK(difference(moved(x), before) == 0);
}

TEST_CASE("a clone of Sequential has its weights, functions and mode, and is independent") {
  manual_seed(33);
  const double factor = 3;
  Sequential net(
      Linear(4, 8), [factor](const Tensor& x) { return x * factor; }, Dropout(0.5),
      Sequential(Linear(8, 2), relu));
  eval(net);
  const auto copy = clone(net);
  const Tensor x = Tensor::randn({3, 4});
  CHECK(difference(copy(x), net(x)) == 0);
  CHECK(!std::get<2>(copy.parts).training);
  Tensor weight = std::get<0>(net.parts).weight.tensor();
  {
    const NoGrad no_grad;
    weight.fill_(0);
  }
  CHECK(difference(copy(x), net(x)) > 0);
}

TEST_CASE("a module has a Sequential as a member, whose type is written out") {
  struct Net {
    Sequential<Linear, Tensor (*)(const Tensor&), Linear> head{Linear(4, 8), relu, Linear(8, 2)};
    void members(Members& m) { m("head", head); }
  };
  Net net;
  CHECK(names_of(named_parameters(net))[2] == "head.2.weight");
  CHECK(difference(clone(net).head(Tensor::ones({4})), net.head(Tensor::ones({4}))) == 0);
}
