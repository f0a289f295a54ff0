#include <cmath>
#include <limits>
#include <numeric>

#include "../../core/kernels/elementwise.hpp"
#include "../../core/kernels/reductions.hpp"
#include "kernel_helpers.hpp"
#include "layouts.hpp"

using namespace heed;
using namespace heed::testing;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

double mixed(int64_t i) { return static_cast<double>((i * 7919 + 11) % 10007 - 5003) / 512; }
double near_1(int64_t i) { return 1 + mixed(i) / 64; }
double whole(int64_t i) { return static_cast<double>((i * 37 + 11) % 101 - 50); }

/// The elements of `x` that each element of a reduction over `axes` stands for, in row-major order.
std::vector<std::vector<double>> members(const Array& x, const Axes& axes) {
  bool reduced[max_rank] = {};
  for (int i = 0; i < x.rank(); ++i) reduced[i] = axes.empty();
  for (const int64_t axis : axes) reduced[axis] = true;
  int64_t count = 1;
  for (int i = 0; i < x.rank(); ++i) count *= reduced[i] ? 1 : x.shape()[i];
  std::vector<std::vector<double>> groups(static_cast<std::size_t>(count));
  const std::vector<double> values = plain(x);
  for (int64_t i = 0; i < x.numel(); ++i) {
    int64_t rest = i, place = 0, step = 1;
    for (int axis = x.rank() - 1; axis >= 0; --axis) {
      if (!reduced[axis]) {
        place += rest % x.shape()[axis] * step;
        step *= x.shape()[axis];
      }
      rest /= x.shape()[axis];
    }
    groups[static_cast<std::size_t>(place)].push_back(values[static_cast<std::size_t>(i)]);
  }
  return groups;
}

double sum_of(const std::vector<double>& v) { return std::accumulate(v.begin(), v.end(), 0.0); }
double max_of(const std::vector<double>& v) { return *std::max_element(v.begin(), v.end()); }
double min_of(const std::vector<double>& v) { return *std::min_element(v.begin(), v.end()); }
double prod_of(const std::vector<double>& v) {
  return std::accumulate(v.begin(), v.end(), 1.0, std::multiplies<double>());
}
double logsumexp_of(const std::vector<double>& v) {
  double sum = 0;
  for (const double x : v) sum += std::exp(x);
  return std::log(sum);
}

using Kernel = Array (*)(const Array& x, const Axes& axes, bool keep);
using Reference = double (*)(const std::vector<double>&);

void check_reduction(Kernel kernel, Reference reference, const Array& x, const Axes& axes,
                     double tolerance) {
  std::vector<double> expected;
  for (const auto& group : members(x, axes)) expected.push_back(reference(group));
  const Array y = kernel(x, axes, false), kept = kernel(x, axes, true);
  REQUIRE(y.dtype() == x.dtype());
  REQUIRE(kept.rank() == x.rank());
  REQUIRE(plain(kept) == plain(y));
  const std::vector<double> got = plain(y);
  REQUIRE(got.size() == expected.size());
  for (std::size_t i = 0; i < got.size(); ++i) {
    if (std::abs(got[i] - expected[i]) > tolerance * (1 + std::abs(expected[i]))) {
      FAIL("element " << i << ": " << got[i] << " should be " << expected[i]);
    }
  }
}

/// All lists of axes of an array of rank 3, in order and not.
const std::vector<Axes> axes_of_three = {{},     {0},    {1},    {2},    {0, 1},
                                         {1, 0}, {0, 2}, {1, 2}, {2, 1}, {0, 1, 2}};

void check_layouts(const char* name, Kernel kernel, Reference reference, DType dtype,
                   double (*value)(int64_t) = mixed) {
  for (const Layout& layout : layouts(dtype, dtype == int32 ? whole : value)) {
    const bool empty = layout.x.numel() == 0;
    if (empty && (reference == max_of || reference == min_of)) continue;
    for (const Axes& axes : axes_of_three) {
      bool fits = true;
      for (const int64_t axis : axes) fits = fits && axis < layout.x.rank();
      if (!fits) continue;
      INFO(name << " of " << to_string(dtype) << ", " << layout.name << ", axes "
                << to_string(axes));
      check_reduction(kernel, reference, layout.x, axes, dtype == float64 ? 1e-13 : 1e-6);
    }
  }
}

}  // namespace

TEST_CASE("sums over any axes agree with plain loops in every layout") {
  for (const DType dtype : {float32, float64, int32}) {
    check_layouts("sum", kernels::sum, sum_of, dtype);
  }
}

TEST_CASE("the largest and smallest over any axes agree with plain loops in every layout") {
  for (const DType dtype : {float32, float64, int32}) {
    check_layouts("max", kernels::max, max_of, dtype);
    check_layouts("min", kernels::min, min_of, dtype);
  }
}

TEST_CASE("products over any axes agree with plain loops in every layout") {
  for (const DType dtype : {float32, float64}) {
    check_layouts("prod", kernels::prod, prod_of, dtype, near_1);
  }
}

TEST_CASE("logsumexp over any axes agrees with plain loops in every layout") {
  for (const DType dtype : {float32, float64}) {
    check_layouts("logsumexp", kernels::logsumexp, logsumexp_of, dtype);
  }
}

TEST_CASE("reductions of long axes are cut and still right") {
  for (const DType dtype : {float32, float64, int32}) {
    const auto value = dtype == int32 ? whole : mixed;
    const std::vector<std::pair<Shape, Axes>> cases = {
        {{200003}, {0}},       {{3, 70001}, {1}},    {{70001, 3}, {0}}, {{1031, 769}, {0}},
        {{2, 1031, 131}, {1}}, {{2, 17, 4099}, {1}}, {{13, 257}, {0}},  {{1031, 61}, {1}}};
    for (const auto& [shape, axes] : cases) {
      INFO(to_string(dtype) << " " << to_string(shape) << " over " << to_string(axes));
      const Array x = filled(shape, dtype, value);
      check_reduction(kernels::sum, sum_of, x, axes, dtype == float64 ? 1e-12 : 1e-6);
      check_reduction(kernels::max, max_of, x, axes, 0);
      check_reduction(kernels::min, min_of, x, axes, 0);
    }
  }
}

TEST_CASE("products of long axes are cut and still right") {
  const Array x = filled({70001, 3}, float64, [](int64_t i) { return 1 + mixed(i) / 1e6; });
  check_reduction(kernels::prod, prod_of, x, {0}, 1e-11);
  check_reduction(kernels::prod, prod_of, x, {}, 1e-11);
  check_reduction(kernels::prod, prod_of, x.transpose(0, 1), {1}, 1e-11);
  // float32 overflows on the way, its double does not.
  const Array huge = Array::from<float>({1e30f, 1e30f, 1e-30f, 1e-30f}, {4});
  CHECK(kernels::prod(huge, {}, false).item() == Approx(1));
}

TEST_CASE("sums of float32 lose nothing over a million elements") {
  const Array x = Array::full({1000, 1009}, 0.1);
  const double exact = 1009000.0 * static_cast<double>(0.1f);
  CHECK(kernels::sum(x, {}, false).item() == Approx(exact).epsilon(1e-7));
  const std::vector<double> columns = plain(kernels::sum(x, {0}, false));
  for (const double v : columns) REQUIRE(v == Approx(exact / 1009).epsilon(1e-7));
}

TEST_CASE("reductions of nothing give sum 0 and product 1 and logsumexp -inf") {
  const Array x = Array::zeros({3, 0, 2});
  CHECK(plain(kernels::sum(x, {1}, false)) == std::vector<double>(6, 0.0));
  CHECK(kernels::sum(x, {}, false).item() == 0);
  CHECK(plain(kernels::logsumexp(x, {1}, false)) == std::vector<double>(6, -infinity));
  CHECK(kernels::sum(x, {0}, false).shape() == Shape{0, 2});
  CHECK(kernels::max(x, {0}, false).numel() == 0);
  CHECK(plain(kernels::prod(x, {1}, false)) == std::vector<double>(6, 1.0));
  CHECK(kernels::sum_of_squares(x) == 0);
  CHECK(kernels::all_finite(x));
}

TEST_CASE("logsumexp is right for huge, infinite and NaN elements") {
  const Array x = Array::from<double>({1000, 1000, -infinity, -infinity, infinity, 5, infinity,
                                       -infinity, not_a_number, 3, -1000, -1001},
                                      {6, 2});
  for (const DType dtype : {float32, float64}) {
    for (const Array& y : {kernels::logsumexp(x.to(dtype), {1}, false),
                           kernels::logsumexp(x.to(dtype).transpose(0, 1), {0}, false)}) {
      const std::vector<double> v = plain(y);
      CHECK(v[0] == Approx(1000 + std::log(2.0)));
      CHECK(v[1] == -infinity);
      CHECK(v[2] == infinity);
      CHECK(v[3] == infinity);
      CHECK(std::isnan(v[4]));
      CHECK(v[5] == Approx(-1000 + std::log1p(std::exp(-1.0))));
    }
  }
}

TEST_CASE("max and min propagate NaN and find infinities, in rows and in columns") {
  for (const DType dtype : {float32, float64}) {
    for (const int64_t n : {1, 3, 17, 40, 70001}) {
      const Array x = Array::full({4, n}, -infinity, dtype);
      kernels::fill(x.slice(0, 1, 2).slice(1, n / 2, n / 2 + 1), not_a_number);
      kernels::fill(x.slice(0, 2, 3), -3);
      kernels::fill(x.slice(0, 3, 4).slice(1, n - 1, n), infinity);
      for (const Array& y :
           {kernels::max(x, {1}, false), kernels::max(x.transpose(0, 1).clone(), {0}, false)}) {
        const std::vector<double> v = plain(y);
        CHECK(v[0] == -infinity);
        CHECK(std::isnan(v[1]));
        CHECK(v[2] == -3);
        CHECK(v[3] == infinity);
      }
      const Array negative = kernels::mul(x, -1);
      for (const Array& y : {kernels::min(negative, {1}, false),
                             kernels::min(negative.transpose(0, 1).clone(), {0}, false)}) {
        const std::vector<double> v = plain(y);
        CHECK((v[0] == infinity && std::isnan(v[1]) && v[2] == 3 && v[3] == -infinity));
      }
    }
  }
}

TEST_CASE("argmax and argmin find the first of any axis in every layout, NaN before all") {
  for (const DType dtype : {float32, float64, int32}) {
    for (const Layout& layout : layouts(dtype, [](int64_t i) { return double(i * 7 % 11); })) {
      for (int axis = 0; axis < layout.x.rank(); ++axis) {
        if (layout.x.shape()[axis] == 0) continue;
        INFO(to_string(dtype) << ", " << layout.name << ", axis " << axis);
        std::vector<double> expected;
        for (const auto& group : members(layout.x, {axis})) {
          expected.push_back(double(std::max_element(group.begin(), group.end()) - group.begin()));
        }
        const Array y = kernels::argmax(layout.x, axis, false);
        REQUIRE(y.dtype() == int32);
        REQUIRE(y.shape() == layout.x.shape().without(axis));
        REQUIRE(plain(y) == expected);
        REQUIRE(kernels::argmax(layout.x, axis, true).shape()[axis] == 1);
        REQUIRE(plain(kernels::argmin(kernels::neg(layout.x), axis, false)) == expected);
      }
    }
  }
  const Array x = Array::from<double>({1, not_a_number, 5, not_a_number, -infinity, -infinity,
                                       -infinity, -infinity, 2, 7, infinity, 7},
                                      {3, 4});
  CHECK(plain(kernels::argmax(x, 1, false)) == std::vector<double>{1, 0, 2});
  CHECK(plain(kernels::argmin(x, 1, false)) == std::vector<double>{1, 0, 0});
}

TEST_CASE("sum_to is the adjoint of expand") {
  const std::vector<std::pair<Shape, Shape>> cases = {
      {{}, {3, 5}},           {{5}, {3, 5}},          {{1, 5}, {3, 5}},       {{3, 1}, {3, 5}},
      {{1}, {3, 5}},          {{7, 1, 5}, {7, 3, 5}}, {{1, 3, 1}, {7, 3, 5}}, {{3, 5}, {3, 5}},
      {{1, 1, 5}, {7, 1, 5}}, {{768}, {1031, 768}}};
  for (const auto& [small, large] : cases) {
    INFO(to_string(small) << " to " << to_string(large));
    const Array g = filled(large, float64, mixed), x = filled(small, float64, whole);
    const Array back = kernels::sum_to(g, small);
    REQUIRE(back.shape() == small);
    // <expand(x), g> = <x, sum_to(g)>
    const double left = kernels::sum(kernels::mul(x.expand(large), g), {}, false).item();
    const double right = kernels::sum(kernels::mul(x, back), {}, false).item();
    CHECK(left == Approx(right));
  }
  const Array ones = Array::full({}, 1).expand({3, 5, 7});
  CHECK(plain(kernels::sum_to(ones, {5, 1})) == std::vector<double>(5, 21.0));
}

TEST_CASE("sums of squares run in double and all_finite finds a single bad element anywhere") {
  for (const DType dtype : {float32, float64}) {
    for (const Layout& layout : layouts(dtype, mixed)) {
      double expected = 0;
      for (const double v : plain(layout.x)) expected += v * v;
      INFO(layout.name);
      CHECK(kernels::sum_of_squares(layout.x) == Approx(expected).epsilon(1e-12));
      CHECK(kernels::all_finite(layout.x));
    }
    const double huge = dtype == float32 ? 3e38 : 1e308;
    for (const double bad : {infinity, -infinity, not_a_number}) {
      for (const int64_t place : {0, 1, 15, 16, 17, 16384, 49998, 49999}) {
        const Array x = Array::full({50000}, huge, dtype);
        REQUIRE(kernels::all_finite(x));
        kernels::fill(x.slice(0, place, place + 1), bad);
        CHECK_FALSE(kernels::all_finite(x));
        CHECK(kernels::all_finite(x.slice(0, place + 1, 50000, 2)));
      }
    }
  }
}

TEST_CASE("reductions give the same bits for any number of threads") {
  const Array x = filled({1031, 769}, float32, mixed), wide = filled({3, 200003}, float32, mixed);
  for (const Axes& axes : {Axes{}, Axes{0}, Axes{1}}) {
    check_same_bits_for_threads([&] { return kernels::sum(x, axes, false); });
    check_same_bits_for_threads([&] { return kernels::sum(x.transpose(0, 1), axes, false); });
    check_same_bits_for_threads([&] { return kernels::sum(wide, axes, false); });
    check_same_bits_for_threads([&] { return kernels::logsumexp(x, axes, false); });
  }
  check_same_bits_for_threads([&] { return Array::full({}, kernels::sum_of_squares(x), float64); });
}
