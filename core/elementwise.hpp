#pragma once

#include "tensor.hpp"

/// Operations on each element by itself. Two operands broadcast by NumPy's rules; where their
/// element types differ they are converted to that of the result, `result_type` of promotion.hpp,
/// and so are int32 and bool to float32 for functions of real numbers (`div`, `sqrt`, `exp`, ...).
/// Gradients have the operand's own type. A number that the result's elements can't hold is a
/// `TypeError`, as bool is where it has no meaning (`sub`, `neg`, `abs`); int32 sums and products
/// wrap around, as PyTorch's do. Of two bools `add` and `maximum` are `logical_or`, `mul` and
/// `minimum` `logical_and`. Names and meanings are PyTorch's.
namespace heed {

Tensor add(const Tensor& a, const Tensor& b);
Tensor sub(const Tensor& a, const Tensor& b);
Tensor mul(const Tensor& a, const Tensor& b);
Tensor div(const Tensor& a, const Tensor& b);
Tensor add(const Tensor& a, Scalar b);
Tensor sub(const Tensor& a, Scalar b);
Tensor sub(Scalar a, const Tensor& b);
Tensor mul(const Tensor& a, Scalar b);
Tensor div(const Tensor& a, Scalar b);
Tensor div(Scalar a, const Tensor& b);
/// a^b; the gradient for `b` needs a > 0, or a = 0 and b >= 0, where it is 0. Whole numbers stay
/// whole: to a negative power they are cut, and refused (`TypeError`) where that is one number.
/// A number is rounded to the element type first: x^1e-46 of float32 is x^0. As a base its
/// logarithm, and so the gradient, is of the number itself.
Tensor pow(const Tensor& a, const Tensor& b);
Tensor pow(const Tensor& a, Scalar exponent);
Tensor pow(Scalar base, const Tensor& exponent);
/// The smaller, the larger of two; where they are equal each gets half of the gradient.
Tensor minimum(const Tensor& a, const Tensor& b);
Tensor maximum(const Tensor& a, const Tensor& b);

Tensor neg(const Tensor& x);
Tensor square(const Tensor& x);
Tensor sqrt(const Tensor& x);
Tensor exp(const Tensor& x);
/// exp(x) - 1, with all digits of a small x.
Tensor expm1(const Tensor& x);
Tensor log(const Tensor& x);
Tensor tanh(const Tensor& x);
Tensor sin(const Tensor& x);
Tensor cos(const Tensor& x);
/// log(1 + x), with all digits of a small x; NaN below -1.
Tensor log1p(const Tensor& x);
/// 1 / (1 + exp(-x)).
Tensor sigmoid(const Tensor& x);
/// max(0, x); gradient 0 at 0.
Tensor relu(const Tensor& x);
/// x (1 + erf(x / sqrt(2))) / 2: x times the normal distribution function, not its approximation
/// by tanh. NaN at -inf, as in PyTorch.   Hendrycks and Gimpel 2016.
Tensor gelu(const Tensor& x);
/// x sigmoid(x), also called swish; NaN at -inf, as in PyTorch.   Ramachandran et al. 2017.
Tensor silu(const Tensor& x);
/// |x|; gradient 0 at 0.
Tensor abs(const Tensor& x);
/// -1, 0 or 1; NaN stays. The gradient of `sign`, `round`, `floor` and `ceil` is 0.
Tensor sign(const Tensor& x);
/// To whole numbers: the nearest, of a half the even one; the next below; the next above.
Tensor round(const Tensor& x);
Tensor floor(const Tensor& x);
Tensor ceil(const Tensor& x);
/// log(1 + exp(beta x)) / beta without overflow, and x itself where beta x is above the threshold.
/// As torch.nn.functional.softplus.
Tensor softplus(const Tensor& x, double beta = 1, double threshold = 20);
/// x where x > 0, else negative_slope x; at 0 the gradient is negative_slope.
Tensor leaky_relu(const Tensor& x, double negative_slope = 0.01);
/// Limited to [low, high]; gradient 1 inside and on the limits, else 0.
Tensor clamp(const Tensor& x, Scalar low, Scalar high);
/// The same between tensors; the three broadcast, and where low > high the result is high. An
/// undefined limit is none (`ConfigError` if both are). Gradients: to x inside and on the limits,
/// else to the limit that is the result. As torch.clamp.
Tensor clamp(const Tensor& x, const Tensor& low, const Tensor& high);
/// With one limit, a number; int32 stays int32 beside a whole one. A limit of NaN gives NaN. As
/// torch.clamp_min, torch.clamp_max.
Tensor clamp_min(const Tensor& x, Scalar low);
Tensor clamp_max(const Tensor& x, Scalar high);

/// a where the mask is true, else b. mask: bool; the three broadcast.
Tensor where(const Tensor& mask, const Tensor& a, const Tensor& b);
Tensor where(const Tensor& mask, const Tensor& a, Scalar b);
Tensor where(const Tensor& mask, Scalar a, const Tensor& b);
/// `value` where the mask is TRUE, else x, as in PyTorch. mask: bool, broadcast to x. The result
/// has x's element type: `TypeError` for a number that this can't hold.
Tensor masked_fill(const Tensor& x, const Tensor& mask, double value);
/// The elements of the last two axes on and below (`tril`) or on and above (`triu`) a diagonal, 0
/// elsewhere; x: [..., R, C]. `diagonal` 0 is the main one, positive ones lie above it.
/// As torch.tril, torch.triu.
Tensor tril(const Tensor& x, int64_t diagonal = 0);
Tensor triu(const Tensor& x, int64_t diagonal = 0);

// Comparisons give bool tensors without gradient.
Tensor eq(const Tensor& a, const Tensor& b);
Tensor ne(const Tensor& a, const Tensor& b);
Tensor lt(const Tensor& a, const Tensor& b);
Tensor le(const Tensor& a, const Tensor& b);
Tensor gt(const Tensor& a, const Tensor& b);
Tensor ge(const Tensor& a, const Tensor& b);
Tensor eq(const Tensor& a, double b);
Tensor ne(const Tensor& a, double b);
Tensor lt(const Tensor& a, double b);
Tensor le(const Tensor& a, double b);
Tensor gt(const Tensor& a, double b);
Tensor ge(const Tensor& a, double b);
// Of any element type: what is not 0 is true, NaN with it.
Tensor logical_and(const Tensor& a, const Tensor& b);
Tensor logical_or(const Tensor& a, const Tensor& b);
Tensor logical_not(const Tensor& x);
Tensor isnan(const Tensor& x);
/// Neither NaN nor infinite.
Tensor isfinite(const Tensor& x);

inline Tensor operator+(const Tensor& a, const Tensor& b) { return add(a, b); }
inline Tensor operator-(const Tensor& a, const Tensor& b) { return sub(a, b); }
inline Tensor operator*(const Tensor& a, const Tensor& b) { return mul(a, b); }
inline Tensor operator/(const Tensor& a, const Tensor& b) { return div(a, b); }
inline Tensor operator+(const Tensor& a, Scalar b) { return add(a, b); }
inline Tensor operator+(Scalar a, const Tensor& b) { return add(b, a); }
inline Tensor operator-(const Tensor& a, Scalar b) { return sub(a, b); }
inline Tensor operator-(Scalar a, const Tensor& b) { return sub(a, b); }
inline Tensor operator*(const Tensor& a, Scalar b) { return mul(a, b); }
inline Tensor operator*(Scalar a, const Tensor& b) { return mul(b, a); }
inline Tensor operator/(const Tensor& a, Scalar b) { return div(a, b); }
inline Tensor operator/(Scalar a, const Tensor& b) { return div(a, b); }
inline Tensor operator-(const Tensor& x) { return neg(x); }

// Elementwise as in PyTorch: `if (x == y)` does not compile, as a tensor is neither true nor false;
// write all(x == y).item().
inline Tensor operator==(const Tensor& a, const Tensor& b) { return eq(a, b); }
inline Tensor operator!=(const Tensor& a, const Tensor& b) { return ne(a, b); }
inline Tensor operator<(const Tensor& a, const Tensor& b) { return lt(a, b); }
inline Tensor operator<=(const Tensor& a, const Tensor& b) { return le(a, b); }
inline Tensor operator>(const Tensor& a, const Tensor& b) { return gt(a, b); }
inline Tensor operator>=(const Tensor& a, const Tensor& b) { return ge(a, b); }
inline Tensor operator==(const Tensor& a, double b) { return eq(a, b); }
inline Tensor operator!=(const Tensor& a, double b) { return ne(a, b); }
inline Tensor operator<(const Tensor& a, double b) { return lt(a, b); }
inline Tensor operator<=(const Tensor& a, double b) { return le(a, b); }
inline Tensor operator>(const Tensor& a, double b) { return gt(a, b); }
inline Tensor operator>=(const Tensor& a, double b) { return ge(a, b); }
inline Tensor operator==(double a, const Tensor& b) { return eq(b, a); }
inline Tensor operator!=(double a, const Tensor& b) { return ne(b, a); }
inline Tensor operator<(double a, const Tensor& b) { return gt(b, a); }
inline Tensor operator<=(double a, const Tensor& b) { return ge(b, a); }
inline Tensor operator>(double a, const Tensor& b) { return lt(b, a); }
inline Tensor operator>=(double a, const Tensor& b) { return le(b, a); }

// Of masks; `TypeError` for other element types, whose bits PyTorch combines.
Tensor operator&(const Tensor& a, const Tensor& b);
Tensor operator|(const Tensor& a, const Tensor& b);
Tensor operator~(const Tensor& x);
/// As `logical_not`.
inline Tensor operator!(const Tensor& x) { return logical_not(x); }

}  // namespace heed
