#include "parallel_text.hpp"

#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <fstream>

#include "../../core/error.hpp"
#include "utf8.hpp"

namespace heed {

namespace {

constexpr int end_of_file = std::char_traits<char>::eof();

bool starts_with(const std::string& text, const std::string& start) {
  return text.compare(0, start.size(), start) == 0;
}

/// The kind of file that starts with these bytes, if they are no text; else an empty string.
std::string foreign_format(const std::string& start) {
  using namespace std::string_literals;
  if (starts_with(start, "\xFF\xFE"s) || starts_with(start, "\xFE\xFF"s)) {
    return "looks like UTF-16; convert it with iconv -f UTF-16 -t UTF-8";
  }
  const std::pair<std::string, const char*> compressed[] = {
      {"\x1F\x8B"s, "gzip"},    {"PK\x03\x04"s, "zip"},   {"%PDF-"s, "PDF"},
      {"BZh91AY&SY"s, "bzip2"}, {"\xFD\x37zXZ\0"s, "xz"}, {"\x28\xB5\x2F\xFD"s, "zstd"}};
  for (const auto& [magic, name] : compressed) {
    if (starts_with(start, magic)) {
      return std::string("looks compressed (") + name + "); unpack it to plain text first";
    }
  }
  return {};
}

/// Bytes up to the next LF, counted but not kept; gives up at `limit`.
int64_t skip_line(std::streambuf& in, int64_t limit) {
  int64_t skipped = 0;
  while (skipped < limit) {
    const int c = in.sbumpc();
    if (c == end_of_file || c == '\n') break;
    ++skipped;
  }
  return skipped;
}

std::string system_reason() { return std::strerror(errno); }

/// Throws unless `path` is a regular file.
void check_regular_file(const std::string& path) {
  struct stat status = {};
  if (::stat(path.c_str(), &status) != 0) {
    throw IoError(escaped(path) + ": cannot read: " + system_reason());
  }
  if (S_ISREG(status.st_mode)) return;
  const char* kind = S_ISDIR(status.st_mode)    ? "a folder"
                     : S_ISFIFO(status.st_mode) ? "a pipe"
                                                : "a device or socket";
  throw IoError(escaped(path) + ": not a regular file (" + kind + "); a text is read from a file");
}

}  // namespace

LineReader::LineReader(std::istream& in, std::string name) : in_(in), name_(escaped(name)) {}

bool LineReader::next(std::string& line) {
  line.clear();
  try {
    if (!read_bytes(line)) return false;
  } catch (const std::ios_base::failure&) {
    throw IoError(name_ + ": cannot read: " + system_reason());
  }
  if (line_number_ == 1) check_start(line);
  check_characters(line);
  return true;
}

bool LineReader::read_bytes(std::string& line) {
  std::streambuf& buffer = *in_.rdbuf();
  for (int c = buffer.sbumpc(); c != end_of_file; c = buffer.sbumpc()) {
    if (c == '\n') {
      ++line_number_;
      drop_carriage_return(line);
      return true;
    }
    line += static_cast<char>(c);
    if (static_cast<int64_t>(line.size()) > max_line_bytes) {
      ++line_number_;
      fail_too_long(line);
    }
  }
  if (line.empty()) return false;
  ++line_number_;
  return true;
}

void LineReader::fail_too_long(std::string& line) {
  if (line_number_ == 1) check_start(line);
  constexpr int64_t patience = int64_t{1} << 26;
  const int64_t rest = skip_line(*in_.rdbuf(), patience);
  const std::string place = name_ + ":" + std::to_string(line_number_) + ": line of ";
  const std::string length = std::to_string(static_cast<int64_t>(line.size()) + rest) +
                             " bytes (limit " + std::to_string(max_line_bytes) +
                             "); put one sentence on a line";
  if (rest == patience) throw DataError(place + "more than " + length);
  throw LineError(place + length);
}

void LineReader::check_start(std::string& line) {
  const std::string foreign = foreign_format(line);
  if (!foreign.empty()) throw DataError(name_ + ":1: " + foreign);
  if (!starts_with(line, "\xEF\xBB\xBF")) return;
  line.erase(0, 3);
  notes_.push_back(name_ + ": byte order mark at the start dropped");
}

void LineReader::drop_carriage_return(std::string& line) {
  if (line.empty() || line.back() != '\r') return;
  line.pop_back();
  if (!dropped_cr_) {
    notes_.push_back(name_ + ":" + std::to_string(line_number_) +
                     ": lines end in CR LF; the CRs are dropped");
  }
  dropped_cr_ = true;
}

void LineReader::check_characters(const std::string& line) const {
  const Utf8Fault fault = find_utf8_fault(line);
  if (!fault) return;
  const std::string place =
      name_ + ":" + std::to_string(line_number_) + ": byte " + std::to_string(fault.offset) + ": ";
  if (fault.bytes == "00") throw LineError(place + "NUL byte; a text has none (is it UTF-16?)");
  throw LineError(place + "invalid UTF-8 (" + fault.bytes + "): " + fault.reason +
                  "; texts are read as UTF-8");
}

std::vector<std::string> read_lines(const std::string& path, std::vector<std::string>& notes) {
  check_regular_file(path);
  std::ifstream file(path, std::ios::binary);
  if (!file) throw IoError(escaped(path) + ": cannot read: " + system_reason());
  LineReader reader(file, path);
  std::vector<std::string> lines;
  for (std::string line; reader.next(line);) lines.push_back(line);
  if (lines.empty()) throw DataError(escaped(path) + ": 0 lines; a text has at least one");
  notes.insert(notes.end(), reader.notes().begin(), reader.notes().end());
  return lines;
}

ParallelText read_parallel_text(const std::string& source_path, const std::string& target_path,
                                std::vector<std::string>& notes) {
  ParallelText text;
  text.source = read_lines(source_path, notes);
  text.target = read_lines(target_path, notes);
  if (text.source.size() == text.target.size()) return text;
  throw DataError(escaped(source_path) + ": " + std::to_string(text.source.size()) +
                  " lines, but " + escaped(target_path) + " has " +
                  std::to_string(text.target.size()) +
                  "; line i of one must translate line i of the other");
}

std::string identical_text_warning(const ParallelText& train, const ParallelText& valid) {
  if (!(train == valid)) return {};
  return "validation text is the training text; its scores will not show how well the model "
         "translates other sentences";
}

}  // namespace heed
