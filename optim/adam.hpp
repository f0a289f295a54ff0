#pragma once

#include "optimizer.hpp"

namespace heed {

/// Settings of Adam, named as in PyTorch.
struct AdamOptions {
  double lr = 1e-3;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double eps = 1e-8;
  double weight_decay = 0;
};

/// Settings of AdamW: as Adam's, with another default of `weight_decay`.
struct AdamWOptions {
  double lr = 1e-3;
  double beta1 = 0.9;
  double beta2 = 0.999;
  double eps = 1e-8;
  double weight_decay = 1e-2;
};

/// Adam: m = b1 m + (1 - b1) g, v = b2 v + (1 - b2) g^2, w -= lr m^ / (sqrt(v^) + eps), m^ and v^
/// divided by 1 - b^t; the decay is added to g.
/// Kingma and Ba 2015, algorithm 1. As torch.optim.Adam.
class Adam : public Optimizer {
 public:
  explicit Adam(std::vector<Tensor> parameters, AdamOptions options = {});
  Adam(std::vector<Tensor> parameters, LearningRate auto lr)
      : Adam(std::move(parameters), AdamOptions{.lr = static_cast<double>(lr)}) {}
  explicit Adam(std::vector<ParameterGroup> groups, AdamOptions options = {});

 protected:
  Adam(std::vector<ParameterGroup> groups, AdamOptions options, bool decoupled);
  void update(Slot& slot, const Array& gradient, Rates rates) override;

 private:
  AdamOptions options_;
  bool decoupled_;
};

/// Adam with decoupled weight decay: w *= 1 - lr decay before each step.
/// Loshchilov and Hutter 2019. As torch.optim.AdamW.
class AdamW : public Adam {
 public:
  explicit AdamW(std::vector<Tensor> parameters, AdamWOptions options = {});
  AdamW(std::vector<Tensor> parameters, LearningRate auto lr)
      : AdamW(std::move(parameters), AdamWOptions{.lr = static_cast<double>(lr)}) {}
  explicit AdamW(std::vector<ParameterGroup> groups, AdamWOptions options = {});
};

}  // namespace heed
