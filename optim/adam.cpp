#include "adam.hpp"

#include "../core/error.hpp"
#include "../core/kernels/updates.hpp"

namespace heed {

namespace {

AdamOptions plain(const AdamWOptions& options) {
  return {options.lr, options.beta1, options.beta2, options.eps, options.weight_decay};
}

}  // namespace

Adam::Adam(std::vector<Tensor> parameters, AdamOptions options)
    : Adam(std::vector<ParameterGroup>{{std::move(parameters)}}, options) {}

Adam::Adam(std::vector<ParameterGroup> groups, AdamOptions options)
    : Adam(std::move(groups), options, false) {}

Adam::Adam(std::vector<ParameterGroup> groups, AdamOptions options, bool decoupled)
    : Optimizer(std::move(groups), options.lr, options.weight_decay, {"exp_avg", "exp_avg_sq"}),
      options_(options),
      decoupled_(decoupled) {
  for (double beta : {options.beta1, options.beta2}) {
    if (!(beta >= 0 && beta < 1)) {
      throw ConfigError("Adam: beta1 and beta2 must be in [0, 1), one is " + std::to_string(beta));
    }
  }
  if (!(options.eps >= 0)) throw ConfigError("Adam: eps must be at least 0");
}

void Adam::update(Slot& slot, const Array& gradient, Rates rates) {
  kernels::adam(slot.parameter.array(), gradient, slot.moments[0], slot.moments[1],
                {.lr = rates.lr,
                 .beta1 = options_.beta1,
                 .beta2 = options_.beta2,
                 .eps = options_.eps,
                 .decay = rates.weight_decay,
                 .decoupled = decoupled_,
                 .t = slot.steps});
}

AdamW::AdamW(std::vector<Tensor> parameters, AdamWOptions options)
    : AdamW(std::vector<ParameterGroup>{{std::move(parameters)}}, options) {}

AdamW::AdamW(std::vector<ParameterGroup> groups, AdamWOptions options)
    : Adam(std::move(groups), plain(options), true) {}

}  // namespace heed
