#include "cases.hpp"

using namespace heed;
using course_cases::File;

namespace {

void write(File& file) {
  const auto to = [](Shape shape) {
    return [shape](const std::vector<Tensor>& x) { return expand(x[0], shape); };
  };
  file.operation("broadcast_to a column", {{"a", {3, 1}}}, to({3, 4}));
  file.operation("broadcast_to a row", {{"a", {4}}}, to({3, 4}));
  file.operation("broadcast_to the middle", {{"a", {2, 1, 3}}}, to({2, 4, 3}));
  file.operation("broadcast_to a number", {{"a", {}}}, to({2, 3}));
  file.operation("broadcast_to both ways", {{"a", {1, 3, 1}}}, to({2, 3, 4}));
  file.operation("broadcast_to itself", {{"a", {2, 3}}}, to({2, 3}));
  file.operation("broadcast_to nothing", {{"a", {1, 3}}}, to({0, 3}));
  const auto plus = [](const std::vector<Tensor>& x) { return x[0] + x[1]; };
  const auto times = [](const std::vector<Tensor>& x) { return x[0] * x[1]; };
  file.operation("plus: a column and a row", {{"a", {3, 1}}, {"b", {4}}}, plus);
  file.operation("plus: rows and a number", {{"a", {2, 3}}, {"b", {}}}, plus);
  file.operation("times: a column and a row", {{"a", {3, 1}}, {"b", {4}}}, times);
  file.operation("times: three axes", {{"a", {2, 1, 3}}, {"b", {4, 1}}}, times);
  file.operation("times: none", {{"a", {0, 3}}, {"b", {3}}}, times);
  for (const int64_t axis : {0, 1, 2}) {
    file.operation("sum of axis " + std::to_string(axis), {{"a", {2, 3, 4}}},
                   [axis](const std::vector<Tensor>& x) { return sum(x[0], {axis}, true); });
  }
  file.operation("sum of axis 0, none", {{"a", {0, 3}}},
                 [](const std::vector<Tensor>& x) { return sum(x[0], {0}, true); });
}

const course_cases::Chapter added("04_broadcasting", write);

}  // namespace
