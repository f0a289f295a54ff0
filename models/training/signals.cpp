#include "signals.hpp"

#include <unistd.h>

#include <csignal>

namespace heed {

namespace {

constexpr int stop_signals[] = {SIGINT, SIGTERM, SIGHUP};
struct sigaction previous[3];
volatile std::sig_atomic_t first_signal = 0;
int alive = 0;  // of StopSignals

extern "C" void remember_signal(int signal) {
  if (first_signal != 0 && signal == SIGINT) _exit(128 + SIGINT);
  if (first_signal == 0) first_signal = signal;
}

}  // namespace

StopSignals::StopSignals() {
  if (alive++ > 0) return;
  first_signal = 0;
  struct sigaction action = {};
  action.sa_handler = remember_signal;
  action.sa_flags = SA_RESTART;
  sigemptyset(&action.sa_mask);
  for (int i = 0; i < 3; ++i) {
    sigaction(stop_signals[i], nullptr, &previous[i]);
    if (previous[i].sa_handler != SIG_IGN) sigaction(stop_signals[i], &action, nullptr);
  }
}

StopSignals::~StopSignals() {
  if (--alive > 0) return;
  for (int i = 0; i < 3; ++i) sigaction(stop_signals[i], &previous[i], nullptr);
}

int StopSignals::received() { return first_signal; }

}  // namespace heed
