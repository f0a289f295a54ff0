#include "anomaly.hpp"

#include <cmath>
#include <limits>

#include "autograd.hpp"
#include "error.hpp"

namespace heed {

namespace {

thread_local Anomaly detecting = Anomaly::none;

template <class T>
int64_t first_anomaly(const Array& contiguous) {
  const T* numbers = contiguous.data<T>();
  const bool overflow = detecting == Anomaly::overflow;
  for (int64_t i = 0; i < contiguous.numel(); ++i) {
    const bool infinite = numbers[i] == std::numeric_limits<T>::infinity();
    if (std::isnan(numbers[i]) || (overflow && infinite)) return i;
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

DetectAnomaly::DetectAnomaly(Anomaly wanted) : before_(detecting) {
  detecting = wanted;
  ++observers;
}
DetectAnomaly::~DetectAnomaly() {
  detecting = before_;
  --observers;
}
bool detects_anomaly() { return detecting != Anomaly::none; }

void check_for_anomaly(const std::string& what, const Array& numbers) {
  if (!is_floating(numbers.dtype())) return;
  const Array dense = numbers.contiguous();
  const bool single = dense.dtype() == float32;
  const int64_t i = single ? first_anomaly<float>(dense) : first_anomaly<double>(dense);
  if (i < 0) return;
  const bool nan =
      single ? std::isnan(dense.data<float>()[i]) : std::isnan(dense.data<double>()[i]);
  throw NumericError("detect_anomaly: " + what + " " + to_string(numbers.shape()) +
                     (nan ? " has a NaN at " : " has an infinity at ") +
                     to_string(index_of(i, numbers.shape())));
}

}  // namespace heed
