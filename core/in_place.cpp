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
  target.array_for(operation);  // it is defined
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
  const Array& array = other.array_for(operation);
  if (other.requires_grad() && grad_enabled()) {
    throw GraphError(std::string(operation) +
                     ": the operand has a gradient, which a change in place would lose; " +
                     instead + ", or detach() the operand");
  }
  check_broadcasts_to(operation, "the operand", other, "the tensor", target.shape());
  check_no_overlap(operation, target.array());
  // An operand that shares the target's memory is copied: elements may be read after they changed.
  return (array.shares_storage_with(target.array()) ? array.clone() : array).expand(target.shape());
}

/// An operation of arithmetic in place: its name, what to write for a tensor with a history, and
/// the least kind of its results.
struct Arithmetic {
  const char* name;
  const char* instead;
  DType least;
};
constexpr Arithmetic addition{"add_", "write x = x + y", boolean};
constexpr Arithmetic subtraction{"sub_", "write x = x - y", int32};
constexpr Arithmetic multiplication{"mul_", "write x = x * y", boolean};
constexpr Arithmetic division{"div_", "write x = x / y", float32};

/// The element type that the operation has with such an operand, which must fit into the target's.
DType type_of_change(const Arithmetic& f, const Tensor& target, DType with_operand) {
  const bool raised = can_cast(with_operand, f.least) && !can_cast(f.least, with_operand);
  const DType result = raised ? f.least : with_operand;
  if (can_cast(result, target.dtype())) return result;
  throw TypeError(std::string(f.name) + ": the result is " + to_string(result) +
                  ", which can't be put into " + to_string(target.dtype()) + "; " + f.instead);
}

/// A number that goes into the elements of a tensor, which keep their type.
void check_number_into(const char* operation, DType dtype, double number) {
  check_number(operation, dtype, number, {"write x = x.to(", ") before"});
}

/// Calls `apply(target, operand)` with what `other` broadcasts to; where the two have another
/// element type in common, on a copy that has it.
template <class F>
void change(const Arithmetic& f, const Tensor& target, const Tensor& other, F apply) {
  check_in_place(f.name, target, f.instead);
  other.array_for(f.name);  // it is defined
  const DType type = type_of_change(f, target, result_type(target, other));
  const Array operand = expanded_operand(f.name, target, other, f.instead).to(type);
  const Array to = target.array().to(type);
  apply(to, operand);
  if (type != target.dtype()) kernels::copy_into(target.array(), to);
  target.array().bump_version();
}

using IntoNumber = void (*)(const Array& target, double number);
void change(const Arithmetic& f, const Tensor& target, Scalar number, IntoNumber apply) {
  check_in_place(f.name, target, f.instead);
  check_no_overlap(f.name, target.array());
  type_of_change(f, target, result_type(target, number));
  check_number_into(f.name, target.dtype(), number.value);
  apply(target.array(), number.value);
  target.array().bump_version();
}

/// target += factor * other; of two bools, one of them is enough.
void add_product(const Arithmetic& f, const Tensor& target, const Tensor& other, double factor) {
  change(f, target, other, [&](const Array& to, const Array& x) {
    check_number_into(f.name, to.dtype(), factor);
    if (to.dtype() == boolean) {
      return factor == 0 ? void() : kernels::copy_into(to, kernels::logical_or(to, x));
    }
    kernels::add_into(to, x, factor);
  });
}

constexpr const char* instead_of_writing =
    "write x = where(mask, y, x) or x = masked_fill(x, mask, number), or change a detach().clone()";

}  // namespace

Tensor& Tensor::copy_(const Tensor& source) {
  check_in_place("copy_", *this, instead_of_writing);
  kernels::copy_into(array(), expanded_operand("copy_", *this, source, "use x = y.clone()"));
  array().bump_version();
  return *this;
}

Tensor& Tensor::fill_(double value) {
  check_in_place("fill_", *this, instead_of_writing);
  check_number_into("fill_", dtype(), value);
  kernels::fill(array(), value);
  array().bump_version();
  return *this;
}

Tensor& Tensor::add_(const Tensor& other, double factor) {
  add_product(addition, *this, other, factor);
  return *this;
}
Tensor& Tensor::add_(Scalar value) {
  if (dtype() == boolean) return add_(operand("add_", *this, value));
  change(addition, *this, value, kernels::add_into);
  return *this;
}

Tensor& Tensor::sub_(const Tensor& other, double factor) {
  check_arithmetic("sub_", *this);
  check_arithmetic("sub_", other);
  const DType type = result_type(*this, other);
  check_number_into("sub_", type, factor);
  // Of int32 the least has no negative, and is its own where numbers wrap around.
  const bool is_least = type == int32 && factor == INT32_MIN;
  add_product(subtraction, *this, other, is_least ? factor : -factor);
  return *this;
}
Tensor& Tensor::sub_(Scalar value) {
  check_arithmetic("sub_", *this);
  check_arithmetic("sub_", value.dtype);
  // Of int32 the least has no negative.
  const bool is_least = value.dtype == int32 && value.value == INT32_MIN;
  if (is_least && dtype() == int32) return sub_(operand("sub_", *this, value));
  change(subtraction, *this, value,
         [](const Array& to, double number) { kernels::add_into(to, -number); });
  return *this;
}

Tensor& Tensor::mul_(const Tensor& other) {
  change(multiplication, *this, other, [](const Array& to, const Array& x) {
    if (to.dtype() == boolean) return kernels::copy_into(to, kernels::logical_and(to, x));
    kernels::mul_into(to, x);
  });
  return *this;
}
Tensor& Tensor::mul_(Scalar factor) {
  if (dtype() == boolean) return mul_(operand("mul_", *this, factor));
  change(multiplication, *this, factor, kernels::scale);
  return *this;
}

Tensor& Tensor::div_(const Tensor& other) {
  change(division, *this, other, [](const Array& to, const Array& x) { kernels::div_into(to, x); });
  return *this;
}
Tensor& Tensor::div_(Scalar divisor) {
  change(division, *this, divisor, kernels::div_into);
  return *this;
}

}  // namespace heed
