#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "../array.hpp"
#include "../error.hpp"

/// The header of a .safetensors file: JSON {"NAME": {"dtype": "F32", "shape": [2, 3],
/// "data_offsets": [BEGIN, END]}, ...} behind 8 bytes with its length (little-endian),
/// and before the data.
namespace heed::safetensors {

/// An element type of the format, and what it becomes here.
struct FileType {
  const char* name;
  int64_t bytes;
  DType dtype;
};

extern const FileType file_types[7];

inline constexpr const char* metadata_key = "__metadata__";

/// What the header says of one tensor.
struct Entry {
  std::string name, dtype;
  std::vector<int64_t> shape, offsets;
  bool has_dtype = false, has_shape = false, has_offsets = false;
  const FileType* type = nullptr;
};

struct Header {
  std::vector<Entry> entries;
  std::vector<std::pair<std::string, std::string>> metadata;
};

/// Where the bytes come from: a file, or memory.
class Source {
 public:
  explicit Source(const std::string& name) : name_(escaped(name, 400)) {}
  virtual ~Source() = default;
  virtual int64_t size() const = 0;
  virtual int64_t read_some(int64_t offset, void* target, int64_t bytes) const = 0;

  [[noreturn]] void fail(const std::string& what) const { throw FormatError(name_ + ": " + what); }
  [[noreturn]] void fail(const Entry& entry, const std::string& what) const {
    fail("tensor \"" + escaped(entry.name) + "\": " + what);
  }
  void read(int64_t offset, void* target, int64_t bytes) const {
    if (read_some(offset, target, bytes) != bytes) fail("ends early: it changed while it was read");
  }

 private:
  std::string name_;
};

/// Reads the header and checks it all: what is left is to copy the data. The entries are sorted by
/// the place of their data, which begin at `data_begin`.
Header read_header(const Source& source, int64_t& data_begin);

/// `text` as a JSON string; `FormatError` unless it is UTF-8.
std::string quoted(const std::string& text);

}  // namespace heed::safetensors
