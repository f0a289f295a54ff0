#include "elementwise.hpp"

#include <algorithm>
#include <cmath>

#include "broadcast.hpp"
#include "kernels/elementwise.hpp"
#include "record.hpp"

namespace heed {

using kernels::Comparison;

namespace {

Array zero_where(const Array& g, const Array& mask) { return kernels::masked_fill(g, mask, 0); }

}  // namespace

// y = a + b;  dL/da = g, dL/db = g
Tensor add(const Tensor& a_in, const Tensor& b_in) {
  if (types_differ("add", a_in, b_in)) return promoted(add, a_in, b_in);
  if (a_in.dtype() == boolean) return logical_or(a_in, b_in);
  return broadcast("add", a_in, b_in, [](const Tensor& a, const Tensor& b) {
    return record("add", kernels::add(a.array(), b.array()),
                  wrt(a, [](const Array& g) { return g; }),
                  wrt(b, [](const Array& g) { return g; }));
  });
}

// y = a - b;  dL/da = g, dL/db = -g
Tensor sub(const Tensor& a_in, const Tensor& b_in) {
  check_arithmetic("sub", a_in);
  check_arithmetic("sub", b_in);
  if (types_differ("sub", a_in, b_in)) return promoted(sub, a_in, b_in);
  return broadcast("sub", a_in, b_in, [](const Tensor& a, const Tensor& b) {
    return record("sub", kernels::sub(a.array(), b.array()),
                  wrt(a, [](const Array& g) { return g; }),
                  wrt(b, [](const Array& g) { return kernels::neg(g); }));
  });
}

// y = a b;  dL/da = g b, dL/db = g a
Tensor mul(const Tensor& a_in, const Tensor& b_in) {
  if (types_differ("mul", a_in, b_in)) return promoted(mul, a_in, b_in);
  if (a_in.dtype() == boolean) return logical_and(a_in, b_in);
  return broadcast("mul", a_in, b_in, [](const Tensor& a, const Tensor& b) {
    return record("mul", kernels::mul(a.array(), b.array()),
                  wrt(a, saved(b),
                      [](const Array& g, const Array& factor) { return kernels::mul(g, factor); }),
                  wrt(b, saved(a),
                      [](const Array& g, const Array& factor) { return kernels::mul(g, factor); }));
  });
}

namespace {

Array gradient_of_divisor(const Array& g, const Array& quotient, const Array& divisor) {
  return kernels::div(kernels::mul(g, quotient, -1), divisor);
}

}  // namespace

// y = a / b;  dL/da = g / b, dL/db = -g y / b
Tensor div(const Tensor& a_in, const Tensor& b_in) {
  if (types_differ("div", a_in, b_in)) return promoted(div, a_in, b_in);
  if (!is_floating(a_in.dtype())) return div(a_in.to(float32), b_in.to(float32));
  return broadcast("div", a_in, b_in, [](const Tensor& a, const Tensor& b) {
    const Array y = kernels::div(a.array(), b.array());
    return record(
        "div", y,
        wrt(a, saved(b),
            [](const Array& g, const Array& divisor) { return kernels::div(g, divisor); }),
        wrt(b, saved(y, b), gradient_of_divisor));
  });
}

Tensor add(const Tensor& a, Scalar b) {
  if (raises("add", a, b)) return add(a.to(result_type(a, b)), b);
  if (a.dtype() == boolean) return add(a, operand("add", a, b));
  check_number("add", a.dtype(), b.value);
  return record("add", kernels::add(a.array(), b.value), wrt(a, [](const Array& g) { return g; }));
}

Tensor sub(const Tensor& a, Scalar b) {
  check_arithmetic("sub", a);
  check_arithmetic("sub", b.dtype);
  if (raises("sub", a, b)) return sub(a.to(result_type(a, b)), b);
  check_number("sub", a.dtype(), b.value);
  // Of int32 the least has no negative.
  if (!kernels::has_number(a.dtype(), -b.value)) return sub(a, operand("sub", a, b));
  return record("sub", kernels::add(a.array(), -b.value), wrt(a, [](const Array& g) { return g; }));
}

Tensor sub(Scalar a, const Tensor& b) {
  check_arithmetic("sub", a.dtype);
  check_arithmetic("sub", b);
  check_number("sub", result_type(b, a), a.value);
  // A real number first: of int32 the least has no negative.
  return add(neg(b.to(result_type(b, a))), a);
}

Tensor mul(const Tensor& a, Scalar b) {
  if (raises("mul", a, b)) return mul(a.to(result_type(a, b)), b);
  if (a.dtype() == boolean) return mul(a, operand("mul", a, b));
  check_number("mul", a.dtype(), b.value);
  return record("mul", kernels::mul(a.array(), b.value),
                wrt(a, [b](const Array& g) { return kernels::mul(g, b.value); }));
}

Tensor div(const Tensor& a, Scalar b) {
  if (!is_floating(a.array_for("div").dtype())) return div(a.to(float32), b);
  return record("div", kernels::div(a.array(), b.value),
                wrt(a, [b](const Array& g) { return kernels::div(g, b.value); }));
}

Tensor div(Scalar a, const Tensor& b) {
  if (!is_floating(b.array_for("div").dtype())) return div(a, b.to(float32));
  const Array y = kernels::div(a.value, b.array());
  return record("div", y, wrt(b, saved(y, b), gradient_of_divisor));
}

namespace {

// a^0 is constant, and so is 0^b for b >= 0: there the formulas would give 0 inf = NaN.
Array slope_of_base(const Array& base, const Array& exponent) {
  const Array slope = kernels::mul(exponent, kernels::pow(base, kernels::add(exponent, -1)));
  return kernels::masked_fill(slope, kernels::compare(Comparison::eq, exponent, 0), 0);
}

Array slope_of_exponent(const Array& base, const Array& exponent, const Array& power) {
  const Array constant = kernels::logical_and(kernels::compare(Comparison::eq, base, 0),
                                              kernels::compare(Comparison::ge, exponent, 0));
  return kernels::masked_fill(kernels::mul(power, kernels::log(base)), constant, 0);
}

}  // namespace

// y = a^b;  dL/da = g b a^(b-1), dL/db = g y log(a)
Tensor pow(const Tensor& a_in, const Tensor& b_in) {
  if (types_differ("pow", a_in, b_in)) return promoted(pow, a_in, b_in);
  check_arithmetic("pow", a_in);
  return broadcast("pow", a_in, b_in, [](const Tensor& a, const Tensor& b) {
    const Array y = kernels::pow(a.array(), b.array());
    return record(
        "pow", y,
        wrt(a, saved(a, b),
            [](const Array& g, const Array& base, const Array& exponent) {
              return kernels::mul(g, slope_of_base(base, exponent));
            }),
        wrt(b, saved(a, b, y),
            [](const Array& g, const Array& base, const Array& exponent, const Array& power) {
              return kernels::mul(g, slope_of_exponent(base, exponent, power));
            }));
  });
}

// y = a^p;  dL/da = g p a^(p-1)
Tensor pow(const Tensor& a, Scalar number) {
  if (raises("pow", a, number)) return pow(a.to(result_type(a, number)), number);
  check_arithmetic("pow", a);
  check_number("pow", a.dtype(), number.value);
  const double exponent = number.value;
  if (!is_floating(a.dtype()) && exponent < 0) {
    throw TypeError("pow: " + shortest(exponent) + " makes fractions of int32; write .to(float32)");
  }
  return record("pow", kernels::pow(a.array(), exponent),
                wrt(a, saved(a), [exponent](const Array& g, const Array& base) {
                  if (exponent == 0) return Array::zeros(g.shape(), g.dtype());
                  return kernels::mul(g, kernels::pow(base, exponent - 1), exponent);
                }));
}

// y = c^b;  dL/db = g y log(c), c as it was given: near 1 its logarithm is what rounding would take
Tensor pow(Scalar base, const Tensor& exponent) {
  if (raises("pow", exponent, base)) return pow(base, exponent.to(result_type(exponent, base)));
  const Tensor rounded = operand("pow", exponent, base);
  if (!is_floating(exponent.dtype())) return pow(rounded, exponent);
  const Array y = kernels::pow(rounded.array().expand(exponent.shape()), exponent.array());
  return record("pow", y,
                wrt(exponent, saved(exponent, y),
                    [c = base.value](const Array& g, const Array& of, const Array& power) {
                      const Array slope = kernels::mul(power, std::log(c));
                      if (c != 0) return kernels::mul(g, slope);
                      const Array constant = kernels::compare(Comparison::ge, of, 0);
                      return kernels::mul(g, kernels::masked_fill(slope, constant, 0));
                    }));
}

namespace {

// The gradient of a minimum or maximum for `mine`: g, but 0 where `lost`(mine, other),
// half where equal.
Array chosen_gradient(const Array& g, Comparison lost, const Array& mine, const Array& other) {
  const Array tied = kernels::compare(Comparison::eq, mine, other);
  const Array shared = kernels::where(tied, kernels::mul(g, 0.5), g);
  return zero_where(shared, kernels::compare(lost, mine, other));
}

}  // namespace

// y = min(a, b);  dL/da = g where a < b, g / 2 where a = b
Tensor minimum(const Tensor& a_in, const Tensor& b_in) {
  if (types_differ("minimum", a_in, b_in)) return promoted(minimum, a_in, b_in);
  if (a_in.dtype() == boolean) return logical_and(a_in, b_in);
  return broadcast("minimum", a_in, b_in, [](const Tensor& a, const Tensor& b) {
    const auto rule = [](const Array& g, const Array& mine, const Array& other) {
      return chosen_gradient(g, Comparison::gt, mine, other);
    };
    return record("minimum", kernels::minimum(a.array(), b.array()), wrt(a, saved(a, b), rule),
                  wrt(b, saved(b, a), rule));
  });
}

// y = max(a, b);  dL/da = g where a > b, g / 2 where a = b
Tensor maximum(const Tensor& a_in, const Tensor& b_in) {
  if (types_differ("maximum", a_in, b_in)) return promoted(maximum, a_in, b_in);
  if (a_in.dtype() == boolean) return logical_or(a_in, b_in);
  return broadcast("maximum", a_in, b_in, [](const Tensor& a, const Tensor& b) {
    const auto rule = [](const Array& g, const Array& mine, const Array& other) {
      return chosen_gradient(g, Comparison::lt, mine, other);
    };
    return record("maximum", kernels::maximum(a.array(), b.array()), wrt(a, saved(a, b), rule),
                  wrt(b, saved(b, a), rule));
  });
}

// y = -x;  dL/dx = -g
Tensor neg(const Tensor& x) {
  check_arithmetic("neg", x);
  return record("neg", kernels::neg(x.array()),
                wrt(x, [](const Array& g) { return kernels::neg(g); }));
}

namespace {

// The operand of a row: x as that row takes it.
const Tensor& floating_operand(const char* operation, const Tensor& x) {
  check_floating(operation, x);
  return x;
}
const Tensor& arithmetic_operand(const char* operation, const Tensor& x) {
  check_arithmetic(operation, x);
  return x;
}
Tensor real_operand(const char* operation, const Tensor& x) {
  return is_floating(x.array_for(operation).dtype()) ? x : x.to(float32);
}

}  // namespace

// y = f(x);  dL/dx = what its row makes of g and of x or y
#define HEED_UNARY(name, takes, cost, f, keeps, gradient)                    \
  Tensor name(const Tensor& x_in) {                                          \
    const Tensor& x = takes##_operand(#name, x_in);                          \
    const Array y = kernels::name(x.array());                                \
    return record(#name, y, wrt(x, saved(keeps), kernels::name##_backward)); \
  }
HEED_UNARY_ROWS(HEED_UNARY)
#undef HEED_UNARY

// y = min(max(x, low), high);  dL/dx = g where low <= x <= high
Tensor clamp(const Tensor& x, Scalar lower, Scalar upper) {
  if (result_type(x, lower) != x.dtype()) return clamp(x.to(result_type(x, lower)), lower, upper);
  if (result_type(x, upper) != x.dtype()) return clamp(x.to(result_type(x, upper)), lower, upper);
  check_arithmetic("clamp", x);
  const double low = lower.value, high = upper.value;
  check_number("clamp", x.dtype(), low);
  check_number("clamp", x.dtype(), high);
  if (std::isnan(low) || std::isnan(high)) throw ConfigError("clamp: a limit is NaN");
  if (low > high) {
    throw ConfigError("clamp: low " + shortest(low) + " is above high " + shortest(high));
  }
  return record("clamp", kernels::clamp(x.array(), low, high),
                wrt(x, saved(x), [low, high](const Array& g, const Array& argument) {
                  const Array inside =
                      kernels::logical_and(kernels::compare(Comparison::ge, argument, low),
                                           kernels::compare(Comparison::le, argument, high));
                  return zero_where(g, kernels::logical_not(inside));
                }));
}

Tensor clamp_min(const Tensor& x, Scalar low) {
  check_arithmetic("clamp_min", x);
  return clamp(x, operand("clamp_min", x, low), Tensor());
}
Tensor clamp_max(const Tensor& x, Scalar high) {
  check_arithmetic("clamp_max", x);
  return clamp(x, Tensor(), operand("clamp_max", x, high));
}

// y = mask ? a : b;  dL/da = g where mask, dL/db = g where not
Tensor where(const Tensor& mask_in, const Tensor& a_in, const Tensor& b_in) {
  if (a_in.dtype() != b_in.dtype()) {
    const DType common = result_type(a_in, b_in);
    return where(mask_in, a_in.to(common), b_in.to(common));
  }
  check_dtype("where", "the mask", mask_in, boolean);
  const Shape shape = broadcast_shapes("where", mask_in.shape(),
                                       broadcast_shapes("where", a_in.shape(), b_in.shape()));
  const Array mask = mask_in.array().expand(shape);
  const Tensor a = expand(a_in, shape), b = expand(b_in, shape);
  return record("where", kernels::where(mask, a.array(), b.array()),
                wrt(a, saved(mask),
                    [](const Array& g, const Array& chosen) {
                      return zero_where(g, kernels::logical_not(chosen));
                    }),
                wrt(b, saved(mask), zero_where));
}

Tensor where(const Tensor& mask, const Tensor& a, Scalar b) {
  return where(mask, a, operand("where", a, b));
}
Tensor where(const Tensor& mask, Scalar a, const Tensor& b) {
  return where(mask, operand("where", b, a), b);
}

// y = mask ? value : x;  dL/dx = g where not mask
Tensor masked_fill(const Tensor& x, const Tensor& mask_in, double value) {
  check_dtype("masked_fill", "the mask", mask_in, boolean);
  check_broadcasts_to("masked_fill", "the mask", mask_in, "x", x.shape());
  check_number("masked_fill", x.dtype(), value);
  const Array mask = mask_in.array().expand(x.shape());
  return record("masked_fill", kernels::masked_fill(x.array(), mask, value),
                wrt(x, saved(mask), zero_where));
}

namespace {

// y_rc = x_rc where column c - row r stands in that relation to the diagonal, else 0;
// dL/dx = g there
Tensor triangle(const char* operation, const Tensor& x, Comparison outside, int64_t diagonal) {
  if (x.rank() < 2) {
    throw ShapeError(std::string(operation) + ": needs x [..., R, C], got " + to_string(x.shape()));
  }
  const int64_t rows = x.size(-2), columns = x.size(-1);
  const double shift = static_cast<double>(std::clamp(diagonal, -rows, columns));
  const Array row = kernels::add(Array::arange(rows, int32), shift).unsqueeze(1);
  const Array column = Array::arange(columns, int32);
  const Shape matrix{rows, columns};
  const Array mask =
      kernels::compare(outside, column.expand(matrix), row.expand(matrix)).expand(x.shape());
  return record(operation, kernels::masked_fill(x.array(), mask, 0),
                wrt(x, saved(mask), zero_where));
}

}  // namespace

Tensor tril(const Tensor& x, int64_t diagonal) {
  return triangle("tril", x, Comparison::gt, diagonal);
}
Tensor triu(const Tensor& x, int64_t diagonal) {
  return triangle("triu", x, Comparison::lt, diagonal);
}

}  // namespace heed
