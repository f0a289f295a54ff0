#include "broadcast.hpp"
#include "elementwise.hpp"
#include "kernels/elementwise.hpp"

namespace heed {

using kernels::Comparison;

namespace {

Tensor comparison(const char* operation, Comparison relation, const Tensor& a, const Tensor& b) {
  const Shape shape = broadcast_shapes(operation, a.shape(), b.shape());
  const DType common = a.dtype() == b.dtype() ? a.dtype() : result_type(a, b);
  const Array left = a.array().to(common), right = b.array().to(common);
  return Tensor(kernels::compare(relation, left.expand(shape), right.expand(shape)));
}

Tensor comparison(Comparison relation, const Tensor& a, double b) {
  return Tensor(kernels::compare(relation, a.array(), b));
}

Tensor logical(const char* operation, Array (*combine)(const Array&, const Array&), const Tensor& a,
               const Tensor& b) {
  const Shape shape = broadcast_shapes(operation, a.shape(), b.shape());
  const Array left = a.array().to(boolean), right = b.array().to(boolean);
  return Tensor(combine(left.expand(shape), right.expand(shape)));
}

}  // namespace

Tensor eq(const Tensor& a, const Tensor& b) { return comparison("eq", Comparison::eq, a, b); }
Tensor ne(const Tensor& a, const Tensor& b) { return comparison("ne", Comparison::ne, a, b); }
Tensor lt(const Tensor& a, const Tensor& b) { return comparison("lt", Comparison::lt, a, b); }
Tensor le(const Tensor& a, const Tensor& b) { return comparison("le", Comparison::le, a, b); }
Tensor gt(const Tensor& a, const Tensor& b) { return comparison("gt", Comparison::gt, a, b); }
Tensor ge(const Tensor& a, const Tensor& b) { return comparison("ge", Comparison::ge, a, b); }
Tensor eq(const Tensor& a, double b) { return comparison(Comparison::eq, a, b); }
Tensor ne(const Tensor& a, double b) { return comparison(Comparison::ne, a, b); }
Tensor lt(const Tensor& a, double b) { return comparison(Comparison::lt, a, b); }
Tensor le(const Tensor& a, double b) { return comparison(Comparison::le, a, b); }
Tensor gt(const Tensor& a, double b) { return comparison(Comparison::gt, a, b); }
Tensor ge(const Tensor& a, double b) { return comparison(Comparison::ge, a, b); }

Tensor logical_and(const Tensor& a, const Tensor& b) {
  return logical("logical_and", kernels::logical_and, a, b);
}
Tensor logical_or(const Tensor& a, const Tensor& b) {
  return logical("logical_or", kernels::logical_or, a, b);
}
Tensor logical_not(const Tensor& x) { return Tensor(kernels::logical_not(x.array().to(boolean))); }

Tensor operator&(const Tensor& a, const Tensor& b) {
  check_dtype("&", "a", a, boolean);
  check_dtype("&", "b", b, boolean);
  return logical_and(a, b);
}
Tensor operator|(const Tensor& a, const Tensor& b) {
  check_dtype("|", "a", a, boolean);
  check_dtype("|", "b", b, boolean);
  return logical_or(a, b);
}
Tensor operator~(const Tensor& x) {
  check_dtype("~", "x", x, boolean);
  return logical_not(x);
}

Tensor isnan(const Tensor& x) { return ne(x, x); }
Tensor isfinite(const Tensor& x) {
  if (!is_floating(x.dtype())) return eq(x, x);
  // inf - inf and NaN - NaN are NaN, which equals nothing.
  return Tensor(kernels::compare(Comparison::eq, kernels::sub(x.array(), x.array()), 0));
}

}  // namespace heed
