#include "journal.hpp"

#include <algorithm>

#include "../../../core/files/files.hpp"

namespace heed {

namespace {
constexpr int64_t log_every = 50;
}

void Journal::open(const std::string& folder) {
  log_.emplace(folder.empty() ? "" : join_path(folder, "log.jsonl"));
}

void Journal::warn(const std::string& text) const {
  if (observer_ && !text.empty()) observer_->warn(text);
}

void Journal::note(const std::string& text) const {
  if (observer_) observer_->note(text);
}

void Journal::stepped(const TrainingState& state, double loss, double learning_rate, int64_t tokens,
                      double seconds, double seconds_left) {
  window_.loss += loss;
  window_.tokens += tokens;
  window_.seconds += seconds;
  ++window_.steps;
  const double mean = window_.loss / static_cast<double>(window_.steps);
  const double speed = static_cast<double>(window_.tokens) / std::max(window_.seconds, 1e-9);
  if (observer_) {
    observer_->stepped({state.step, state.epoch, mean, learning_rate, speed, seconds_left});
  }
  if (state.step % log_every != 0) return;
  warn(log_->line("train")
           .add("step", state.step)
           .add("epoch", state.epoch)
           .add("loss", mean)
           .add("learning_rate", learning_rate)
           .add("tokens_per_second", speed)
           .add("seconds", state.seconds)
           .add("skipped", state.skipped)
           .write());
  window_ = {};
}

void Journal::log_validation(const char* event, const TrainingState& state,
                             const Validation& result, bool best) {
  log_->line(event).add("step", state.step).add("epoch", state.epoch).add("loss", result.loss);
  for (const auto& [name, value] : result.metrics) log_->add(name, value);
  warn(log_->add("best", int64_t{best}).write());
}

void Journal::validated(const TrainingState& state, const Validation& result, bool best) {
  log_validation("valid", state, result, best);
  if (observer_) observer_->validated(state.step, result, best);
}

void Journal::validated_average(const TrainingState& state, const Validation& result, bool best) {
  log_validation("average", state, result, best);
}

void Journal::stopped(const TrainingState& state, StopReason reason) {
  const char* words[] = {"limit", "patience", "signal"};
  warn(log_->line("stop")
           .add("step", state.step)
           .add("reason", words[static_cast<int>(reason)])
           .add("seconds", state.seconds)
           .add("skipped", state.skipped)
           .write());
}

}  // namespace heed
