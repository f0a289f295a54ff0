#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>

#include <heed/core/error.hpp>
#include <heed/optim/schedules.hpp>

using namespace heed;

TEST_CASE("the constant schedule is 1, after a linear warm-up if one is asked for") {
  CHECK(Schedule::constant()(1) == 1);
  CHECK(Schedule::constant()(1000) == 1);
  const Schedule warm = Schedule::constant(4);
  CHECK(warm(1) == 0.25);
  CHECK(warm(4) == 1);
  CHECK(warm(5) == 1);
}

TEST_CASE("noam with its peak rate is equation (3) of the paper") {
  const int64_t d_model = 512, warmup = 4000;
  const Schedule schedule = Schedule::noam(warmup);
  for (const double step : {1.0, 17.0, 3999.0, 4000.0, 4001.0, 100000.0}) {
    const double paper =
        std::pow(512, -0.5) * std::min(std::pow(step, -0.5), step * std::pow(4000, -1.5));
    CHECK(noam_peak(d_model, warmup) * schedule(static_cast<int64_t>(step)) ==
          Approx(paper).epsilon(1e-12));
  }
  CHECK(schedule(4000) == 1);
}

TEST_CASE("the step schedule multiplies by gamma after every so many steps") {
  const Schedule schedule = Schedule::step(3, 0.5);
  CHECK(schedule(1) == 1);
  CHECK(schedule(3) == 1);
  CHECK(schedule(4) == 0.5);
  CHECK(schedule(7) == 0.25);
}

TEST_CASE("the cosine schedule warms up to 1 and falls to 0") {
  const Schedule schedule = Schedule::cosine(110, 10);
  CHECK(schedule(5) == 0.5);
  CHECK(schedule(10) == 1);
  CHECK(schedule(60) == Approx(0.5));
  CHECK(schedule(35) == Approx(0.5 * (1 + std::sqrt(0.5))));
  CHECK(schedule(110) == Approx(0).margin(1e-15));
  CHECK(schedule(1000) == Approx(0).margin(1e-15));
}

TEST_CASE("a step before the first counts as the first") {
  CHECK(Schedule::noam(100)(0) == Schedule::noam(100)(1));
  CHECK(Schedule::noam(100)(-5) == Schedule::noam(100)(1));
}

TEST_CASE("schedules refuse values out of range") {
  CHECK_THROWS_AS(Schedule::constant(-1), ConfigError);
  CHECK_THROWS_AS(Schedule::noam(0), ConfigError);
  CHECK_THROWS_AS(Schedule::step(0, 0.5), ConfigError);
  CHECK_THROWS_AS(Schedule::step(5, 0), ConfigError);
  CHECK_THROWS_AS(Schedule::cosine(10, 10), ConfigError);
  CHECK_THROWS_AS(noam_peak(0, 10), ConfigError);
}
