#pragma once

#include "../array.hpp"

namespace heed::kernels {

/// An element is dropped where its random word, one of the Philox counter's from `block` on, is
/// less than p 2^32: one word an element for both types.
struct Dropping {
  double p;
  uint64_t seed, stream, block;
};

/// x / (1 - p), or 0 where dropped; also the gradient from that of the result.
Array dropout(const Array& x, const Dropping& how);
/// dropout(relu(x)).
Array dropout_relu(const Array& x, const Dropping& how);
/// The gradient of `dropout_relu` from that of its result y, written over g if nobody else has it;
/// what is dropped is seen in y.
Array dropout_relu_gradient(const Array& g, const Array& y, double p);
/// x + dropout(y), for equal shapes.
Array add_dropout(const Array& x, const Array& y, const Dropping& how);

}  // namespace heed::kernels
