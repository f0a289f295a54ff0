#include "linear.hpp"

#include "../core/products.hpp"
#include "check.hpp"
#include "initializers.hpp"

namespace heed {

Linear::Linear(int64_t in, int64_t out, bool with_bias)
    : weight(init::empty({positive("Linear", "out", out), positive("Linear", "in", in)})) {
  init::uniform_fan(weight, in);
  if (!with_bias) return;
  bias = Parameter(init::empty({out}));
  init::uniform_fan(bias, in);
}

Tensor Linear::operator()(const Tensor& x) const { return linear(x, weight, bias); }

}  // namespace heed
