// What operations say of operands that do not fit: their own names, and what to write.
#include <catch2/catch.hpp>

#include "../../core/error.hpp"
#include "../../core/operations.hpp"
#include "leaves.hpp"

using namespace heed;
using Catch::Matchers::Contains;

namespace {

bool holds(const Tensor& bits) { return bits.item() == 1; }

}  // namespace

TEST_CASE("a mask that does not broadcast is named with what to write") {
  const Tensor x = Tensor::ones({2, 5, 3}), keep = Tensor::ones({2, 3}, boolean);
  const auto shapes =
      Contains("[2, 3] does not broadcast to x [2, 5, 3]; sizes must be equal or 1");
  const auto advice = Contains("unsqueeze() puts in a 1");
  CHECK_THROWS_WITH(softmax(x, -1, keep), Contains("softmax: keep") && shapes && advice);
  CHECK_THROWS_WITH(log_softmax(x, -1, keep), Contains("log_softmax: keep") && shapes && advice);
  CHECK_THROWS_WITH(masked_fill(x, keep, 0), Contains("masked_fill: the mask") && shapes && advice);
  CHECK_THROWS_WITH(softmax(keep.to(float32), -1, x > 0), Contains("keep [2, 5, 3] does not"));
  Tensor y = x.clone();
  CHECK_THROWS_WITH(y += keep.to(float32), Contains("add_: the operand [2, 3] does not broadcast"));
}

TEST_CASE("linear names x and weight where their element types differ") {
  const Tensor x = Tensor::ones({2, 3}, float64), weight = Tensor::ones({5, 3});
  CHECK_THROWS_WITH(linear(x, weight),
                    "linear: element types differ: x is float64, weight float32; convert one, "
                    "x.to(float32) or the module: to(net, float64)");
  CHECK_THROWS_WITH(linear(x.to(int32), weight),
                    "linear: element types differ: x is int32, weight float32; convert one, "
                    "x.to(float32)");
  CHECK_THROWS_WITH(linear(x, weight.to(float64), Tensor::ones({5})), Contains("bias float32"));
}

TEST_CASE("gather says how many axes its index needs") {
  const Tensor x = Tensor::ones({2, 5});
  CHECK_THROWS_WITH(gather(x, 1, Tensor::zeros({2}, int32)),
                    Contains("as many axes as x") && Contains("unsqueeze(index, axis)"));
  CHECK_THROWS_WITH(gather(x, 1, Tensor::zeros({3, 1}, int32)),
                    Contains("no more elements than x") && !Contains("unsqueeze"));
}

TEST_CASE("an operation on an undefined tensor is named with the likeliest cause") {
  const Tensor w = leaf({1, 2}), none;
  Tensor x = w.detach().clone();
  const auto cause = Contains("the grad() of a leaf that no backward() has reached");
  CHECK_THROWS_WITH(w.grad() * 2, Contains("mul: the tensor is undefined") && cause);
  CHECK_THROWS_WITH(2 - w.grad(), Contains("sub: ") && cause);
  CHECK_THROWS_WITH(w + w.grad(), Contains("add: ") && cause);
  CHECK_THROWS_WITH(w.grad() / 2, Contains("div: ") && cause);
  CHECK_THROWS_WITH(sqrt(none), Contains("sqrt: "));
  CHECK_THROWS_WITH(sum(none), Contains("sum: "));
  CHECK_THROWS_WITH(norm(none), Contains("norm: "));
  CHECK_THROWS_WITH(matmul(none, w), Contains("matmul: "));
  CHECK_THROWS_WITH(x.add_(w.grad(), -0.1), Contains("add_: ") && cause);
  CHECK_THROWS_WITH(x.copy_(w.grad()), Contains("copy_: ") && cause);
  CHECK_THROWS_WITH(w.grad().shape(), Contains("tensor: it is undefined") && cause);
}

TEST_CASE("a reader is named as it was called") {
  const Tensor x = Tensor::ones({2, 3}, int32);
  CHECK_THROWS_WITH(x.at({1, 5}), "at: index [1, 5] is out of range for [2, 3]");
  CHECK_THROWS_AS(x.at({-3, 0}), IndexError);
  CHECK(x.at({-2, 2}) == 1);
  CHECK_THROWS_WITH(x.to_vector<float>(),
                    "to_vector: the elements are int32, not float32; convert with .to(float32)");
  CHECK_THROWS_WITH(x.to_vector<bool>(), Contains("convert with .to(boolean)"));
}

TEST_CASE("errors of the backward pass name what may have cut the history") {
  CHECK_THROWS_WITH(sum(Tensor::ones({2})).backward(),
                    Contains("freeze()") && Contains("comparisons and whole numbers"));
  Tensor state = Tensor::ones({2}, float64);
  const Tensor y = sum(leaf({1, 2}) * state);
  state += 1;
  CHECK_THROWS_WITH(y.backward(), Contains("detach() a state that is carried"));
}

TEST_CASE("writing into a part of a result says which operation writes") {
  const Tensor w = leaf({1, 2, 3});
  Tensor y = w * 2;
  CHECK_THROWS_WITH(y[0].fill_(0), Contains("result of select") && Contains("masked_fill(x, mask"));
  CHECK_THROWS_WITH(y[0].copy_(w.detach()[1]), Contains("where(mask, y, x)"));
}

TEST_CASE("what was read at indices is a copy and elements are written as the header says") {
  Tensor x = Tensor::of({1, -2, 3, -4}, {2, 2});
  index(x, {x < 0}).fill_(9);
  CHECK(x.to_vector<float>() == std::vector<float>{1, -2, 3, -4});
  x.copy_(where(x < 0, 0, x));
  CHECK(x.to_vector<float>() == std::vector<float>{1, 0, 3, 0});
  x[1].copy_(Tensor::of({5, 6}));
  slice(x, 1, 1, 2).fill_(7);
  CHECK(x.to_vector<float>() == std::vector<float>{1, 7, 5, 7});
  CHECK(holds(all(masked_fill(x, x == 7, 0) < 6)));
}
