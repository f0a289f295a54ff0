#include <cstdio>
#include <random>

#include "broadcast.hpp"

using namespace course;

Array random(const Shape& shape, std::mt19937_64& bits) {
  Array a = zeros(shape);
  for (double& number : *a.data) number = static_cast<double>(bits() >> 11) * 0x1p-52 - 1;
  return a;
}

/// Stretching and summing are adjoint: both ways of multiplying give the same number.
int main() {
  std::mt19937_64 bits(1);
  const auto dot = [](const Array& a, const Array& b) {
    return sum(mul(constant(a), constant(b))).value().at({});
  };
  for (const auto& [small, large] : {std::pair<Shape, Shape>{{3, 1}, {3, 4}},
                                     {{4}, {3, 4}},
                                     {{1, 3, 1}, {2, 3, 4}},
                                     {{}, {2, 3}}}) {
    // [adjoint]
    const Array a = random(small, bits), g = random(large, bits);
    const double forward = dot(g, broadcast_to(a, large));
    const double backward = dot(sum_to(g, small), a);
    // [/adjoint]
    std::printf("%-10s to %-10s  <g, stretch a> %8.5f   <sum g, a> %8.5f\n",
                to_string(small).c_str(), to_string(large).c_str(), forward, backward);
  }
}
