#pragma once

#include <functional>
#include <string>

/// One call to the operating system, or one allocation, goes wrong: the n-th, for n = 1, 2, ...
/// until a scenario has fewer.
namespace faults {

/// What goes wrong at the n-th event.
struct Fault {
  enum class Kind { file_error, kill, allocation };
  std::string name;
  Kind kind = Kind::file_error;
  /// The system's reason.
  int error = 0;
};

/// Something that heed does in a folder of its own.
struct Scenario {
  std::string name;
  /// What lies in the folder before; nothing fails here.
  std::function<void(const std::string& folder)> prepare;
  /// The work, and its result as bytes. Called again after it failed, it must give the same.
  std::function<std::string(const std::string& folder)> run;
  /// Checks that nothing was lost, whatever failed.
  std::function<void(const std::string& folder)> check_nothing_lost;
};

/// Runs `scenario` with each of its events failing once; `step` > 1 leaves out ever more events of
/// those after the first 50 (about one in `step` there). Returns the number of its events.
int64_t sweep(const Scenario& scenario, const Fault& fault, int64_t step = 1);

/// Every file operation is interrupted (EINTR) once before it works, reads and writes move at most
/// `bytes` bytes; until it goes out of scope.
class Interruptions {
 public:
  explicit Interruptions(std::size_t bytes);
  ~Interruptions();
};

}  // namespace faults
