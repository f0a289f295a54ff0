// Drawing by weights.
#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "broadcast.hpp"
#include "error.hpp"
#include "indexing.hpp"
#include "random.hpp"

namespace heed {

namespace {

/// Of a row: the sums of the weights up to each, and how many are above 0.
struct Row {
  std::vector<double> sums;
  int64_t positive = 0;
};

Row row_of(const double* weights, int64_t count, int64_t number) {
  Row row;
  double sum = 0;
  for (int64_t i = 0; i < count; ++i) {
    if (!(weights[i] >= 0) || std::isinf(weights[i])) {
      throw NumericError("multinomial: weight " + shortest(weights[i]) + " at " +
                         std::to_string(i) + " of row " + std::to_string(number) +
                         "; needs finite numbers of at least 0");
    }
    row.positive += weights[i] > 0;
    row.sums.push_back(sum += weights[i]);
  }
  if (!(sum > 0) || std::isinf(sum)) {
    throw NumericError("multinomial: the weights of row " + std::to_string(number) + " add up to " +
                       shortest(sum) + (sum > 0 ? "; scale them down" : "; one must be above 0"));
  }
  return row;
}

/// The first whose sum is above a number in [0, total): one of weight 0 never is.
void draw_with_replacement(const Row& row, int64_t n, int32_t* to) {
  const auto last = std::lower_bound(row.sums.begin(), row.sums.end(), row.sums.back());
  for (int64_t i = 0; i < n; ++i) {
    const double wanted = default_generator().uniform() * row.sums.back();
    const auto found = std::upper_bound(row.sums.begin(), last, wanted);
    to[i] = static_cast<int32_t>(found - row.sums.begin());
  }
}

/// Each waits for a time with its weight as rate: the order of arrival is that of draws without
/// replacement.   Efraimidis and Spirakis 2006.
void draw_without_replacement(const double* weights, int64_t count, int64_t n, int32_t* to) {
  std::vector<std::pair<double, int32_t>> arrivals;
  for (int64_t i = 0; i < count; ++i) {
    const double waited = -std::log1p(-default_generator().uniform());
    if (weights[i] > 0) arrivals.emplace_back(waited / weights[i], static_cast<int32_t>(i));
  }
  std::partial_sort(arrivals.begin(), arrivals.begin() + n, arrivals.end());
  for (int64_t i = 0; i < n; ++i) to[i] = arrivals[static_cast<std::size_t>(i)].second;
}

void check_arguments(const Tensor& weights, int64_t n, bool replacement) {
  check_floating("multinomial", weights);
  if (weights.rank() != 1 && weights.rank() != 2) {
    throw ShapeError("multinomial: needs weights [V] or [N, V], got " + to_string(weights.shape()));
  }
  if (n < 1) {
    throw ConfigError("multinomial: n is " + std::to_string(n) + ", must be at least 1");
  }
  if (!replacement && n > weights.size(-1)) {
    throw ConfigError("multinomial: " + std::to_string(n) + " of " +
                      std::to_string(weights.size(-1)) +
                      " can't be drawn without replacement; pass replacement = true");
  }
}

}  // namespace

Tensor multinomial(const Tensor& weights_in, int64_t n, bool replacement) {
  check_arguments(weights_in, n, replacement);
  const Array weights = weights_in.array().to(float64).contiguous();
  Shape shape = weights.shape();
  shape[shape.rank() - 1] = n;
  const Array y = Array::empty(shape, int32);
  const int64_t count = weights.size(-1), rows = weights.rank() == 2 ? weights.size(0) : 1;
  for (int64_t i = 0; i < rows; ++i) {
    const double* from = weights.data<double>() + i * count;
    int32_t* to = y.data<int32_t>() + i * n;
    const Row row = row_of(from, count, i);
    if (replacement) {
      draw_with_replacement(row, n, to);
    } else if (row.positive >= n) {
      draw_without_replacement(from, count, n, to);
    } else {
      throw NumericError("multinomial: row " + std::to_string(i) + " has " +
                         std::to_string(row.positive) + " weights above 0, fewer than the " +
                         std::to_string(n) + " to draw without replacement");
    }
  }
  return Tensor(y);
}

}  // namespace heed
