// A vocabulary file: refused, or written as the same tokens.
#include "../../models/text/vocabulary.hpp"
#include "fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, std::size_t size) {
  const std::string path = heed::join_path(fuzz::fresh_folder("vocabulary"), "source.vocab");
  heed::write_file_atomically(path, fuzz::text_of(data, size));
  heed::Vocabulary vocabulary;
  const auto load = [&] { vocabulary = heed::Vocabulary::load(path); };
  if (!fuzz::accepts<heed::DataError>(load)) return 0;
  vocabulary.save(path);
  fuzz::require(heed::Vocabulary::load(path) == vocabulary, "other tokens");
  for (int32_t id = 4; id < vocabulary.size(); ++id) {
    fuzz::require(vocabulary.id(vocabulary.token(id)) == id, "another id");
  }
  return 0;
}
