#include "weight_steps.hpp"

#include <cmath>

#include "../../../core/anomaly.hpp"
#include "../../../core/error.hpp"
#include "../../../core/kernels/reductions.hpp"
#include "../../../core/operations.hpp"
#include "../../../core/precision.hpp"
#include "../../../layers/module.hpp"
#include "../../../optim/clipping.hpp"
#include "../../config/training_recipe.hpp"

namespace heed {

namespace {

/// Before the names of the moving average in a checkpoint's optimizer.safetensors, whose other
/// names begin with a number.
const std::string shadow_prefix = "ema.";

std::string first_non_finite_gradient(const std::vector<NamedTensor>& parameters) {
  for (const NamedTensor& parameter : parameters) {
    if (!std::isfinite(grad_norm({parameter.tensor}))) return parameter.name;
  }
  return "";
}

}  // namespace

double learning_rate(const TrainingConfig& config, const TrainingState& state) {
  return config.learning_rate * state.plateau_factor *
         make_schedule(config, state.schedule_steps)(state.step + 1);
}

WeightSteps::WeightSteps(TrainingTask& task, const TrainingConfig& config)
    : task_(task),
      config_(config),
      parameters_(task.parameters()),
      optimizer_(make_optimizer(config, parameters_)) {
  for (const NamedTensor& parameter : parameters_) tensors_.push_back(parameter.tensor);
  if (config.ema > 0) shadow_.emplace(parameters_, config.ema);
}

/// Gradients of the batches [first, end); returns their mean loss.
double WeightSteps::accumulate(int64_t first, int64_t end) {
  const ProductPrecision multiplying(config_.precision);
  int64_t total = 0;
  for (int64_t batch = first; batch < end; ++batch) total += task_.tokens(batch);
  double sum = 0;
  optimizer_->zero_grad();
  for (int64_t batch = first; batch < end; ++batch) {
    const double share = static_cast<double>(task_.tokens(batch)) / static_cast<double>(total);
    const Tensor loss = task_.loss(batch);
    check_loss(loss);
    if (!checked_) check_members(loss, tensors_);
    checked_ = true;
    const double value = loss.item();
    sum += share * value;
    if (!std::isfinite(value)) break;
    (share == 1 ? loss : loss * share).backward();
  }
  return sum;
}

WeightSteps::Result WeightSteps::step(int64_t first, int64_t end, double rate) {
  first_ = first;
  end_ = end;
  before_ = default_generator();
  const double loss = accumulate(first, end);
  if (!std::isfinite(loss)) return {loss, "the loss"};
  const bool clips = config_.clip_norm > 0;
  const double norm = clips ? clip_grad_norm(tensors_, config_.clip_norm) : grad_norm(tensors_);
  if (!std::isfinite(norm)) {
    return {loss, "the gradient of " + first_non_finite_gradient(parameters_)};
  }
  optimizer_->set_learning_rate(rate);
  optimizer_->step();
  if (shadow_) shadow_->update();
  return {loss};
}

std::string WeightSteps::culprit() {
  for (const NamedTensor& parameter : parameters_) {
    if (kernels::all_finite(parameter.tensor.array())) continue;
    return " (the weights " + parameter.name + " are not)";
  }
  const KeepGenerator keep;
  for (const Anomaly anomaly : {Anomaly::nan, Anomaly::overflow}) {
    default_generator() = before_;
    try {
      const DetectAnomaly detect(anomaly);
      accumulate(first_, end_);
    } catch (const NumericError& error) {
      const std::string said = error.what(), who = "detect_anomaly: ";
      return " (" + (said.starts_with(who) ? said.substr(who.size()) : said) + ")";
    }
  }
  return "";
}

std::vector<NamedTensor> WeightSteps::state() const {
  std::vector<NamedTensor> all = optimizer_->state();
  if (!shadow_) return all;
  for (const NamedTensor& entry : shadow_->state()) {
    all.push_back({shadow_prefix + entry.name, entry.tensor});
  }
  return all;
}

void WeightSteps::load_state(const std::vector<NamedTensor>& state, const TrainingState& at) {
  std::vector<NamedTensor> moments, averages;
  for (NamedTensor entry : state) {
    const bool average = shadow_ && entry.name.starts_with(shadow_prefix);
    if (average) entry.name.erase(0, shadow_prefix.size());
    (average ? averages : moments).push_back(std::move(entry));
  }
  // An optimiser that has made no step yet stores nothing, so that nothing is missing to it.
  if (moments.empty() && at.step > at.skipped) {
    throw FormatError("optimizer.safetensors: has no state of the optimizer, after " +
                      std::to_string(at.step) + " steps");
  }
  optimizer_->load_state(moments);
  if (shadow_) shadow_->load_state(averages);
}

}  // namespace heed
