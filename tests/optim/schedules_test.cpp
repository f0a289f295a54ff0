#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>

#include "../../core/error.hpp"
#include "../../optim/schedules.hpp"

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

TEST_CASE("the exponential schedule falls by one share at each step, after a warm-up") {
  const Schedule each = Schedule::exponential(1, 0.5);
  CHECK(each(1) == 1);
  CHECK(each(2) == 0.5);
  CHECK(each(4) == 0.125);
  const Schedule warm = Schedule::exponential(20, 0.01, 10);
  CHECK(warm(5) == 0.5);
  CHECK(warm(10) == 1);
  CHECK(warm(20) == Approx(0.1));
  CHECK(warm(30) == Approx(0.01));
}

TEST_CASE("the plateau falls where torch.optim.lr_scheduler.ReduceLROnPlateau does") {
  // factor 0.5, patience 2, threshold 0.1; torch 2.13 printed these after each figure.
  const double figures[] = {4, 3, 2.9, 2.8, 2.75, 2, 2, NAN, 2, 2, 1.9, 1.85, 1.7, 1.7, 1.6};
  const double torch[] = {1,    1,    1,    1,     0.5,   0.5,   0.5,  0.5,
                          0.25, 0.25, 0.25, 0.125, 0.125, 0.125, 0.125};
  Plateau plateau({.factor = 0.5, .patience = 2, .threshold = 0.1});
  Plateau resumed = plateau;
  for (std::size_t i = 0; i < std::size(figures); ++i) {
    CAPTURE(i);
    CHECK(plateau.observe(figures[i]) == torch[i]);
    Plateau next({.factor = 0.5, .patience = 2, .threshold = 0.1});
    next.load_state(resumed.state());
    CHECK(next.observe(figures[i]) == torch[i]);
    resumed = next;
  }
}

TEST_CASE("the plateau may be told what is better") {
  Plateau plateau({.factor = 0.5, .patience = 1});
  CHECK(plateau.observe_better(false) == 1);
  CHECK(plateau.observe_better(true) == 1);
  CHECK(plateau.observe_better(false) == 1);
  CHECK(plateau.observe_better(false) == 0.5);
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
  CHECK_THROWS_AS(Schedule::exponential(0, 0.5), ConfigError);
  CHECK_THROWS_AS(Schedule::exponential(1, NAN), ConfigError);
  CHECK_THROWS_AS(Schedule::exponential(1, 0.5, -1), ConfigError);
  CHECK_THROWS_AS(Plateau({.factor = 1}), ConfigError);
  CHECK_THROWS_AS(Plateau({.patience = -1}), ConfigError);
  CHECK_THROWS_AS(Plateau({.threshold = NAN}), ConfigError);
}
