#pragma once

#include <fcntl.h>

#include <cerrno>
#include <cstdint>
#include <string>
#include <utility>

/// What the sources of core/files that call the system share; it is not installed.
namespace heed {

/// The calls to the operating system behind files and folders. Each returns -1 and sets errno when
/// it fails. Tests replace them to fail the n-th call.
struct FileOps {
  int (*open)(const char* path, int flags, int mode);
  int64_t (*read)(int descriptor, void* target, std::size_t bytes, int64_t offset);
  int64_t (*write)(int descriptor, const void* source, std::size_t bytes);
  int (*fsync)(int descriptor);
  int (*close)(int descriptor);
  int (*rename)(const char* from, const char* to);
  int (*unlink)(const char* path);
  int (*mkdir)(const char* path, int mode);
  int64_t (*free_space)(const char* folder);
};
/// The calls in use; at first `system_file_ops()`.
FileOps& file_ops();
const FileOps& system_file_ops();

namespace file_calls {

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

}  // namespace file_calls

}  // namespace heed
