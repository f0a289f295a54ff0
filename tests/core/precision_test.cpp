// Which products of a graph are in bfloat16: those of operations recorded so, and of their rules.
#include "../../core/precision.hpp"

#include <cmath>
#include <thread>
#include <vector>

#include "../../core/bfloat16.hpp"
#include "../../core/checkpoint.hpp"
#include "../../core/operations.hpp"
#include "kernel_helpers.hpp"

using namespace heed;
using heed::testing::same_bits;
using heed::testing::values;

namespace {

constexpr Precision bfloat16 = Precision::bfloat16, single = Precision::single;

struct Net {
  Tensor x = Tensor::randn({96, 128}), y = Tensor::randn({96, 128});
  Tensor w1 = Tensor::randn({160, 128}).mul_(0.1).set_requires_grad();
  Tensor b1 = Tensor::randn({160}).set_requires_grad();
  Tensor w2 = Tensor::randn({160, 128}).mul_(0.1).set_requires_grad();

  Tensor loss() const { return mean(square(matmul(tanh(linear(x, w1, b1)), w2) - y)); }
};

using Gradients = std::vector<Tensor>;

/// Recorded in one precision, run backwards in another.
Gradients gradients(const Net& net, Precision forward, Precision backward) {
  Tensor loss;
  {
    const ProductPrecision recording(forward);
    loss = net.loss();
  }
  const ProductPrecision running(backward);
  return grad({loss}, {net.w1, net.b1, net.w2});
}

bool same(const Gradients& a, const Gradients& b) {
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (!same_bits(a[i].array(), b[i].array())) return false;
  }
  return true;
}

/// |a - b| / |b|.
double relative(const Tensor& a, const Tensor& b) { return norm(a - b).item() / norm(b).item(); }

}  // namespace

TEST_CASE("a graph runs backwards in the precision that it was recorded in wherever that is") {
  const ReplacedProduct emulated(emulated_product);
  manual_seed(1);
  const Net net;
  const Gradients in_single = gradients(net, single, single);
  const Gradients in_bfloat16 = gradients(net, bfloat16, bfloat16);
  CHECK(same(gradients(net, bfloat16, single), in_bfloat16));
  CHECK(same(gradients(net, single, bfloat16), in_single));
  CHECK(product_precision == single);
  for (std::size_t i = 0; i < in_single.size(); ++i) {
    const double difference = relative(in_bfloat16[i], in_single[i]);
    CHECK(difference > 1e-4);
    CHECK(difference < 1e-2);
  }
}

TEST_CASE("the precision is each thread's own and ends with its guard") {
  const ReplacedProduct emulated(emulated_product);
  {
    const ProductPrecision outer(bfloat16);
    Precision elsewhere = bfloat16;
    std::thread([&] { elsewhere = product_precision; }).join();
    CHECK(elsewhere == single);
    {
      const ProductPrecision inner(single);
      CHECK(product_precision == single);
    }
    CHECK(product_precision == bfloat16);
  }
  CHECK(product_precision == single);
}

TEST_CASE("a hook between rules multiplies in the precision of whoever runs the graph") {
  const ReplacedProduct emulated(emulated_product);
  const Net net;
  Tensor loss;
  Precision in_hook = bfloat16;
  {
    const ProductPrecision recording(bfloat16);
    const Tensor hidden = tanh(linear(net.x, net.w1, net.b1));
    hidden.register_hook([&](const Tensor&) { in_hook = product_precision; });
    loss = sum(matmul(hidden, net.w2));
  }
  loss.backward();
  CHECK(in_hook == single);
}

TEST_CASE("a checkpoint computes again in the precision that it was made in") {
  const ReplacedProduct emulated(emulated_product);
  manual_seed(2);
  const Net net;
  const auto hidden = [](const std::vector<Tensor>& in) {
    return tanh(linear(tanh(linear(in[0], in[1])), transpose(in[1], 0, 1)));
  };
  const auto gradient = [&](bool again) {
    Tensor loss;
    {
      const ProductPrecision recording(bfloat16);
      const std::vector<Tensor> in = {net.x, net.w1};
      loss = sum(square(again ? checkpoint(hidden, in) : hidden(in)));
    }
    return grad({loss}, {net.w1})[0];
  };
  CHECK(same_bits(gradient(true).array(), gradient(false).array()));
}

TEST_CASE("thin products of one weight wait with those of their own precision alone") {
  const ReplacedProduct emulated(emulated_product);
  manual_seed(3);
  const Tensor w = Tensor::randn({96, 128}).set_requires_grad();
  std::vector<Tensor> x;
  for (int i = 0; i < 6; ++i) x.push_back(Tensor::randn({64, 128}));
  const auto loss_of_step = [&](int i, Precision precision) {
    const ProductPrecision recording(precision);
    return sum(square(linear(x[static_cast<std::size_t>(i)], w)));
  };
  const auto gradient = [&](int first, int end, int first_rounded) {
    Tensor loss = Tensor::scalar(0);
    for (int i = first; i < end; ++i) {
      loss = loss + loss_of_step(i, i >= first_rounded ? bfloat16 : single);
    }
    return grad({loss}, {w})[0];
  };
  const Tensor mixed = gradient(0, 6, 3), apart = gradient(0, 3, 9) + gradient(3, 6, 0);
  CHECK(relative(mixed, apart) < 1e-6);
  CHECK(relative(mixed, gradient(0, 6, 9)) > 1e-4);
  CHECK(relative(mixed, gradient(0, 6, 0)) > 1e-4);
}
