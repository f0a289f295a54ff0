#pragma once

#include <string>
#include <vector>

#include "tensor.hpp"

namespace heed {

struct GradcheckOptions {
  double eps = 1e-6;   ///< step of the central difference
  double rtol = 1e-6;  ///< |analytic - numeric| <= atol + rtol |numeric|
  double atol = 1e-8;
};

/// What a gradient check found; converts to true if every element agrees.
struct GradcheckResult {
  bool ok = true;
  /// The worst element: `input 1, element [2, 0]: analytic 0.25, numeric 0.5`.
  std::string message;
  double largest_error = 0;
  explicit operator bool() const { return ok; }
};

/// A function of tensors, behind one pointer.
struct TensorFunction {
  const void* object;
  Tensor (*call)(const void* object, const std::vector<Tensor>& inputs);
};
GradcheckResult gradcheck(TensorFunction function, const std::vector<Tensor>& inputs,
                          GradcheckOptions options);

/// Compares the gradient of `function(inputs)` with central differences, element by element of each
/// floating input. The output may have any shape: it is summed with fixed weights. Floating inputs
/// must be float64 (`TypeError`: in float32 the difference is mostly rounding); int32 and bool ones
/// are passed through.
///
///     gradcheck([](const std::vector<Tensor>& x) { return my_function(x[0], x[1]); }, {a, b})
///     gradcheck([&](const std::vector<Tensor>&) { return layer(x); }, parameters(layer))
template <class F>
GradcheckResult gradcheck(const F& function, const std::vector<Tensor>& inputs,
                          GradcheckOptions options = {}) {
  return gradcheck(TensorFunction{&function,
                                  [](const void* object, const std::vector<Tensor>& x) {
                                    return Tensor((*static_cast<const F*>(object))(x));
                                  }},
                   inputs, options);
}

}  // namespace heed
