#include "../../layers/initializers.hpp"
#include "../../core/error.hpp"
#include "../../layers/embedding.hpp"
#include "../../layers/linear.hpp"
#include "../../layers/recurrent.hpp"
#include "support.hpp"

using namespace heed;
using namespace heed::test;

namespace {

double deviation(const Tensor& weight) {
  return std::sqrt(mean(square(weight.to(float64))).item());
}

/// Uniform in +-bound: inside, and with the deviation of a uniform distribution.
void check_uniform(const Tensor& weight, double bound) {
  CHECK(max(abs(weight)).item() <= bound);
  const double tolerance = 2 / std::sqrt(static_cast<double>(weight.numel()));
  CHECK(deviation(weight) == Approx(bound / std::sqrt(3.0)).epsilon(tolerance));
}

void check_orthonormal_rows(const Tensor& weight, double limit) {
  const Tensor gram = matmul(weight, transpose(weight, 0, 1));
  CHECK(difference(gram, Tensor::eye(weight.size(0), weight.dtype())) < limit);
}

}  // namespace

TEST_CASE("initialisers have the spread that their papers give") {
  manual_seed(1);
  const Tensor weight = Tensor::zeros({97, 53});
  init::xavier_uniform(weight);
  check_uniform(weight, std::sqrt(6.0 / 150));
  init::xavier_normal(weight, 2);
  CHECK(deviation(weight) == Approx(2 * std::sqrt(2.0 / 150)).epsilon(0.05));
  init::uniform_fan(weight, 53);
  check_uniform(weight, 1 / std::sqrt(53.0));
  init::normal(weight, 0.01);
  CHECK(deviation(weight) == Approx(0.01).epsilon(0.05));
  CHECK(std::abs(mean(weight).item()) < 0.001);
  init::constant(weight, 3);
  CHECK(difference(weight, Tensor::full({97, 53}, 3)) == 0);
}

TEST_CASE("orthogonal matrices are, square, wide, tall and scaled") {
  manual_seed(2);
  for (const DType dtype : {float32, float64}) {
    const double limit = dtype == float32 ? 1e-6 : 1e-13;
    const Tensor square_one = Tensor::zeros({31, 31}, dtype);
    init::orthogonal(square_one);
    check_orthonormal_rows(square_one, limit);
    check_orthonormal_rows(transpose(square_one, 0, 1), limit);
    const Tensor wide = Tensor::zeros({7, 13}, dtype), tall = Tensor::zeros({13, 7}, dtype);
    init::orthogonal(wide);
    check_orthonormal_rows(wide, limit);
    init::orthogonal(tall, 3);
    check_orthonormal_rows(transpose(tall, 0, 1) * (1 / 3.0), limit);
  }
  CHECK_THROWS_AS(init::orthogonal(Tensor::zeros({5})), ShapeError);
  CHECK_THROWS_AS(init::xavier_uniform(Tensor::zeros({5})), ShapeError);
}

TEST_CASE("initialisers draw from the default generator and raise the version") {
  const Tensor a = Tensor::zeros({5, 3}), b = Tensor::zeros({5, 3});
  manual_seed(3);
  init::normal(a, 1);
  init::normal(b, 1);
  CHECK(difference(a, b) > 0);
  manual_seed(3);
  init::normal(b, 1);
  CHECK(difference(a, b) == 0);
  CHECK(a.array().version() == 1);
}

TEST_CASE("layers start as in PyTorch") {
  manual_seed(4);
  const Linear linear_layer(53, 97);
  check_uniform(linear_layer.weight, 1 / std::sqrt(53.0));
  check_uniform(linear_layer.bias, 1 / std::sqrt(53.0));
  const GRUCell cell({.input = 101, .hidden = 31});
  for (const Tensor& weight : parameters(cell)) check_uniform(weight, 1 / std::sqrt(31.0));
  CHECK(deviation(Embedding(97, 53).weight) == Approx(1).epsilon(0.05));
}
