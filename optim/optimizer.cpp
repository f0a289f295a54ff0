#include "optimizer.hpp"

#include <algorithm>
#include <cmath>
#include <set>
#include <string>

#include "../core/error.hpp"
#include "../core/suggest.hpp"
#include "state_reader.hpp"

namespace heed {

namespace {

double checked(const char* what, double value) {
  if (!(value >= 0) || !std::isfinite(value)) {
    throw ConfigError(std::string("optimizer: ") + what + " is " + std::to_string(value) +
                      ", expected a finite number of at least 0");
  }
  return value;
}

void check_parameter(const Tensor& parameter, std::size_t number) {
  if (!parameter.defined()) {
    throw ConfigError("optimizer: parameter " + std::to_string(number) +
                      " is undefined; was its module moved from?");
  }
  if (!parameter.is_leaf() || !is_floating(parameter.dtype()) ||
      !parameter.array().is_contiguous()) {
    throw ConfigError("optimizer: parameter " + std::to_string(number) + " " +
                      to_string(parameter.shape()) +
                      " must be a contiguous floating leaf, not a view or a result");
  }
}

}  // namespace

Optimizer::~Optimizer() = default;

Optimizer::Optimizer(std::vector<ParameterGroup> groups, double lr, double weight_decay,
                     std::vector<const char*> moment_names)
    : lr_(checked("lr", lr)), moment_names_(std::move(moment_names)) {
  for (ParameterGroup& group : groups) {
    double ratio = 1;
    if (group.lr) {
      if (lr == 0)
        throw ConfigError("optimizer: a group has an lr of its own, so lr must not be 0");
      ratio = checked("a group's lr", *group.lr) / lr;
    }
    groups_.push_back({ratio, checked("weight_decay", group.weight_decay.value_or(weight_decay))});
    add(std::move(group.parameters), groups_.size() - 1);
  }
  if (slots_.empty()) {
    throw ConfigError(
        "optimizer: there are no parameters; pass parameters(model), whose `members` lists its "
        "weights and layers, and which was not moved from");
  }
}

void Optimizer::add(std::vector<Tensor> parameters, std::size_t group) {
  std::set<const Array*> known;
  for (const Slot& slot : slots_) known.insert(&slot.parameter.array());
  for (Tensor& parameter : parameters) {
    check_parameter(parameter, slots_.size());
    if (!known.insert(&parameter.array()).second) {
      throw ConfigError("optimizer: parameter " + std::to_string(slots_.size()) + " " +
                        to_string(parameter.shape()) + " is listed twice");
    }
    slots_.push_back({std::move(parameter), group, 0, {}});
  }
}

void Optimizer::set_learning_rate(double lr) { lr_ = checked("lr", lr); }

void Optimizer::zero_grad() {
  for (const Slot& slot : slots_) {
    if (slot.parameter.requires_grad()) slot.parameter.zero_grad();
  }
}

void Optimizer::step() {
  const bool any = std::any_of(slots_.begin(), slots_.end(), [](const Slot& slot) {
    return slot.parameter.grad_array().defined();
  });
  if (!any) {
    throw GraphError(
        "optimizer: step() found no gradient at all; call backward() on the loss before it, and "
        "zero_grad() before that; or the optimizer has other parameters than the loss");
  }
  for (Slot& slot : slots_) {
    const Array& gradient = slot.parameter.grad_array();
    if (!gradient.defined()) continue;
    const Array& weight = slot.parameter.array();
    if (slot.steps == 0) {
      slot.moments.clear();
      for (std::size_t i = 0; i < moment_names_.size(); ++i) {
        slot.moments.push_back(Array::zeros(weight.shape(), weight.dtype()));
      }
    } else if (!slot.moments.empty() && slot.moments[0].dtype() != weight.dtype()) {
      throw TypeError(std::string("optimizer: a parameter became ") + to_string(weight.dtype()) +
                      " after its first step; make a new optimizer after to(module, dtype)");
    }
    ++slot.steps;
    const Group& group = groups_[slot.group];
    update(slot, gradient.contiguous(), {lr_ * group.ratio, group.weight_decay});
    weight.bump_version();
  }
}

std::vector<NamedTensor> Optimizer::state() const {
  std::vector<NamedTensor> state;
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    const Slot& slot = slots_[i];
    if (slot.steps == 0) continue;
    const std::string prefix = std::to_string(i) + ".";
    state.push_back({prefix + "step", Tensor::scalar(static_cast<double>(slot.steps), float64)});
    for (std::size_t k = 0; k < moment_names_.size(); ++k) {
      state.push_back({prefix + moment_names_[k], Tensor(slot.moments[k])});
    }
  }
  return state;
}

void Optimizer::load_state(const std::vector<NamedTensor>& state) { slots_ = read_state(state); }

void Optimizer::check_state(const std::vector<NamedTensor>& state) const { read_state(state); }

/// Throws if what `state` remembers of its first parameter has no name that this optimiser knows.
void Optimizer::check_moments(const std::vector<NamedTensor>& state) const {
  const std::string step = "step";
  const auto first = std::find_if(state.begin(), state.end(), [&](const NamedTensor& entry) {
    return entry.name.ends_with('.' + step);
  });
  if (first == state.end()) return;
  const std::string prefix = first->name.substr(0, first->name.size() - step.size());
  const std::vector<std::string> here(moment_names_.begin(), moment_names_.end());
  std::vector<std::string> there;
  bool alike = false;
  for (const NamedTensor& entry : state) {
    if (!entry.name.starts_with(prefix) || entry.name == first->name) continue;
    there.push_back(escaped(entry.name.substr(prefix.size())));
    alike = alike || std::find(here.begin(), here.end(), there.back()) != here.end();
  }
  if (alike || (here.empty() && there.empty())) return;
  const auto kept = [](const std::vector<std::string>& names) {
    return names.empty() ? std::string("nothing") : listed(names, ", ");
  };
  throw FormatError("optimizer: the state is of another optimizer: of each parameter it keeps " +
                    kept(there) + ", this one " + kept(here));
}

std::vector<Optimizer::Slot> Optimizer::read_state(const std::vector<NamedTensor>& state) const {
  check_moments(state);
  StateReader reader(state);
  std::vector<Slot> loaded;
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    const Slot& slot = slots_[i];
    const std::string prefix = std::to_string(i) + ".";
    Slot fresh{slot.parameter, slot.group, 0, {}};
    bool stored = reader.has(prefix + "step");
    for (const char* name : moment_names_) stored |= reader.has(prefix + name);
    if (stored) {
      fresh.steps = reader.take_count(prefix + "step", 1);
      for (const char* name : moment_names_) {
        fresh.moments.push_back(
            reader.take(prefix + name, slot.parameter.shape(), slot.parameter.dtype()));
      }
    }
    loaded.push_back(std::move(fresh));
  }
  reader.throw_if_different("optimizer: the state does not fit the parameters");
  return loaded;
}

}  // namespace heed
