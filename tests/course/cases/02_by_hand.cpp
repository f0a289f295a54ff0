#include "cases.hpp"

using namespace heed;
using course_cases::File;

namespace {

Tensor number(double value, bool leaf = true) {
  Tensor x = Tensor::from(std::vector<double>{value}, {});
  x.set_requires_grad(leaf);
  return x;
}

/// d f(x) / d x of a number x.
double derivative(double x, const std::function<Tensor(const Tensor&)>& f) {
  const Tensor leaf = number(x);
  f(leaf).backward();
  return leaf.grad().item();
}

/// One neuron: inputs w1, w2, b, x1, x2, t; what the forward pass computes; all gradients.
void neuron(File& file, const std::string& name, std::vector<double> v) {
  static const std::vector<std::string> inputs = {"w1", "w2", "b", "x1", "x2", "t"};
  file.begin(name);
  std::vector<Tensor> x;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    x.push_back(number(v[i], inputs[i] != "t"));
    file.put(inputs[i], x[i]);
  }
  const Tensor& w1 = x[0];
  const Tensor& w2 = x[1];
  const Tensor& b = x[2];
  const Tensor& x1 = x[3];
  const Tensor& x2 = x[4];
  const Tensor& t = x[5];
  const auto loss_of = [&](const Tensor& y) { return (y - t) * (y - t) * 0.5; };
  const auto loss_of_h = [&](const Tensor& h) { return loss_of(h * x2); };
  const Tensor a = w1 * x1 + w2 * x2 + b, h = tanh(a), y = h * x2, loss = loss_of(y);
  file.put("a", a);
  file.put("h", h);
  file.put("y", y);
  file.put("loss", loss);
  loss.backward();
  for (std::size_t i = 0; i + 1 < inputs.size(); ++i) file.put("d" + inputs[i], x[i].grad());
  file.put("dy", number(derivative(y.item(), loss_of), false));
  file.put("dh", number(derivative(h.item(), loss_of_h), false));
  file.put("da", number(derivative(a.item(), [&](const Tensor& z) { return loss_of_h(tanh(z)); }),
                        false));
}

void write(File& file) {
  neuron(file, "the numbers of the page", {0.5, -1, 0.25, 2, 1.5, 1});
  neuron(file, "a negative input", {0.8, 0.3, -0.6, 0.7, -1.2, 0.4});
  neuron(file, "small weights", {-0.2, 0.1, 0.05, -0.9, 0.6, -1.1});
  neuron(file, "an input of 0", {0.7, -0.4, 0.3, 1.3, 0, 0.9});
  neuron(file, "a neuron that is nearly at 1", {2, 1.5, 0.5, 1.1, 0.9, -0.3});
}

const course_cases::Chapter added("02_by_hand", write);

}  // namespace
