#include "averaging.hpp"

#include <algorithm>

#include "../core/error.hpp"
#include "../core/kernels/elementwise.hpp"
#include "state_reader.hpp"

namespace heed {

ExponentialMovingAverage::ExponentialMovingAverage(const std::vector<NamedTensor>& parameters,
                                                   double decay)
    : decay_(decay) {
  if (!(decay >= 0 && decay < 1)) {
    throw ConfigError("moving average: decay must be in [0, 1), is " + std::to_string(decay));
  }
  for (const NamedTensor& parameter : parameters) {
    entries_.push_back({parameter.name, parameter.tensor, parameter.tensor.array().clone()});
  }
}

void ExponentialMovingAverage::update() {
  const auto t = static_cast<double>(++updates_);
  const double decay = std::min(decay_, (1 + t) / (10 + t));
  for (const Entry& entry : entries_) {
    kernels::scale(entry.shadow, decay);
    kernels::add_into(entry.shadow, entry.weight.array(), 1 - decay);
  }
}

void ExponentialMovingAverage::swap() {
  for (const Entry& entry : entries_) {
    const Array& weight = entry.weight.array();
    const Array kept = weight.clone();
    kernels::copy_into(weight, entry.shadow);
    kernels::copy_into(entry.shadow, kept);
    weight.bump_version();
  }
}

std::vector<NamedTensor> ExponentialMovingAverage::state() const {
  std::vector<NamedTensor> state{
      {"updates", Tensor::scalar(static_cast<double>(updates_), float64)}};
  for (const Entry& entry : entries_) {
    state.push_back({"shadow." + entry.name, Tensor(entry.shadow)});
  }
  return state;
}

void ExponentialMovingAverage::load_state(const std::vector<NamedTensor>& state) {
  StateReader reader(state);
  const int64_t updates = reader.take_count("updates", 0);
  std::vector<Array> shadows;
  for (const Entry& entry : entries_) {
    shadows.push_back(
        reader.take("shadow." + entry.name, entry.shadow.shape(), entry.shadow.dtype()));
  }
  reader.throw_if_different("moving average: the state does not fit the weights");
  updates_ = updates;
  for (std::size_t i = 0; i < entries_.size(); ++i) entries_[i].shadow = shadows[i];
}

void StateAverage::add(const std::vector<NamedTensor>& state) {
  if (count_ == 0) {
    for (const NamedTensor& entry : state) {
      const Array& array = entry.tensor.array();
      entries_.push_back({entry.name, array.dtype(), Array::zeros(array.shape(), float64)});
    }
  }
  StateReader reader(state);
  std::vector<Array> given;
  for (const Entry& entry : entries_) {
    given.push_back(reader.take(entry.name, entry.sum.shape(), entry.dtype));
  }
  reader.throw_if_different("average: the weights are not those of the first");
  for (std::size_t i = 0; i < given.size(); ++i) {
    kernels::add_into(entries_[i].sum, given[i].to(float64));
  }
  ++count_;
}

std::vector<NamedTensor> StateAverage::mean() const {
  if (count_ == 0) throw ConfigError("average: of no state");
  std::vector<NamedTensor> mean;
  for (const Entry& entry : entries_) {
    const Array share = kernels::mul(entry.sum, 1 / static_cast<double>(count_));
    mean.push_back({entry.name, Tensor(share.to(entry.dtype))});
  }
  return mean;
}

}  // namespace heed
