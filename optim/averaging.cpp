#include <heed/optim/averaging.hpp>

#include <algorithm>
#include <cmath>
#include <map>

#include <heed/core/error.hpp>
#include <heed/core/kernels/kernels.hpp>

namespace heed {

namespace {

struct Wanted {
  std::string name;
  Shape shape;
  DType dtype;
};

std::string described(const Shape& shape, DType dtype) {
  return std::string(to_string(dtype)) + " " + to_string(shape);
}

/// The arrays of `state` in the order of `wanted`; one error for all that differs.
std::vector<Array> in_order(const char* who, const std::vector<NamedTensor>& state,
                            const std::vector<Wanted>& wanted) {
  StateDifferences differences;
  std::map<std::string, Array> given;
  for (const NamedTensor& entry : state) {
    if (!given.emplace(entry.name, entry.tensor.array()).second) differences.unexpected(entry.name);
  }
  std::vector<Array> result;
  for (const auto& [name, shape, dtype] : wanted) {
    const auto found = given.find(name);
    if (found == given.end()) {
      differences.missing(name);
      continue;
    }
    const Array array = found->second;
    given.erase(found);
    result.push_back(array);
    if (array.shape() == shape && array.dtype() == dtype) continue;
    differences.wrong(name + " is " + described(array.shape(), array.dtype()) + ", expected " +
                      described(shape, dtype));
  }
  for (const auto& entry : given) differences.unexpected(entry.first);
  differences.throw_if_any(who);
  return result;
}

}  // namespace

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
  std::vector<Wanted> wanted;
  for (const NamedTensor& own : this->state()) {
    wanted.push_back({own.name, own.tensor.shape(), own.tensor.dtype()});
  }
  const std::vector<Array> given =
      in_order("moving average: the state does not fit the weights", state, wanted);
  const double updates = given[0].item();
  if (!(updates >= 0 && updates <= 1e15 && updates == std::floor(updates))) {
    throw FormatError("moving average: updates is " + std::to_string(updates) +
                      ", expected a whole number from 0");
  }
  updates_ = static_cast<int64_t>(updates);
  for (std::size_t i = 0; i < entries_.size(); ++i) entries_[i].shadow = given[i + 1].clone();
}

void StateAverage::add(const std::vector<NamedTensor>& state) {
  if (count_ == 0) {
    for (const NamedTensor& entry : state) {
      const Array& array = entry.tensor.array();
      entries_.push_back({entry.name, array.dtype(), Array::zeros(array.shape(), float64)});
    }
  }
  std::vector<Wanted> wanted;
  for (const Entry& entry : entries_)
    wanted.push_back({entry.name, entry.sum.shape(), entry.dtype});
  const std::vector<Array> given =
      in_order("average: the weights are not those of the first", state, wanted);
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
