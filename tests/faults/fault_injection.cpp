#include "fault_injection.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <catch2/catch.hpp>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <new>

#include "../../core/error.hpp"
#include "../../core/files/file_calls.hpp"
#include "../../core/files/files.hpp"
#include "../../core/memory.hpp"
#include "../../core/parallel.hpp"
#include "../temporary_folder.hpp"
#include "allocations.hpp"

namespace faults {

namespace {

using heed::file_ops;

/// The system's operations without flushing: a killed process loses nothing that it wrote, and
/// thousands of flushes would take minutes.
const heed::FileOps& real_ops() {
  static const heed::FileOps ops = [] {
    heed::FileOps calls = heed::system_file_ops();
    calls.fsync = [](int) { return 0; };
    return calls;
  }();
  return ops;
}

std::atomic<int64_t> events, fail_at;
int file_error = 0;
bool kills = false;

/// Counts an event: is it the one that fails?
bool due() { return ++events == fail_at; }

bool file_due() {
  if (!due()) return false;
  if (kills) ::_exit(9);
  errno = file_error;
  return true;
}

void fail_file_operations() {
  heed::FileOps& ops = file_ops();
  ops.open = [](const char* path, int flags, int mode) {
    return file_due() ? -1 : real_ops().open(path, flags, mode);
  };
  ops.read = [](int file, void* target, std::size_t bytes, int64_t offset) -> int64_t {
    return file_due() ? -1 : real_ops().read(file, target, bytes, offset);
  };
  ops.write = [](int file, const void* source, std::size_t bytes) -> int64_t {
    return file_due() ? -1 : real_ops().write(file, source, bytes);
  };
  ops.fsync = [](int file) { return file_due() ? -1 : real_ops().fsync(file); };
  ops.close = [](int file) {
    // The system frees the descriptor even when it reports an error.
    const int closed = real_ops().close(file);
    return file_due() ? -1 : closed;
  };
  ops.rename = [](const char* from, const char* to) {
    return file_due() ? -1 : real_ops().rename(from, to);
  };
  ops.unlink = [](const char* path) { return file_due() ? -1 : real_ops().unlink(path); };
  ops.mkdir = [](const char* path, int mode) {
    return file_due() ? -1 : real_ops().mkdir(path, mode);
  };
  ops.free_space = [](const char* folder) -> int64_t {
    return file_due() ? -1 : real_ops().free_space(folder);
  };
}

/// The n-th event fails while this lives.
class Armed {
 public:
  Armed(const Fault& fault, int64_t n) {
    events = 0;
    fail_at = n;
    file_error = fault.error;
    kills = fault.kind == Fault::Kind::kill;
    if (fault.kind == Fault::Kind::allocation) {
      heed::release_cached_memory();  // so that tensors ask the heap again
      set_allocation_fault(due);
    } else {
      fail_file_operations();
    }
  }
  ~Armed() {
    set_allocation_fault(nullptr);
    file_ops() = real_ops();
  }
};

/// What a failed run says: for a file the system's reason, for memory that it ran out.
void check_kind(const Fault& fault, const std::exception& error) {
  INFO(error.what());
  if (fault.kind == Fault::Kind::allocation) {
    const bool said = std::strstr(error.what(), "out of memory") != nullptr;
    CHECK((said || dynamic_cast<const std::bad_alloc*>(&error) != nullptr));
    return;
  }
  // Where no checkpoint can be read the reasons are listed in a FormatError.
  CHECK((dynamic_cast<const heed::IoError*>(&error) != nullptr ||
         dynamic_cast<const heed::FormatError*>(&error) != nullptr));
  CHECK(std::strstr(error.what(), std::strerror(fault.error)) != nullptr);
}

/// Runs in this process; true if the fault was met.
bool run_with(const Fault& fault, int64_t n, const Scenario& scenario, const std::string& folder,
              const std::string& expected) {
  std::string result;
  bool failed = false;
  try {
    const Armed armed(fault, n);
    result = scenario.run(folder);
  } catch (const std::exception& error) {
    failed = true;
    check_kind(fault, error);
  }
  const bool met = events >= n;
  if (!failed) CHECK(result == expected);
  return met;
}

/// Runs in a process that is killed at the n-th event; true if it was.
bool killed_at(const Fault& fault, int64_t n, const Scenario& scenario, const std::string& folder) {
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    try {
      const Armed armed(fault, n);
      scenario.run(folder);
    } catch (...) {
      ::_exit(1);
    }
    ::_exit(0);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE(WIFEXITED(status));
  CHECK((WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == 9));
  return WEXITSTATUS(status) == 9;
}

/// Folders in memory and nothing flushed while this lives, and one thread does everything: a forked
/// child has no others.
struct Quick {
  Quick() {
    if (heed::is_folder("/dev/shm")) ::setenv("TMPDIR", "/dev/shm", 0);
    heed::set_threads(1);
    file_ops() = real_ops();
  }
  ~Quick() {
    file_ops() = heed::system_file_ops();
    heed::set_threads(threads);
  }
  int threads = heed::threads();
};

int64_t temporaries(const std::string& folder) {
  int64_t count = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    count += entry.path().filename().string().starts_with(".tmp-");
  }
  return count;
}

int64_t after(int64_t n, int64_t step) {
  return n < 50 || step == 1 ? n + 1 : n + 1 + (n * 7) % (2 * step - 1);
}

}  // namespace

int64_t sweep(const Scenario& scenario, const Fault& fault, int64_t step) {
  INFO(scenario.name << ", " << fault.name);
  const Quick quick;
  std::string expected;
  {
    const TemporaryFolder folder;
    scenario.prepare(folder.path());
    expected = scenario.run(folder.path());
  }
  const int64_t live_bytes = heed::memory_stats().live_bytes;
  for (int64_t n = 1;; n = after(n, step)) {
    INFO("event " << n);
    REQUIRE(n < 1'000'000);
    const TemporaryFolder folder;
    scenario.prepare(folder.path());
    const bool met = fault.kind == Fault::Kind::kill
                         ? killed_at(fault, n, scenario, folder.path())
                         : run_with(fault, n, scenario, folder.path(), expected);
    scenario.check_nothing_lost(folder.path());
    CHECK(scenario.run(folder.path()) == expected);
    CHECK(temporaries(folder.path()) == 0);
    CHECK(heed::memory_stats().live_bytes == live_bytes);
    if (!met) return n;
  }
}

namespace {

std::size_t most_bytes = 0;
bool interrupted = false;

/// Every second call is interrupted.
bool interrupt() {
  interrupted = !interrupted;
  if (interrupted) errno = EINTR;
  return interrupted;
}

}  // namespace

Interruptions::Interruptions(std::size_t bytes) {
  most_bytes = bytes;
  interrupted = false;
  heed::FileOps& ops = file_ops();
  ops.open = [](const char* path, int flags, int mode) {
    return interrupt() ? -1 : real_ops().open(path, flags, mode);
  };
  ops.read = [](int file, void* target, std::size_t n, int64_t offset) -> int64_t {
    if (interrupt()) return -1;
    return real_ops().read(file, target, std::min(n, most_bytes), offset);
  };
  ops.write = [](int file, const void* source, std::size_t n) -> int64_t {
    return interrupt() ? -1 : real_ops().write(file, source, std::min(n, most_bytes));
  };
  ops.fsync = [](int) { return 0; };
  ops.close = [](int file) {
    real_ops().close(file);
    errno = EINTR;
    return -1;
  };
}

Interruptions::~Interruptions() { file_ops() = heed::system_file_ops(); }

}  // namespace faults
