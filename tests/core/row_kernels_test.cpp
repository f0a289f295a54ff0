#include <algorithm>
#include <limits>

#include "../../core/error.hpp"
#include "../../core/kernels/elementwise.hpp"
#include "../../core/kernels/rows.hpp"
#include "kernel_helpers.hpp"

using namespace heed;
using namespace heed::testing;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

/// log(sum(exp(x_i))) over kept elements.
double plain_lse(const Numbers& x, const Numbers& keep) {
  double sum = 0;
  for (std::size_t i = 0; i < x.size(); ++i) sum += keep[i] != 0 ? std::exp(x[i]) : 0;
  return std::log(sum);
}

Numbers part(const Numbers& all, std::size_t row, std::size_t n) {
  return Numbers(all.begin() + std::ptrdiff_t(row * n),
                 all.begin() + std::ptrdiff_t((row + 1) * n));
}

bool any(const Numbers& keep) {
  for (const double k : keep) {
    if (k != 0) return true;
  }
  return false;
}

Numbers plain_log_softmax(const Array& x, const Array& keep) {
  const Numbers kept = values(keep);
  return by_rows(x, [&](std::size_t row, Numbers v) {
    const Numbers k = part(kept, row, v.size());
    const double lse = plain_lse(v, k);
    for (std::size_t i = 0; i < v.size(); ++i) {
      v[i] = !any(k) ? 0 : k[i] != 0 ? v[i] - lse : -infinity;
    }
    return v;
  });
}

Numbers plain_softmax(const Array& x, const Array& keep) {
  const Numbers kept = values(keep);
  return by_rows(x, [&](std::size_t row, Numbers v) {
    const Numbers k = part(kept, row, v.size());
    const double lse = plain_lse(v, k);
    for (std::size_t i = 0; i < v.size(); ++i) v[i] = k[i] != 0 ? std::exp(v[i] - lse) : 0;
    return v;
  });
}

Array ones(const Shape& shape) { return Array::full(shape, 1, boolean); }

/// A keep mask whose second row keeps nothing.
Array mask_with_empty_row(const Shape& shape) {
  const Array keep = mask(shape, 3);
  bool* first = keep.data<bool>();
  for (int64_t i = 0; i < shape.back(); ++i) first[shape.back() + i] = false;
  return keep;
}

}  // namespace

TEST_CASE("softmax and log_softmax agree with their formulas for every length and layout") {
  for (const DType dtype : {float32, float64}) {
    for (const int64_t n : {1, 2, 7, 16, 17, 61, 257, 1031}) {
      const Array x = numbers({3, 5, n}, dtype, 1);
      const Array keep = ones(x.shape());
      for (const Array& source : {x, turned(x), with_gaps(x)}) {
        check_close(kernels::softmax(source, {}), plain_softmax(x, keep), tolerance(dtype));
        check_close(kernels::log_softmax(source, {}), plain_log_softmax(x, keep), tolerance(dtype));
      }
    }
  }
}

TEST_CASE(
    "A keep mask of any strides excludes elements, and a row that keeps nothing gives zeros") {
  for (const DType dtype : {float32, float64}) {
    for (const int64_t n : {7, 61, 257}) {
      const Array x = numbers({3, 5, n}, dtype, 1);
      const Array rows = mask_with_empty_row({3, 5, n});
      const Array shared = mask({3, 1, n}, 5).expand({3, 5, n});
      const Array columns = mask({3, 5, 1}, 6).expand({3, 5, n});
      for (const Array& keep : {rows, turned(rows), with_gaps(rows), shared, columns}) {
        check_close(kernels::softmax(x, keep), plain_softmax(x, keep), tolerance(dtype));
        check_close(kernels::log_softmax(x, keep), plain_log_softmax(x, keep), tolerance(dtype));
      }
      CHECK(values(kernels::softmax(x, rows).select(0, 0).select(0, 1)) ==
            Numbers(static_cast<std::size_t>(n), 0));
    }
  }
}

TEST_CASE("Excluded elements do not count, whatever they are, and NaN among the kept ones shows") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const Array x = Array::from<double>({1, nan, 2, infinity, 3}, {1, 5});
  const Array keep = Array::from<int32_t>({1, 0, 1, 0, 1}, {1, 5}).to(boolean);
  const Numbers y = values(kernels::softmax(x, keep));
  CHECK(y[0] == Approx(0.09003057317038046).epsilon(1e-14));
  CHECK(y[1] == 0);
  CHECK(y[2] == Approx(0.24472847105479764).epsilon(1e-14));
  CHECK(y[3] == 0);
  CHECK(std::isnan(values(kernels::softmax(x, {}))[0]));
  CHECK(std::isnan(values(kernels::log_softmax(x, {}))[0]));
}

TEST_CASE("softmax of large numbers neither overflows nor vanishes") {
  for (const DType dtype : {float32, float64}) {
    const Array x = Array::from<double>({3e4, 3e4 + 1, -3e4}, {3}).to(dtype);
    check_close(kernels::softmax(x, {}), {0.2689414213699951, 0.7310585786300049, 0},
                tolerance(dtype));
    const Array small = Array::from<double>({-3e4, -3e4, -3e4}, {3}).to(dtype);
    check_close(kernels::softmax(small, {}), {1 / 3.0, 1 / 3.0, 1 / 3.0}, tolerance(dtype));
  }
}

TEST_CASE("The backward passes of softmax and log_softmax follow their formulas") {
  for (const DType dtype : {float32, float64}) {
    const Shape shape{3, 5, 61};
    const Array x = numbers(shape, dtype, 1), g = numbers(shape, dtype, 2);
    for (const Array& keep : {ones(shape), mask_with_empty_row(shape)}) {
      const Array y = kernels::softmax(x, keep), log_y = kernels::log_softmax(x, keep);
      const Numbers p = values(y), kept = values(keep);
      const Numbers expected = by_rows(g, [&](std::size_t row, Numbers v) {
        const Numbers q = part(p, row, v.size());
        double dot = 0;
        for (std::size_t i = 0; i < v.size(); ++i) dot += v[i] * q[i];
        for (std::size_t i = 0; i < v.size(); ++i) v[i] = q[i] * (v[i] - dot);
        return v;
      });
      const Numbers expected_log = by_rows(g, [&](std::size_t row, Numbers v) {
        const Numbers q = part(p, row, v.size()), k = part(kept, row, v.size());
        double sum = 0;
        for (std::size_t i = 0; i < v.size(); ++i) sum += k[i] != 0 ? v[i] : 0;
        for (std::size_t i = 0; i < v.size(); ++i) v[i] = k[i] != 0 ? v[i] - q[i] * sum : 0;
        return v;
      });
      for (const Array& gradient : {g, turned(g), with_gaps(g)}) {
        check_close(kernels::softmax_backward(gradient, turned(y)), expected,
                    tolerance(dtype, 1e-5));
        check_close(kernels::log_softmax_backward(gradient, turned(log_y), turned(keep)),
                    expected_log, tolerance(dtype, 1e-5));
      }
      if (!any(Numbers{kept[61]})) continue;
      check_close(kernels::log_softmax_backward(g, log_y, {}), expected_log,
                  tolerance(dtype, 1e-5));
    }
  }
}

namespace {

/// The threshold from the sorted row: the largest k numbers that stay above their own threshold.
double plain_threshold(Numbers x) {
  std::sort(x.rbegin(), x.rend());
  double sum = 0, threshold = 0;
  for (std::size_t k = 1; k <= x.size() && !std::isinf(x[k - 1]); ++k) {
    sum += x[k - 1];
    if (1 + static_cast<double>(k) * x[k - 1] <= sum) break;
    threshold = (sum - 1) / static_cast<double>(k);
  }
  return threshold;
}

Numbers plain_sparsemax(const Array& x, const Array& keep) {
  const Numbers kept = values(keep);
  return by_rows(x, [&](std::size_t row, Numbers v) {
    const Numbers k = part(kept, row, v.size());
    for (std::size_t i = 0; i < v.size(); ++i) v[i] = k[i] != 0 ? v[i] : -infinity;
    const double threshold = plain_threshold(v);
    for (double& one : v) one = std::max(one - threshold, 0.0);
    return v;
  });
}

Numbers plain_sparsemax_gradient(const Array& g, const Array& y) {
  const Numbers result = values(y);
  return by_rows(g, [&](std::size_t row, Numbers v) {
    const Numbers support = part(result, row, v.size());
    double count = 0, sum = 0;
    for (std::size_t i = 0; i < v.size(); ++i) {
      count += support[i] > 0;
      sum += support[i] > 0 ? v[i] : 0;
    }
    for (std::size_t i = 0; i < v.size(); ++i) v[i] = support[i] > 0 ? v[i] - sum / count : 0;
    return v;
  });
}

}  // namespace

TEST_CASE("sparsemax and its gradient follow their formulas for every length") {
  for (const DType dtype : {float32, float64}) {
    for (int64_t n = 1; n <= 70; ++n) {
      // Close together, so that many are in the support.
      const Array x = kernels::mul(numbers({6, n}, dtype, 1), Array::full({6, n}, 0.05, dtype));
      const Array g = numbers({6, n}, dtype, 2);
      for (const Array& keep : {ones(x.shape()), mask_with_empty_row(x.shape())}) {
        const Array y = kernels::sparsemax(x, keep);
        check_close(y, plain_sparsemax(x, keep), tolerance(dtype));
        check_close(kernels::sparsemax_backward(g, y), plain_sparsemax_gradient(g, y),
                    tolerance(dtype, 1e-5));
      }
    }
  }
}

TEST_CASE("cross_entropy follows its formula, with smoothing and ignored targets") {
  for (const DType dtype : {float32, float64}) {
    for (const double smoothing : {0.0, 0.1}) {
      const int64_t classes = 523, ignore = 4;
      const Array logits = numbers({11, classes}, dtype, 1), g = numbers({11}, dtype, 3);
      const Array target = Array::from<int32_t>({0, 522, 4, 7, 100, 4, 31, 31, 2, 256, 255}, {11});
      const Numbers ids = values(target), scale = values(g);
      Numbers losses;
      const Numbers gradient = by_rows(logits, [&](std::size_t row, Numbers v) {
        const double lse = plain_lse(v, Numbers(v.size(), 1));
        const auto t = static_cast<std::size_t>(ids[row]);
        const bool counts = ids[row] != ignore;
        const double share = smoothing / static_cast<double>(classes);
        double loss = -(1 - smoothing) * (v[t] - lse);
        for (const double value : v) loss -= share * (value - lse);
        losses.push_back(counts ? loss : 0);
        for (std::size_t i = 0; i < v.size(); ++i) {
          const double off = share + (i == t ? 1 - smoothing : 0);
          v[i] = counts ? scale[row] * (std::exp(v[i] - lse) - off) : 0;
        }
        return v;
      });
      for (const Array& source : {logits, turned(logits), with_gaps(logits)}) {
        Array lse;
        const Array loss = kernels::cross_entropy(source, target, ignore, smoothing, lse);
        check_close(loss, losses, tolerance(dtype));
        check_close(kernels::cross_entropy_backward(g, source, target, lse, ignore, smoothing),
                    gradient, tolerance(dtype));
      }
    }
  }
}

TEST_CASE("A target outside the classes is an IndexError, unless it is ignored") {
  const Array logits = numbers({3, 5}, float32, 1);
  Array lse;
  CHECK_THROWS_WITH(
      kernels::cross_entropy(logits, Array::from<int32_t>({0, 5, 1}, {3}), -100, 0, lse),
      "cross_entropy: target 5 at position 1 is out of range [0, 5)");
  CHECK_THROWS_AS(
      kernels::cross_entropy(logits, Array::from<int32_t>({0, 1, -1}, {3}), -100, 0, lse),
      IndexError);
  CHECK_NOTHROW(kernels::cross_entropy(logits, Array::from<int32_t>({0, 1, -1}, {3}), -1, 0, lse));
}

namespace {

struct Step {
  Numbers y, gates, d_gates_x, d_gates_h, d_h;
};

double logistic(double x) { return 1 / (1 + std::exp(-x)); }

/// One element of a gated unit and its gradients, from the equations in rows.hpp.
void plain_unit(Step& step, std::size_t n, std::size_t row, std::size_t i, const Numbers& x,
                const Numbers& u, double h, double g, bool keep) {
  const std::size_t at = row * 3 * n + i;
  const double r = logistic(x[at] + u[at]), z = logistic(x[at + n] + u[at + n]);
  const double c = std::tanh(x[at + 2 * n] + r * u[at + 2 * n]);
  const double d_c = g * (1 - z) * (1 - c * c), d_z = g * (h - c) * z * (1 - z);
  const double d_r = d_c * u[at + 2 * n] * r * (1 - r);
  step.y[row * n + i] = keep ? (1 - z) * c + z * h : h;
  step.d_h[row * n + i] = keep ? g * z : g;
  if (!keep) return;
  const double gates[] = {r, z, c, u[at + 2 * n]};
  for (std::size_t k = 0; k < 4; ++k) step.gates[(row * 4 + k) * n + i] = gates[k];
  step.d_gates_x[at] = step.d_gates_h[at] = d_r;
  step.d_gates_x[at + n] = step.d_gates_h[at + n] = d_z;
  step.d_gates_x[at + 2 * n] = d_c;
  step.d_gates_h[at + 2 * n] = d_c * r;
}

/// What the kernels fill: the step, then its gradients.
struct Gates {
  Array y, gates, d_gates_x, d_gates_h, d_h;
};
Gates gated_step(const Array& gates_x, const Array& gates_h, const Array& h, const Array& keep,
                 const Array& g) {
  const int64_t batch = h.size(0), n = h.size(1);
  const auto empty = [&](int64_t width) { return Array::empty({batch, width}, h.dtype()); };
  const Gates all{empty(n), empty(4 * n), empty(3 * n), empty(3 * n), empty(n)};
  kernels::gru_gates(gates_x, gates_h, h, keep, all.y, all.gates);
  kernels::gru_gates_backward(g, h, keep, all.gates, all.d_gates_x, all.d_gates_h, all.d_h);
  return all;
}

}  // namespace

TEST_CASE("A gated unit's step and gradients follow the equations, and rows not kept keep h") {
  for (const DType dtype : {float32, float64}) {
    for (const int64_t n : {1, 7, 37}) {
      const int64_t batch = 5, time = 3;
      // The input's part is a slice of [B, T, 3n], as in a sequence.
      const Array gates_x = numbers({batch, time, 3 * n}, dtype, 1).select(1, 1);
      const Array gates_h = numbers({batch, 3 * n}, dtype, 2), h = numbers({batch, n}, dtype, 3);
      const Array g = numbers({batch, n}, dtype, 4), keep = mask({batch}, 9);
      REQUIRE((any(values(keep)) && !(values(keep) == Numbers(5, 1))));
      for (const Array& kept : {Array(), keep, with_gaps(keep)}) {
        const auto size = static_cast<std::size_t>(batch * n);
        Step step{Numbers(size), Numbers(4 * size), Numbers(3 * size), Numbers(3 * size),
                  Numbers(size)};
        const Numbers x = values(gates_x), u = values(gates_h), old = values(h), dy = values(g);
        for (std::size_t i = 0; i < size; ++i) {
          const auto length = static_cast<std::size_t>(n);
          const bool counts = !kept.defined() || values(kept)[i / length] != 0;
          plain_unit(step, length, i / length, i % length, x, u, old[i], dy[i], counts);
        }
        for (const bool strided : {false, true}) {
          const auto layout = [&](const Array& a) { return strided ? turned(a) : a; };
          const Gates got =
              gated_step(layout(gates_x), layout(gates_h), layout(h), kept, layout(g));
          check_close(got.y, step.y, tolerance(dtype));
          check_close(got.gates, step.gates, tolerance(dtype));
          check_close(got.d_gates_x, step.d_gates_x, tolerance(dtype));
          check_close(got.d_gates_h, step.d_gates_h, tolerance(dtype));
          check_close(got.d_h, step.d_h, tolerance(dtype));
        }
      }
    }
  }
}

TEST_CASE("Row functions of nothing give nothing") {
  for (const Shape& shape : {Shape{0, 5}, Shape{5, 0}}) {
    const Array x = Array::empty(shape);
    Array mean, rstd, dweight, dbias;
    CHECK(kernels::softmax(x, {}).shape() == shape);
    CHECK(kernels::log_softmax(x, ones(shape)).shape() == shape);
    CHECK(kernels::softmax_backward(x, x).shape() == shape);
    CHECK(kernels::log_softmax_backward(x, x, {}).shape() == shape);
    CHECK(kernels::layer_norm(x, {}, {}, 1e-5, mean, rstd).shape() == shape);
    CHECK(kernels::layer_norm_backward(x, x, {}, mean, rstd, &dweight, &dbias).shape() == shape);
    CHECK(values(dweight) == Numbers(static_cast<std::size_t>(shape[1]), 0));
    const Array wide = Array::empty({shape[0], 3 * shape[1]});
    CHECK(gated_step(wide, wide, x, {}, x).d_h.shape() == shape);
  }
  Array lse;
  CHECK(kernels::cross_entropy(Array::empty({0, 5}), Array::empty({0}, int32), -100, 0.1, lse)
            .shape() == Shape{0});
  CHECK(kernels::cross_entropy_backward(Array::empty({0}), Array::empty({0, 5}),
                                        Array::empty({0}, int32), lse, -100, 0.1)
            .shape() == Shape{0, 5});
}

TEST_CASE("Row functions have the same bits for any number of threads") {
  for (const DType dtype : {float32, float64}) {
    const Array x = numbers({1009, 61}, dtype, 1), g = numbers({1009, 61}, dtype, 2);
    const Array keep = mask({1009, 61}, 3), weight = numbers({61}, dtype, 4);
    const Array target = ids({1009}, 61, 5), scale = numbers({1009}, dtype, 6);
    Array mean, rstd, lse;
    check_same_bits_for_threads([&] { return kernels::softmax(x, keep); });
    check_same_bits_for_threads([&] { return kernels::log_softmax(x, keep); });
    const Array y = kernels::softmax(x, keep);
    check_same_bits_for_threads([&] { return kernels::softmax_backward(g, y); });
    check_same_bits_for_threads([&] { return kernels::log_softmax_backward(g, x, keep); });
    check_same_bits_for_threads([&] { return kernels::cross_entropy(x, target, 3, 0.1, lse); });
    check_same_bits_for_threads(
        [&] { return kernels::cross_entropy_backward(scale, x, target, lse, 3, 0.1); });
    check_same_bits_for_threads(
        [&] { return kernels::layer_norm(x, weight, weight, 1e-5, mean, rstd); });
    for (const int part : {0, 1, 2}) {
      check_same_bits_for_threads([&] {
        Array dweight, dbias;
        const Array dx = kernels::layer_norm_backward(g, x, weight, mean, rstd, &dweight, &dbias);
        return part == 0 ? dx : part == 1 ? dweight : dbias;
      });
    }
    const Array gates_x = numbers({1009, 183}, dtype, 7), gates_h = numbers({1009, 183}, dtype, 8);
    check_same_bits_for_threads([&] { return gated_step(gates_x, gates_h, x, {}, g).y; });
    check_same_bits_for_threads([&] { return gated_step(gates_x, gates_h, x, {}, g).d_gates_h; });
  }
}
