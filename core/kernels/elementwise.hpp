#pragma once

#include "../array.hpp"

/// Array functions: numbers in, numbers out, no history. Operands of one function have equal shapes
/// (broadcast with `Array::expand` first; stride 0 is fast) and equal element types, and any
/// strides; results are new and contiguous. They check nothing that the operations
/// above them have checked.
namespace heed::kernels {

// Floating and int32.
Array add(const Array& a, const Array& b);
Array sub(const Array& a, const Array& b);
Array mul(const Array& a, const Array& b);
Array add(const Array& a, double b);
Array mul(const Array& a, double b);
Array neg(const Array& x);
Array square(const Array& x);
Array abs(const Array& x);
Array minimum(const Array& a, const Array& b);
Array maximum(const Array& a, const Array& b);
Array clamp(const Array& x, double low, double high);

// Floating. exp, tanh, sigmoid are at most 2 ulp from the exact value.
Array div(const Array& a, const Array& b);
Array div(const Array& a, double b);
Array div(double a, const Array& b);
Array pow(const Array& a, const Array& b);
Array pow(const Array& a, double exponent);
Array sqrt(const Array& x);
Array exp(const Array& x);
Array log(const Array& x);
Array tanh(const Array& x);
Array sigmoid(const Array& x);
Array relu(const Array& x);
/// x (1 + erf(x / sqrt(2))) / 2;  x sigmoid(x).
Array gelu(const Array& x);
Array silu(const Array& x);
/// -1, 0, 1.
Array sign(const Array& x);
/// g (1 - y^2);  g y (1 - y);  0 where y <= 0, else g.
Array tanh_backward(const Array& g, const Array& y);
Array sigmoid_backward(const Array& g, const Array& y);
Array relu_backward(const Array& g, const Array& y);
/// g times the slope at x.
Array gelu_backward(const Array& g, const Array& x);
Array silu_backward(const Array& g, const Array& x);
/// a * b * factor.
Array mul(const Array& a, const Array& b, double factor);

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
/// target *= factor.
void scale(const Array& target, double factor);

}  // namespace heed::kernels
