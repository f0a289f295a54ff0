#include <cmath>
#include <cstdio>

#include "tensor.hpp"

namespace heed {

namespace {

constexpr int64_t shown = 4;  // elements at each end of a long axis
constexpr int64_t longest = 10;

std::string number(double value, DType dtype) {
  if (dtype == boolean) return value != 0 ? "true" : "false";
  char text[40];
  std::snprintf(text, sizeof text, dtype == int32 ? "%.0f" : "%.5g", value);
  return text;
}

void print_axis(const Array& array, int depth, std::string& out) {
  if (array.rank() == 0) {
    out += number(array.item(), array.dtype());
    return;
  }
  out += '[';
  const int64_t size = array.size(0);
  for (int64_t i = 0; i < size; ++i) {
    if (i > 0) {
      out += ',';
      if (array.rank() > 1) {
        out += '\n' + std::string(static_cast<std::size_t>(depth) + 1, ' ');
      } else {
        out += ' ';
      }
    }
    if (size > longest && i == shown) {
      out += "...";
      i = size - shown - 1;
    } else {
      print_axis(array.select(0, i), depth + 1, out);
    }
  }
  out += ']';
}

}  // namespace

std::string to_string(const Array& array) {
  if (!array.defined()) return "undefined";
  std::string out;
  print_axis(array, 0, out);
  return out + " " + to_string(array.dtype()) + " " + to_string(array.shape());
}

std::string to_string(const Tensor& tensor) {
  if (!tensor.defined()) return "undefined";
  return to_string(tensor.array()) + (tensor.requires_grad() ? " requires_grad" : "");
}

}  // namespace heed
