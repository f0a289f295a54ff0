#pragma once

#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <vector>

#include "../../core/error.hpp"
#include "../../core/gradcheck.hpp"
#include "../../core/operations.hpp"
#include "../../layers/module.hpp"

namespace heed::test {

/// The largest |a - b|, infinite if shapes or types differ or an element is not a number.
inline double difference(const Tensor& a, const Tensor& b) {
  if (a.shape() != b.shape() || a.dtype() != b.dtype()) return INFINITY;
  const auto x = a.to(float64).to_vector<double>(), y = b.to(float64).to_vector<double>();
  double largest = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double error = std::abs(x[i] - y[i]);
    if (!(error <= largest)) largest = std::isnan(error) ? INFINITY : error;
  }
  return largest;
}

/// A scalar that depends on every element of `y` with another weight.
inline Tensor mixed(const Tensor& y) {
  const Tensor flat = reshape(y, {-1});
  std::vector<double> weights(static_cast<std::size_t>(flat.numel()));
  for (std::size_t i = 0; i < weights.size(); ++i) {
    weights[i] = std::cos(static_cast<double>(i) + 0.3);
  }
  return sum(flat * Tensor::from(weights, flat.shape()).to(y.dtype()));
}

/// The largest difference between the gradients of `mixed(f())`
/// and of `mixed(g())`, values included.
template <class F, class G>
double gradient_difference(const F& f, const G& g, const std::vector<Tensor>& leaves) {
  const Tensor a = f(), b = g();
  double largest = difference(a, b);
  const auto da = grad({mixed(a)}, leaves), db = grad({mixed(b)}, leaves);
  for (std::size_t i = 0; i < leaves.size(); ++i) {
    largest = std::max(largest, difference(da[i], db[i]));
  }
  return largest;
}

/// A float64 leaf with normal numbers.
inline Tensor leaf(const Shape& shape) {
  Tensor tensor = Tensor::randn(shape, float64);
  return tensor.set_requires_grad();
}

/// A module's weights together with other leaves.
inline std::vector<Tensor> leaves_of(ModuleView module, const std::vector<Tensor>& others) {
  std::vector<Tensor> all = parameters(module);
  all.insert(all.end(), others.begin(), others.end());
  return all;
}

/// keep [B, S] of sequences with these lengths.
inline Tensor keep_of(const std::vector<int64_t>& lengths, int64_t S) {
  std::vector<int32_t> keep;
  for (const int64_t length : lengths) {
    for (int64_t t = 0; t < S; ++t) keep.push_back(t < length);
  }
  return Tensor::from(keep, {static_cast<int64_t>(lengths.size()), S}).to(boolean);
}

/// Checks the gradients of `f()` for these leaves with central differences,
/// by the default tolerances.
template <class F>
void check_gradients(const F& f, const std::vector<Tensor>& leaves) {
  const auto result = gradcheck([&](const std::vector<Tensor>&) { return f(); }, leaves);
  INFO(result.message);
  CHECK(result.ok);
}

}  // namespace heed::test
