#include "elementwise.hpp"
#include "iterate.hpp"

namespace heed::kernels {

namespace {

using loops::Binary, loops::Loop, loops::Relation, loops::Ternary, loops::Unary;

const loops::ElementwiseLoops& table() { return loops::elementwise_loops(); }
int index(DType dtype) { return static_cast<int>(dtype); }

Array unary(Unary f, const Array& x, int64_t piece = cheap_piece) {
  const Array y = Array::empty(x.shape(), x.dtype());
  iterate(table().unary[static_cast<int>(f)][index(x.dtype())], y, {x}, piece);
  return y;
}

Loop loop_of(Binary f, DType dtype) { return table().binary[static_cast<int>(f)][index(dtype)]; }

Array binary(Binary f, const Array& a, const Array& b, int64_t piece = cheap_piece) {
  const Array y = Array::empty(a.shape(), a.dtype());
  iterate(loop_of(f, a.dtype()), y, {a, b}, piece);
  return y;
}

Array binary(Binary f, const Array& a, double b, int64_t piece = cheap_piece) {
  const Array y = Array::empty(a.shape(), a.dtype());
  iterate(loop_of(f, a.dtype()), y, {a, Number(b, a.dtype())}, piece);
  return y;
}

template <class B>
Array ternary(Ternary f, const Array& a, const B& b, const Number& c) {
  const Array y = Array::empty(a.shape(), a.dtype());
  iterate(table().ternary[static_cast<int>(f)][index(a.dtype())], y, {a, b, c});
  return y;
}

/// A relation of the table, and whether its operands change places: a > b is b < a.
struct Ordered {
  Relation relation;
  bool exchanged;
};
Ordered ordered(Comparison relation) {
  switch (relation) {
    case Comparison::eq:
      return {Relation::eq, false};
    case Comparison::ne:
      return {Relation::ne, false};
    case Comparison::lt:
      return {Relation::lt, false};
    case Comparison::le:
      return {Relation::le, false};
    case Comparison::gt:
      return {Relation::lt, true};
    default:
      return {Relation::le, true};
  }
}

template <class B>
Array compared(Comparison relation, const Array& a, const B& b) {
  const Array y = Array::empty(a.shape(), boolean);
  const Ordered chosen = ordered(relation);
  const Loop loop = table().compare[static_cast<int>(chosen.relation)][index(a.dtype())];
  if (chosen.exchanged) {
    iterate(loop, y, {b, a});
  } else {
    iterate(loop, y, {a, b});
  }
  return y;
}

Array logical(Loop loop, const Array& a, const Array& b) {
  const Array y = Array::empty(a.shape(), boolean);
  iterate(loop, y, {a, b});
  return y;
}

}  // namespace

Array add(const Array& a, const Array& b) { return binary(Binary::add, a, b); }
Array sub(const Array& a, const Array& b) { return binary(Binary::sub, a, b); }
Array mul(const Array& a, const Array& b) { return binary(Binary::mul, a, b); }
Array add(const Array& a, double b) { return binary(Binary::add, a, b); }
Array mul(const Array& a, double b) { return binary(Binary::mul, a, b); }
Array neg(const Array& x) { return unary(Unary::neg, x); }
Array square(const Array& x) { return unary(Unary::square, x); }
Array abs(const Array& x) { return unary(Unary::abs, x); }
Array minimum(const Array& a, const Array& b) { return binary(Binary::minimum, a, b); }
Array maximum(const Array& a, const Array& b) { return binary(Binary::maximum, a, b); }
Array clamp(const Array& x, double low, double high) {
  return ternary(Ternary::clamp, x, Number(low, x.dtype()), Number(high, x.dtype()));
}

Array div(const Array& a, const Array& b) { return binary(Binary::div, a, b); }
Array div(const Array& a, double b) { return binary(Binary::div, a, b); }
Array div(double a, const Array& b) {
  const Array y = Array::empty(b.shape(), b.dtype());
  iterate(loop_of(Binary::div, b.dtype()), y, {Number(a, b.dtype()), b});
  return y;
}
Array pow(const Array& a, const Array& b) { return binary(Binary::pow, a, b, costly_piece); }

Array pow(const Array& a, double exponent) {
  if (exponent == 1) return a.clone();
  if (exponent == 2) return square(a);
  if (exponent == 0.5) return sqrt(a);
  if (exponent == -1) return div(1, a);
  return binary(Binary::pow, a, exponent, costly_piece);
}

Array sqrt(const Array& x) { return unary(Unary::sqrt, x); }
Array exp(const Array& x) { return unary(Unary::exp, x, costly_piece); }
Array log(const Array& x) { return unary(Unary::log, x, costly_piece); }
Array tanh(const Array& x) { return unary(Unary::tanh, x, costly_piece); }
Array sigmoid(const Array& x) { return unary(Unary::sigmoid, x, costly_piece); }
Array relu(const Array& x) { return unary(Unary::relu, x); }
Array gelu(const Array& x) { return unary(Unary::gelu, x, costly_piece); }
Array silu(const Array& x) { return unary(Unary::silu, x, costly_piece); }
Array sign(const Array& x) { return unary(Unary::sign, x); }
Array tanh_backward(const Array& g, const Array& y) { return binary(Binary::tanh_backward, g, y); }
Array sigmoid_backward(const Array& g, const Array& y) {
  return binary(Binary::sigmoid_backward, g, y);
}
Array relu_backward(const Array& g, const Array& y) { return binary(Binary::relu_backward, g, y); }
Array gelu_backward(const Array& g, const Array& x) {
  return binary(Binary::gelu_backward, g, x, costly_piece);
}
Array silu_backward(const Array& g, const Array& x) {
  return binary(Binary::silu_backward, g, x, costly_piece);
}
Array mul(const Array& a, const Array& b, double factor) {
  return ternary(Ternary::product, a, b, Number(factor, a.dtype()));
}

bool has_number(DType dtype, double value) {
  if (is_floating(dtype)) return true;
  if (dtype == boolean) return value == 0 || value == 1;
  return value == Number(value, int32).of_int;
}

Array compare(Comparison relation, const Array& a, const Array& b) {
  return compared(relation, a, b);
}

Array compare(Comparison relation, const Array& a, double b) {
  if (!has_number(a.dtype(), b)) return compared(relation, a.to(float64), Number(b, float64));
  return compared(relation, a, Number(b, a.dtype()));
}

Array logical_and(const Array& a, const Array& b) { return logical(table().logical_and, a, b); }
Array logical_or(const Array& a, const Array& b) { return logical(table().logical_or, a, b); }
Array logical_not(const Array& x) {
  const Array y = Array::empty(x.shape(), boolean);
  iterate(table().logical_not, y, {x});
  return y;
}

Array where(const Array& mask, const Array& a, const Array& b) {
  const Array y = Array::empty(a.shape(), a.dtype());
  iterate(table().where[index(a.dtype())], y, {mask, a, b});
  return y;
}

Array masked_fill(const Array& x, const Array& mask, double value) {
  const Array y = Array::empty(x.shape(), x.dtype());
  iterate(table().where[index(x.dtype())], y, {mask, Number(value, x.dtype()), x});
  return y;
}

void copy_into(const Array& target, const Array& source) {
  iterate(table().convert[index(source.dtype())][index(target.dtype())], target, {source});
}

void fill(const Array& target, double value) {
  const DType dtype = target.dtype();
  iterate(table().convert[index(dtype)][index(dtype)], target, {Number(value, dtype)});
}

void add_into(const Array& target, const Array& x, double factor) {
  const DType dtype = target.dtype();
  iterate(table().add_scaled[index(dtype)], target, {target, x, Number(factor, dtype)});
}

void scale(const Array& target, double factor) {
  const DType dtype = target.dtype();
  iterate(table().scale[index(dtype)], target, {target, Number(factor, dtype)});
}

}  // namespace heed::kernels
