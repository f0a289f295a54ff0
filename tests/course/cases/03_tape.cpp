#include "cases.hpp"

using namespace heed;
using course_cases::File;

namespace {

void write(File& file) {
  for (const Shape& shape : {Shape{2, 3}, Shape{}, Shape{1}, Shape{0, 2}}) {
    const std::string of = " of " + to_string(shape);
    file.operation("mul" + of, {{"a", shape}, {"b", shape}},
                   [](const std::vector<Tensor>& x) { return x[0] * x[1]; });
    file.operation("tanh" + of, {{"a", shape}},
                   [](const std::vector<Tensor>& x) { return tanh(x[0]); });
    file.operation("sum" + of, {{"a", shape}},
                   [](const std::vector<Tensor>& x) { return sum(x[0]); });
  }
  const auto square = [](const std::vector<Tensor>& x) { return x[0] * x[0]; };
  file.operation("twice: a a", {{"a", {2, 2}}}, square);
  file.operation("shared: tanh(a) a + tanh(a) b", {{"a", {3}}, {"b", {3}}},
                 [](const std::vector<Tensor>& x) {
                   const Tensor t = tanh(x[0]);
                   return t * x[0] + t * x[1];
                 });
  file.operation("diamond: (a + b) (a + a b)", {{"a", {2, 2}}, {"b", {2, 2}}},
                 [](const std::vector<Tensor>& x) { return (x[0] + x[1]) * (x[0] + x[0] * x[1]); });
}

const course_cases::Chapter added("03_tape", write);

}  // namespace
