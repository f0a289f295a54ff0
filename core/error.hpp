#pragma once

#include <stdexcept>
#include <string>

namespace heed {

/// Base of every exception that heed raises. The message is one line: who, what,
/// what would be right.
class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Shapes that do not fit an operation, or an element count that overflows.
class ShapeError : public Error {
 public:
  using Error::Error;
};

/// A dtype that an operation does not take.
class TypeError : public Error {
 public:
  using Error::Error;
};

/// An index, axis or id out of range.
class IndexError : public Error {
 public:
  using Error::Error;
};

/// Misuse of the autograd graph: a second backward, a changed saved array, a non-scalar loss.
class GraphError : public Error {
 public:
  using Error::Error;
};

/// Bad configuration: an unknown key, a value out of its range, options that exclude each other.
class ConfigError : public Error {
 public:
  using Error::Error;
};

/// Bad text or vocabulary: invalid UTF-8, unequal numbers of lines, a duplicate token.
class DataError : public Error {
 public:
  using Error::Error;
};

/// A file that is not what its format says: tensor files, model folders, checkpoints.
class FormatError : public Error {
 public:
  using Error::Error;
};

/// The operating system refused: absent, unreadable, a folder, full.
class IoError : public Error {
 public:
  using Error::Error;
};

/// Not a number, infinite, or a training that diverged.
class NumericError : public Error {
 public:
  using Error::Error;
};

/// `text` made safe for one line on a terminal: invalid UTF-8 and every character that a terminal
/// would obey (controls, DEL, U+0080 to U+009F, line separators, byte order marks, and what turns
/// the direction of writing) as `\xNN` for each of its bytes; at most `limit` bytes,
/// the rest as "...".
std::string escaped(const std::string& text, std::size_t limit = 120);

}  // namespace heed
