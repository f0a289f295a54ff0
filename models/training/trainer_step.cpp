// One step of a training: the batches' gradients, the update, and what is done where they are not
// finite.
#include <algorithm>
#include <cmath>

#include "../../core/anomaly.hpp"
#include "../../core/error.hpp"
#include "../../core/kernels/reductions.hpp"
#include "../../core/operations.hpp"
#include "../../optim/clipping.hpp"
#include "trainer_loop.hpp"

namespace heed {

namespace {

constexpr int64_t give_up_after = 5, log_every = 50;

/// Seconds since it was made.
class Stopwatch {
 public:
  double seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

std::string first_non_finite_gradient(const std::vector<NamedTensor>& parameters) {
  for (const NamedTensor& parameter : parameters) {
    if (!std::isfinite(grad_norm({parameter.tensor}))) return parameter.name;
  }
  return "";
}

}  // namespace

/// Gradients of the batches [state.batch, end), weighted by their tokens; returns their mean loss.
double Trainer::Loop::backward(int64_t end) {
  int64_t total = 0;
  for (int64_t batch = state.batch; batch < end; ++batch) total += task.tokens(batch);
  double sum = 0;
  optimizer->zero_grad();
  for (int64_t batch = state.batch; batch < end; ++batch) {
    const double share = static_cast<double>(task.tokens(batch)) / static_cast<double>(total);
    const Tensor loss = task.loss(batch);
    const double value = loss.item();
    sum += share * value;
    if (!std::isfinite(value)) break;
    (share == 1 ? loss : loss * share).backward();
  }
  return sum;
}

void Trainer::Loop::step() {
  const Stopwatch watch;
  const int64_t end = std::min(state.batch + config.accumulate, batches);
  int64_t tokens = 0;
  for (int64_t batch = state.batch; batch < end; ++batch) tokens += task.tokens(batch);
  rate = config.learning_rate * plateau.factor() *
         make_schedule(config, state.schedule_steps)(state.step + 1);
  before_step = default_generator();
  const double loss = backward(end);
  update(loss, rate, end);
  advance(end);
  const double seconds = watch.seconds();
  state.seconds += seconds;
  report(loss, tokens, seconds);
}

void Trainer::Loop::update(double loss, double learning_rate, int64_t end) {
  if (!std::isfinite(loss)) return skip("the loss", end);
  const bool clips = config.clip_norm > 0;
  const double norm = clips ? clip_grad_norm(tensors, config.clip_norm) : grad_norm(tensors);
  if (!std::isfinite(norm)) {
    return skip("the gradient of " + first_non_finite_gradient(parameters), end);
  }
  state.skipped_in_a_row = 0;
  optimizer->set_learning_rate(learning_rate);
  optimizer->step();
  if (shadow) shadow->update();
}

void Trainer::Loop::skip(const std::string& cause, int64_t end) {
  ++state.skipped;
  const bool give_up = ++state.skipped_in_a_row >= give_up_after;
  if (warned_skip && !give_up) return;
  const std::string what =
      "step " + std::to_string(state.step + 1) + ": " + cause + " is not finite" + culprit(end);
  if (give_up) {
    throw NumericError(
        what + "; " + std::to_string(give_up_after) +
        " times in a row: the training diverged; try a smaller learning rate or clip_norm");
  }
  warn(what + "; such steps are left out");
  warned_skip = true;
}

/// What made the numbers of the batches [state.batch, end) go wrong, in brackets: repeats them with
/// the same random numbers while every operation looks at its result, and leaves no trace.
std::string Trainer::Loop::culprit(int64_t end) {
  for (const NamedTensor& parameter : parameters) {
    if (kernels::all_finite(parameter.tensor.array())) continue;
    return " (the weights " + parameter.name + " are not)";
  }
  const KeepGenerator keep;
  for (const Anomaly anomaly : {Anomaly::nan, Anomaly::overflow}) {
    default_generator() = before_step;
    try {
      const DetectAnomaly detect(anomaly);
      backward(end);
    } catch (const NumericError& error) {
      const std::string said = error.what(), who = "detect_anomaly: ";
      return " (" + (said.starts_with(who) ? said.substr(who.size()) : said) + ")";
    }
  }
  return "";
}

void Trainer::Loop::advance(int64_t end) {
  ++state.step;
  state.batch = end;
  if (end < batches) return;
  state.batch = 0;
  ++state.epoch;
  if (config.epochs <= 0 || state.epoch < config.epochs) enter_epoch();
}

void Trainer::Loop::report(double loss, int64_t tokens, double seconds) {
  window.loss += loss;
  window.tokens += tokens;
  window.seconds += seconds;
  ++window.steps;
  const double speed = static_cast<double>(window.tokens) / std::max(window.seconds, 1e-9);
  if (observer) {
    observer->stepped({state.step, state.epoch, window.loss / static_cast<double>(window.steps),
                       rate, speed, seconds_left()});
  }
  if (state.step % log_every != 0) return;
  warn(log->line("train")
           .add("step", state.step)
           .add("epoch", state.epoch)
           .add("loss", window.loss / static_cast<double>(window.steps))
           .add("learning_rate", rate)
           .add("tokens_per_second", speed)
           .add("seconds", state.seconds)
           .add("skipped", state.skipped)
           .write());
  window = {};
}

}  // namespace heed
