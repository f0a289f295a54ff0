// The format: 8 bytes with the length N of the header (little-endian), N bytes of JSON
// {"NAME": {"dtype": "F32", "shape": [2, 3], "data_offsets": [BEGIN, END]}, ...}, then the data.
#include <heed/core/safetensors.hpp>

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>
#include <nlohmann/json.hpp>
#include <unordered_set>

#include <heed/core/error.hpp>
#include <heed/core/files.hpp>

namespace heed {

namespace {

static_assert(std::endian::native == std::endian::little, "the data are little-endian");

constexpr int64_t header_limit = 100'000'000;
constexpr std::size_t tensor_limit = 100'000;
constexpr const char* metadata_key = "__metadata__";

/// An element type of the format, and what it becomes here.
struct FileType {
  const char* name;
  int64_t bytes;
  DType dtype;
};
constexpr FileType file_types[] = {{"F32", 4, float32},  {"F64", 8, float64}, {"I32", 4, int32},
                                   {"BOOL", 1, boolean}, {"F16", 2, float32}, {"BF16", 2, float32},
                                   {"I64", 8, int32}};

/// What the header says of one tensor.
struct Entry {
  std::string name, dtype;
  std::vector<int64_t> shape, offsets;
  bool has_dtype = false, has_shape = false, has_offsets = false;
  const FileType* type = nullptr;
};

struct Header {
  std::vector<Entry> entries;
  std::vector<std::pair<std::string, std::string>> metadata;
};

/// Where the bytes come from: a file, or memory.
class Source {
 public:
  explicit Source(std::string name) : name_(escaped(name, 400)) {}
  virtual ~Source() = default;
  virtual int64_t size() const = 0;
  virtual int64_t read_some(int64_t offset, void* target, int64_t bytes) const = 0;

  [[noreturn]] void fail(const std::string& what) const { throw FormatError(name_ + ": " + what); }
  [[noreturn]] void fail(const Entry& entry, const std::string& what) const {
    fail("tensor \"" + escaped(entry.name) + "\": " + what);
  }
  void read(int64_t offset, void* target, int64_t bytes) const {
    if (read_some(offset, target, bytes) != bytes) fail("ends early: it changed while it was read");
  }

 private:
  std::string name_;
};

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

/// Builds a Header from the events of the JSON parser and refuses whatever has no place in it.
class HeaderBuilder final : public nlohmann::json_sax<nlohmann::json> {
 public:
  HeaderBuilder(const Source& source, Header& header) : source_(source), header_(header) {}

  bool key(string_t& key) override {
    if (place_ == Place::top && key == metadata_key) {
      if (has_metadata_) source_.fail("the key \"__metadata__\" appears twice");
      has_metadata_ = in_metadata_ = true;
    } else if (place_ == Place::top) {
      begin_tensor(key);
    } else if (place_ == Place::metadata) {
      if (!metadata_keys_.insert(key).second) {
        source_.fail("the key \"" + escaped(key) + "\" of __metadata__ appears twice");
      }
      header_.metadata.emplace_back(key, "");
    } else {
      begin_field(key);
    }
    return true;
  }

  bool start_object(std::size_t) override {
    if (place_ == Place::outside) {
      place_ = Place::top;
    } else if (place_ == Place::top) {
      place_ = in_metadata_ ? Place::metadata : Place::tensor;
    } else {
      unexpected("an object");
    }
    return true;
  }

  bool end_object() override {
    if (place_ == Place::tensor) end_tensor();
    in_metadata_ = false;
    place_ = place_ == Place::top ? Place::outside : Place::top;
    return true;
  }

  bool start_array(std::size_t) override {
    if (place_ != Place::tensor || field_ == Field::dtype) unexpected("a list");
    place_ = Place::list;
    return true;
  }

  bool end_array() override {
    place_ = Place::tensor;
    return true;
  }

  bool string(string_t& text) override {
    if (place_ == Place::metadata) {
      header_.metadata.back().second = text;
    } else if (place_ == Place::tensor && field_ == Field::dtype) {
      header_.entries.back().dtype = text;
    } else {
      unexpected("a string");
    }
    return true;
  }

  bool number_unsigned(uint64_t number) override {
    if (place_ != Place::list) unexpected("a number");
    if (number > static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) {
      source_.fail(entry(),
                   std::string(field_name()) + ": " + std::to_string(number) + " is too large");
    }
    std::vector<int64_t>& list = field_ == Field::shape ? entry().shape : entry().offsets;
    // A shape of a million sizes is refused by its rank; there is no need to keep them all.
    if (list.size() <= static_cast<std::size_t>(max_rank)) {
      list.push_back(static_cast<int64_t>(number));
    }
    return true;
  }

  bool number_integer(int64_t) override { unexpected("a negative number"); }
  bool number_float(double, const string_t&) override { unexpected("a number that is not whole"); }
  bool null() override { unexpected("null"); }
  bool boolean(bool) override { unexpected("true or false"); }
  bool binary(binary_t&) override { unexpected("binary data"); }
  bool parse_error(std::size_t position, const std::string&,
                   const nlohmann::detail::exception& error) override {
    const std::string what = error.what();
    const std::size_t begin = what.find(" - ");
    source_.fail("the header is not valid JSON at byte " + std::to_string(position + 7) + ": " +
                 escaped(begin == std::string::npos ? what : what.substr(begin + 3)));
  }

 private:
  enum class Place { outside, top, metadata, tensor, list };
  enum class Field { dtype, shape, data_offsets };

  Entry& entry() { return header_.entries.back(); }
  const char* field_name() const {
    return field_ == Field::dtype ? "dtype" : field_ == Field::shape ? "shape" : "data_offsets";
  }

  void begin_tensor(const std::string& name) {
    if (header_.entries.size() == tensor_limit) {
      source_.fail("has more than " + std::to_string(tensor_limit) + " tensors");
    }
    if (!names_.insert(name).second) {
      source_.fail("tensor \"" + escaped(name) + "\" appears twice");
    }
    header_.entries.emplace_back();
    entry().name = name;
  }

  void begin_field(const std::string& key) {
    bool* seen = key == "dtype"          ? &entry().has_dtype
                 : key == "shape"        ? &entry().has_shape
                 : key == "data_offsets" ? &entry().has_offsets
                                         : nullptr;
    if (!seen) source_.fail(entry(), "unknown key \"" + escaped(key) + "\"");
    if (*seen) source_.fail(entry(), "the key \"" + key + "\" appears twice");
    *seen = true;
    field_ = seen == &entry().has_dtype   ? Field::dtype
             : seen == &entry().has_shape ? Field::shape
                                          : Field::data_offsets;
  }

  void end_tensor() {
    const char* missing = !entry().has_dtype     ? "dtype"
                          : !entry().has_shape   ? "shape"
                          : !entry().has_offsets ? "data_offsets"
                                                 : nullptr;
    if (missing) source_.fail(entry(), std::string("has no \"") + missing + "\"");
  }

  [[noreturn]] void unexpected(const char* got) {
    if (place_ == Place::outside)
      source_.fail(std::string("the header is ") + got + "; an object is expected");
    if (place_ == Place::metadata || in_metadata_) {
      source_.fail(std::string("__metadata__ holds ") + got + "; it maps strings to strings");
    }
    if (place_ == Place::top)
      source_.fail(entry(), std::string("is ") + got + "; an object is expected");
    source_.fail(entry(), std::string(field_name()) + ": expects " +
                              (field_ == Field::dtype ? "a string" : "whole numbers from 0") +
                              ", got " + got);
  }

  const Source& source_;
  Header& header_;
  Place place_ = Place::outside;
  Field field_ = Field::dtype;
  bool has_metadata_ = false, in_metadata_ = false;
  std::unordered_set<std::string> names_, metadata_keys_;
};

/// Other formats that people hand over by mistake; empty for none of them.
std::string other_format(const Source& source) {
  char bytes[6] = {};
  const int64_t length = source.read_some(0, bytes, std::min<int64_t>(source.size(), 6));
  const std::string_view start(bytes, static_cast<std::size_t>(length));
  const auto starts = [&](std::string_view magic) {
    return start.substr(0, magic.size()) == magic;
  };
  const bool pickle = start.size() > 1 && start[0] == '\x80' && start[1] >= 0 && start[1] <= 5;
  std::string what;
  if (starts("PK\x03\x04") || starts("PK\x05\x06") || pickle) what = "a PyTorch archive";
  if (starts("GGUF")) what = "a GGUF file";
  if (starts("\x93NUMPY")) what = "a NumPy file";
  return what.empty() ? "" : "this is " + what + "; export it with safetensors";
}

/// The text of the header, its length checked against the file and the limit.
std::string header_text(const Source& source) {
  const auto fail = [&](const std::string& what) {
    const std::string other = other_format(source);
    source.fail(other.empty() ? what : other);
  };
  if (source.size() < 8) {
    fail("is no safetensors file: it has " + readable_size(source.size()) +
         ", the length of the "
         "header alone has 8");
  }
  uint64_t length = 0;
  source.read(0, &length, 8);
  if (length > static_cast<uint64_t>(header_limit)) {
    fail("is no safetensors file: its header would have " + std::to_string(length) +
         " bytes (limit " + std::to_string(header_limit) + ")");
  }
  const auto bytes = static_cast<int64_t>(length);
  if (bytes > source.size() - 8) {
    fail("is cut off: its header has " + std::to_string(length) + " bytes, the file " +
         std::to_string(source.size() - 8) + " after its length");
  }
  std::string text(static_cast<std::size_t>(bytes), ' ');
  source.read(8, text.data(), bytes);
  if (text.empty() || text[0] != '{')
    fail("is no safetensors file: its header does not start with {");
  // The parser would take it for the end of the text.
  if (text.find('\0') != std::string::npos) fail("the header holds a NUL byte");
  return text;
}

/// Bytes of the tensor's data, every product checked.
int64_t data_size(const Source& source, const Entry& entry) {
  int64_t product = entry.type->bytes;
  bool empty = false;
  for (const int64_t size : entry.shape) {
    // Zeros are left out so that a product that overflows is found in any order.
    if (size == 0) {
      empty = true;
    } else if (__builtin_mul_overflow(product, size, &product)) {
      source.fail(entry, "the product of its sizes overflows");
    }
  }
  return empty ? 0 : product;
}

void check_entry(const Source& source, Entry& entry, int64_t data_bytes) {
  for (const FileType& type : file_types) {
    if (entry.dtype == type.name) entry.type = &type;
  }
  if (!entry.type) {
    source.fail(entry, "dtype \"" + escaped(entry.dtype) +
                           "\" is not supported (F32, F64, I32, BOOL, F16, BF16, I64)");
  }
  if (entry.shape.size() > static_cast<std::size_t>(max_rank)) {
    source.fail(entry, "has more than " + std::to_string(max_rank) + " axes");
  }
  if (entry.offsets.size() != 2) {
    source.fail(entry, "data_offsets: expects 2 numbers, begin and end");
  }
  const int64_t begin = entry.offsets[0], end = entry.offsets[1];
  const auto range = [&] { return "[" + std::to_string(begin) + ", " + std::to_string(end) + "]"; };
  if (begin > end) source.fail(entry, "data_offsets: end before begin in " + range());
  if (end > data_bytes) {
    source.fail(entry, "data_offsets: " + range() + " is past the end of the data (" +
                           std::to_string(data_bytes) + " bytes)");
  }
  const int64_t needed = data_size(source, entry);
  if (end - begin != needed) {
    source.fail(entry, "data_offsets: " + range() + " are " + std::to_string(end - begin) +
                           " bytes, its shape and dtype need " + std::to_string(needed));
  }
}

/// Sorts the tensors by their place and demands that they fill the data exactly.
void check_layout(const Source& source, Header& header, int64_t data_bytes) {
  for (Entry& entry : header.entries) check_entry(source, entry, data_bytes);
  std::stable_sort(header.entries.begin(), header.entries.end(),
                   [](const Entry& a, const Entry& b) { return a.offsets < b.offsets; });
  int64_t at = 0;
  for (const Entry& entry : header.entries) {
    if (entry.offsets[0] < at) source.fail(entry, "its data overlap another tensor's");
    if (entry.offsets[0] > at) {
      source.fail(
          entry, "there is a hole of " + readable_size(entry.offsets[0] - at) + " before its data");
    }
    at = entry.offsets[1];
  }
  if (at != data_bytes) {
    source.fail("has " + readable_size(data_bytes - at) + " after the data of its last tensor");
  }
}

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

Array read_tensor(const Source& source, const Entry& entry, int64_t data_begin) {
  const Shape shape(entry.shape.data(), static_cast<int64_t>(entry.shape.size()));
  Array array = Array::empty(shape, entry.type->dtype);
  read_data(source, entry, data_begin + entry.offsets[0], array);
  return array;
}

TensorFile read(const Source& source) {
  Header header;
  int64_t data_begin = 8;
  {
    const std::string text = header_text(source);
    data_begin += static_cast<int64_t>(text.size());
    HeaderBuilder builder(source, header);
    nlohmann::json::sax_parse(text.begin(), text.end(), &builder);
  }
  check_layout(source, header, source.size() - data_begin);
  TensorFile file;
  file.metadata = std::move(header.metadata);
  for (const Entry& entry : header.entries) {
    file.tensors.emplace_back(entry.name, read_tensor(source, entry, data_begin));
    if (entry.dtype.find("16") != std::string::npos || entry.dtype == "I64") {
      file.notes.push_back("\"" + escaped(entry.name) + "\": " + entry.dtype + " converted to " +
                           to_string(entry.type->dtype));
    }
  }
  return file;
}

const char* type_name(DType dtype) {
  for (const FileType& type : file_types) {
    if (type.dtype == dtype) return type.name;
  }
  return "";
}

/// `text` in quotes, escaped; FormatError unless it is UTF-8.
std::string quoted(const std::string& text) {
  try {
    return nlohmann::json(text).dump();
  } catch (const nlohmann::json::type_error&) {
    throw FormatError("safetensors: \"" + escaped(text) + "\" is not UTF-8");
  }
}

std::string metadata_json(const TensorFile& file) {
  std::string json;
  std::unordered_set<std::string> keys;
  for (const auto& [key, text] : file.metadata) {
    if (!keys.insert(key).second) {
      throw FormatError("safetensors: metadata \"" + escaped(key) + "\" is given twice");
    }
    json += (json.empty() ? "" : ",") + quoted(key) + ":" + quoted(text);
  }
  return json.empty() ? "" : quoted(metadata_key) + ":{" + json + "}";
}

/// `"NAME":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]}`; `end` is moved past the data.
std::string tensor_json(const std::string& name, const Array& array, int64_t& end) {
  std::string sizes;
  for (const int64_t size : array.shape())
    sizes += (sizes.empty() ? "" : ",") + std::to_string(size);
  const int64_t begin = end;
  end += array.numel() * static_cast<int64_t>(item_size(array.dtype()));
  return quoted(name) + ":{\"dtype\":\"" + type_name(array.dtype()) + "\",\"shape\":[" + sizes +
         "],\"data_offsets\":[" + std::to_string(begin) + "," + std::to_string(end) + "]}";
}

}  // namespace

Array TensorFile::find(const std::string& name) const {
  for (const auto& [tensor_name, array] : tensors) {
    if (tensor_name == name) return array;
  }
  return {};
}

TensorFile load_safetensors(const std::string& path) { return read(FileSource(path)); }

TensorFile parse_safetensors(std::string_view bytes, const std::string& name) {
  return read(MemorySource(name, bytes));
}

std::string safetensors_bytes(const TensorFile& file) {
  std::string header = "{" + metadata_json(file);
  std::unordered_set<std::string> names = {metadata_key};
  int64_t end = 0;
  for (const auto& [name, array] : file.tensors) {
    if (!names.insert(name).second || !array.defined()) {
      throw FormatError("safetensors: tensor \"" + escaped(name) +
                        (array.defined() ? "\" is given twice" : "\" is undefined"));
    }
    header += (header.size() > 1 ? "," : "") + tensor_json(name, array, end);
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
