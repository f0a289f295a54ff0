// Gradients of weights, which are products of what a rule was given and what it saved.
#include "autograd.hpp"

#include <utility>

#include "anomaly.hpp"
#include "error.hpp"
#include "kernels/elementwise.hpp"
#include "kernels/products.hpp"
#include "profile.hpp"

namespace heed {

namespace {

/// Rows of which a product is not thin.
constexpr int64_t enough_rows = 256;

/// The matrices below each other.
Array stacked(const Pooled<Array>& matrices, int64_t rows) {
  if (matrices.size() == 1) return matrices[0];
  Array all = Array::empty({rows, matrices[0].size(1)}, matrices[0].dtype());
  int64_t row = 0;
  for (const Array& one : matrices) {
    kernels::copy_into(all.slice(0, row, row + one.size(0)), one);
    row += one.size(0);
  }
  return all;
}

/// How often the arrays were changed in place.
uint64_t changes_of(const Pooled<Array>& arrays) {
  uint64_t count = 0;
  for (const Array& one : arrays) count += one.version();
  return count;
}

}  // namespace

void Backward::give_product(int input, const Array& a, const Array& b) {
  const uint32_t number = input_number(input);
  check_product(number, a, b);
  const bool is_first = !std::exchange(visits_[number].has_product, true);
  // A weight that is used once has nothing to wait for; an anomaly is to be seen where it arises.
  if (is_first || a.size(0) >= enough_rows || detects_anomaly()) return add_product(number, a, b);
  uint32_t& place = visits_[number].products;
  if (place == none) {
    place = static_cast<uint32_t>(thin_products_.size());
    thin_products_.emplace_back();
  }
  if (!thin_products_[place].a.empty() && thin_products_[place].precision != product_precision) {
    add_products(number);
  }
  ThinProducts& waiting = thin_products_[place];
  waiting.precision = product_precision;
  waiting.last = running_;
  waiting.rows += a.size(0);
  waiting.a.push_back(a);
  waiting.b.push_back(b);
  waiting.changes += uint64_t{a.version()} + b.version();
  if (waiting.rows >= 2 * enough_rows) add_products(number);
}

void Backward::check_product(uint32_t number, const Array& a, const Array& b) const {
  const Node& node = *visits_[number].node;
  if (a.rank() == 2 && b.rank() == 2 && a.size(0) == b.size(0) &&
      node.shape_ == Shape{a.size(1), b.size(1)} && a.dtype() == node.dtype_ &&
      b.dtype() == node.dtype_) {
    return;
  }
  throw GraphError(std::string(visits_[running_].node->name()) + ": its backward rule gave " +
                   to_string(a.dtype()) + " " + to_string(a.shape()) + " and " +
                   to_string(b.dtype()) + " " + to_string(b.shape()) +
                   " as the product for an input of " + to_string(node.dtype_) + " " +
                   to_string(node.shape_) + "; give_product takes [n, M] and [n, N] for [M, N]");
}

void Backward::add_product(uint32_t number, const Array& a, const Array& b) {
  if (lent_) check_sum(number);
  kernels::add_matmul(own_sum(number), a.transpose(0, 1), b);
}

/// Adds those that wait, as one.
void Backward::add_products(uint32_t number) {
  const ThinProducts all = std::exchange(thin_products_[visits_[number].products], {});
  if (changes_of(all.a) + changes_of(all.b) != all.changes) {
    throw GraphError(std::string(visits_[all.last].node->name()) +
                     ": a hook changed an array in place that a weight's gradient is made of; "
                     "change a clone()");
  }
  const ProductPrecision as_recorded(all.precision);
  add_product(number, stacked(all.a, all.rows), stacked(all.b, all.rows));
}

/// Before a gradient is used.
void Backward::finish_products(uint32_t number) {
  const uint32_t place = visits_[number].products;
  if (place == none || thin_products_[place].a.empty()) return;
  const Node& last = *visits_[thin_products_[place].last].node;
  add_products(number);
  if (profiles()) profile_rest_of_rule(last);
}

}  // namespace heed
