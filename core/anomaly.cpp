#include <heed/core/anomaly.hpp>

#include <cmath>

#include <heed/core/error.hpp>

namespace heed {

namespace {

thread_local bool detecting = false;

template <class T>
int64_t first_nan(const Array& contiguous) {
  const T* numbers = contiguous.data<T>();
  for (int64_t i = 0; i < contiguous.numel(); ++i) {
    if (std::isnan(numbers[i])) return i;
  }
  return -1;
}

/// The index of element number `i` in row-major order.
Shape index_of(int64_t i, const Shape& shape) {
  Shape index = shape;
  for (int axis = shape.rank() - 1; axis >= 0; --axis) {
    index[axis] = i % shape[axis];
    i /= shape[axis];
  }
  return index;
}

}  // namespace

DetectAnomaly::DetectAnomaly() : before_(detecting) { detecting = true; }
DetectAnomaly::~DetectAnomaly() { detecting = before_; }
bool detects_anomaly() { return detecting; }

void check_for_nan(const std::string& what, const Array& numbers) {
  if (!is_floating(numbers.dtype())) return;
  const Array dense = numbers.contiguous();
  const int64_t i = dense.dtype() == float32 ? first_nan<float>(dense) : first_nan<double>(dense);
  if (i < 0) return;
  throw NumericError("detect_anomaly: " + what + " " + to_string(numbers.shape()) +
                     " has a NaN at " + to_string(index_of(i, numbers.shape())));
}

}  // namespace heed
