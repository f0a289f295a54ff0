// The in-place changes of Tensor.
#include <string>

#include "autograd.hpp"
#include "broadcast.hpp"
#include "error.hpp"
#include "kernels/elementwise.hpp"

namespace heed {

namespace {

/// `instead`: what to write where the tensor has a history.
void check_in_place(const char* operation, const Tensor& target, const char* instead) {
  if (!target.is_leaf()) {
    throw GraphError(std::string(operation) + ": the tensor is the result of " +
                     target.node()->name() + ", whose history a change in place would break; " +
                     instead);
  }
  if (target.requires_grad() && grad_enabled()) {
    throw GraphError(std::string(operation) +
                     ": a leaf that requires a gradient is changed in place under NoGrad only");
  }
}

/// What depends on the old numbers must find each element in a place of its own.
void check_no_overlap(const char* operation, const Array& target) {
  if (target.numel() == 0) return;
  for (int axis = 0; axis < target.rank(); ++axis) {
    if (target.strides()[axis] != 0 || target.shape()[axis] <= 1) continue;
    throw ShapeError(std::string(operation) + ": the tensor " + to_string(target.shape()) +
                     " is expanded: along axis " + std::to_string(axis) +
                     " one number in memory stands for " + std::to_string(target.shape()[axis]) +
                     " elements; clone() it first");
  }
}

Array expanded_operand(const char* operation, const Tensor& target, const Tensor& other,
                       const char* instead) {
  if (other.requires_grad() && grad_enabled()) {
    throw GraphError(std::string(operation) +
                     ": the operand has a gradient, which a change in place would lose; " +
                     instead + ", or detach() the operand");
  }
  if (broadcast_shapes(operation, target.shape(), other.shape()) != target.shape()) {
    throw ShapeError(std::string(operation) + ": " + to_string(other.shape()) +
                     " does not broadcast to " + to_string(target.shape()));
  }
  check_no_overlap(operation, target.array());
  // An operand that shares the target's memory is copied: elements may be read after they changed.
  const Array& array = other.array();
  return (array.shares_storage_with(target.array()) ? array.clone() : array).expand(target.shape());
}

/// An operation of arithmetic in place, by its name and what to write for a tensor with a history.
struct Arithmetic {
  const char* name;
  const char* instead;
  bool floating;
};
constexpr Arithmetic addition{"add_", "write x = x + y", false};
constexpr Arithmetic subtraction{"sub_", "write x = x - y", false};
constexpr Arithmetic multiplication{"mul_", "write x = x * y", false};
constexpr Arithmetic division{"div_", "write x = x / y", true};

void check_target(const Arithmetic& f, const Tensor& target) {
  check_in_place(f.name, target, f.instead);
  if (f.floating) check_floating(f.name, target);
  check_arithmetic(f.name, target);
}

/// Calls `apply(target, operand)` with what `other` broadcasts to.
template <class F>
void change(const Arithmetic& f, const Tensor& target, const Tensor& other, F apply) {
  check_target(f, target);
  check_same_dtype(f.name, target, other);
  apply(target.array(), expanded_operand(f.name, target, other, f.instead));
  target.array().bump_version();
}

using IntoNumber = void (*)(const Array& target, double number);
void change(const Arithmetic& f, const Tensor& target, double number, IntoNumber apply) {
  check_target(f, target);
  check_no_overlap(f.name, target.array());
  check_number(f.name, target, number);
  apply(target.array(), number);
  target.array().bump_version();
}

/// target += factor * other.
void add_product(const Arithmetic& f, const Tensor& target, const Tensor& other, double factor) {
  check_target(f, target);
  check_number(f.name, target, factor);
  change(f, target, other,
         [=](const Array& to, const Array& x) { kernels::add_into(to, x, factor); });
}

}  // namespace

Tensor& Tensor::copy_(const Tensor& source) {
  check_in_place("copy_", *this, "change a detach().clone() of it instead");
  kernels::copy_into(array(), expanded_operand("copy_", *this, source, "use x = y.clone()"));
  array().bump_version();
  return *this;
}

Tensor& Tensor::fill_(double value) {
  check_in_place("fill_", *this, "change a detach().clone() of it instead");
  check_number("fill_", *this, value);
  kernels::fill(array(), value);
  array().bump_version();
  return *this;
}

Tensor& Tensor::add_(const Tensor& other, double factor) {
  add_product(addition, *this, other, factor);
  return *this;
}
Tensor& Tensor::add_(double value) {
  change(addition, *this, value, kernels::add_into);
  return *this;
}

Tensor& Tensor::sub_(const Tensor& other, double factor) {
  add_product(subtraction, *this, other, -factor);
  return *this;
}
Tensor& Tensor::sub_(double value) {
  change(subtraction, *this, -value, kernels::add_into);
  return *this;
}

Tensor& Tensor::mul_(const Tensor& other) {
  change(multiplication, *this, other,
         [](const Array& to, const Array& x) { kernels::mul_into(to, x); });
  return *this;
}
Tensor& Tensor::mul_(double factor) {
  change(multiplication, *this, factor, kernels::scale);
  return *this;
}

Tensor& Tensor::div_(const Tensor& other) {
  change(division, *this, other, [](const Array& to, const Array& x) { kernels::div_into(to, x); });
  return *this;
}
Tensor& Tensor::div_(double divisor) {
  change(division, *this, divisor, kernels::div_into);
  return *this;
}

}  // namespace heed
