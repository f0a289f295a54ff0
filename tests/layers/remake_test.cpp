// What follows a norm keeps no copy of it: the backward pass has it made again.
#include <functional>

#include "../../core/checkpoint.hpp"
#include "../../core/memory.hpp"
#include "../../core/products.hpp"
#include "../../layers/norm.hpp"
#include "support.hpp"

using namespace heed;
using namespace heed::test;
using Catch::Matchers::Contains;

namespace {

using NormOf = std::function<Tensor(const Tensor&)>;

Tensor random_leaf(const Shape& shape, DType dtype = float32) {
  return Tensor::randn(shape, dtype).set_requires_grad();
}

/// A loss of two linears of one norm, or of a copy of its result, which is saved.
Tensor loss_of(const NormOf& norm, bool copied, const std::vector<Tensor>& in) {
  Tensor y = norm(in[0]);
  if (copied) y = y * 1.0;
  return mixed(linear(y, in[1], in[2])) + mixed(linear(y, in[3]));
}

void check_same_gradients(const NormOf& norm, const std::vector<Tensor>& in) {
  const std::vector<Tensor> copied = grad({loss_of(norm, true, in)}, in);
  const Tensor loss = loss_of(norm, false, in);
  const std::vector<Tensor> first = grad({loss}, in, {.retain = true}), again = grad({loss}, in);
  for (std::size_t i = 0; i < in.size(); ++i) {
    CAPTURE(i);
    CHECK(difference(first[i], copied[i]) == 0);
    CHECK(difference(again[i], copied[i]) == 0);
  }
}

}  // namespace

TEST_CASE("a linear after a norm has the gradients of one that saved its input, bit for bit") {
  manual_seed(1);
  const Tensor scale = random_leaf({5}), shift = random_leaf({5});
  const std::vector<Tensor> in{random_leaf({3, 4, 5}), random_leaf({7, 5}), random_leaf({7}),
                               random_leaf({2, 5})};
  std::vector<Tensor> with_affine = in;
  with_affine.insert(with_affine.end(), {scale, shift});
  check_same_gradients([&](const Tensor& x) { return layer_norm(x, scale, shift, 0.1); },
                       with_affine);
  check_same_gradients([](const Tensor& x) { return layer_norm(x); }, in);
  with_affine.pop_back();
  check_same_gradients([&](const Tensor& x) { return rms_norm(x, scale); }, with_affine);
  check_same_gradients([](const Tensor& x) { return rms_norm(x, {}, 0.1); }, in);
}

TEST_CASE("a linear after a norm of numbers without gradient gives those of all weights") {
  const Tensor x = Tensor::randn({3, 5}), scale = random_leaf({5}), w = random_leaf({2, 5});
  mixed(linear(layer_norm(x, scale), w)).backward();
  const Tensor w_gradient = w.grad(), scale_gradient = scale.grad();
  w.zero_grad(), scale.zero_grad();
  mixed(linear(layer_norm(x, scale) * 1.0, w)).backward();
  CHECK(difference(w.grad(), w_gradient) == 0);
  CHECK(difference(scale.grad(), scale_gradient) == 0);
}

TEST_CASE("between a norm and a linear no copy stays in memory") {
  const Tensor x = random_leaf({256, 1024}), w = random_leaf({1, 1024});
  const auto kept = [&](bool copied) {
    const int64_t before = memory_stats().live_bytes;
    Tensor y = layer_norm(x);
    if (copied) y = y * 1.0;
    const Tensor z = linear(y, w);
    y = Tensor();
    return memory_stats().live_bytes - before;
  };
  CHECK(kept(false) < x.numel());
  CHECK(kept(true) > 4 * x.numel());
}

TEST_CASE("a norm's result that was changed in place is saved as it was used") {
  const Tensor x = random_leaf({3, 5}), w = random_leaf({2, 5});
  const Tensor y = layer_norm(x);
  y.detach().fill_(0);
  sum(linear(y, w)).backward();
  CHECK(max(abs(w.grad())).item() == 0);

  const Tensor once_more = layer_norm(x);
  const Tensor loss = sum(square(linear(once_more, w)));
  const Tensor expected = grad({loss}, {w}, {.retain = true})[0];
  once_more.detach().fill_(0);
  CHECK(difference(grad({loss}, {w}, {.retain = true})[0], expected) == 0);
  x.detach().fill_(0);
  CHECK_THROWS_WITH(loss.backward(), Contains("layer_norm") && Contains("changed in place"));
}

TEST_CASE("a bias that changes after the norm was made changes no gradient") {
  const Tensor x = random_leaf({3, 5}), bias = random_leaf({5}), w = random_leaf({2, 5});
  const Tensor loss = mixed(linear(layer_norm(x, {}, bias), w));
  const std::vector<Tensor> before = grad({loss}, {x, w}, {.retain = true});
  bias.detach().fill_(3);
  const std::vector<Tensor> after = grad({loss}, {x, w});
  for (std::size_t i = 0; i < 2; ++i) CHECK(difference(before[i], after[i]) == 0);
}

TEST_CASE("a checkpoint whose function holds a norm's result has it remade") {
  const Tensor x = random_leaf({3, 5}), w = random_leaf({2, 5}), factor = random_leaf({});
  const auto gradients = [&](bool copied, bool checkpointed) {
    const Tensor y = copied ? layer_norm(x) * 1.0 : layer_norm(x);
    const auto f = [y, w](const std::vector<Tensor>& in) { return linear(y, w) * in[0]; };
    const Tensor z = checkpointed ? checkpoint(f, {factor}) : f({factor});
    return grad({mixed(z)}, {x, w, factor});
  };
  const std::vector<Tensor> expected = gradients(true, false), found = gradients(false, true);
  for (std::size_t i = 0; i < 3; ++i) CHECK(difference(found[i], expected[i]) == 0);
}

TEST_CASE("the gradient of a weight behind a norm does not read the weight") {
  const Tensor x = random_leaf({3, 5}), w = random_leaf({2, 5});
  const Tensor loss = mixed(linear(layer_norm(x), w));
  const Tensor expected = grad({loss}, {w}, {.retain = true})[0];
  w.detach().fill_(0);
  CHECK(difference(grad({loss}, {w}, {.retain = true})[0], expected) == 0);
  CHECK_THROWS_WITH(loss.backward(), Contains("linear") && Contains("changed in place"));
}
