#include "dropout.hpp"

#include "../core/dropout.hpp"
#include "../core/error.hpp"

namespace heed {

Dropout::Dropout(double probability) : p(probability) {
  if (!(p >= 0 && p < 1)) {
    throw ConfigError("Dropout: p is " + std::to_string(p) + ", expected [0, 1)");
  }
}

Tensor Dropout::operator()(const Tensor& x) const { return training && p > 0 ? dropout(x, p) : x; }

}  // namespace heed
