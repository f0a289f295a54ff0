#include "products.hpp"

#include "broadcast.hpp"
#include "kernels/elementwise.hpp"
#include "kernels/products.hpp"
#include "kernels/reductions.hpp"
#include "record.hpp"

namespace heed {

namespace {

Array transposed(const Array& matrix) { return matrix.transpose(-2, -1); }

// y = a b for equal leading axes;  dL/da = g b^T, dL/db = a^T g
Tensor matmul_same(const Tensor& a, const Tensor& b) {
  return record("matmul", kernels::matmul(a.array(), b.array()),
                wrt(a, saved(b),
                    [](const Array& g, const Array& right, Array& into) {
                      kernels::add_matmul(into, g, transposed(right));
                    }),
                wrt(b, saved(a), [](const Array& g, const Array& left, Array& into) {
                  kernels::add_matmul(into, transposed(left), g);
                }));
}

Shape leading(const Tensor& x) { return {x.shape().begin(), x.rank() - 2}; }

Shape with_matrix(Shape lead, int64_t rows, int64_t columns) {
  lead.push_back(rows);
  lead.push_back(columns);
  return lead;
}

void check_matmul(const Tensor& a, const Tensor& b) {
  check_same_dtype("matmul", a, b);
  check_floating("matmul", a);
  if (a.rank() == 0 || b.rank() == 0) {
    throw ShapeError("matmul: needs at least one axis: a " + to_string(a.shape()) + ", b " +
                     to_string(b.shape()));
  }
  const int64_t inner = b.rank() == 1 ? b.size(0) : b.size(-2);
  if (a.size(-1) != inner) {
    throw ShapeError("matmul: inner sizes differ: a " + to_string(a.shape()) + " has " +
                     std::to_string(a.size(-1)) + ", b " + to_string(b.shape()) + " has " +
                     std::to_string(inner));
  }
}

}  // namespace

Tensor matmul(const Tensor& a, const Tensor& b) {
  check_matmul(a, b);
  if (a.rank() == 1) return squeeze(matmul(unsqueeze(a, 0), b), b.rank() == 1 ? 0 : -2);
  if (b.rank() == 1) return squeeze(matmul(a, unsqueeze(b, 1)), -1);
  const Shape lead_a = leading(a), lead_b = leading(b);
  if (lead_a == lead_b) return matmul_same(a, b);
  const int64_t rows = a.size(-2), inner = a.size(-1), columns = b.size(-1);
  if (b.rank() == 2) {
    // One matrix for the whole batch: one product of all rows.
    const Tensor flat = matmul_same(reshape(a, {element_count(lead_a) * rows, inner}), b);
    return reshape(flat, with_matrix(lead_a, rows, columns));
  }
  const Shape lead = broadcast_shapes("matmul", lead_a, lead_b);
  return matmul_same(expand(a, with_matrix(lead, rows, inner)),
                     expand(b, with_matrix(lead, inner, columns)));
}

namespace {

void check_type_of_weight(const char* name, const Tensor& x, const Tensor& weight) {
  if (!types_differ("linear", x, weight)) return;
  const std::string of_x = to_string(x.dtype()), of_weight = to_string(weight.dtype());
  throw TypeError("linear: element types differ: x is " + of_x + ", " + name + " " + of_weight +
                  "; convert one, x.to(" + of_weight + ")" +
                  (is_floating(x.dtype()) ? " or the module: to(net, " + of_x + ")" : ""));
}

}  // namespace

void check_linear(const Tensor& x, const Tensor& weight, const Tensor& bias) {
  check_type_of_weight("weight", x, weight);
  check_floating("linear", x);
  if (x.rank() < 1 || weight.rank() != 2 || x.size(-1) != weight.size(1)) {
    throw ShapeError("linear: needs x [..., I] and weight [O, I], got " + to_string(x.shape()) +
                     " and " + to_string(weight.shape()));
  }
  if (!bias.defined()) return;
  check_type_of_weight("bias", x, bias);
  if (bias.shape() != Shape{weight.size(0)}) {
    throw ShapeError("linear: needs bias [" + std::to_string(weight.size(0)) + "], got " +
                     to_string(bias.shape()));
  }
}

namespace {

Array rows_of(const Array& x) {
  const int64_t width = x.size(-1);
  return x.reshape(
      {width ? x.numel() / width : element_count(x.shape().without(x.rank() - 1)), width});
}

/// May a rule have x made again instead of saving it? Not if it was changed in place.
bool can_remake(const Tensor& x) {
  return x.requires_grad() && x.node()->can_remake() && x.array().version() == 0;
}

}  // namespace

// y = x W^T + b;  dL/dx = g W, dL/dW = g^T x, dL/db = sum over rows of g
Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& bias) {
  check_linear(x, weight, bias);
  const Array rows = rows_of(x.array());
  const Array product =
      kernels::linear(rows, weight.array(), bias.defined() ? bias.array() : Array());
  Shape shape = x.shape();
  shape[shape.rank() - 1] = weight.size(0);
  const Array y = product.reshape(shape);
  const auto to_bias =
      wrt(bias, [](const Array& g) { return kernels::sum(rows_of(g), {0}, false); });
  const Shape x_shape = x.shape();
  const auto to_x = [x_shape](const Array& g, const Array& matrix) {
    return kernels::matmul(rows_of(g), matrix).reshape(x_shape);
  };
  if (can_remake(x)) {
    const auto to_weight = [](const Array& g, Gradients& out) {
      out.give_product(0, rows_of(g), rows_of(out.remade(0)));
    };
    return record("linear", y, wrt(x, saved(weight), to_x), joint({&weight}, saved(), to_weight),
                  to_bias);
  }
  const auto to_weight = [](const Array& g, const Array& input, Gradients& out) {
    out.give_product(0, rows_of(g), input);
  };
  return record("linear", y, wrt(x, saved(weight), to_x), joint({&weight}, saved(rows), to_weight),
                to_bias);
}

}  // namespace heed
