#pragma once

namespace heed {

/// While one lives, SIGINT, SIGTERM and SIGHUP only set a flag, which a long loop looks at between
/// its steps to stop in good order; a second SIGINT ends the process at once with status 130.
/// Signals that were ignored before (as under nohup) stay ignored. The destructor restores what was
/// there. One inside of another shares its flag: work made of several trainings holds one.
class StopSignals {
 public:
  StopSignals();
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

  /// The first signal that arrived, 0 if none.
  static int received();
};

}  // namespace heed
