#include <catch2/catch.hpp>

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "../../../models/training/signals.hpp"

using heed::StopSignals;

namespace {

/// Exit status of a child process that runs `body`, or 128 + the signal that ended it.
template <class F>
int status_of_child(F body) {
  const pid_t child = ::fork();
  if (child == 0) {
    body();
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace

TEST_CASE("the first of the stop signals is remembered") {
  StopSignals signals;
  CHECK(signals.received() == 0);
  std::raise(SIGTERM);
  std::raise(SIGHUP);
  CHECK(signals.received() == SIGTERM);
}

TEST_CASE("a second interrupt ends the process at once with status 130") {
  CHECK(status_of_child([] {
          StopSignals signals;
          std::raise(SIGINT);
          std::raise(SIGINT);
        }) == 130);
  CHECK(status_of_child([] {
          StopSignals signals;
          std::raise(SIGTERM);
          std::raise(SIGTERM);
        }) == 0);
}

TEST_CASE("signals that were ignored stay ignored, and others are restored") {
  CHECK(status_of_child([] {
          std::signal(SIGHUP, SIG_IGN);
          StopSignals signals;
          std::raise(SIGHUP);
          if (signals.received() != 0) ::_exit(1);
        }) == 0);
  CHECK(status_of_child([] {
          std::signal(SIGTERM, SIG_DFL);
          { StopSignals signals; }
          std::raise(SIGTERM);
        }) == 128 + SIGTERM);
}

TEST_CASE("stop signals inside of others share what arrived, and leave it to them to restore") {
  CHECK(status_of_child([] {
          std::signal(SIGTERM, SIG_DFL);
          {
            StopSignals outer;
            {
              StopSignals inner;
              std::raise(SIGTERM);
            }
            if (outer.received() != SIGTERM) ::_exit(1);
            StopSignals late;
            if (late.received() != SIGTERM) ::_exit(2);
            std::raise(SIGTERM);
          }
          std::raise(SIGTERM);
        }) == 128 + SIGTERM);
}
