#include "file_calls.hpp"

#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <system_error>

#include "../error.hpp"
#include "files.hpp"

namespace heed {

namespace file_calls {

void fail(const std::string& path, const std::string& what, int error) {
  throw IoError(escaped(path, 400) + ": " + what + ": " + std::generic_category().message(error));
}

void fail_to_write(const std::string& path, int error, std::size_t needed) {
  std::string what = "cannot write";
  if (error == ENOSPC || error == EDQUOT) {
    const int64_t free = file_ops().free_space(parent_of(path).c_str());
    what += " (needs " + readable_size(static_cast<int64_t>(needed));
    if (free >= 0) what += ", " + readable_size(free) + " free";
    what += ")";
  }
  fail(path, what, error);
}

int open_file(const std::string& path, int flags, int mode) {
  int descriptor;
  do {
    descriptor = file_ops().open(path.c_str(), flags | O_CLOEXEC, mode);
  } while (descriptor < 0 && errno == EINTR);
  return descriptor;
}

std::string parent_of(const std::string& path) {
  const std::string parent = std::filesystem::path(path).parent_path().string();
  return parent.empty() ? "." : parent;
}

}  // namespace file_calls

const FileOps& system_file_ops() {
  static const FileOps calls = {
      [](const char* path, int flags, int mode) { return ::open(path, flags, mode); },
      [](int descriptor, void* target, std::size_t bytes, int64_t offset) -> int64_t {
        return ::pread(descriptor, target, bytes, offset);
      },
      [](int descriptor, const void* source, std::size_t bytes) -> int64_t {
        return ::write(descriptor, source, bytes);
      },
      [](int descriptor) { return ::fsync(descriptor); },
      [](int descriptor) { return ::close(descriptor); },
      [](const char* from, const char* to) { return ::rename(from, to); },
      [](const char* path) { return ::unlink(path); },
      [](const char* path, int mode) { return ::mkdir(path, static_cast<mode_t>(mode)); },
      [](const char* folder) -> int64_t {
        struct statvfs status = {};
        if (::statvfs(folder, &status) < 0) return -1;
        return static_cast<int64_t>(status.f_bavail) * static_cast<int64_t>(status.f_frsize);
      },
  };
  return calls;
}

FileOps& file_ops() {
  static FileOps calls = system_file_ops();
  return calls;
}

}  // namespace heed
