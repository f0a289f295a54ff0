#include "dropout.hpp"

#include "../core/error.hpp"
#include "../core/operations.hpp"

namespace heed {

Dropout::Dropout(double probability) : p(probability) {
  if (!(p >= 0 && p < 1)) {
    throw ConfigError("Dropout: p is " + std::to_string(p) + ", expected [0, 1)");
  }
}

Tensor Dropout::operator()(const Tensor& x) const { return training && p > 0 ? dropout(x, p) : x; }

Tensor Dropout::add(const Tensor& x, const Tensor& y) const {
  return training && p > 0 ? add_dropout(x, y, p) : x + y;
}

Tensor Dropout::relu(const Tensor& x) const {
  return training && p > 0 ? dropout_relu(x, p) : heed::relu(x);
}

}  // namespace heed
