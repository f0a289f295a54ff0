#include "sgd.hpp"

#include "../core/error.hpp"
#include "../core/kernels/updates.hpp"

namespace heed {

namespace {

std::vector<const char*> moment_names(const SGDOptions& options) {
  if (options.momentum == 0) return {};
  return {"momentum_buffer"};
}

}  // namespace

SGD::SGD(std::vector<Tensor> parameters, SGDOptions options)
    : SGD(std::vector<ParameterGroup>{{std::move(parameters)}}, options) {}

SGD::SGD(std::vector<ParameterGroup> groups, SGDOptions options)
    : Optimizer(std::move(groups), options.lr, options.weight_decay, moment_names(options)),
      options_(options) {
  if (!(options.momentum >= 0)) throw ConfigError("SGD: momentum must be at least 0");
  if (options.nesterov && (options.momentum == 0 || options.dampening != 0)) {
    throw ConfigError("SGD: Nesterov's momentum needs momentum > 0 and dampening 0");
  }
}

void SGD::update(Slot& slot, const Array& gradient, Rates rates) {
  const Array velocity = slot.moments.empty() ? Array() : slot.moments[0];
  kernels::sgd(slot.parameter.array(), gradient, velocity,
               {.lr = rates.lr,
                .momentum = options_.momentum,
                .dampening = options_.dampening,
                .decay = rates.weight_decay,
                .nesterov = options_.nesterov,
                .first = slot.steps == 1});
}

}  // namespace heed
