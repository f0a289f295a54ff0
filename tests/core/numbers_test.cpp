// Numbers at the edge of their range, and of types that don't fit each other.
#include <catch2/catch.hpp>
#include <cmath>
#include <functional>

#include "../../core/error.hpp"
#include "../../core/operations.hpp"
#include "leaves.hpp"

using namespace heed;

namespace {

std::vector<double> plain(const Tensor& x) { return x.to(float64).to_vector<double>(); }

double logsumexp_of(double a, double b) { return logsumexp(Tensor::of({a, b}, {2})).item(); }

std::vector<double> gradient(const Tensor& y, const Tensor& x) {
  sum(y).backward();
  return plain(x.grad());
}

}  // namespace

TEST_CASE("sparsemax ends where an element is rounded onto the threshold") {
  for (const DType dtype : {float32, float64}) {
    const std::vector<double> y = plain(sparsemax(Tensor::of({1, .5, .5, 1. / 3}, {4}, dtype)));
    CHECK(y[0] == Approx(2. / 3));
    CHECK(y[1] == Approx(1. / 6));
    CHECK(y[2] == Approx(1. / 6));
    CHECK(y[3] == Approx(0).margin(1e-6));
  }
}

TEST_CASE("sparsemax of a row with NaN is NaN") {
  for (const double y : plain(sparsemax(Tensor::of({1, NAN, 0.9}, {3})))) CHECK(std::isnan(y));
}

TEST_CASE("logsumexp gives NaN for a row with NaN, whatever stands beside it") {
  CHECK(std::isnan(logsumexp_of(NAN, NAN)));
  CHECK(std::isnan(logsumexp_of(NAN, INFINITY)));
  CHECK(std::isnan(logsumexp_of(-INFINITY, NAN)));
  CHECK(std::isnan(logsumexp_of(NAN, 1)));
  CHECK(logsumexp_of(-INFINITY, INFINITY) == INFINITY);
  CHECK(logsumexp_of(-INFINITY, -INFINITY) == -INFINITY);
}

TEST_CASE("cross_entropy of logits that have no softmax is NaN, and so is its gradient") {
  for (const double bad : {static_cast<double>(NAN), static_cast<double>(INFINITY)}) {
    for (const int i : {0, 1, 2, 3}) {
      const Tensor x = Tensor::of({bad, 1}, {1, 2}).set_requires_grad();
      const Tensor loss =
          cross_entropy(x, Tensor::full({1}, i % 2, int32), {.label_smoothing = i < 2 ? 0 : 0.1});
      CHECK(std::isnan(loss.item()));
      for (const double g : gradient(loss, x)) CHECK(std::isnan(g));
    }
  }
}

TEST_CASE("a variance of nothing is NaN, and one without degrees of freedom is never negative") {
  CHECK(std::isnan(var(Tensor::zeros({0})).item()));
  CHECK(std::isnan(mean(Tensor::zeros({0})).item()));
  CHECK(std::isnan(var(Tensor::of({5}, {1})).item()));
  CHECK(var(Tensor::of({1, 2}, {2}), {}, false, 3).item() == INFINITY);
  CHECK(var(Tensor::of({1, 3}, {2}), {}, false, 0).item() == 1);
}

TEST_CASE("the gradients of x^0 and 0^x are 0 where the power is constant") {
  const Tensor a = leaf({0, 0, 2, -1});
  CHECK(gradient(pow(a, 0.0), a) == std::vector<double>{0, 0, 0, 0});
  const Tensor base = leaf({0, 0, 0, INFINITY}), exponent = leaf({0, 1, 2, 0});
  sum(pow(base, exponent)).backward();
  CHECK(plain(base.grad()) == std::vector<double>{0, 1, 0, 0});
  CHECK(plain(exponent.grad())[1] == 0);
  CHECK(plain(exponent.grad())[2] == 0);
}

TEST_CASE("norm and its gradient neither underflow nor overflow") {
  for (const DType dtype : {float32, float64}) {
    for (const double size : {dtype == float32 ? 1e-30 : 1e-200, dtype == float32 ? 1e30 : 1e200}) {
      for (const double p : {2.0, 2.5, 0.5}) {
        const Tensor x = leaf({3 * size, -4 * size, 0}, dtype);
        const Tensor unit = leaf({3, -4, 0}, dtype);
        CAPTURE(dtype, size, p);
        CHECK(norm(x, p).item() / size == Approx(norm(unit, p).item()));
        const std::vector<double> got = gradient(norm(x, p), x);
        const std::vector<double> wanted = gradient(norm(unit, p), unit);
        for (std::size_t i = 0; i < 3; ++i) CHECK(got[i] == Approx(wanted[i]));
      }
    }
  }
  CHECK(norm(Tensor::of({1, INFINITY}, {2})).item() == INFINITY);
  CHECK(std::isnan(norm(Tensor::of({1, NAN}, {2})).item()));
  CHECK(norm(Tensor::of({3, 4}, {2})).item() == 5);
}

TEST_CASE("division by a number divides, and by a tensor too") {
  for (const DType dtype : {float32, float64}) {
    const Tensor x = Tensor::of({49, 7, 3}, {3}, dtype);
    CHECK(plain(x / 49)[0] == 1);
    CHECK(plain(49 / x)[0] == 1);
    const double tiny = dtype == float32 ? 1e-39 : 1e-309;
    const std::vector<double> y = plain(Tensor::of({0, tiny, 10 * tiny}, {3}, dtype) / tiny);
    CHECK(y[0] == 0);
    CHECK(y[1] == 1);
    CHECK(y[2] == Approx(10).epsilon(1e-4));
    CHECK(mean(Tensor::ones({49}, dtype)).item() == 1);
  }
  const Tensor x = leaf({2, 4});
  CHECK(gradient(x / 4, x) == std::vector<double>{0.25, 0.25});
  x.zero_grad();
  CHECK(gradient(8 / x, x) == std::vector<double>{-2, -0.5});
}

TEST_CASE("a number that whole elements can't hold is refused with what to write") {
  const Tensor x = Tensor::of({1, 2, 7}, {3}, int32), mask = eq(x, 2);
  const Tensor bits = mask.detach();
  CHECK_THROWS_WITH(x + 3000000000, "add: 3e+09 is no int32; convert the tensor with .to(float64)");
  CHECK_THROWS_WITH(masked_fill(x, mask, 0.5), Catch::Contains("tensor with .to(float32)"));
  const std::vector<std::function<Tensor()>> refused = {
      [&] { return x * 3000000000; },
      [&] { return x - 3000000000; },
      [&] { return x - 2147483648; },
      [&] { return clamp_min(x, 3000000000); },
      [&] { return clamp(x, 2, 3000000000); },
      [&] { return pow(x, -1); },
      [&] { return where(mask, x, 3000000000); },
      [&] { return bits - 1; },
      [&] { return -bits; },
      [&] { return pow(bits, bits); },
      [&] { return masked_fill(x, mask, 0.5); },
      [&] { return masked_fill(bits, mask, 0.5); },
      [&] { return x.clone().mul_(0.5); },
      [&] { return x.clone().add_(x, 0.5); },
      [&] { return x.clone().fill_(0.5); },
      [&] { return Tensor::full({2}, 0.5, int32); }};
  for (std::size_t i = 0; i < refused.size(); ++i) {
    CAPTURE(i);
    CHECK_THROWS_AS(refused[i](), TypeError);
  }
  CHECK(plain(x + 2) == std::vector<double>{3, 4, 9});
  CHECK(plain(5 - x * 2) == std::vector<double>{3, 1, -9});
  CHECK(plain(lt(x, 1.5)) == std::vector<double>{1, 0, 0});
  CHECK(plain(eq(x, 1.5)) == std::vector<double>{0, 0, 0});
  CHECK(plain(clamp(x, 2, INFINITY)) == std::vector<double>{2, 2, 7});
  CHECK(clamp(x, 2, 5).dtype() == int32);
  CHECK(clamp_min(x, 2).to_vector<int32_t>() == std::vector<int32_t>{2, 2, 7});
  CHECK(clamp_max(x, 2).to_vector<int32_t>() == std::vector<int32_t>{1, 2, 2});
  CHECK(clamp_max(x, 1.5).to_vector<float>() == std::vector<float>{1, 1.5, 1.5});
}

TEST_CASE("the gradient of a power takes the logarithm of the base as it was given") {
  for (const double base : {0.999999, 1.0000001, 0.99999999}) {
    const Tensor x = leaf({0, 1, 10}, float32);
    for (const double g : gradient(pow(base, x), x))
      CHECK(g == Approx(std::log(base)).epsilon(1e-4));
  }
  for (const double base : {1e300, 1e-46}) {
    const Tensor x = leaf({0}, float32);
    CHECK(gradient(pow(base, x), x)[0] == Approx(std::log(base)));
  }
  const Tensor x = leaf({0, 2, -1}, float32);
  const std::vector<double> of_zero = gradient(pow(0.0, x), x);
  CHECK(of_zero == std::vector<double>{0, 0, -INFINITY});
  CHECK(pow(2, Tensor::of({3, 0}, {2}, int32)).to_vector<int32_t>() == std::vector<int32_t>{8, 1});
  CHECK(pow(0.5, Tensor::of({3, 0}, {2}, int32)).to_vector<float>() ==
        std::vector<float>{0.125, 1});
  CHECK_THROWS_AS(pow(true, Tensor::ones({2}, boolean)), TypeError);
}

TEST_CASE("expm1 keeps the digits of a small number and its sign") {
  for (const DType dtype : {float32, float64}) {
    const double tiny = dtype == float32 ? 1e-40 : 1e-310;
    const Tensor x = Tensor::of({1e-7, -1e-7, tiny, 0.0, -0.0, 3, INFINITY, -INFINITY}, {8}, dtype);
    const std::vector<double> y = plain(expm1(x)), from = plain(x);
    for (std::size_t i = 0; i < 6; ++i) CHECK(y[i] == Approx(std::expm1(from[i])).margin(0));
    CHECK(std::signbit(y[4]));
    CHECK(y[6] == INFINITY);
    CHECK(y[7] == -1);
  }
}
