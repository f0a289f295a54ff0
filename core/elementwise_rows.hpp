#pragma once

/// The operations on each element by itself, a row each. From a row come the loops for every
/// instruction set (loops/elementwise.cpp), the array functions (kernels/elementwise.hpp), the
/// comparison with PyTorch and, of one operand, the operation with its backward rule
/// (elementwise.cpp). Whoever uses the rows defines what one becomes and hands that to the list.
///
///     takes    floating elements, arithmetic: int32 too, or real: floating, to which the operation
///              converts int32 and bool
///     cost     cheap or costly: how many elements are worth a thread
///     keeps    what the gradient is made from besides g = dL/dy: the operand x or the result y
///
/// The formulas are C++ for elements of one type T, uint32_t for int32, so that it wraps around.
/// What they call stands in loops/functions.hpp and loops/math.hpp. NaN propagates.

// clang-format off

//    name     takes       cost    y = f(x)                             keeps, dL/dx
#define HEED_UNARY_ROWS(ROW)                                                                      \
  ROW(square,  arithmetic, cheap,  x * x,                                 x, g * x * 2)           \
  ROW(abs,     arithmetic, cheap,  magnitude(x),                          x, g * sign(x))         \
  ROW(sqrt,    real,       cheap,  square_root(x),                        y, g / 2 / y)           \
  ROW(exp,     real,       costly, exponential(x),                        y, g * y)               \
  ROW(expm1,   real,       costly, exponential_minus_1(x),                y, g * (y + 1))         \
  ROW(log,     real,       costly, natural_log(x),                        x, g / x)               \
  ROW(tanh,    real,       costly, hyperbolic_tangent(x),                 y, g * (1 - y * y))     \
  ROW(sigmoid, real,       costly, logistic(x),                           y, g * (y * (1 - y)))   \
  ROW(relu,    arithmetic, cheap,  less(x, T(0)) ? T(0) : x,              y, y <= 0 ? T(0) : g)   \
  ROW(gelu,    floating,   costly, x * normal_distribution(x).cumulative, x, g * gelu_slope(x))   \
  ROW(silu,    floating,   costly, x * logistic(x),                       x, g * silu_slope(x))   \
  ROW(sin,     real,       costly, sine(x),                               x, g * cosine(x))       \
  ROW(cos,     real,       costly, cosine(x),                             x, -g * sine(x))        \
  ROW(log1p,   real,       costly, log_of_1_plus(x),                      x, g / (x + 1))         \
  ROW(sign,    arithmetic, cheap,  sign(x),                               y, nothing(g, y))       \
  ROW(round,   arithmetic, cheap,  nearest_whole(x),                      y, nothing(g, y))       \
  ROW(floor,   arithmetic, cheap,  whole_below(x),                        y, nothing(g, y))       \
  ROW(ceil,    arithmetic, cheap,  whole_above(x),                        y, nothing(g, y))

// Their backward rules are in elementwise.cpp: most gradients are products with an operand.
//    name     takes       cost    y = f(a, b)
#define HEED_BINARY_ROWS(ROW)                                                                     \
  ROW(add,     arithmetic, cheap,  a + b)                                                         \
  ROW(sub,     arithmetic, cheap,  a - b)                                                         \
  ROW(mul,     arithmetic, cheap,  a * b)                                                         \
  ROW(div,     real,       cheap,  a / b)                                                         \
  ROW(pow,     arithmetic, costly, power(a, b))                                                   \
  ROW(minimum, arithmetic, cheap,  less(a, b) || a != a ? a : b)                                  \
  ROW(maximum, arithmetic, cheap,  less(b, a) || a != a ? a : b)

// clang-format on
