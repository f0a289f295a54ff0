#pragma once

#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "../../core/error.hpp"
#include "../../core/files/file_calls.hpp"
#include "../../core/files/files.hpp"
#include "../../core/memory.hpp"
#include "../../core/parallel.hpp"

/// What the fuzz targets share. A target is one function of bytes; what it promises is checked by
/// `require`, and everything that is thrown out of it is a fault.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, std::size_t size);

namespace fuzz {

/// Ends the process, so that the fuzzer keeps the input, unless `holds`.
inline void require(bool holds, const std::string& what) {
  if (holds) return;
  std::fprintf(stderr, "fuzz: %s\n", what.c_str());
  std::abort();
}

/// Calls `read`; false if it refused with an error of one of these kinds. Any other kind is a
/// fault, and so is heed taking more than 64 MiB for a small file.
template <class... Kinds, class Function>
bool accepts(Function read) {
  bool accepted = true;
  try {
    read();
  } catch (const heed::Error& error) {
    accepted = false;
    const std::string message = error.what();
    require((... || (dynamic_cast<const Kinds*>(&error) != nullptr)), "wrong kind: " + message);
    require(!message.empty() && message.find('\n') == std::string::npos,
            "not one line: " + message);
  }
  constexpr int64_t limit = int64_t{64} << 20;
  require(heed::memory_stats().peak_bytes <= limit, "more than 64 MiB were taken");
  return accepted;
}

/// A folder of this process, emptied by each call; in memory where the system has such folders, and
/// never flushed: the disk is not what is tested.
inline std::string fresh_folder(const std::string& name) {
  static const std::string root = (heed::is_folder("/dev/shm") ? "/dev/shm" : "/tmp") +
                                  std::string("/heed-fuzz-") + std::to_string(::getpid());
  heed::file_ops().fsync = [](int) { return 0; };
  heed::set_threads(1);
  static const int removed_at_exit = std::atexit([] { heed::remove_path(root); });
  (void)removed_at_exit;
  const std::string folder = heed::join_path(root, name);
  heed::remove_path(folder);
  heed::make_folder(folder);
  return folder;
}

/// A file of a folder that is one fuzzed input.
using Part = std::pair<std::string, std::string>;

/// Several files in one input: each begins with a line `@@ NAME` and ends before the line end in
/// front of the next one. Unknown names are left out.
inline std::vector<Part> split_parts(const std::string& input,
                                     const std::vector<std::string>& names) {
  std::vector<std::pair<std::size_t, std::string>> starts;
  for (std::size_t at = 0; at != std::string::npos;) {
    for (const std::string& name : names) {
      if (input.compare(at, name.size() + 4, "@@ " + name + '\n') == 0)
        starts.push_back({at, name});
    }
    at = input.find("\n@@ ", at);
    if (at != std::string::npos) ++at;
  }
  std::vector<Part> parts;
  for (std::size_t i = 0; i < starts.size(); ++i) {
    const std::size_t first = starts[i].first + starts[i].second.size() + 4;
    const bool last = i + 1 == starts.size();
    const std::size_t end = last ? input.size() : starts[i + 1].first - 1;
    parts.push_back({starts[i].second, input.substr(first, end > first ? end - first : 0)});
  }
  return parts;
}

inline std::string join_parts(const std::vector<Part>& parts) {
  std::string input;
  for (const Part& part : parts) {
    input += (input.empty() ? "@@ " : "\n@@ ") + part.first + '\n' + part.second;
  }
  return input;
}

inline std::string part_named(const std::vector<Part>& parts, const std::string& name) {
  for (const Part& part : parts) {
    if (part.first == name) return part.second;
  }
  return "";
}

inline std::string text_of(const uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

}  // namespace fuzz
