// The layer that CONTRIBUTING.md adds, which the build takes from there.
#include "../../layers/linear.hpp"
#include "support.hpp"

namespace example {

using namespace heed;
#include HEED_EXAMPLE

}  // namespace example

TEST_CASE("the layer of CONTRIBUTING.md computes its equation, and is a module") {
  using namespace heed;
  manual_seed(5);
  example::GatedLinear layer(5, 7);
  to(layer, float64);
  const Tensor x = Tensor::randn({3, 2, 5}, float64);
  const Tensor expected = linear(x, layer.value.weight, layer.value.bias) *
                          sigmoid(linear(x, layer.gate.weight, layer.gate.bias));
  CHECK(test::difference(layer(x), expected) == 0);
  const auto call = [&](const std::vector<Tensor>& in) { return layer(in[0]); };
  CHECK(gradcheck(call, {x}).message == "");

  const auto weights = named_parameters(layer);
  REQUIRE(weights.size() == 4);
  CHECK(weights[2].name == "gate.weight");
  CHECK(weights[2].tensor.shape() == Shape{7, 5});
  const example::GatedLinear copy = clone(layer);
  CHECK(test::difference(copy(x), expected) == 0);
  const NoGrad guard;
  parameters(layer).back().fill_(3);
  CHECK(test::difference(layer(x), expected) > 0);
  CHECK(test::difference(copy(x), expected) == 0);
}
