#pragma once

#include "tensor.hpp"

/// Operations on each element by itself. Two operands broadcast by NumPy's rules and have one
/// element type, and a number takes the tensor's: nothing is promoted, nothing is cut. Element
/// types that differ, and a number that whole elements can't hold, are a `TypeError` that says what
/// to write. Names and meanings are PyTorch's.
namespace heed {

Tensor add(const Tensor& a, const Tensor& b);
Tensor sub(const Tensor& a, const Tensor& b);
Tensor mul(const Tensor& a, const Tensor& b);
Tensor div(const Tensor& a, const Tensor& b);
Tensor add(const Tensor& a, double b);
Tensor mul(const Tensor& a, double b);
Tensor div(const Tensor& a, double b);
Tensor div(double a, const Tensor& b);
/// a^b; the gradient for `b` needs a > 0, or a = 0 and b >= 0, where it is 0.
Tensor pow(const Tensor& a, const Tensor& b);
Tensor pow(const Tensor& a, double exponent);
/// The smaller, the larger of two; where they are equal each gets half of the gradient.
Tensor minimum(const Tensor& a, const Tensor& b);
Tensor maximum(const Tensor& a, const Tensor& b);

Tensor neg(const Tensor& x);
Tensor square(const Tensor& x);
Tensor sqrt(const Tensor& x);
Tensor exp(const Tensor& x);
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
Tensor clamp(const Tensor& x, double low, double high);
/// The same between tensors; the three broadcast, and where low > high the result is high. An
/// undefined limit is none (`ConfigError` if both are). Gradients: to x inside and on the limits,
/// else to the limit that is the result. As torch.clamp.
Tensor clamp(const Tensor& x, const Tensor& low, const Tensor& high);

/// a where the mask is true, else b. mask: bool; the three broadcast.
Tensor where(const Tensor& mask, const Tensor& a, const Tensor& b);
/// `value` where the mask is TRUE, else x, as in PyTorch. mask: bool, broadcast to x.
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
inline Tensor operator+(const Tensor& a, double b) { return add(a, b); }
inline Tensor operator+(double a, const Tensor& b) { return add(b, a); }
inline Tensor operator-(const Tensor& a, double b) { return add(a, -b); }
inline Tensor operator-(double a, const Tensor& b) { return add(neg(b), a); }
inline Tensor operator*(const Tensor& a, double b) { return mul(a, b); }
inline Tensor operator*(double a, const Tensor& b) { return mul(b, a); }
inline Tensor operator/(const Tensor& a, double b) { return div(a, b); }
inline Tensor operator/(double a, const Tensor& b) { return div(a, b); }
inline Tensor operator-(const Tensor& x) { return neg(x); }

}  // namespace heed
