#pragma once

#include "optimizer.hpp"

namespace heed {

/// Settings of Adadelta, named as in PyTorch. rho and eps are those of Zeiler and of Bahdanau et
/// al. 2014 (PyTorch's rho is 0.9).
struct AdadeltaOptions {
  double lr = 1;
  double rho = 0.95;
  double eps = 1e-6;
  double weight_decay = 0;
};

/// Adadelta: v = rho v + (1 - rho) g^2, d = sqrt(u + eps) / sqrt(v + eps) g,
/// u = rho u + (1 - rho) d^2, w -= lr d: steps as large as the ones before, in units of the weight.
/// The decay is added to g. Zeiler 2012 (arXiv 1212.5701), algorithm 1. As torch.optim.Adadelta.
class Adadelta : public Optimizer {
 public:
  explicit Adadelta(std::vector<Tensor> parameters, AdadeltaOptions options = {});
  Adadelta(std::vector<Tensor> parameters, LearningRate auto lr)
      : Adadelta(std::move(parameters), AdadeltaOptions{.lr = static_cast<double>(lr)}) {}
  explicit Adadelta(std::vector<ParameterGroup> groups, AdadeltaOptions options = {});

 protected:
  void update(Slot& slot, const Array& gradient, Rates rates) override;

 private:
  AdadeltaOptions options_;
};

}  // namespace heed
