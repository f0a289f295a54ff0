// A model's folder from a stranger: refused, or a model that translates and is saved as the same.
#include <cstring>

#include "../../models/config/model_folder.hpp"
#include "../../models/translate/translator.hpp"
#include "fuzz.hpp"

namespace {
const std::vector<std::string> names = {"config.json", "source.vocab", "target.vocab",
                                        "model.safetensors"};
}

#ifdef HEED_FUZZ
#include "folder_mutator.hpp"

extern "C" std::size_t LLVMFuzzerCustomMutator(uint8_t* data, std::size_t size,
                                               std::size_t max_size, unsigned seed) {
  return fuzz::mutate_part(data, size, max_size, seed, names);
}
#endif

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, std::size_t size) {
  const std::string path = fuzz::fresh_folder("model");
  for (const auto& [name, content] : fuzz::split_parts(fuzz::text_of(data, size), names)) {
    heed::write_file_atomically(heed::join_path(path, name), content);
  }
  const auto read = [&] { heed::load_model_folder(path); };
  if (!fuzz::accepts<heed::FormatError, heed::DataError, heed::IoError>(read)) return 0;
  heed::ModelFolder folder = heed::load_model_folder(path);
  const std::string copy = heed::join_path(path, "copy");
  const auto weights = heed::state_dict(folder.model);
  heed::save_model_folder(copy, folder.config, folder.source, folder.target, weights);
  heed::ModelFolder again = heed::load_model_folder(copy);
  fuzz::require(heed::to_json(again.config) == heed::to_json(folder.config), "another config");
  fuzz::require(again.source == folder.source && again.target == folder.target, "other words");
  heed::save_weights(heed::join_path(path, "again.safetensors"), heed::state_dict(again.model));
  fuzz::require(heed::read_file(heed::join_path(path, "again.safetensors")) ==
                    heed::read_file(heed::join_path(copy, "model.safetensors")),
                "other weights");
  // Weights may be as large as floats get: what they make may then be no number, and is said so.
  fuzz::accepts<heed::NumericError, heed::DataError>([&] {
    heed::Translator::load(path).translate("a b", {.search = {.beam = 2, .max_length = 3}});
  });
  return 0;
}
