#pragma once

#include <vector>

#include "../../core/tensor.hpp"

/// A leaf of a graph with these numbers.
inline heed::Tensor leaf(std::initializer_list<double> values, heed::DType dtype = heed::float64) {
  const heed::Shape shape{static_cast<int64_t>(values.size())};
  return heed::Tensor::of(values, shape, dtype).set_requires_grad();
}

using Values = std::vector<double>;
inline Values values(const heed::Tensor& x) { return x.to_vector<double>(); }
