#pragma once

#include "optimizer.hpp"

namespace heed {

/// Settings of SGD, named as in PyTorch.
struct SGDOptions {
  double lr = 1e-3;
  double momentum = 0;
  double dampening = 0;
  double weight_decay = 0;
  bool nesterov = false;
};

/// Stochastic gradient descent: g' = g + decay w; v = momentum v + (1 - dampening) g' (v = g' at
/// first); w -= lr v, with Nesterov's momentum w -= lr (g' + momentum v). As torch.optim.SGD.
class SGD : public Optimizer {
 public:
  explicit SGD(std::vector<Tensor> parameters, SGDOptions options = {});
  SGD(std::vector<Tensor> parameters, LearningRate auto lr)
      : SGD(std::move(parameters), SGDOptions{.lr = static_cast<double>(lr)}) {}
  explicit SGD(std::vector<ParameterGroup> groups, SGDOptions options = {});

 private:
  void update(Slot& slot, const Array& gradient, Rates rates) override;
  SGDOptions options_;
};

}  // namespace heed
