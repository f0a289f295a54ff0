#include "promotion.hpp"

#include <cmath>

#include "broadcast.hpp"
#include "tensor.hpp"

namespace heed {

namespace {

/// Bool, whole, real.
int kind(DType dtype) { return dtype == boolean ? 0 : dtype == int32 ? 1 : 2; }

/// `strong`, but `weak` where that is of a higher kind.
DType raised(DType strong, DType weak) { return kind(weak) > kind(strong) ? weak : strong; }

}  // namespace

void refuse_number(const char* operation, DType dtype, double number, const Remedy& remedy) {
  const bool whole = std::isfinite(number) && std::trunc(number) == number;
  const DType holder = !whole ? float32 : kernels::has_number(int32, number) ? int32 : float64;
  throw TypeError(std::string(operation) + ": " + shortest(number) + " is no " + to_string(dtype) +
                  "; " + remedy.before + to_string(holder) + remedy.after);
}

DType promote_types(DType a, DType b) {
  if (kind(a) != kind(b)) return kind(a) > kind(b) ? a : b;
  return a == float64 ? a : b;
}

bool can_cast(DType from, DType to) { return kind(from) <= kind(to); }

DType result_type(const Tensor& a, const Tensor& b) {
  if ((a.rank() == 0) == (b.rank() == 0)) return promote_types(a.dtype(), b.dtype());
  return b.rank() == 0 ? raised(a.dtype(), b.dtype()) : raised(b.dtype(), a.dtype());
}

DType result_type(const Tensor& a, Scalar b) { return raised(a.dtype(), b.dtype); }

DType result_type(std::span<const Tensor> tensors) {
  DType with_axes = boolean, without = boolean;
  bool has_axes = false;
  for (const Tensor& one : tensors) {
    if (!one.defined()) continue;
    has_axes |= one.rank() > 0;
    DType& same = one.rank() > 0 ? with_axes : without;
    same = promote_types(same, one.dtype());
  }
  return has_axes ? raised(with_axes, without) : without;
}

DType result_type(std::initializer_list<Tensor> tensors) {
  return result_type(std::span<const Tensor>(tensors.begin(), tensors.size()));
}

}  // namespace heed
