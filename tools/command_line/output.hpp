#pragma once

#include <string>
#include <string_view>

namespace heed::tools {

/// Adds `text` to what goes to standard output: as it is to a file or a pipe, with control
/// characters escaped to a terminal. `IoError` if it cannot be written.
void print(const std::string& text);
/// The same for what heed drew, where its own escape codes are the only ones: they stay.
void print_drawing(const std::string& text);
/// Writes what `print` collected.
void flush_output();
/// Writes the rest and closes standard output: some file systems report a full disk only then.
void finish_output();

/// `heed: TEXT` as one line on stderr, with `kind` before the text (`error: `). Takes no memory.
void say(std::string_view text, std::string_view kind = "");

/// Descriptors 0 to 2 that the caller closed must not become those of files: a closed standard
/// input reads as empty, a closed standard output can't be written.
void open_standard_streams();

}  // namespace heed::tools
