#pragma once

#include <fcntl.h>

#include <cerrno>
#include <string>
#include <utility>

#include "files.hpp"

/// What the sources of core/ that call the system share.
namespace heed::file_calls {

/// Throws `IoError`: the path, what could not be done, the system's reason.
[[noreturn]] void fail(const std::string& path, const std::string& what, int error);
/// The same for a write, with the room that a full disk lacks.
[[noreturn]] void fail_to_write(const std::string& path, int error, std::size_t needed);
/// `file_ops().open`, again if a signal came.
int open_file(const std::string& path, int flags, int mode = 0);
/// The folder that `path` lies in.
std::string parent_of(const std::string& path);

/// Owns a descriptor until `close`, which reports what the system found out late.
class Descriptor {
 public:
  explicit Descriptor(int value) : value_(value) {}
  ~Descriptor() {
    if (value_ >= 0) file_ops().close(value_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return value_; }
  int release() { return std::exchange(value_, -1); }
  /// 0, or the error. Linux frees the descriptor even then: closing again could hit another file.
  int close() {
    const int closed = file_ops().close(release());
    return closed < 0 && errno != EINTR ? errno : 0;
  }

 private:
  int value_;
};

}  // namespace heed::file_calls
