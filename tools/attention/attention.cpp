#include "attention.hpp"

#include <filesystem>

#include "../../core/error.hpp"
#include "../../core/files/files.hpp"
#include "html.hpp"
#include "json.hpp"
#include "svg.hpp"

namespace heed::tools {

AttentionFormat attention_format(const std::string& file) {
  if (file == "-") return AttentionFormat::terminal;
  if (file.ends_with(".html")) return AttentionFormat::html;
  if (file.ends_with(".svg")) return AttentionFormat::svg;
  if (file.ends_with(".json")) return AttentionFormat::json;
  throw ConfigError("--attention " + escaped(file) +
                    ": the ending is none of .html, .svg and .json (or - for the terminal)");
}

void check_attention_file(const std::string& file, bool overwrite) {
  if (attention_format(file) == AttentionFormat::terminal || overwrite) return;
  if (path_exists(file))
    throw ConfigError("--attention " + escaped(file) +
                      ": it exists already; name another file or remove it");
  const std::string folder = std::filesystem::path(file).parent_path().string();
  if (!folder.empty() && !is_folder(folder)) {
    throw IoError("--attention " + escaped(file) + ": there is no folder " + escaped(folder));
  }
}

void write_attention(const std::string& file, std::span<const Translation> translations,
                     bool overwrite) {
  check_attention_file(file, overwrite);
  std::string document;
  switch (attention_format(file)) {
    case AttentionFormat::html:
      document = attention_html(translations);
      break;
    case AttentionFormat::svg:
      document = attention_svg(translations);
      break;
    case AttentionFormat::json:
      for (const Translation& t : translations) document += attention_json(t) + "\n";
      break;
    case AttentionFormat::terminal:
      throw ConfigError("--attention -: the terminal is no file; draw_attention draws there");
  }
  write_file_atomically(file, document);
}

}  // namespace heed::tools
