#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cerrno>
#include <filesystem>
#include <optional>

#include "../../../core/error.hpp"
#include "../../../core/files/file_calls.hpp"
#include "../../../core/files/files.hpp"
#include "../../temporary_folder.hpp"

using namespace heed;
using Catch::Matchers::Contains;

namespace {

/// Counts the calls that go through FileOps and lets the `fail_at`-th one fail with `error`.
struct Faults {
  static inline int calls, fail_at, error;
  static inline bool kill;

  static bool due() {
    if (++calls != fail_at) return false;
    if (kill) ::_exit(0);
    errno = error;
    return true;
  }
  Faults(int n, int code, bool die = false) {
    calls = 0, fail_at = n, error = code, kill = die;
    FileOps& ops = file_ops();
    ops.open = [](const char* path, int flags, int mode) {
      return due() ? -1 : system_file_ops().open(path, flags, mode);
    };
    ops.write = [](int file, const void* source, std::size_t bytes) -> int64_t {
      return due() ? -1 : system_file_ops().write(file, source, bytes);
    };
    ops.read = [](int file, void* target, std::size_t bytes, int64_t offset) -> int64_t {
      return due() ? -1 : system_file_ops().read(file, target, bytes, offset);
    };
    ops.fsync = [](int file) { return due() ? -1 : system_file_ops().fsync(file); };
    ops.close = [](int file) {
      // The system frees the descriptor even when it reports an error.
      const int closed = system_file_ops().close(file);
      return due() ? -1 : closed;
    };
    ops.rename = [](const char* from, const char* to) {
      return due() ? -1 : system_file_ops().rename(from, to);
    };
    ops.mkdir = [](const char* path, int mode) {
      return due() ? -1 : system_file_ops().mkdir(path, mode);
    };
  }
  ~Faults() { file_ops() = system_file_ops(); }
};

int temporaries(const std::string& folder) {
  int count = 0;
  for (const std::string& name : folder_entries(folder)) count += name.rfind(".tmp-", 0) == 0;
  return count;
}

void write_checkpoint(const std::string& path) {
  PendingFolder folder(path);
  folder.write("model", std::string(4099, 'm'));
  folder.write("state", "s");
  folder.commit();
}

bool checkpoint_is_complete(const std::string& path) {
  return read_file(path + "/model") == std::string(4099, 'm') && read_file(path + "/state") == "s";
}

}  // namespace

TEST_CASE("A file reads back as it was written, whatever its bytes") {
  const TemporaryFolder folder;
  for (const std::string& bytes :
       {std::string(), std::string("a\0b\n", 4), std::string(100'003, '\xff')}) {
    write_file_atomically(folder / "file", bytes);
    CHECK(read_file(folder / "file") == bytes);
  }
  CHECK(folder_entries(folder.path()) == std::vector<std::string>{"file"});
  CHECK(read_file("/proc/self/status").find("Pid:") != std::string::npos);
}

TEST_CASE("Reading refuses what is absent, a folder, a device or too large") {
  const TemporaryFolder folder;
  write_file_atomically(folder / "file", "12345");
  CHECK(read_file(folder / "file", 5) == "12345");
  CHECK_THROWS_WITH(read_file(folder / "file", 4), Contains("is larger than 4 bytes"));
  CHECK_THROWS_WITH(read_file(folder / "absent"),
                    Contains(folder / "absent") && Contains("No such file"));
  CHECK_THROWS_WITH(read_file(folder.path()), Contains("is a folder; a file is expected"));
  CHECK_THROWS_WITH(read_file("/dev/zero"), Contains("is not a regular file"));
  REQUIRE(::mkfifo((folder / "pipe").c_str(), 0600) == 0);
  CHECK_THROWS_WITH(read_file(folder / "pipe"), Contains("is not a regular file"));
  CHECK_THROWS_AS(read_file(folder / "absent"), IoError);
  if (::geteuid() != 0) {
    ::chmod((folder / "file").c_str(), 0);
    CHECK_THROWS_WITH(read_file(folder / "file"), Contains("Permission denied"));
  }
}

TEST_CASE("A name with control characters is escaped in messages") {
  CHECK_THROWS_WITH(read_file("/absent/a\n\x1b[31m"), Contains("/absent/a\\x0a\\x1b[31m"));
}

TEST_CASE("Writing refuses a folder and a missing parent, and keeps a link a link") {
  const TemporaryFolder folder;
  CHECK_THROWS_WITH(write_file_atomically(folder.path(), "x"), Contains("Is a directory"));
  CHECK_THROWS_WITH(write_file_atomically(folder / "no/file", "x"),
                    Contains("no/file: cannot write: No such file"));
  write_file_atomically(folder / "target", "old");
  std::filesystem::create_symlink("target", folder / "link");
  write_file_atomically(folder / "link", "new");
  CHECK(read_file(folder / "target") == "new");
  CHECK(std::filesystem::is_symlink(folder / "link"));
}

TEST_CASE("A device is written straight, and a full one says so") {
  CHECK_NOTHROW(write_file_atomically("/dev/null", "x"));
  CHECK(std::filesystem::is_character_file("/dev/null"));
  CHECK_THROWS_WITH(write_file_atomically("/dev/full", "x"),
                    Contains("/dev/full: cannot write (needs 1 byte") && Contains("No space left"));
}

TEST_CASE("Whichever call fails, a file is old or new and no temporary is left") {
  const TemporaryFolder folder;
  const int error = GENERATE(ENOSPC, EIO, EXDEV, EACCES);
  write_file_atomically(folder / "file", "old");
  int n = 1;
  for (bool done = false; !done; ++n) {
    REQUIRE(n < 50);
    {
      const Faults faults(n, error);
      try {
        write_file_atomically(folder / "file", "new");
        done = Faults::calls < n;
      } catch (const IoError& raised) {
        CHECK_THAT(raised.what(), Contains(folder.path()));
      }
    }
    const std::string content = read_file(folder / "file");
    CHECK((content == "old" || content == "new"));
    CHECK(temporaries(folder.path()) == 0);
    if (done) CHECK(content == "new");
    if (!done && content == "new") write_file_atomically(folder / "file", "old");
  }
  CHECK(n > 7);  // open, write, fsync, close, rename; open, fsync, close of the folder
}

TEST_CASE("Interrupted calls and short writes go unnoticed") {
  const TemporaryFolder folder;
  const std::string text = "the quick brown fox";
  for (int n = 1; n < 5; ++n) {
    const Faults faults(n, EINTR);
    if (n == 3) continue;  // fsync reports EINTR as a failure: it is never tried again
    write_file_atomically(folder / "file", text);
    CHECK(read_file(folder / "file") == text);
  }
  file_ops().write = [](int file, const void* source, std::size_t bytes) {
    return system_file_ops().write(file, source, std::min<std::size_t>(bytes, 3));
  };
  file_ops().read = [](int file, void* target, std::size_t bytes, int64_t offset) {
    return system_file_ops().read(file, target, std::min<std::size_t>(bytes, 3), offset);
  };
  write_file_atomically(folder / "file", text);
  CHECK(read_file(folder / "file") == text);
  file_ops() = system_file_ops();
}

TEST_CASE("After a failed fsync nothing is flushed again") {
  const TemporaryFolder folder;
  static int flushes;
  flushes = 0;
  file_ops().fsync = [](int) {
    ++flushes;
    errno = EIO;
    return -1;
  };
  CHECK_THROWS_WITH(write_file_atomically(folder / "file", "x"), Contains("Input/output error"));
  file_ops() = system_file_ops();
  CHECK(flushes == 1);
  CHECK(folder_entries(folder.path()).empty());
}

TEST_CASE("A full disk says what is needed and what is free") {
  const TemporaryFolder folder;
  file_ops().free_space = [](const char*) -> int64_t { return 3'000'000; };
  file_ops().write = [](int, const void*, std::size_t) -> int64_t {
    errno = ENOSPC;
    return -1;
  };
  CHECK_THROWS_WITH(write_file_atomically(folder / "file", std::string(20'000, 'x')),
                    Contains("(needs 20 kB, 3.0 MB free): No space left on device"));
  CHECK_THROWS_WITH(require_free_space(folder.path(), 84'000'000),
                    Contains("no space left (needs 84 MB, 3.0 MB free)"));
  CHECK_NOTHROW(require_free_space(folder.path(), 3'000'000));
  file_ops() = system_file_ops();
  CHECK(free_space(folder.path()) > 0);
  CHECK_THROWS_AS(free_space(folder / "absent"), IoError);
}

TEST_CASE("A pending folder appears complete or not at all, whichever call fails") {
  const TemporaryFolder folder;
  const std::string path = folder / "000123";
  int n = 1;
  for (bool done = false; !done; ++n) {
    REQUIRE(n < 80);
    bool failed = false;
    {
      const Faults faults(n, n % 2 ? ENOSPC : EIO);
      try {
        write_checkpoint(path);
        done = Faults::calls < n;
      } catch (const IoError&) {
        failed = true;
      }
    }
    CHECK(temporaries(folder.path()) == 0);
    if (path_exists(path)) CHECK(checkpoint_is_complete(path));
    CHECK((failed || path_exists(path)));
    if (!done) remove_path(path);
  }
  CHECK(n > 20);
}

TEST_CASE("A process killed after any call leaves a complete folder or a temporary one") {
  const TemporaryFolder folder;
  const std::string path = folder / "000123";
  int n = 1;
  for (; n < 80; ++n) {
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      const Faults faults(n, 0, true);
      write_checkpoint(path);
      ::_exit(1);
    }
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    if (path_exists(path)) CHECK(checkpoint_is_complete(path));
    remove_temporaries(folder.path());
    CHECK(temporaries(folder.path()) == 0);
    if (WEXITSTATUS(status) == 1) break;
    remove_path(path);
  }
  CHECK(n > 20);
  CHECK(n < 80);
}

TEST_CASE("A pending folder lists its files and refuses a name that exists") {
  const TemporaryFolder folder;
  PendingFolder pending(folder / "run/");
  pending.write("a", "abc");
  REQUIRE(pending.entries().size() == 1);
  CHECK(pending.entries()[0].name == "a");
  CHECK(pending.entries()[0].size == 3);
  CHECK(pending.entries()[0].sha256 == sha256("abc"));
  CHECK_FALSE(path_exists(folder / "run"));
  pending.commit();
  CHECK(read_file(folder / "run/a") == "abc");
  CHECK_THROWS_WITH(PendingFolder(folder / "run"), Contains("run: exists already"));
}

TEST_CASE("A pending folder that was not committed leaves nothing") {
  const TemporaryFolder folder;
  { PendingFolder(folder / "run").write("a", "abc"); }
  CHECK(folder_entries(folder.path()).empty());
}

TEST_CASE("What reads back differently is not committed") {
  const TemporaryFolder folder;
  PendingFolder pending(folder / "run");
  pending.write("a", "abc");
  file_ops().read = [](int file, void* target, std::size_t bytes, int64_t offset) -> int64_t {
    const int64_t got = system_file_ops().read(file, target, bytes, offset);
    if (got > 0) *static_cast<char*>(target) ^= 1;
    return got;
  };
  CHECK_THROWS_WITH(pending.commit(), Contains("run/a: reads back differently"));
  file_ops() = system_file_ops();
  CHECK_FALSE(path_exists(folder / "run"));
}

TEST_CASE("A locked folder names the process that uses it") {
  const TemporaryFolder folder;
  std::optional<FolderLock> lock(std::in_place, folder.path());
  CHECK_THROWS_AS(FolderLock(folder.path()), ConfigError);
  CHECK_THROWS_WITH(FolderLock(folder.path()),
                    Contains("run directory is in use by pid " + std::to_string(::getpid())));
  lock.reset();
  CHECK_NOTHROW(FolderLock(folder.path()));
  CHECK_THROWS_AS(FolderLock(folder / "absent"), IoError);
}

TEST_CASE("The SHA-256 of the standard's examples") {
  CHECK(sha256("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(sha256("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq") ==
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  CHECK(sha256(std::string(1'000'000, 'a')) ==
        "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST_CASE("Folders are made with their parents, listed in order and removed with their content") {
  const TemporaryFolder folder;
  make_folder(folder / "a/b/c/");
  make_folder(folder / "a/b");
  CHECK(is_folder(folder / "a/b/c"));
  write_file_atomically(folder / "z", "");
  write_file_atomically(folder / "m", "");
  CHECK(folder_entries(folder.path()) == std::vector<std::string>{"a", "m", "z"});
  CHECK_THROWS_AS(make_folder(folder / "m/x"), IoError);
  CHECK_THROWS_AS(make_folder(folder / "m"), IoError);
  CHECK_THROWS_AS(folder_entries(folder / "absent"), IoError);
  remove_path(folder / "a");
  remove_path(folder / "a");
  CHECK_FALSE(path_exists(folder / "a"));
}

TEST_CASE("A folder that cannot be made says why") {
  const TemporaryFolder folder;
  file_ops().mkdir = [](const char*, int) {
    errno = EACCES;
    return -1;
  };
  CHECK_THROWS_WITH(make_folder(folder / "a"), Contains("a: cannot make the folder: Permission"));
  file_ops() = system_file_ops();
}

TEST_CASE("What heed keeps in a folder is never written through a link") {
  const TemporaryFolder folder;
  write_file_atomically(folder / "canary", "old");
  std::filesystem::create_symlink("canary", folder / "link");
  CHECK_THROWS_WITH(open_own_file(folder / "link"), Contains("link: is a link"));
  CHECK_THROWS_WITH(read_file(folder / "link", 10, Links::refuse), Contains("link: is a link"));
  CHECK(read_file(folder / "link", 10) == "old");
  replace_file(folder / "link", "new");
  CHECK(read_file(folder / "canary") == "old");
  CHECK(read_file(folder / "link", 10, Links::refuse) == "new");
  CHECK_FALSE(is_link(folder / "link"));
  std::filesystem::create_hard_link(folder / "canary", folder / "hard");
  CHECK_THROWS_WITH(open_own_file(folder / "hard"), Contains("hard: has another name"));
  std::filesystem::remove(folder / "hard");
  std::filesystem::create_symlink("canary", folder / "other");
  remove_file(folder / "other");
  remove_file(folder / "other");
  CHECK(folder_entries(folder.path()) == std::vector<std::string>{"canary", "link"});
  CHECK_THROWS_AS(remove_file(folder.path()), IoError);
}

TEST_CASE("Only the names of interrupted writers are temporary") {
  for (const char* name : {".tmp-000123-4711", ".tmp-config.json-4711-2"}) {
    CHECK(is_temporary_name(name));
  }
  for (const char* name : {".tmp-", ".tmp-mine", ".tmp-12", ".tmp-a-", "tmp-a-12", ".tmp-a-1b"}) {
    CHECK_FALSE(is_temporary_name(name));
  }
}

TEST_CASE("Sizes are shown with two digits") {
  CHECK(readable_size(1) == "1 byte");
  CHECK(readable_size(999) == "999 bytes");
  CHECK(readable_size(2'100'000'000) == "2.1 GB");
  CHECK(readable_size(84'300'000) == "84 MB");
  CHECK(readable_size(999'999) == "1.0 MB");
  CHECK(readable_size(INT64_MAX) == "9.2 EB");
}
