// A checkpoint's folder: refused, or written as the same. Where an input has no manifest it gets
// one that fits, so that what stands behind the checksums is reached.
#include <cstring>

#include "../../models/training/training_checkpoint.hpp"
#include "fuzz.hpp"

namespace {

const std::vector<std::string> names = {"model.safetensors", "optimizer.safetensors", "state.json",
                                        "MANIFEST.json"};

std::string manifest_of(const std::vector<fuzz::Part>& parts) {
  std::string files;
  for (int i = 0; i < 3; ++i) {
    const std::string content = fuzz::part_named(parts, names[i]);
    files += (i > 0 ? ", \"" : "\"") + names[i] +
             "\": {\"size\": " + std::to_string(content.size()) + ", \"sha256\": \"" +
             heed::sha256(content) + "\"}";
  }
  return "{\"version\": 1, \"files\": {" + files + "}}";
}

/// The bytes of every file of a checkpoint.
std::vector<std::string> contents(const std::string& path) {
  std::vector<std::string> all;
  for (const std::string& name : names) {
    all.push_back(heed::read_file(heed::join_path(path, name)));
  }
  return all;
}

std::string only_checkpoint(const std::string& run) {
  const std::string folder = heed::join_path(run, "checkpoints");
  return heed::join_path(folder, heed::folder_entries(folder).at(0));
}

}  // namespace

#ifdef HEED_FUZZ
#include "folder_mutator.hpp"

extern "C" std::size_t LLVMFuzzerCustomMutator(uint8_t* data, std::size_t size,
                                               std::size_t max_size, unsigned seed) {
  return fuzz::mutate_part(data, size, max_size, seed, names);
}
#endif

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, std::size_t size) {
  const std::string path = fuzz::fresh_folder("checkpoint");
  const std::vector<fuzz::Part> parts = fuzz::split_parts(fuzz::text_of(data, size), names);
  heed::write_file_atomically(heed::join_path(path, "MANIFEST.json"), manifest_of(parts));
  for (const auto& [name, content] : parts) {
    heed::write_file_atomically(heed::join_path(path, name), content);
  }
  heed::TrainingCheckpoint checkpoint;
  const auto load = [&] { checkpoint = heed::load_training_checkpoint(path); };
  if (!fuzz::accepts<heed::FormatError, heed::IoError>(load)) return 0;
  const std::string first = fuzz::fresh_folder("first"), second = fuzz::fresh_folder("second");
  heed::save_training_checkpoint(first, checkpoint);
  heed::save_training_checkpoint(second, heed::load_training_checkpoint(only_checkpoint(first)));
  fuzz::require(contents(only_checkpoint(first)) == contents(only_checkpoint(second)),
                "another checkpoint");
  return 0;
}
