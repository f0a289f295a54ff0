#include <limits>

#include "cases.hpp"

using namespace heed;
using course_cases::File;

namespace {

constexpr double none = -std::numeric_limits<double>::infinity();

Tensor values(const std::vector<double>& numbers, const Shape& shape) {
  return Tensor::from(numbers, shape);
}

void softmaxes(File& file, const std::string& name,
               const std::function<Tensor(const std::vector<Tensor>&)>& f) {
  for (const Shape& shape : {Shape{3, 4}, Shape{1}, Shape{1, 1}, Shape{5}, Shape{2, 3, 2},
                             Shape{0, 3}, Shape{2, 1, 5}}) {
    file.operation(name + " of " + to_string(shape), {{"x", shape}}, f);
  }
  file.operation_of(name + " of large scores",
                    {{"x", values({1000, 1001, 999, -1000, -1002, -1001, 0, 800, 1}, {3, 3})}}, f);
}

void losses(File& file) {
  const auto loss = [&](const std::string& name, const Tensor& logits,
                        const std::vector<int64_t>& targets) {
    const Tensor ids = Tensor::from(targets, {static_cast<int64_t>(targets.size())});
    file.operation_of("cross_entropy: " + name, {{"x", logits}}, [&](const std::vector<Tensor>& x) {
      return cross_entropy(x[0], ids, {.ignore_index = -1});
    });
    file.put("targets", targets);
  };
  loss("three rows", file.random({3, 4}), {2, 0, 3});
  loss("one row", file.random({1, 5}), {4});
  loss("one word alone", file.random({2, 1}), {0, 0});
  loss("padding", file.random({5, 3}), {1, -1, 0, 2, -1});
  loss("nothing but padding", file.random({2, 3}), {-1, -1});
  loss("large logits", values({1000, 998, 997, 0, -1000, 500}, {2, 3}), {1, 1});
}

void write(File& file) {
  softmaxes(file, "softmax", [](const std::vector<Tensor>& x) { return softmax(x[0], -1); });
  const Tensor scores = values({0.5, none, -0.25, none, none, none, none, 2, none}, {3, 3});
  file.operation_of("softmax of masked scores", {{"x", scores}}, [](const std::vector<Tensor>& x) {
    return softmax(x[0], -1, gt(x[0], -1e300));
  });
  softmaxes(file, "log_softmax",
            [](const std::vector<Tensor>& x) { return log_softmax(x[0], -1); });
  losses(file);
}

const course_cases::Chapter added("06_softmax", write);

}  // namespace
