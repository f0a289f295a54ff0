// A config.json, and the same bytes as a setting: refused, or it says the same when written.
#include "../../models/config/config.hpp"
#include "fuzz.hpp"

namespace {

void check_round_trip(heed::Config config) {
  if (config.source_vocab() == 0) config.set_vocabularies(4, config.target_vocab());
  if (config.target_vocab() == 0) config.set_vocabularies(config.source_vocab(), 4);
  const std::string written = heed::to_json(config);
  heed::Config again;
  heed::apply_json(again, written, "written");
  fuzz::require(heed::to_json(again) == written, "another configuration: " + written);
  fuzz::require(heed::differences(config, again).empty(), "a difference: " + written);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, std::size_t size) {
  using heed::ConfigError, heed::FormatError;
  const std::string text = fuzz::text_of(data, size);
  heed::Config config;
  if (fuzz::accepts<ConfigError>([&] { heed::apply_json(config, text, "config.json"); }) &&
      fuzz::accepts<ConfigError>([&] { heed::check(config); })) {
    check_round_trip(config);
  }
  heed::Config set;
  if (fuzz::accepts<ConfigError>([&] { heed::apply_setting(set, text); }) &&
      fuzz::accepts<ConfigError>([&] { heed::check(set); })) {
    check_round_trip(set);
  }
  const std::string path = heed::join_path(fuzz::fresh_folder("config"), "config.json");
  heed::write_file_atomically(path, text);
  fuzz::accepts<FormatError>([&] { check_round_trip(heed::load_config(path)); });
  fuzz::accepts<ConfigError>(
      [&] { heed::model_in_config_file(path, heed::ModelKind::transformer); });
  return 0;
}
