#include "training_recipe.hpp"

#include <algorithm>

#include "../../optim/adadelta.hpp"
#include "../../optim/adam.hpp"
#include "../../optim/sgd.hpp"

namespace heed {

std::unique_ptr<Optimizer> make_optimizer(const TrainingConfig& config,
                                          const std::vector<NamedTensor>& parameters) {
  std::vector<Tensor> tensors;
  for (const NamedTensor& parameter : parameters) tensors.push_back(parameter.tensor);
  const double lr = config.learning_rate, decay = config.weight_decay;
  const double beta1 = config.beta1, beta2 = config.beta2;
  const auto eps = [&](double usual) { return config.epsilon > 0 ? config.epsilon : usual; };
  switch (config.optimizer) {
    case OptimizerKind::sgd:
      return std::make_unique<SGD>(tensors, SGDOptions{.lr = lr, .weight_decay = decay});
    case OptimizerKind::adamw:
      return std::make_unique<AdamW>(tensors, AdamWOptions{.lr = lr,
                                                           .beta1 = beta1,
                                                           .beta2 = beta2,
                                                           .eps = eps(AdamWOptions().eps),
                                                           .weight_decay = decay});
    case OptimizerKind::adadelta:
      return std::make_unique<Adadelta>(tensors, AdadeltaOptions{.lr = lr,
                                                                 .rho = config.rho,
                                                                 .eps = eps(AdadeltaOptions().eps),
                                                                 .weight_decay = decay});
    case OptimizerKind::adam:
      break;
  }
  return std::make_unique<Adam>(tensors, AdamOptions{.lr = lr,
                                                     .beta1 = beta1,
                                                     .beta2 = beta2,
                                                     .eps = eps(AdamOptions().eps),
                                                     .weight_decay = decay});
}

Schedule make_schedule(const TrainingConfig& config, int64_t total) {
  switch (config.schedule) {
    case ScheduleKind::noam:
      return Schedule::noam(std::max<int64_t>(config.warmup, 1));
    case ScheduleKind::cosine:
      return Schedule::cosine(total, config.warmup);
    case ScheduleKind::exponential:
      return Schedule::exponential(total - config.warmup, exponential_end, config.warmup);
    case ScheduleKind::plateau:
    case ScheduleKind::constant:
      break;
  }
  return Schedule::constant(config.warmup);
}

bool has_end(ScheduleKind schedule) {
  return schedule == ScheduleKind::cosine || schedule == ScheduleKind::exponential;
}

Plateau make_plateau() { return Plateau({.factor = 0.5, .patience = plateau_validations - 1}); }

}  // namespace heed
