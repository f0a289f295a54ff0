#include <sys/file.h>
#include <unistd.h>

#include <cerrno>

#include "../error.hpp"
#include "file_calls.hpp"
#include "files.hpp"

namespace heed {

using namespace file_calls;

FolderLock::FolderLock(const std::string& folder) {
  const std::string path = join_path(folder, ".lock");
  Descriptor file(open_own_file(path));
  if (::flock(file.get(), LOCK_EX | LOCK_NB) < 0) {
    if (errno != EWOULDBLOCK) fail(path, "cannot lock", errno);
    char owner[16] = {};
    const int64_t length = ::pread(file.get(), owner, sizeof owner - 1, 0);
    throw ConfigError(escaped(folder, 400) + ": run directory is in use by pid " +
                      (length > 0 ? escaped(owner) : "(unknown)") +
                      "; wait for it or choose another");
  }
  const std::string mine = std::to_string(::getpid());
  if (::ftruncate(file.get(), 0) < 0 || ::write(file.get(), mine.data(), mine.size()) < 0) {
    fail_to_write(path, errno, mine.size());
  }
  descriptor_ = file.release();
}

FolderLock::~FolderLock() { ::close(descriptor_); }

}  // namespace heed
