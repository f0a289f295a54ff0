#include "safetensors.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <unordered_set>

#include "../error.hpp"
#include "files.hpp"
#include "safetensors_header.hpp"

namespace heed {

namespace {

using safetensors::Entry;
using safetensors::Source;

static_assert(std::endian::native == std::endian::little, "the data are little-endian");

class FileSource final : public Source {
 public:
  explicit FileSource(const std::string& path) : Source(path), file_(path) {}
  int64_t size() const override { return file_.size(); }
  int64_t read_some(int64_t offset, void* target, int64_t bytes) const override {
    return file_.read(offset, target, bytes);
  }

 private:
  InputFile file_;
};

class MemorySource final : public Source {
 public:
  MemorySource(const std::string& name, std::string_view bytes) : Source(name), bytes_(bytes) {}
  int64_t size() const override { return static_cast<int64_t>(bytes_.size()); }
  int64_t read_some(int64_t offset, void* target, int64_t bytes) const override {
    const std::string_view part =
        bytes_.substr(static_cast<std::size_t>(offset), static_cast<std::size_t>(bytes));
    std::copy(part.begin(), part.end(), static_cast<char*>(target));
    return static_cast<int64_t>(part.size());
  }

 private:
  std::string_view bytes_;
};

/// IEEE 754 binary16: 1 bit of sign, 5 of exponent, 10 of fraction.
float from_half(uint16_t half) {
  const uint32_t sign = uint32_t{half & 0x8000u} << 16;
  const uint32_t exponent = (half >> 10) & 31u, fraction = half & 1023u;
  if (exponent == 0) {  // zero or subnormal: fraction * 2^-24
    const float value = static_cast<float>(fraction) * 0x1p-24f;
    return sign ? -value : value;
  }
  const uint32_t wide = exponent == 31 ? 255 : exponent + 112;
  return std::bit_cast<float>(sign | wide << 23 | fraction << 13);
}

/// Reads elements of type `From` in pieces and puts `convert(element, index)` into `array`.
template <class From, class To, class F>
void read_converted(const Source& source, int64_t offset, Array& array, F convert) {
  std::vector<From> piece(static_cast<std::size_t>(std::min<int64_t>(array.numel(), 65536)));
  To* target = array.data<To>();
  for (int64_t done = 0; done < array.numel();) {
    const int64_t count = std::min<int64_t>(array.numel() - done, 65536);
    const auto width = static_cast<int64_t>(sizeof(From));
    source.read(offset + done * width, piece.data(), count * width);
    for (int64_t i = 0; i < count; ++i) {
      target[done + i] = convert(piece[static_cast<std::size_t>(i)], done + i);
    }
    done += count;
  }
}

void read_data(const Source& source, const Entry& entry, int64_t offset, Array& array) {
  const std::string& type = entry.dtype;
  if (type == "BOOL") {
    read_converted<uint8_t, bool>(source, offset, array, [&](uint8_t byte, int64_t i) {
      if (byte > 1) {
        source.fail(entry, "element " + std::to_string(i) + " is " + std::to_string(byte) +
                               "; a BOOL is 0 or 1");
      }
      return byte == 1;
    });
  } else if (type == "F16") {
    read_converted<uint16_t, float>(source, offset, array,
                                    [](uint16_t half, int64_t) { return from_half(half); });
  } else if (type == "BF16") {
    read_converted<uint16_t, float>(source, offset, array, [](uint16_t upper, int64_t) {
      return std::bit_cast<float>(uint32_t{upper} << 16);
    });
  } else if (type == "I64") {
    read_converted<int64_t, int32_t>(source, offset, array, [&](int64_t number, int64_t i) {
      if (number != static_cast<int32_t>(number)) {
        source.fail(entry, "element " + std::to_string(i) + " is " + std::to_string(number) +
                               ", too large for int32");
      }
      return static_cast<int32_t>(number);
    });
  } else if (array.numel() > 0) {
    source.read(offset, array.raw(), entry.offsets[1] - entry.offsets[0]);
  }
}

Shape shape_of(const Entry& entry) {
  return {entry.shape.data(), static_cast<int64_t>(entry.shape.size())};
}

Array read_tensor(const Source& source, const Entry& entry, int64_t data_begin) {
  Array array = Array::empty(shape_of(entry), entry.type->dtype);
  read_data(source, entry, data_begin + entry.offsets[0], array);
  return array;
}

TensorFile read(const Source& source) {
  int64_t data_begin = 0;
  safetensors::Header header = safetensors::read_header(source, data_begin);
  TensorFile file;
  file.metadata = std::move(header.metadata);
  for (const Entry& entry : header.entries) {
    file.tensors.emplace_back(entry.name, read_tensor(source, entry, data_begin));
    if (entry.dtype.find("16") != std::string::npos || entry.dtype == "I64") {
      file.notes.push_back('"' + escaped(entry.name) + "\": " + entry.dtype + " converted to " +
                           to_string(entry.type->dtype));
    }
  }
  return file;
}

const char* type_name(DType dtype) {
  for (const safetensors::FileType& type : safetensors::file_types) {
    if (type.dtype == dtype) return type.name;
  }
  return "";
}

std::string metadata_json(const TensorFile& file) {
  std::string json;
  std::unordered_set<std::string> keys;
  for (const auto& [key, text] : file.metadata) {
    if (!keys.insert(key).second) {
      throw FormatError("safetensors: metadata \"" + escaped(key) + "\" is given twice");
    }
    if (!json.empty()) json += ',';
    json.append(safetensors::quoted(key)).append(":").append(safetensors::quoted(text));
  }
  return json.empty() ? "" : safetensors::quoted(safetensors::metadata_key) + ":{" + json + "}";
}

/// `"NAME":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]}`; `end` is moved past the data.
std::string tensor_json(const std::string& name, const Array& array, int64_t& end) {
  std::string sizes;
  for (const int64_t size : array.shape()) {
    if (!sizes.empty()) sizes += ',';
    sizes += std::to_string(size);
  }
  const int64_t begin = end;
  end += array.numel() * static_cast<int64_t>(item_size(array.dtype()));
  return safetensors::quoted(name) + ":{\"dtype\":\"" + type_name(array.dtype()) +
         "\",\"shape\":[" + sizes + "],\"data_offsets\":[" + std::to_string(begin) + "," +
         std::to_string(end) + "]}";
}

}  // namespace

Array TensorFile::find(const std::string& name) const {
  for (const auto& [tensor_name, array] : tensors) {
    if (tensor_name == name) return array;
  }
  return {};
}

TensorFile tensor_file(const std::vector<NamedTensor>& tensors,
                       std::vector<std::pair<std::string, std::string>> metadata) {
  TensorFile file;
  file.metadata = std::move(metadata);
  for (const NamedTensor& entry : tensors) {
    file.tensors.emplace_back(entry.name, entry.tensor.array());
  }
  return file;
}

std::vector<NamedTensor> named_tensors(const TensorFile& file) {
  std::vector<NamedTensor> tensors;
  for (const auto& [name, array] : file.tensors) tensors.push_back({name, Tensor(array)});
  return tensors;
}

TensorFile load_safetensors(const std::string& path) { return read(FileSource(path)); }

SafetensorsHeader load_safetensors_header(const std::string& path) {
  int64_t data_begin = 0;
  safetensors::Header header = safetensors::read_header(FileSource(path), data_begin);
  SafetensorsHeader result;
  result.metadata = std::move(header.metadata);
  for (const Entry& entry : header.entries) {
    result.tensors.push_back({entry.name, entry.dtype, entry.type->dtype, shape_of(entry)});
  }
  return result;
}

TensorFile parse_safetensors(std::string_view bytes, const std::string& name) {
  return read(MemorySource(name, bytes));
}

std::string safetensors_bytes(const TensorFile& file) {
  std::string header = "{";
  header += metadata_json(file);
  std::unordered_set<std::string> names = {safetensors::metadata_key};
  int64_t end = 0;
  for (const auto& [name, array] : file.tensors) {
    if (!names.insert(name).second || !array.defined()) {
      throw FormatError("safetensors: tensor \"" + escaped(name) +
                        (array.defined() ? "\" is given twice" : "\" is undefined"));
    }
    if (header.size() > 1) header += ',';
    header += tensor_json(name, array, end);
  }
  header += "}";
  header.append((8 - header.size() % 8) % 8, ' ');
  const uint64_t length = header.size();
  std::string bytes;
  bytes.reserve(8 + header.size() + static_cast<std::size_t>(end));
  bytes.append(reinterpret_cast<const char*>(&length), 8).append(header);
  for (const auto& [name, array] : file.tensors) {
    const Array dense = array.contiguous();
    if (dense.numel() == 0) continue;
    bytes.append(static_cast<const char*>(dense.raw()),
                 static_cast<std::size_t>(dense.numel()) * item_size(dense.dtype()));
  }
  return bytes;
}

void save_safetensors(const std::string& path, const TensorFile& file) {
  write_file_atomically(path, safetensors_bytes(file));
}

}  // namespace heed
