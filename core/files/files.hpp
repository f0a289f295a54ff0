#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// Files and folders. What fails is an `IoError` that says the path and the system's reason.
namespace heed {

/// What a path that is a symbolic link stands for: the file that it leads to, as a user's own links
/// do, or nothing (`IoError`), as in folders whose files heed keeps and somebody
/// else may have made.
enum class Links { follow, refuse };

/// A regular file opened for reading. `IoError` if it is absent, unreadable, a folder, or not a
/// regular file (a device or a pipe could go on for ever).
class InputFile {
 public:
  explicit InputFile(const std::string& path, Links links = Links::follow);
  ~InputFile();
  InputFile(const InputFile&) = delete;
  InputFile& operator=(const InputFile&) = delete;

  int64_t size() const { return size_; }
  /// Reads up to `bytes` bytes that start at `offset`; returns fewer only at the end of the file.
  int64_t read(int64_t offset, void* target, int64_t bytes) const;

 private:
  std::string path_;
  int descriptor_;
  int64_t size_ = 0;
};

/// The whole content of a regular file; `IoError` also if it has more than `limit` bytes.
std::string read_file(const std::string& path, int64_t limit = INT64_MAX,
                      Links links = Links::follow);

/// Writes `bytes` to a temporary file beside `path`, flushes it to the disk and renames it: a
/// reader, or the next start after a crash, finds the old content or the new, never a mixture. The
/// temporary is removed on failure. A symbolic link keeps pointing,
/// a device or pipe is written straight.
void write_file_atomically(const std::string& path, std::string_view bytes);
/// The same for a file of a folder that heed keeps: the new file takes the place of whatever has
/// its name, a link too; nothing is written through it.
void replace_file(const std::string& path, std::string_view bytes);
/// Opens a regular file of a folder that heed keeps to read, and to write at its end; makes it if
/// it is absent. `IoError` for a link, hard ones too, a pipe, a device.
/// The caller closes the descriptor.
int open_own_file(const std::string& path);

/// A folder that appears all at once: files are written into `.tmp-NAME-PID` beside it, `commit`
/// gives it its name. Without a commit the destructor removes everything.
class PendingFolder {
 public:
  /// `IoError` if `path` exists already or its parent cannot be written.
  explicit PendingFolder(const std::string& path);
  ~PendingFolder();
  PendingFolder(const PendingFolder&) = delete;
  PendingFolder& operator=(const PendingFolder&) = delete;

  /// Writes and flushes a file. `name` has no slash.
  void write(const std::string& name, std::string_view bytes);
  /// Reads every file back and compares it with what was written, flushes the folder, renames it
  /// and flushes its parent.
  void commit();

  struct Entry {
    std::string name;
    int64_t size;
    std::string sha256;
  };
  /// The files so far, with what a manifest says of them.
  const std::vector<Entry>& entries() const { return entries_; }

 private:
  void verify() const;

  std::string path_, temporary_;
  std::vector<Entry> entries_;
  bool committed_ = false;
};

/// The exclusive use of a folder, through a lock on its file `.lock` that ends with the process.
/// `ConfigError` names the process that has it.
class FolderLock {
 public:
  explicit FolderLock(const std::string& folder);
  ~FolderLock();
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

 private:
  int descriptor_;
};

/// SHA-256 (FIPS 180-4) of `bytes`, as 64 hexadecimal digits.
std::string sha256(std::string_view bytes);

bool path_exists(const std::string& path);
bool is_folder(const std::string& path);
bool is_link(const std::string& path);
/// Makes a folder and its parents; an existing one is left as it is.
void make_folder(const std::string& path);
/// The names in a folder, sorted, without `.` and `..`.
std::vector<std::string> folder_entries(const std::string& path);
/// Removes a file, or a folder with all that is in it; absent is fine.
void remove_path(const std::string& path);
/// Removes a file, or a link but not what it leads to; absent is fine, a folder is an `IoError`.
void remove_file(const std::string& path);
/// Whether an interrupted writer left this name, `.tmp-NAME-PID` or `.tmp-NAME-PID-N`.
bool is_temporary_name(const std::string& name);
/// Removes what interrupted writers left in `folder`. Call it with the folder locked.
void remove_temporaries(const std::string& folder);
/// Flushes the entries of a folder to the disk.
void flush_folder(const std::string& path);
/// Bytes that can still be written under `folder`.
int64_t free_space(const std::string& folder);
/// `IoError` (`no space left (needs 84 MB, 3 MB free)`) unless that many bytes are free.
void require_free_space(const std::string& folder, int64_t bytes);
/// `folder/name`.
std::string join_path(const std::string& folder, const std::string& name);
/// `512 bytes`, `84 MB`, `2.1 GB`.
std::string readable_size(int64_t bytes);

}  // namespace heed
