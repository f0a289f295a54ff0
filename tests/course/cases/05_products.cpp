#include "cases.hpp"

using namespace heed;
using course_cases::File;

namespace {

void write(File& file) {
  const auto product = [](const std::vector<Tensor>& x) { return matmul(x[0], x[1]); };
  const auto add = [&](const std::string& kind, const Shape& a, const Shape& b) {
    file.operation(kind + ": " + to_string(a) + " times " + to_string(b), {{"a", a}, {"b", b}},
                   product);
  };
  add("square", {3, 3}, {3, 3});
  add("same", {2, 3}, {3, 5});
  add("same", {1, 1}, {1, 1});
  add("same", {4, 1}, {1, 3});
  add("same", {0, 3}, {3, 2});
  add("same", {2, 0}, {0, 3});
  add("same", {2, 3, 4}, {2, 4, 5});
  add("same", {2, 3, 2, 5}, {2, 3, 5, 3});
  add("same", {0, 3, 4}, {0, 4, 2});
  add("broadcast", {2, 3, 4}, {4, 5});
  add("broadcast", {3, 4}, {2, 4, 5});
  add("broadcast", {2, 1, 3, 4}, {5, 4, 2});
  add("broadcast", {1, 2, 3}, {0, 3, 2});
}

const course_cases::Chapter added("05_products", write);

}  // namespace
