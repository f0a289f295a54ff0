#pragma once

#include <span>

#include "../../models/translate/translation.hpp"

namespace heed::tools {

/// How the attention of a run is shown.
enum class AttentionFormat { terminal, html, svg, json };

/// The format that `file` asks for by its ending: `.html`, `.svg`, `.json`; `-` is the terminal.
/// `ConfigError` lists the three endings for any other.
AttentionFormat attention_format(const std::string& file);

/// Throws `ConfigError` unless `file` has one of the endings and does not exist yet or may be
/// overwritten: a check before long work.
void check_attention_file(const std::string& file, bool overwrite);

/// Writes the attention of all translations of a run to `file` in the format of its ending, all at
/// once or not at all. `ConfigError` as `check_attention_file`, `IoError` if it can't be written.
void write_attention(const std::string& file, std::span<const Translation> translations,
                     bool overwrite);

}  // namespace heed::tools
