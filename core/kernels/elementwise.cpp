#include "elementwise.hpp"
#include "iterate.hpp"

namespace heed::kernels {

namespace {

using loops::Binary, loops::Loop, loops::Relation, loops::Ternary, loops::Unary;

const loops::ElementwiseLoops& table() { return loops::elementwise_loops(); }
int index(DType dtype) { return static_cast<int>(dtype); }

/// The loops of a function, one for each element type.
const Loop* loops_of(Unary f) { return table().unary[static_cast<int>(f)]; }
const Loop* backward_loops_of(Unary f) { return table().unary_backward[static_cast<int>(f)]; }
const Loop* loops_of(Binary f) { return table().binary[static_cast<int>(f)]; }

Array unary(const Loop* loops, const Array& x, int64_t piece) {
  const Array y = Array::empty(x.shape(), x.dtype());
  iterate(loops[index(x.dtype())], y, {x}, piece);
  return y;
}

/// a: an array; b: one too, or a Number.
template <class B>
Array binary(const Loop* loops, const Array& a, const B& b, int64_t piece = cheap_piece) {
  const Array y = Array::empty(a.shape(), a.dtype());
  iterate(loops[index(a.dtype())], y, {a, b}, piece);
  return y;
}

/// A gradient from x repeats the function's work, one from the result y has little to do.
constexpr int64_t from_x(int64_t piece) { return piece; }
constexpr int64_t from_y(int64_t) { return cheap_piece; }

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

#define HEED_UNARY(name, takes, cost, f, keeps, gradient)                               \
  Array name(const Array& x) { return unary(loops_of(Unary::name), x, cost##_piece); }  \
  Array name##_backward(const Array& g, const Array& kept) {                            \
    return binary(backward_loops_of(Unary::name), g, kept, from_##keeps(cost##_piece)); \
  }
HEED_UNARY_ROWS(HEED_UNARY)
#undef HEED_UNARY

#define HEED_BINARY(name, takes, cost, f)                      \
  Array name(const Array& a, const Array& b) {                 \
    return binary(loops_of(Binary::name), a, b, cost##_piece); \
  }
HEED_BINARY_ROWS(HEED_BINARY)
#undef HEED_BINARY

Array neg(const Array& x) { return mul(x, -1); }
Array add(const Array& a, double b) {
  return binary(loops_of(Binary::add), a, Number(b, a.dtype()));
}
Array mul(const Array& a, double b) {
  return binary(loops_of(Binary::mul), a, Number(b, a.dtype()));
}
Array mul(const Array& a, const Array& b, double factor) {
  return ternary(Ternary::product, a, b, Number(factor, a.dtype()));
}
Array clamp(const Array& x, double low, double high) {
  return ternary(Ternary::clamp, x, Number(low, x.dtype()), Number(high, x.dtype()));
}

Array div(const Array& a, double b) {
  return binary(loops_of(Binary::div), a, Number(b, a.dtype()));
}
Array div(double a, const Array& b) {
  const Array y = Array::empty(b.shape(), b.dtype());
  iterate(loops_of(Binary::div)[index(b.dtype())], y, {Number(a, b.dtype()), b});
  return y;
}

Array pow(const Array& a, double exponent) {
  if (exponent == 1) return a.clone();
  if (exponent == 2) return square(a);
  if (exponent == 0.5) return sqrt(a);
  if (exponent == -1) return div(1, a);
  return binary(loops_of(Binary::pow), a, Number(exponent, a.dtype()), costly_piece);
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

void mul_into(const Array& target, const Array& x) {
  iterate(loops_of(Binary::mul)[index(target.dtype())], target, {target, x});
}

void div_into(const Array& target, const Array& x) {
  iterate(loops_of(Binary::div)[index(target.dtype())], target, {target, x});
}

void add_into(const Array& target, double number) {
  const DType dtype = target.dtype();
  iterate(loops_of(Binary::add)[index(dtype)], target, {target, Number(number, dtype)});
}

void div_into(const Array& target, double divisor) {
  const DType dtype = target.dtype();
  iterate(loops_of(Binary::div)[index(dtype)], target, {target, Number(divisor, dtype)});
}

void scale(const Array& target, double factor) {
  const DType dtype = target.dtype();
  iterate(table().scale[index(dtype)], target, {target, Number(factor, dtype)});
}

}  // namespace heed::kernels
