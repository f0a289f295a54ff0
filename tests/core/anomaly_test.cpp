#include <catch2/catch.hpp>

#include "../../core/anomaly.hpp"
#include "../../core/error.hpp"
#include "../../core/operations.hpp"

using namespace heed;
using Catch::Contains;

TEST_CASE("anomaly mode names the operation whose result has the first NaN") {
  const Tensor x = Tensor::of({4, 1, -1, 9}, {2, 2}).set_requires_grad();
  CHECK_NOTHROW(exp(sqrt(x)));
  const DetectAnomaly detect;
  CHECK_THROWS_WITH(exp(sqrt(x)), Contains("the result of sqrt [2, 2] has a NaN at [1, 0]"));
  CHECK_THROWS_AS(sqrt(x), NumericError);
  CHECK_NOTHROW(log(Tensor::zeros({2})));  // an infinity
}

TEST_CASE("anomaly mode names the operation that overflows where that is asked for") {
  const Tensor x = Tensor::of({3, 400, -1}, {3}, float32);
  const DetectAnomaly detect(Anomaly::overflow);
  CHECK_THROWS_WITH(exp(x) * 2.0, Contains("the result of exp [3] has an infinity at [1]"));
  CHECK_THROWS_WITH(sqrt(x), Contains("has a NaN at [2]"));
  CHECK_NOTHROW(log(Tensor::zeros({2})));
}

TEST_CASE("anomaly mode names the rule that made the first NaN of the backward pass") {
  const Tensor x = Tensor::of({4, 0}, {2}).set_requires_grad();
  const Tensor loss = sum(sqrt(x * 1.0) * Tensor::of({1, 0}, {2}));  // 0 / 0
  {
    const DetectAnomaly detect;
    const DetectAnomaly inner;
    CHECK_THROWS_WITH(loss.backward({.retain = true}),
                      Contains("the backward rule of sqrt (result [2]") &&
                          Contains("its input 0, made by mul, [2] has a NaN at [1]"));
  }
  CHECK_FALSE(detects_anomaly());
  CHECK_NOTHROW(loss.backward());
}
