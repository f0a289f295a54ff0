#include "feed_forward.hpp"

#include "../core/operations.hpp"

namespace heed {

Tensor activate(Activation activation, const Tensor& x) {
  switch (activation) {
    case Activation::relu:
      return relu(x);
    case Activation::gelu:
      return gelu(x);
    case Activation::swish:
      return silu(x);
  }
  return x;
}

FeedForward::FeedForward(FeedForwardConfig sizes)
    : config(sizes),
      linear1(sizes.size, sizes.inner, sizes.bias),
      linear2(sizes.inner, sizes.size, sizes.bias),
      dropout(sizes.dropout) {}

Tensor FeedForward::operator()(const Tensor& x) const {
  const Tensor inner = linear1(x);
  if (config.activation == Activation::relu) return linear2(dropout.relu(inner));
  return linear2(dropout(activate(config.activation, inner)));
}

}  // namespace heed
