#include "../../../models/training/loop/limits.hpp"

#include <catch2/catch.hpp>

using namespace heed;

namespace {

TrainingConfig without_limits() {
  TrainingConfig config;
  config.epochs = config.steps = 0;
  config.minutes = 0;
  return config;
}

}  // namespace

TEST_CASE("a training ends at the first of its limits") {
  TrainingConfig config = without_limits();
  TrainingState state;
  state.step = 100;
  state.epoch = 3;
  state.seconds = 61;
  CHECK(limit_reached(config, state) == Limit::none);
  config.minutes = 1;
  CHECK(limit_reached(config, state) == Limit::minutes);
  config.epochs = 4;
  CHECK(limit_reached(config, state) == Limit::minutes);
  config.epochs = 3;
  CHECK(limit_reached(config, state) == Limit::epochs);
  config.steps = 101;
  CHECK(limit_reached(config, state) == Limit::epochs);
  config.steps = 100;
  CHECK(limit_reached(config, state) == Limit::steps);
}

TEST_CASE("the time left is that to the nearest limit, as the steps so far took") {
  TrainingConfig config = without_limits();
  TrainingState state;
  state.step = 50;
  state.epoch = 2;
  state.batch = 5;
  state.seconds = 100;
  CHECK(seconds_left(config, state, 20) == -1);
  config.steps = 80;
  CHECK(seconds_left(config, state, 20) == 60);  // 30 steps of 2 s
  config.minutes = 2.5;
  CHECK(seconds_left(config, state, 20) == 50);
  config.epochs = 3;
  CHECK(seconds_left(config, state, 20) == Approx(100 / 2.25 * 0.75));
  state.seconds = 200;
  CHECK(seconds_left(config, state, 20) == 0);
}

TEST_CASE("patience counts validations, a schedule with an end the steps") {
  TrainingConfig config = without_limits();
  TrainingState state;
  state.worse_validations = 3;
  state.step = state.schedule_steps = 9;
  CHECK_FALSE(out_of_patience(config, state));
  config.patience = 4;
  CHECK_FALSE(out_of_patience(config, state));
  config.patience = 3;
  CHECK(out_of_patience(config, state));
  CHECK_FALSE(schedule_ended(config, state));  // constant
  config.schedule = ScheduleKind::cosine;
  CHECK(schedule_ended(config, state));
  state.step = 8;
  CHECK_FALSE(schedule_ended(config, state));
}
