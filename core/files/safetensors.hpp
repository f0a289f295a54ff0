#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "../array.hpp"
#include "../named_tensor.hpp"

namespace heed {

/// What a .safetensors file holds: named arrays in the order of their data, and free text.
struct TensorFile {
  std::vector<std::pair<std::string, Array>> tensors;
  std::vector<std::pair<std::string, std::string>> metadata;
  /// What reading changed, for example `"w": F16 converted to float32`.
  std::vector<std::string> notes;

  /// The tensor of that name, undefined if there is none.
  Array find(const std::string& name) const;
};

/// A file of these tensors, and the tensors of a file.
TensorFile tensor_file(const std::vector<NamedTensor>& tensors,
                       std::vector<std::pair<std::string, std::string>> metadata = {});
std::vector<NamedTensor> named_tensors(const TensorFile& file);

/// Reads a .safetensors file, strictly: the tensors fill the data without gap or overlap, no name
/// appears twice, sizes are checked before anything is allocated. F32, F64, I32 and BOOL are read
/// as they are; F16 and BF16 become float32 and I64 becomes int32 (a note says so). Throws
/// `IoError`, or `FormatError` that names the file, the tensor and what is wrong.
TensorFile load_safetensors(const std::string& path);
/// The same for bytes in memory; `name` stands for the path in messages.
TensorFile parse_safetensors(std::string_view bytes, const std::string& name);

/// What the header of a file says of one tensor: the type in the file ("F16"), and here.
struct TensorInfo {
  std::string name, stored;
  DType dtype;
  Shape shape;
};
struct SafetensorsHeader {
  std::vector<TensorInfo> tensors;
  std::vector<std::pair<std::string, std::string>> metadata;
};
/// Reads and checks the header as `load_safetensors` does, and none of the data.
SafetensorsHeader load_safetensors_header(const std::string& path);

/// Writes the tensors in their order, atomically. `FormatError` for a name that appears twice, is
/// not UTF-8 or is `__metadata__`.
void save_safetensors(const std::string& path, const TensorFile& file);
/// The bytes that `save_safetensors` writes.
std::string safetensors_bytes(const TensorFile& file);

}  // namespace heed
