#include <heed/core/files.hpp>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <system_error>
#include <utility>

#include <heed/core/error.hpp>

namespace heed {

namespace fs = std::filesystem;

namespace {

std::string reason(int error) { return std::generic_category().message(error); }

[[noreturn]] void fail(const std::string& path, const std::string& what, int error) {
  throw IoError(escaped(path, 400) + ": " + what + ": " + reason(error));
}

std::string parent_of(const std::string& path) {
  const std::string parent = fs::path(path).parent_path().string();
  return parent.empty() ? "." : parent;
}

/// A trailing slash is not part of the name.
std::string without_slashes(std::string path) {
  while (path.size() > 1 && path.back() == '/') path.pop_back();
  return path;
}

/// `.tmp-NAME-PID` beside `path`; `attempt` distinguishes threads and what a dead process left.
std::string temporary_beside(const std::string& path, int attempt) {
  const std::string name = fs::path(path).filename().string();
  std::string temporary = ".tmp-" + name + "-" + std::to_string(::getpid());
  if (attempt > 0) temporary.append("-").append(std::to_string(attempt));
  return join_path(parent_of(path), temporary);
}
constexpr int attempts = 100;

int open_file(const std::string& path, int flags, int mode = 0) {
  int descriptor;
  do {
    descriptor = file_ops().open(path.c_str(), flags | O_CLOEXEC, mode);
  } while (descriptor < 0 && errno == EINTR);
  return descriptor;
}

[[noreturn]] void fail_to_write(const std::string& path, int error, std::size_t needed) {
  std::string what = "cannot write";
  if (error == ENOSPC || error == EDQUOT) {
    const int64_t free = file_ops().free_space(parent_of(path).c_str());
    what += " (needs " + readable_size(static_cast<int64_t>(needed));
    if (free >= 0) what += ", " + readable_size(free) + " free";
    what += ")";
  }
  fail(path, what, error);
}

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

/// Writes everything, flushes, closes. A failed fsync is never tried again on the same file: the
/// system may have dropped the dirty pages and would report success. Returns 0 or the error.
int write_and_close(Descriptor& file, std::string_view bytes, bool flush) {
  while (!bytes.empty()) {
    const int64_t written = file_ops().write(file.get(), bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return written < 0 ? errno : EIO;
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  if (flush && file_ops().fsync(file.get()) < 0) return errno;
  return file.close();
}

/// Removes a file when it goes out of scope, unless kept.
struct RemoveGuard {
  std::string path;
  bool keep = false;
  ~RemoveGuard() {
    if (!keep) file_ops().unlink(path.c_str());
  }
};

/// A new file of a name that nobody has; `path` becomes the name.
int create_temporary(const std::string& target, std::string& path) {
  int descriptor = -1;
  for (int attempt = 0; attempt < attempts; ++attempt) {
    path = temporary_beside(target, attempt);
    descriptor = open_file(path, O_WRONLY | O_CREAT | O_EXCL, 0666);
    if (descriptor >= 0 || errno != EEXIST) break;
  }
  if (descriptor < 0) fail(target, "cannot write", errno);
  return descriptor;
}

void write_straight(const std::string& path, std::string_view bytes) {
  Descriptor file(open_file(path, O_WRONLY));
  if (file.get() < 0) fail(path, "cannot write", errno);
  if (const int error = write_and_close(file, bytes, false)) {
    fail_to_write(path, error, bytes.size());
  }
}

}  // namespace

InputFile::InputFile(const std::string& path) : path_(path) {
  // Opening a pipe without a writer would wait for ever.
  descriptor_ = open_file(path, O_RDONLY | O_NONBLOCK);
  if (descriptor_ < 0) fail(path, "cannot read", errno);
  struct stat status{};
  const int error = ::fstat(descriptor_, &status) < 0 ? errno : 0;
  if (error == 0 && S_ISREG(status.st_mode)) {
    size_ = status.st_size;
    return;
  }
  file_ops().close(descriptor_);
  if (error != 0) fail(path, "cannot read", error);
  throw IoError(escaped(path, 400) + (S_ISDIR(status.st_mode)
                                          ? ": is a folder; a file is expected"
                                          : ": is not a regular file; copy it to one first"));
}

InputFile::~InputFile() { file_ops().close(descriptor_); }

int64_t InputFile::read(int64_t offset, void* target, int64_t bytes) const {
  int64_t done = 0;
  while (done < bytes) {
    const int64_t got = file_ops().read(descriptor_, static_cast<char*>(target) + done,
                                        static_cast<std::size_t>(bytes - done), offset + done);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail(path_, "cannot read", errno);
    if (got == 0) break;
    done += got;
  }
  return done;
}

std::string read_file(const std::string& path, int64_t limit) {
  const InputFile file(path);
  std::string content;
  // A file may grow while it is read, and files of /proc say that they are empty.
  int64_t room = std::min(file.size(), limit) + 1;
  for (int64_t done = 0;; room = std::max<int64_t>(room, 4096)) {
    content.resize(static_cast<std::size_t>(done + room));
    const int64_t got = file.read(done, content.data() + done, room);
    done += got;
    if (done > limit) {
      throw IoError(escaped(path, 400) + ": is larger than " + readable_size(limit));
    }
    if (got < room) {
      content.resize(static_cast<std::size_t>(done));
      return content;
    }
  }
}

void write_file_atomically(const std::string& path, std::string_view bytes) {
  std::error_code ignored;
  const fs::file_status status = fs::status(path, ignored);
  if (fs::is_directory(status)) fail(path, "cannot write", EISDIR);
  if (fs::exists(status) && !fs::is_regular_file(status)) return write_straight(path, bytes);
  std::string target = path;
  if (fs::exists(status) && fs::is_symlink(fs::symlink_status(path, ignored))) {
    target = fs::canonical(path, ignored).string();
  }
  RemoveGuard temporary;
  Descriptor file(create_temporary(target, temporary.path));
  if (const int error = write_and_close(file, bytes, true)) {
    fail_to_write(path, error, bytes.size());
  }
  if (file_ops().rename(temporary.path.c_str(), target.c_str()) < 0) {
    fail(path, "cannot rename " + escaped(temporary.path, 400) + " to it", errno);
  }
  temporary.keep = true;
  flush_folder(parent_of(target));
}

PendingFolder::PendingFolder(const std::string& path) : path_(without_slashes(path)) {
  if (path_exists(path_)) throw IoError(escaped(path_, 400) + ": exists already");
  int made = -1;
  for (int attempt = 0; attempt < attempts; ++attempt) {
    temporary_ = temporary_beside(path_, attempt);
    made = file_ops().mkdir(temporary_.c_str(), 0777);
    if (made == 0 || errno != EEXIST) break;
  }
  if (made != 0) fail(path_, "cannot make the folder", errno);
}

PendingFolder::~PendingFolder() {
  if (committed_) return;
  std::error_code ignored;
  fs::remove_all(temporary_, ignored);
}

void PendingFolder::write(const std::string& name, std::string_view bytes) {
  const std::string shown = join_path(path_, name);
  Descriptor file(open_file(join_path(temporary_, name), O_WRONLY | O_CREAT | O_EXCL, 0666));
  if (file.get() < 0) fail(shown, "cannot write", errno);
  if (const int error = write_and_close(file, bytes, true)) {
    fail_to_write(shown, error, bytes.size());
  }
  entries_.push_back({name, static_cast<int64_t>(bytes.size()), sha256(bytes)});
}

void PendingFolder::verify() const {
  for (const Entry& entry : entries_) {
    if (sha256(read_file(join_path(temporary_, entry.name))) != entry.sha256) {
      throw IoError(escaped(join_path(path_, entry.name), 400) +
                    ": reads back differently from what was written; check the disk");
    }
  }
}

void PendingFolder::commit() {
  verify();
  flush_folder(temporary_);
  if (path_exists(path_)) throw IoError(escaped(path_, 400) + ": exists already");
  if (file_ops().rename(temporary_.c_str(), path_.c_str()) < 0) {
    fail(path_, "cannot rename " + escaped(temporary_, 400) + " to it", errno);
  }
  committed_ = true;
  flush_folder(parent_of(path_));
}

FolderLock::FolderLock(const std::string& folder) {
  const std::string path = join_path(folder, ".lock");
  Descriptor file(open_file(path, O_RDWR | O_CREAT, 0666));
  if (file.get() < 0) fail(path, "cannot write", errno);
  if (::flock(file.get(), LOCK_EX | LOCK_NB) < 0) {
    if (errno != EWOULDBLOCK) fail(path, "cannot lock", errno);
    char owner[16] = {};
    const int64_t length = ::pread(file.get(), owner, sizeof owner - 1, 0);
    throw ConfigError(escaped(folder, 400) + ": run directory is in use by pid " +
                      (length > 0 ? escaped(owner) : "(unknown)") +
                      "; wait for it or choose another");
  }
  const std::string mine = std::to_string(::getpid());
  if (::ftruncate(file.get(), 0) < 0 || ::pwrite(file.get(), mine.data(), mine.size(), 0) < 0) {
    fail_to_write(path, errno, mine.size());
  }
  descriptor_ = file.release();
}

FolderLock::~FolderLock() { ::close(descriptor_); }

bool path_exists(const std::string& path) {
  std::error_code ignored;
  return fs::exists(fs::symlink_status(path, ignored));
}

bool is_folder(const std::string& path) {
  std::error_code ignored;
  return fs::is_directory(path, ignored);
}

void make_folder(const std::string& path) {
  if (path.empty() || is_folder(path)) return;
  const std::string parent = parent_of(without_slashes(path));
  if (parent != path) make_folder(parent);
  const int error = file_ops().mkdir(path.c_str(), 0777) < 0 ? errno : 0;
  if (error != 0 && !is_folder(path)) fail(path, "cannot make the folder", error);
}

std::vector<std::string> folder_entries(const std::string& path) {
  std::error_code error;
  std::vector<std::string> names;
  for (fs::directory_iterator entry(path, error), end; !error && entry != end;
       entry.increment(error)) {
    names.push_back(entry->path().filename().string());
  }
  if (error) fail(path, "cannot list the folder", error.value());
  std::sort(names.begin(), names.end());
  return names;
}

void remove_path(const std::string& path) {
  std::error_code error;
  fs::remove_all(path, error);
  if (error) fail(path, "cannot remove", error.value());
}

void remove_temporaries(const std::string& folder) {
  for (const std::string& name : folder_entries(folder)) {
    if (name.rfind(".tmp-", 0) == 0) remove_path(join_path(folder, name));
  }
}

void flush_folder(const std::string& path) {
  Descriptor folder(open_file(path, O_RDONLY | O_DIRECTORY));
  if (folder.get() < 0) fail(path, "cannot open the folder", errno);
  // Some file systems cannot flush a folder (EINVAL); there is nothing better to do there.
  if (file_ops().fsync(folder.get()) < 0 && errno != EINVAL) {
    fail(path, "cannot flush the folder", errno);
  }
  if (const int error = folder.close()) fail(path, "cannot flush the folder", error);
}

int64_t free_space(const std::string& folder) {
  const int64_t bytes = file_ops().free_space(folder.c_str());
  if (bytes < 0) fail(folder, "cannot ask for its free space", errno);
  return bytes;
}

void require_free_space(const std::string& folder, int64_t bytes) {
  const int64_t free = free_space(folder);
  if (free >= bytes) return;
  throw IoError(escaped(folder, 400) + ": no space left (needs " + readable_size(bytes) + ", " +
                readable_size(free) + " free)");
}

std::string join_path(const std::string& folder, const std::string& name) {
  return (fs::path(folder) / name).string();
}

std::string readable_size(int64_t bytes) {
  if (bytes < 1000) return std::to_string(bytes) + (bytes == 1 ? " byte" : " bytes");
  static constexpr const char* units[] = {"kB", "MB", "GB", "TB", "PB", "EB"};
  double value = static_cast<double>(bytes) / 1000;
  int unit = 0;
  for (; value >= 999.5 && unit < 5; ++unit) value /= 1000;
  char text[32];
  std::snprintf(text, sizeof text, value < 9.95 ? "%.1f %s" : "%.0f %s", value, units[unit]);
  return text;
}

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
        struct statvfs status{};
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
