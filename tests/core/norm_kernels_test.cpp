// layer_norm and its gradients against their formulas.
#include <cmath>

#include "../../core/kernels/rows.hpp"
#include "kernel_helpers.hpp"

using namespace heed;
using namespace heed::testing;

namespace {

constexpr double norm_eps = 0.25;

/// What layer_norm makes of x, and its gradients for dy; without a weight and bias where they are
/// undefined.
struct NormFormulas {
  NormFormulas(const Array& x, const Array& weight, const Array& bias, const Array& dy)
      : affine(weight.defined()),
        n(static_cast<std::size_t>(x.size(-1))),
        w(affine ? values(weight) : Numbers(n, 1)),
        b(affine ? values(bias) : Numbers(n)),
        g(values(dy)),
        dweight(n),
        dbias(n),
        dx(by_rows(x, [this](std::size_t row, Numbers v) { return row_of_dx(row, v); })) {}

  /// Appends a row of y and adds to the gradients of weight and bias.
  Numbers row_of_dx(std::size_t row, Numbers v) {
    const auto count = static_cast<double>(n);
    double mean = 0, variance = 0, mean_u = 0, mean_ux = 0;
    for (const double value : v) mean += value / count;
    for (const double value : v) variance += (value - mean) * (value - mean) / count;
    const double rstd = 1 / std::sqrt(variance + norm_eps);
    Numbers u(n);
    for (std::size_t i = 0; i < n; ++i) {
      v[i] = (v[i] - mean) * rstd;
      const double gradient = g[row * n + i];
      y.push_back(v[i] * w[i] + b[i]);
      dweight[i] += gradient * v[i];
      dbias[i] += gradient;
      u[i] = gradient * w[i];
      mean_u += u[i] / count;
      mean_ux += u[i] * v[i] / count;
    }
    for (std::size_t i = 0; i < n; ++i) v[i] = rstd * (u[i] - mean_u - v[i] * mean_ux);
    return v;
  }

  bool affine;
  std::size_t n;
  Numbers w, b, g, y, dweight, dbias, dx;  // dx last: its rows fill the others
};

}  // namespace

TEST_CASE("layer_norm and its gradients follow their formulas") {
  for (const DType dtype : {float32, float64}) {
    for (const int64_t n : {1, 7, 61, 257}) {
      const Array x = numbers({7, 11, n}, dtype, 1), g = numbers({7, 11, n}, dtype, 2);
      for (const bool affine : {true, false}) {
        const Array weight = affine ? with_gaps(numbers({n}, dtype, 3)) : Array();
        const Array bias = affine ? numbers({n}, dtype, 4) : Array();
        const NormFormulas right(x, weight, bias, g);
        for (const Array& source : {x, turned(x), with_gaps(x)}) {
          Array mean, rstd, dweight, dbias;
          check_close(kernels::layer_norm(source, weight, bias, norm_eps, mean, rstd), right.y,
                      tolerance(dtype, 1e-5));
          const Array dx =
              kernels::layer_norm_backward(turned(g), source, weight, mean, rstd,
                                           affine ? &dweight : nullptr, affine ? &dbias : nullptr);
          check_close(dx, right.dx, tolerance(dtype, 1e-5));
          if (!affine) continue;
          check_close(dweight, right.dweight, tolerance(dtype, 1e-4, 1e-12));
          check_close(dbias, right.dbias, tolerance(dtype, 1e-4, 1e-12));
        }
      }
    }
  }
}

TEST_CASE("layer_norm of a weight without a bias, and of a bias without a weight") {
  const Array x = Array::from<double>({1, 3}, {1, 2});
  Array mean, rstd;
  check_close(kernels::layer_norm(x, Array::from<double>({2, 5}, {2}), {}, 0, mean, rstd), {-2, 5},
              1e-15);
  check_close(kernels::layer_norm(x, {}, Array::from<double>({2, 5}, {2}), 0, mean, rstd), {1, 6},
              1e-15);
  check_close(mean, {2}, 0);
  check_close(rstd, {1}, 0);
}
