#include "adadelta.hpp"

#include <cmath>

#include "../core/error.hpp"
#include "../core/kernels/updates.hpp"

namespace heed {

Adadelta::Adadelta(std::vector<Tensor> parameters, AdadeltaOptions options)
    : Adadelta(std::vector<ParameterGroup>{{std::move(parameters)}}, options) {}

Adadelta::Adadelta(std::vector<ParameterGroup> groups, AdadeltaOptions options)
    : Optimizer(std::move(groups), options.lr, options.weight_decay, {"square_avg", "acc_delta"}),
      options_(options) {
  if (!(options.rho >= 0 && options.rho < 1)) {
    throw ConfigError("Adadelta: rho must be in [0, 1), is " + std::to_string(options.rho));
  }
  // With eps 0 the first change is 0, and with it every other one.
  if (!(options.eps > 0 && std::isfinite(options.eps))) {
    throw ConfigError("Adadelta: eps must be above 0");
  }
}

void Adadelta::update(Slot& slot, const Array& gradient, Rates rates) {
  kernels::adadelta(
      slot.parameter.array(), gradient, slot.moments[0], slot.moments[1],
      {.lr = rates.lr, .rho = options_.rho, .eps = options_.eps, .decay = rates.weight_decay});
}

}  // namespace heed
