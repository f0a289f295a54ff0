#include "safetensors_header.hpp"

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>
#include <string_view>
#include <unordered_set>

#include "files.hpp"

namespace heed::safetensors {

const FileType file_types[7] = {{"F32", 4, float32},  {"F64", 8, float64}, {"I32", 4, int32},
                                {"BOOL", 1, boolean}, {"F16", 2, float32}, {"BF16", 2, float32},
                                {"I64", 8, int32}};

namespace {

constexpr int64_t header_limit = 100'000'000;
constexpr std::size_t tensor_limit = 100'000;

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
  // In pieces, so that a file without real content costs little, whatever length it claims.
  std::string text;
  for (int64_t done = 0; done < bytes;) {
    const int64_t piece = std::min<int64_t>(bytes - done, 1 << 20);
    text.resize(static_cast<std::size_t>(done + piece));
    source.read(8 + done, text.data() + done, piece);
    if (text[0] != '{') break;
    // The parser would take it for the end of the text.
    if (text.find('\0', static_cast<std::size_t>(done)) != std::string::npos) {
      fail("the header holds a NUL byte");
    }
    done += piece;
  }
  if (text.empty() || text[0] != '{')
    fail("is no safetensors file: its header does not start with {");
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
  // Tensors without data share their place with the next one: then by name.
  std::sort(header.entries.begin(), header.entries.end(), [](const Entry& a, const Entry& b) {
    return a.offsets != b.offsets ? a.offsets < b.offsets : a.name < b.name;
  });
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

}  // namespace

Header read_header(const Source& source, int64_t& data_begin) {
  Header header;
  const std::string text = header_text(source);
  HeaderBuilder builder(source, header);
  nlohmann::json::sax_parse(text.begin(), text.end(), &builder);
  data_begin = 8 + static_cast<int64_t>(text.size());
  check_layout(source, header, source.size() - data_begin);
  return header;
}

std::string quoted(const std::string& text) {
  try {
    return nlohmann::json(text).dump();
  } catch (const nlohmann::json::type_error&) {
    throw FormatError("safetensors: \"" + escaped(text) + "\" is not UTF-8");
  }
}

}  // namespace heed::safetensors
