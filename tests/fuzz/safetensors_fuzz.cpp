// A safetensors file: refused as one, or it reads back from what is written of it.
#include <cstring>

#include "../../core/files/safetensors.hpp"
#include "fuzz.hpp"
#ifdef HEED_FUZZ
#include "tensor_mutator.hpp"

extern "C" std::size_t LLVMFuzzerCustomMutator(uint8_t* data, std::size_t size,
                                               std::size_t max_size, unsigned seed) {
  std::string file = fuzz::text_of(data, size);
  fuzz::mutate_tensors(file, max_size, seed);
  std::memcpy(data, file.data(), file.size());
  return file.size();
}
#endif

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, std::size_t size) {
  heed::TensorFile file;
  const auto parse = [&] { file = heed::parse_safetensors(fuzz::text_of(data, size), "file"); };
  if (!fuzz::accepts<heed::FormatError>(parse)) return 0;
  const std::string written = heed::safetensors_bytes(file);
  const heed::TensorFile again = heed::parse_safetensors(written, "file");
  fuzz::require(again.metadata == file.metadata, "other metadata");
  fuzz::require(again.tensors.size() == file.tensors.size(), "another number of tensors");
  for (std::size_t i = 0; i < file.tensors.size(); ++i) {
    const auto& [name, array] = file.tensors[i];
    const auto& [read_name, read_array] = again.tensors[i];
    fuzz::require(read_name == name, "another name");
    fuzz::require(read_array.shape() == array.shape(), "another shape");
    fuzz::require(read_array.dtype() == array.dtype(), "another type");
  }
  fuzz::require(heed::safetensors_bytes(again) == written, "other bytes the second time");
  return 0;
}
