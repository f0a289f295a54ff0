#include "files.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <system_error>

#include "../error.hpp"
#include "file_calls.hpp"

namespace heed {

namespace fs = std::filesystem;
using namespace file_calls;

namespace {

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

/// O_NOFOLLOW refuses a link with ELOOP, whose text speaks of too many levels.
[[noreturn]] void fail_to_open(const std::string& path, const std::string& what, int error) {
  if (error == ELOOP && is_link(path)) {
    throw IoError(escaped(path, 400) + ": is a link, where a file of its own is expected");
  }
  fail(path, what, error);
}

/// What the system says of a regular file that was opened; `IoError` for anything else.
struct stat regular_status(const std::string& path, const Descriptor& file,
                           const std::string& what) {
  struct stat status = {};
  if (::fstat(file.get(), &status) < 0) fail(path, what, errno);
  if (S_ISREG(status.st_mode)) return status;
  throw IoError(escaped(path, 400) + (S_ISDIR(status.st_mode)
                                          ? ": is a folder; a file is expected"
                                          : ": is not a regular file; copy it to one first"));
}

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

InputFile::InputFile(const std::string& path, Links links) : path_(path) {
  // Opening a pipe without a writer would wait for ever.
  const int flags = O_RDONLY | O_NONBLOCK | (links == Links::refuse ? O_NOFOLLOW : 0);
  Descriptor file(open_file(path, flags));
  if (file.get() < 0) fail_to_open(path, "cannot read", errno);
  size_ = regular_status(path, file, "cannot read").st_size;
  descriptor_ = file.release();
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

std::string read_file(const std::string& path, int64_t limit, Links links) {
  const InputFile file(path, links);
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
  const bool leads = fs::exists(status) && is_link(path);
  replace_file(leads ? fs::canonical(path, ignored).string() : path, bytes);
}

void replace_file(const std::string& path, std::string_view bytes) {
  RemoveGuard temporary;
  Descriptor file(create_temporary(path, temporary.path));
  if (const int error = write_and_close(file, bytes, true)) {
    fail_to_write(path, error, bytes.size());
  }
  if (file_ops().rename(temporary.path.c_str(), path.c_str()) < 0) {
    fail(path, "cannot rename " + escaped(temporary.path, 400) + " to it", errno);
  }
  temporary.keep = true;
  flush_folder(parent_of(path));
}

int open_own_file(const std::string& path) {
  Descriptor file(open_file(path, O_RDWR | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0666));
  if (file.get() < 0) fail_to_open(path, "cannot write", errno);
  if (regular_status(path, file, "cannot write").st_nlink > 1) {
    throw IoError(escaped(path, 400) +
                  ": has another name somewhere (a hard link), whose content would change too; "
                  "put a copy in its place");
  }
  return file.release();
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

bool path_exists(const std::string& path) {
  std::error_code ignored;
  return fs::exists(fs::symlink_status(path, ignored));
}

bool is_folder(const std::string& path) {
  std::error_code ignored;
  return fs::is_directory(path, ignored);
}

bool is_link(const std::string& path) {
  std::error_code ignored;
  return fs::is_symlink(fs::symlink_status(path, ignored));
}

void make_folder(const std::string& path) {
  if (path.empty() || is_folder(path)) return;
  const std::string parent = parent_of(without_slashes(path));
  if (parent != path) make_folder(parent);
  const int error = file_ops().mkdir(path.c_str(), 0777) < 0 ? errno : 0;
  if (error != 0 && !is_folder(path)) fail(path, "cannot make the folder", error);
}

std::vector<std::string> folder_entries(const std::string& path) {
  // Not std::filesystem::directory_iterator: it ends the process where memory is short.
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(::opendir(path.c_str()), ::closedir);
  if (!folder) fail(path, "cannot list the folder", errno);
  std::vector<std::string> names;
  errno = 0;
  while (const dirent* entry = ::readdir(folder.get())) {
    const std::string name = entry->d_name;
    if (name != "." && name != "..") names.push_back(name);
    errno = 0;
  }
  if (errno != 0) fail(path, "cannot list the folder", errno);
  std::sort(names.begin(), names.end());
  return names;
}

void remove_path(const std::string& path) {
  std::error_code error;
  fs::remove_all(path, error);
  if (error) fail(path, "cannot remove", error.value());
}

void remove_file(const std::string& path) {
  if (file_ops().unlink(path.c_str()) < 0 && errno != ENOENT) fail(path, "cannot remove", errno);
}

bool is_temporary_name(const std::string& name) {
  const std::size_t dash = name.find_last_not_of("0123456789");
  return name.starts_with(".tmp-") && dash > 5 && dash + 1 < name.size() && name[dash] == '-';
}

void remove_temporaries(const std::string& folder) {
  for (const std::string& name : folder_entries(folder)) {
    if (is_temporary_name(name)) remove_path(join_path(folder, name));
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

}  // namespace heed
