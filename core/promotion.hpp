#pragma once

#include <initializer_list>
#include <span>
#include <type_traits>

#include "array.hpp"

/// The element type of a result whose operands have several: PyTorch's rules, in one place. Types
/// rise from bool over int32 and float32 to float64.
namespace heed {

class Tensor;

/// A number beside a tensor, made from any number of C++. It raises an element type to its kind
/// alone: a real one makes float32 of int32, a whole one int32 of bool. `dtype` is what it has by
/// itself: bool, int32 or float32.
struct Scalar {
  double value;
  DType dtype;

  template <class T>
  requires std::is_arithmetic_v<T>
  constexpr Scalar(T number)
      : value(static_cast<double>(number)),
        dtype(std::is_same_v<T, bool> ? boolean
              : std::is_integral_v<T> ? int32
                                      : float32) {}
};

/// The smallest element type that has the numbers of both, int32 beside float32 being float32.
/// As torch.promote_types.
DType promote_types(DType a, DType b);
/// May a result of the one type be written into elements of the other? Not real numbers into whole
/// ones, and only bool into bool. As torch.can_cast.
bool can_cast(DType from, DType to);

/// The element type of an operation on both. A tensor without axes raises that of one with axes
/// only to a higher kind (bool, whole, real), and a number that of any tensor.
/// As torch.result_type.
DType result_type(const Tensor& a, const Tensor& b);
DType result_type(const Tensor& a, Scalar b);
/// The same of any number of tensors; undefined ones have no say, and of none it is bool.
DType result_type(std::span<const Tensor> tensors);
DType result_type(std::initializer_list<Tensor> tensors);

}  // namespace heed
