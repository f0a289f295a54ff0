#pragma once

#include <string>

#include "error.hpp"
#include "files/json_writer.hpp"
#include "kernels/elementwise.hpp"
#include "views.hpp"

// For operations of two operands; not for users.
namespace heed {

/// Have the operands of an operation two element types?
inline bool types_differ(const char* operation, const Tensor& a, const Tensor& b) {
  return a.array_for(operation).dtype() != b.array_for(operation).dtype();
}

inline void check_same_dtype(const char* operation, const Tensor& a, const Tensor& b,
                             const char* name_of_a = "a", const char* name_of_b = "b") {
  if (!types_differ(operation, a, b)) return;
  throw TypeError(std::string(operation) + ": element types differ: " + name_of_a + " is " +
                  to_string(a.dtype()) + ", " + name_of_b + " " + to_string(b.dtype()) +
                  "; convert one with .to()");
}

inline void check_floating(const char* operation, DType dtype, const char* advice = "") {
  if (is_floating(dtype)) return;
  throw TypeError(std::string(operation) + ": needs float32 or float64, got " + to_string(dtype) +
                  advice);
}

inline void check_floating(const char* operation, const Tensor& x) {
  check_floating(operation, x.array_for(operation).dtype(), "; convert with .to(float32)");
}

inline void check_arithmetic(const char* operation, DType dtype) {
  if (dtype != boolean) return;
  throw TypeError(std::string(operation) +
                  ": not of bool; use logical_and, logical_or, logical_not or convert with "
                  ".to(int32)");
}

inline void check_arithmetic(const char* operation, const Tensor& x) {
  check_arithmetic(operation, x.array_for(operation).dtype());
}

/// That linear(x, weight, bias) exists.
void check_linear(const Tensor& x, const Tensor& weight, const Tensor& bias);

inline void check_dtype(const char* operation, const char* operand, const Tensor& x, DType wanted) {
  if (x.array_for(operation).dtype() == wanted) return;
  throw TypeError(std::string(operation) + ": " + operand + " must be " + to_string(wanted) +
                  ", got " + to_string(x.dtype()) + "; convert with .to(" +
                  (wanted == boolean ? "boolean" : to_string(wanted)) + ")");
}

/// What stands round the name of an element type that has the number, where another has not.
struct Remedy {
  const char *before, *after;
};
[[noreturn]] void refuse_number(const char* operation, DType dtype, double number,
                                const Remedy& remedy);

/// `ShapeError` unless x broadcasts to `shape`, which is that of `target`.
inline void check_broadcasts_to(const char* operation, const char* name, const Tensor& x,
                                const char* target, const Shape& shape) {
  if (broadcasts_to(x.shape(), shape)) return;
  throw ShapeError(std::string(operation) + ": " + name + " " + to_string(x.shape()) +
                   " does not broadcast to " + target + " " + to_string(shape) +
                   "; sizes must be equal or 1, from the last axis on: unsqueeze() puts in a 1");
}

/// For a number that takes an element type: none is cut on the way.
inline void check_number(const char* operation, DType dtype, double number,
                         const Remedy& remedy = {"convert the tensor with .to(", ")"}) {
  if (is_floating(dtype) || kernels::has_number(dtype, number)) return;
  refuse_number(operation, dtype, number, remedy);
}

/// Is the result of x and the number of another element type than x?
inline bool raises(const char* operation, const Tensor& x, Scalar number) {
  const DType dtype = x.array_for(operation).dtype();
  return !is_floating(dtype) && result_type(x, number) != dtype;
}

/// The number as an operand beside x, without axes.
inline Tensor operand(const char* operation, const Tensor& x, Scalar number) {
  const DType dtype = result_type(x, number);
  check_number(operation, dtype, number.value);
  return Tensor::scalar(number.value, dtype);
}

/// An operation on two element types: on what they have in common.
using TwoOperands = Tensor (*)(const Tensor& a, const Tensor& b);
inline Tensor promoted(TwoOperands operation, const Tensor& a, const Tensor& b) {
  const DType common = result_type(a, b);
  return operation(a.to(common), b.to(common));
}

/// `compute(a, b)` on operands of one shape, expanded where theirs differ: broadcasting is an
/// operation of its own, so that no other one needs to know of it.
template <class F>
Tensor broadcast(const char* operation, const Tensor& a, const Tensor& b, F compute) {
  if (a.shape() == b.shape()) return compute(a, b);
  const Shape shape = broadcast_shapes(operation, a.shape(), b.shape());
  return compute(expand(a, shape), expand(b, shape));
}

}  // namespace heed
