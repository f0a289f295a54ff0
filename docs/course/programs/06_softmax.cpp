#include <cstdio>

#include "softmax.hpp"

using namespace course;

void show(const char* name, const Array& a) {
  std::printf("%-22s", name);
  const Array row = contiguous(a);
  for (int64_t i = 0; i < count(a.shape); ++i) std::printf(" %8.4f", numbers(row)[i]);
  std::printf("\n");
}

int main() {
  // [row]
  const Tensor logits = variable(array({1, 4}, {2, 1, 0, -1}));
  const Tensor loss = cross_entropy(logits, {1});
  backward(loss);
  // [/row]
  show("logits", logits.value());
  show("p = softmax(logits)", softmax(logits.value()));
  show("loss = -log p[1]", loss.value());
  show("gradient = p - y", logits.grad());
  show("softmax of 1000 more", softmax(array({1, 4}, {1002, 1001, 1000, 999})));
  show("log_softmax, far apart", log_softmax(array({1, 2}, {0, -1000})));

  // Downhill by its own gradient, the row learns its target.
  for (int i = 0; i <= 30; ++i) {
    logits.node->grad = {};
    const Tensor now = cross_entropy(logits, {1});
    if (i % 10 == 0) {
      std::printf("step %2d  loss %.4f  p[1] %.4f\n", i, now.value().at({}),
                  softmax(logits.value()).at({0, 1}));
    }
    backward(now);
    const Array v = logits.value();
    for (int64_t k = 0; k < 4; ++k) numbers(v)[k] -= numbers(logits.grad())[k];
  }
}
