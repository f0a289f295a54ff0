#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>
#include <vector>

#include "../../core/error.hpp"

namespace heed {

/// No line of text may have more bytes.
inline constexpr int64_t max_line_bytes = 1 << 20;

/// A line that is no text, in a text that goes on behind it.
class LineError : public DataError {
 public:
  using DataError::DataError;
};

/// Reads a text line by line, strictly. Only LF ends a line (U+2028, U+0085, VT, FF and a lone CR
/// are characters like others); the CR of CRLF and a byte order mark at the start are dropped, each
/// with one note; the last line needs no LF. `LineError`
/// (`FILE:LINE: byte OFFSET: invalid UTF-8 (C0 80)`, offset from 0 in the line) for invalid UTF-8,
/// NUL and lines longer than `max_line_bytes`, which are never read whole: `next` then goes on with
/// the line behind it. `DataError` for UTF-16, compressed files and a line without an end;
/// `IoError` when reading fails.
class LineReader {
 public:
  /// `name` stands for the file in messages (`standard input`).
  LineReader(std::istream& in, std::string name);
  /// Puts the next line, without its end, into `line`; false at the end.
  bool next(std::string& line);
  /// Number of the line that `next` gave last, from 1.
  int64_t line_number() const { return line_number_; }
  /// What the user should hear: a byte order mark or CRs that were dropped.
  const std::vector<std::string>& notes() const { return notes_; }

 private:
  bool read_bytes(std::string& line);
  [[noreturn]] void fail_too_long(std::string& line);
  void check_start(std::string& line);
  void drop_carriage_return(std::string& line);
  void check_characters(const std::string& line) const;

  std::istream& in_;
  std::string name_;
  int64_t line_number_ = 0;
  bool dropped_cr_ = false;
  std::vector<std::string> notes_;
};

/// All lines of a regular file, by the rules of `LineReader`. `IoError` for an absent or unreadable
/// file and for what is not a regular one; `DataError` for one of 0 lines. Notes are appended.
std::vector<std::string> read_lines(const std::string& path, std::vector<std::string>& notes);

/// Lines that translate each other: `target[i]` is the translation of `source[i]`.
struct ParallelText {
  std::vector<std::string> source, target;
  int64_t size() const { return static_cast<int64_t>(source.size()); }
  bool operator==(const ParallelText&) const = default;
};

/// Reads two files; `DataError` with both counts unless they have equally many lines.
ParallelText read_parallel_text(const std::string& source_path, const std::string& target_path,
                                std::vector<std::string>& notes);

/// A warning if validation text is the training text; else an empty string.
std::string identical_text_warning(const ParallelText& train, const ParallelText& valid);

}  // namespace heed
