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
  return add_dropout(x, y, training ? p : 0);
}

Tensor Dropout::relu(const Tensor& x) const { return dropout_relu(x, training ? p : 0); }

}  // namespace heed
