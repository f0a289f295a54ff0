#include <catch2/catch.hpp>

#include "../../../core/files/files.hpp"
#include "../../../models/config/config.hpp"

using namespace heed;

namespace {

/// A key as docs/config.md lists it.
std::string table_row(const ConfigKey& key) {
  std::string meaning = key.meaning;
  if (const auto at = meaning.find("<unk>"); at != std::string::npos) {
    meaning.replace(at, 5, "`<unk>`");
  }
  return "| `" + key.name + "` | " + key.type + " | `" + key.fallback + "` | " + key.range + " | " +
         meaning + " |\n";
}

}  // namespace

TEST_CASE("docs/config.md lists every key with its type, default, range and meaning") {
  const std::string page = read_file(HEED_SOURCE_DIR "/docs/config.md");
  std::size_t rows = 0;
  for (std::size_t at = page.find("\n| `"); at != std::string::npos;
       at = page.find("\n| `", at + 1)) {
    ++rows;
  }
  CHECK(rows == config_keys().size());
  for (const ConfigKey& key : config_keys()) {
    INFO(table_row(key));
    CHECK(page.find(table_row(key)) != std::string::npos);
  }
}

TEST_CASE("docs/config.md names every preset") {
  const std::string page = read_file(HEED_SOURCE_DIR "/docs/config.md");
  for (const std::string& name : preset_names()) {
    INFO(name);
    CHECK(page.find("`" + name + "`") != std::string::npos);
  }
}
