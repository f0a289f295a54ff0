#include "schedules.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <string>

#include "../core/error.hpp"

namespace heed {

namespace {

void require(bool right, const char* what) {
  if (!right) throw ConfigError(std::string("schedule: ") + what);
}

}  // namespace

Schedule::Schedule(Kind kind, int64_t length, int64_t warmup, double gamma)
    : kind_(kind), length_(length), warmup_(warmup), gamma_(gamma) {
  require(warmup >= 0, "warmup must be at least 0");
}

Schedule Schedule::constant(int64_t warmup) { return {Kind::constant, 0, warmup, 1}; }

Schedule Schedule::noam(int64_t warmup) {
  require(warmup > 0, "noam needs a warmup of at least 1 step");
  return {Kind::noam, 0, warmup, 1};
}

Schedule Schedule::step(int64_t size, double gamma) {
  require(size > 0, "step needs a size of at least 1 step");
  require(gamma > 0 && std::isfinite(gamma), "step needs a finite gamma above 0");
  return {Kind::step, size, 0, gamma};
}

Schedule Schedule::cosine(int64_t total, int64_t warmup) {
  if (total <= warmup) {
    throw ConfigError("schedule: cosine ends at step " + std::to_string(total) +
                      ", which is not after its warmup of " + std::to_string(warmup) + " steps");
  }
  return {Kind::cosine, total, warmup, 1};
}

Schedule Schedule::exponential(int64_t size, double gamma, int64_t warmup) {
  require(size > 0, "exponential needs a size of at least 1 step");
  require(gamma > 0 && std::isfinite(gamma), "exponential needs a finite gamma above 0");
  return {Kind::exponential, size, warmup, gamma};
}

double Schedule::operator()(int64_t step) const {
  const auto t = static_cast<double>(std::max<int64_t>(step, 1));
  const auto warmup = static_cast<double>(warmup_), length = static_cast<double>(length_);
  if (t < warmup) return t / warmup;
  switch (kind_) {
    case Kind::noam:
      return std::sqrt(warmup / t);
    case Kind::step:
      return std::pow(gamma_, std::floor((t - 1) / length));
    case Kind::cosine: {
      const double progress = std::min(1.0, (t - warmup) / (length - warmup));
      return 0.5 * (1 + std::cos(std::numbers::pi * progress));
    }
    case Kind::exponential:
      return std::pow(gamma_, (t - std::max(warmup, 1.0)) / length);
    case Kind::constant:
      break;
  }
  return 1;
}

Plateau::Plateau(PlateauOptions options) : options_(options) {
  require(options.factor > 0 && options.factor < 1, "plateau needs a factor between 0 and 1");
  require(options.patience >= 0, "plateau needs a patience of at least 0");
  require(options.threshold >= 0 && options.threshold < 1, "plateau needs a threshold in [0, 1)");
}

double Plateau::observe(double figure) {
  const bool better = figure < state_.best - options_.threshold * std::abs(state_.best);
  if (better) state_.best = figure;
  return observe_better(better);
}

double Plateau::observe_better(bool better) {
  state_.bad = better ? 0 : state_.bad + 1;
  if (state_.bad > options_.patience) {
    state_.factor *= options_.factor;
    state_.bad = 0;
  }
  return state_.factor;
}

double noam_peak(int64_t d_model, int64_t warmup) {
  require(d_model > 0 && warmup > 0, "noam_peak needs d_model and warmup of at least 1");
  return 1 / std::sqrt(static_cast<double>(d_model) * static_cast<double>(warmup));
}

}  // namespace heed
