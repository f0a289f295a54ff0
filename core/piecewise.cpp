// Operations with one formula here and another there.
#include "broadcast.hpp"
#include "elementwise.hpp"
#include "kernels/elementwise.hpp"
#include "record.hpp"

namespace heed {

using kernels::Comparison;

namespace {

Array where_kept(const Array& g, const Array& kept) {
  return kernels::masked_fill(g, kernels::logical_not(kept), 0);
}

// y = max(x, limit) or min;  dL/dx = g where x is `kept`, dL/dlimit = g where it is `beyond`
Tensor limited(const Tensor& x_in, const Tensor& limit_in, Comparison kept, Comparison beyond) {
  return broadcast("clamp", x_in, limit_in, [=](const Tensor& x, const Tensor& limit) {
    const auto choose = beyond == Comparison::lt ? kernels::maximum : kernels::minimum;
    const auto rule = [](Comparison place) {
      return [place](const Array& g, const Array& of, const Array& bound) {
        return where_kept(g, kernels::compare(place, of, bound));
      };
    };
    return record("clamp", choose(x.array(), limit.array()), wrt(x, saved(x, limit), rule(kept)),
                  wrt(limit, saved(x, limit), rule(beyond)));
  });
}

Array inside_of(const Array& x, const Array& low, const Array& high) {
  return kernels::logical_and(kernels::compare(Comparison::ge, x, low),
                              kernels::compare(Comparison::le, x, high));
}
/// Where the result is the lower limit, and not x; where the upper one.
Array at_low(const Array& x, const Array& low, const Array& high) {
  return kernels::logical_and(kernels::compare(Comparison::lt, x, low),
                              kernels::compare(Comparison::lt, low, high));
}
Array at_high(const Array& x, const Array& low, const Array& high) {
  return kernels::logical_or(kernels::compare(Comparison::gt, x, high),
                             kernels::compare(Comparison::gt, low, high));
}

template <Array (*place)(const Array&, const Array&, const Array&)>
Array gradient_at(const Array& g, const Array& x, const Array& low, const Array& high) {
  return where_kept(g, place(x, low, high));
}

}  // namespace

// y = min(max(x, low), high);  dL/dx = g where low <= x <= high, dL/dlow = g where x < low < high,
// dL/dhigh = g where x > high or low > high
Tensor clamp(const Tensor& x_in, const Tensor& low_in, const Tensor& high_in) {
  if (!low_in.defined() && !high_in.defined()) {
    throw ConfigError("clamp: needs a lower or an upper limit, got two undefined tensors");
  }
  const DType common = result_type({x_in, low_in, high_in});
  if (x_in.dtype() != common) return clamp(x_in.to(common), low_in, high_in);
  check_arithmetic("clamp", x_in);
  const auto limit = [common](const Tensor& of) { return of.defined() ? of.to(common) : of; };
  const Tensor lower = limit(low_in), upper = limit(high_in);
  if (!upper.defined()) return limited(x_in, lower, Comparison::ge, Comparison::lt);
  if (!lower.defined()) return limited(x_in, upper, Comparison::le, Comparison::gt);
  const Shape shape = broadcast_shapes("clamp", x_in.shape(),
                                       broadcast_shapes("clamp", lower.shape(), upper.shape()));
  const Tensor x = expand(x_in, shape), low = expand(lower, shape), high = expand(upper, shape);
  return record("clamp", kernels::minimum(kernels::maximum(x.array(), low.array()), high.array()),
                wrt(x, saved(x, low, high), gradient_at<inside_of>),
                wrt(low, saved(x, low, high), gradient_at<at_low>),
                wrt(high, saved(x, low, high), gradient_at<at_high>));
}

// y = log(1 + e^s) / beta = (max(s, 0) + log(1 + e^-|s|)) / beta, s = beta x;
// dL/dx = g / (1 + e^-s);  where s > threshold: y = x, dL/dx = g
Tensor softplus(const Tensor& x, double beta, double threshold) {
  check_floating("softplus", x);
  const Array s = kernels::mul(x.array(), beta);
  const Array rest = kernels::log1p(kernels::exp(kernels::mul(kernels::abs(s), -1)));
  const Array y = kernels::div(kernels::add(kernels::relu(s), rest), beta);
  const Array linear = kernels::compare(Comparison::gt, s, threshold);
  return record("softplus", kernels::where(linear, x.array(), y),
                wrt(x, saved(s), [threshold](const Array& g, const Array& argument) {
                  const Array above = kernels::compare(Comparison::gt, argument, threshold);
                  return kernels::mul(g,
                                      kernels::masked_fill(kernels::sigmoid(argument), above, 1));
                }));
}

// y = x > 0 ? x : slope x;  dL/dx = x > 0 ? g : slope g
Tensor leaky_relu(const Tensor& x, double negative_slope) {
  check_floating("leaky_relu", x);
  const auto leaky = [negative_slope](const Array& g, const Array& argument) {
    return kernels::where(kernels::compare(Comparison::gt, argument, 0), g,
                          kernels::mul(g, negative_slope));
  };
  return record("leaky_relu", leaky(x.array(), x.array()), wrt(x, saved(x), leaky));
}

}  // namespace heed
