#pragma once

#include "../array.hpp"
#include "../elementwise_rows.hpp"

/// Array functions: numbers in, numbers out, no history. Operands of one function have equal shapes
/// (broadcast with `Array::expand` first; stride 0 is fast) and equal element types, and any
/// strides; results are new and contiguous. They check nothing that the operations
/// above them have checked.
namespace heed::kernels {

// For each row of elementwise_rows.hpp: y = f(x), and dL/dx from g = dL/dy and what the row keeps,
// x or y; or y = f(a, b). They take floating elements; where the row says arithmetic, int32 too.
// exp, tanh and sigmoid are at most 2 ulp from the exact value.
#define HEED_UNARY(name, ...) \
  Array name(const Array& x); \
  Array name##_backward(const Array& g, const Array& kept);
#define HEED_BINARY(name, ...) Array name(const Array& a, const Array& b);
HEED_UNARY_ROWS(HEED_UNARY)
HEED_BINARY_ROWS(HEED_BINARY)
#undef HEED_UNARY
#undef HEED_BINARY

// Floating and int32.
Array neg(const Array& x);
Array add(const Array& a, double b);
Array mul(const Array& a, double b);
/// a * b * factor.
Array mul(const Array& a, const Array& b, double factor);
Array clamp(const Array& x, double low, double high);

// Floating.
Array div(const Array& a, double b);
Array div(double a, const Array& b);
Array pow(const Array& a, double exponent);

/// Has the element type that number: any for floating ones, whole ones within the range of int32, 0
/// and 1 for bool?
bool has_number(DType dtype, double value);

enum class Comparison { eq, ne, lt, le, gt, ge };
/// bool results; any element type.
Array compare(Comparison relation, const Array& a, const Array& b);
Array compare(Comparison relation, const Array& a, double b);
Array logical_and(const Array& a, const Array& b);
Array logical_or(const Array& a, const Array& b);
Array logical_not(const Array& x);
/// mask: bool.
Array where(const Array& mask, const Array& a, const Array& b);
/// `value` where the mask is true.
Array masked_fill(const Array& x, const Array& mask, double value);

// Into an existing array of any strides (a kernel, so no version is raised).
/// target = source, converted to the target's element type.
void copy_into(const Array& target, const Array& source);
void fill(const Array& target, double value);
/// target += factor * x.
void add_into(const Array& target, const Array& x, double factor = 1);
/// target *= x, target /= x (floating), elementwise.
void mul_into(const Array& target, const Array& x);
void div_into(const Array& target, const Array& x);
/// target += number, target *= factor, target /= divisor (floating).
void add_into(const Array& target, double number);
void scale(const Array& target, double factor);
void div_into(const Array& target, double divisor);

}  // namespace heed::kernels
