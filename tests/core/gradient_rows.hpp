#pragma once

#include <functional>
#include <string>
#include <vector>

#include "../../core/operations.hpp"

/// What gradient_table_test.cpp walks.
namespace heed::test {

using Inputs = std::vector<Tensor>;

/// Numbers of one input: its shape, and the interval they come from (away from kinks and poles).
struct Domain {
  Shape shape;
  double low = -2, high = 2;
};

struct GradientRow {
  std::string name;
  std::vector<Domain> domains;
  std::function<Tensor(const Inputs&)> call;
};

std::vector<GradientRow> elementwise_gradient_rows();
std::vector<GradientRow> loss_gradient_rows();

}  // namespace heed::test
