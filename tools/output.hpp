#pragma once

#include <string>

namespace heed::tools {

/// Adds `text` to what goes to standard output. `IoError` if it cannot be written.
void print(const std::string& text);
/// Writes what `print` collected.
void flush_output();
/// Writes the rest and closes standard output: some file systems report a full disk only then.
void finish_output();

/// `heed: TEXT` as one line on stderr.
void say(const std::string& text);

/// Descriptors 0 to 2 that the caller closed must not become those of files: a closed standard
/// input reads as empty, a closed standard output can't be written.
void open_standard_streams();

}  // namespace heed::tools
