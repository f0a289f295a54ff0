#include <catch2/catch.hpp>
#include <cstring>

#include "../../../core/error.hpp"
#include "../../../core/files/files.hpp"
#include "../../../core/files/safetensors.hpp"
#include "../../temporary_folder.hpp"

using namespace heed;
using Catch::Matchers::Contains;

namespace {

std::string with_length(uint64_t length, const std::string& rest) {
  return std::string(reinterpret_cast<const char*>(&length), 8) + rest;
}
std::string file_of(const std::string& header, const std::string& data = "") {
  return with_length(header.size(), header + data);
}
std::string file_of(const std::string& header, std::size_t zeros) {
  return file_of(header, std::string(zeros, '\0'));
}
/// One tensor "t" with these fields, and `zeros` bytes of data.
std::string tensor(const std::string& dtype, const std::string& shape, const std::string& offsets,
                   std::size_t zeros) {
  return file_of(
      "{\"t\":{\"dtype\":" + dtype + ",\"shape\":" + shape + ",\"data_offsets\":" + offsets + "}}",
      zeros);
}
TensorFile parse(const std::string& bytes) { return parse_safetensors(bytes, "model"); }

template <class T>
std::string bytes_of(const std::vector<T>& values) {
  std::string bytes(values.size() * sizeof(T), '\0');
  std::memcpy(bytes.data(), values.data(), bytes.size());
  return bytes;
}

struct Refusal {
  std::string bytes, message;
};

}  // namespace

TEST_CASE("Tensors of every element type come back as they were saved, in their order") {
  const TemporaryFolder folder;
  TensorFile file;
  file.tensors.emplace_back("weight", Array::from<float>({1, -2.5f, 3e-40f, 4, 5, 6}, {2, 3}));
  file.tensors.emplace_back("mask", Array::from<bool>({true, false, true}, {3}));
  file.tensors.emplace_back("exact", Array::from<double>({0.1, -1e300}, {1, 2, 1}));
  file.tensors.emplace_back("a \"name\"\n\xc3\xa9", Array::from<int32_t>({-7, 2147483647}, {2}));
  file.tensors.emplace_back("scalar", Array::full({}, 7.0));
  file.tensors.emplace_back("nothing", Array::empty({0, 5}));
  file.metadata = {{"format", "pt"}, {"by", "a \"test\""}};
  save_safetensors(folder / "m.safetensors", file);

  const TensorFile back = load_safetensors(folder / "m.safetensors");
  REQUIRE(back.tensors.size() == file.tensors.size());
  CHECK(back.metadata == file.metadata);
  CHECK(back.notes.empty());
  for (std::size_t i = 0; i < file.tensors.size(); ++i) {
    const auto& [name, array] = file.tensors[i];
    CHECK(back.tensors[i].first == name);
    REQUIRE(back.tensors[i].second.dtype() == array.dtype());
    REQUIRE(back.tensors[i].second.shape() == array.shape());
    CHECK(std::memcmp(back.tensors[i].second.raw(), array.raw(),
                      static_cast<std::size_t>(array.numel()) * item_size(array.dtype())) == 0);
  }
  CHECK(back.find("exact").at({0, 1, 0}) == -1e300);
  CHECK_FALSE(back.find("absent").defined());
  CHECK(safetensors_bytes(back) == read_file(folder / "m.safetensors"));
}

TEST_CASE("The header is padded to eight bytes and views are written densely") {
  TensorFile file;
  file.tensors.emplace_back("t", Array::arange(6).reshape({2, 3}).transpose(0, 1));
  const std::string bytes = safetensors_bytes(file);
  uint64_t length = 0;
  std::memcpy(&length, bytes.data(), 8);
  CHECK(length % 8 == 0);
  CHECK(bytes.size() == 8 + length + 24);
  CHECK(parse(bytes).find("t").to_vector<float>() == std::vector<float>{0, 3, 1, 4, 2, 5});
}

TEST_CASE("Empty files, empty tensors, scalars and odd alignment are accepted") {
  CHECK(parse(file_of("{}")).tensors.empty());
  CHECK(parse(file_of("{\"__metadata__\":{}}   ")).tensors.empty());
  CHECK(parse(tensor("\"F32\"", "[2,0]", "[0,0]", 0)).find("t").numel() == 0);
  CHECK(parse(tensor("\"F64\"", "[]", "[0,8]", 8)).find("t").item() == 0);
  const std::string header = R"({"b":{"dtype":"BOOL","shape":[3],"data_offsets":[0,3]},)"
                             R"("f":{"dtype":"F32","shape":[2],"data_offsets":[3,11]},)"
                             R"("e":{"dtype":"F32","shape":[0],"data_offsets":[3,3]}})";
  const TensorFile odd =
      parse(file_of(header, std::string("\1\0\1", 3) + bytes_of<float>({2, -3})));
  CHECK(odd.find("f").to_vector<float>() == std::vector<float>{2, -3});
  CHECK(odd.find("b").at({2}) == 1);
  CHECK(odd.find("e").numel() == 0);
}

TEST_CASE("Half precision and small 64-bit integers are converted with a note") {
  const std::string header = R"({"h":{"dtype":"F16","shape":[7],"data_offsets":[0,14]},)"
                             R"("b":{"dtype":"BF16","shape":[2],"data_offsets":[14,18]},)"
                             R"("i":{"dtype":"I64","shape":[2],"data_offsets":[18,34]}})";
  const TensorFile file = parse(file_of(
      header,
      bytes_of<uint16_t>({0x3C00, 0xC000, 0x0001, 0x7BFF, 0x7C00, 0x8000, 0x3555, 0x3F80, 0xC2F7}) +
          bytes_of<int64_t>({-2147483648LL, 2147483647LL})));
  const std::vector<float> half = file.find("h").to_vector<float>();
  CHECK(half == std::vector<float>{1, -2, 0x1p-24f, 65504, INFINITY, -0.0f, 0.333251953125f});
  CHECK(std::signbit(half[5]));
  CHECK(file.find("b").to_vector<float>() == std::vector<float>{1, -123.5f});
  CHECK(file.find("i").to_vector<int32_t>() == std::vector<int32_t>{INT32_MIN, INT32_MAX});
  CHECK(file.notes == std::vector<std::string>{"\"h\": F16 converted to float32",
                                               "\"b\": BF16 converted to float32",
                                               "\"i\": I64 converted to int32"});
}

TEST_CASE("A file whose frame is wrong is refused") {
  const std::string valid = tensor("\"F32\"", "[2]", "[0,8]", 8);
  const std::vector<Refusal> refusals = {
      {"", "it has 0 bytes, the length of the header alone has 8"},
      {"1234567", "it has 7 bytes"},
      {with_length(0, ""), "does not start with {"},
      {with_length(60, "{}"), "is cut off: its header has 60 bytes, the file 2 after"},
      {with_length(100'000'001, "{}"), "would have 100000001 bytes (limit 100000000)"},
      {with_length(UINT64_MAX, "{}"), "would have 18446744073709551615 bytes"},
      {with_length(UINT64_MAX - 7, "{}"), "(limit 100000000)"},
      {file_of(" {}"), "does not start with {"},
      {file_of("[]"), "does not start with {"},
      {file_of("{"), "not valid JSON at byte"},
      {file_of("{} x"), "not valid JSON at byte 11"},
      {file_of("{\"a\xff\":{}}"), "not valid JSON"},
      {file_of(std::string("{}\0 ", 4)), "the header holds a NUL byte"},
      {valid + "x", "has 1 byte after the data of its last tensor"},
      {valid.substr(0, valid.size() - 2), "[0, 8] is past the end of the data (6 bytes)"},
      {file_of("{}", 5), "has 5 bytes after the data"},
  };
  for (const Refusal& refusal : refusals) {
    CAPTURE(refusal.message);
    CHECK_THROWS_AS(parse(refusal.bytes), FormatError);
    CHECK_THROWS_WITH(parse(refusal.bytes),
                      Catch::Matchers::StartsWith("model: ") && Contains(refusal.message));
  }
}

namespace {

const std::vector<Refusal> unclear_tensors = {
    {tensor("\"F31\"", "[2]", "[0,8]", 8), "dtype \"F31\" is not supported (F32, F64,"},
    {tensor("\"U8\"", "[8]", "[0,8]", 8), "dtype \"U8\" is not supported"},
    {tensor("\"f32\"", "[2]", "[0,8]", 8), "dtype \"f32\" is not supported"},
    {tensor("7", "[2]", "[0,8]", 8), "dtype: expects a string, got a number"},
    {tensor("[]", "[2]", "[0,8]", 8), "dtype: expects a string, got a list"},
    {tensor("\"F32\"", "[-2]", "[0,8]", 8), "shape: expects whole numbers from 0, got a negative"},
    {tensor("\"F32\"", "[-0]", "[0,8]", 8), "shape: expects whole numbers from 0, got a negative"},
    {tensor("\"F32\"", "[2.0]", "[0,8]", 8), "got a number that is not whole"},
    {tensor("\"F32\"", "[1e400]", "[0,8]", 8), "number overflow"},
    {tensor("\"F32\"", "[\"2\"]", "[0,8]", 8), "shape: expects whole numbers from 0, got a string"},
    {tensor("\"F32\"", "[null]", "[0,8]", 8), "shape: expects whole numbers from 0, got null"},
    {tensor("\"F32\"", "[true]", "[0,8]", 8), "got true or false"},
    {tensor("\"F32\"", "[[2]]", "[0,8]", 8), "got a list"},
    {tensor("\"F32\"", "2", "[0,8]", 8), "shape: expects whole numbers from 0, got a number"},
    {tensor("\"F32\"", "{}", "[0,8]", 8), "got an object"},
    {tensor("\"F32\"", "[2,18446744073709551614]", "[0,8]", 8),
     "18446744073709551614 is too large"},
    {tensor("\"F32\"", "[18446744073709551616]", "[0,8]", 8), "got a number that is not whole"},
    {tensor("\"F32\"", "[4294967296,4294967296]", "[0,8]", 8), "product of its sizes overflows"},
    {tensor("\"F32\"", "[4611686018427387904]", "[0,0]", 0), "product of its sizes overflows"},
    {tensor("\"F32\"", "[0,4294967296,4294967296]", "[0,0]", 0), "product of its sizes overflows"},
    {tensor("\"F32\"", "[1,1,1,1,1,1,1,1,1]", "[0,4]", 4), "has more than 8 axes"},
    {tensor("\"F32\"", "[2]", "[0]", 8), "data_offsets: expects 2 numbers"},
    {tensor("\"F32\"", "[2]", "[0,8,8]", 8), "data_offsets: expects 2 numbers"},
    {tensor("\"F32\"", "[2]", "[8,0]", 8), "end before begin in [8, 0]"},
    {tensor("\"F32\"", "[2]", "[-8,0]", 8), "data_offsets: expects whole numbers from 0"},
    {tensor("\"F32\"", "[2]", "[0,8.5]", 8), "data_offsets: expects whole numbers from 0"},
    {tensor("\"F32\"", "[2]", "[0,16]", 8), "[0, 16] is past the end of the data (8 bytes)"},
    {tensor("\"F32\"", "[2]", "[0,9223372036854775807]", 8), "is past the end"},
    {tensor("\"F32\"", "[3]", "[0,8]", 8), "[0, 8] are 8 bytes, its shape and dtype need 12"},
    {tensor("\"F32\"", "[2]", "[4,12]", 12), "there is a hole of 4 bytes before its data"},
    {file_of(R"({"t":{"dtype":"F32","shape":[1]}})", 4), "has no \"data_offsets\""},
    {file_of(R"({"t":{}})"), "has no \"dtype\""},
    {file_of(R"({"t":{"dtype":"F32","dtype":"F32"}})"), "the key \"dtype\" appears twice"},
    {file_of(R"({"t":{"dtype":"F32","stride":[1]}})"), "unknown key \"stride\""},
    {file_of(R"({"t":7})"), "is a number; an object is expected"},
    {file_of(R"({"t":[]})"), "is a list; an object is expected"},
    {file_of(R"({"t":{"shape":[0],"data_offsets":[0,0],"dtype":"F32"},"t":{}})"), "appears twice"},
    {tensor("\"BOOL\"", "[3]", "[0,3]", 0) + std::string("\1\0\2", 3),
     "element 2 is 2; a BOOL is 0 or 1"},
    {tensor("\"I64\"", "[1]", "[0,8]", 0) + bytes_of<int64_t>({2147483648LL}),
     "element 0 is 2147483648, too large for int32"},
};

}  // namespace

TEST_CASE("A tensor that does not say plainly what it is is refused by name") {
  for (const Refusal& refusal : unclear_tensors) {
    CAPTURE(refusal.message);
    CHECK_THROWS_AS(parse(refusal.bytes), FormatError);
    CHECK_THROWS_WITH(parse(refusal.bytes), Contains(refusal.message));
    if (refusal.message != "number overflow") {
      CHECK_THROWS_WITH(parse(refusal.bytes), Catch::Matchers::StartsWith("model: tensor \"t\""));
    }
  }
}

TEST_CASE("Overlapping tensors are refused, also ten on one range") {
  std::string header = "{";
  for (int i = 0; i < 10; ++i) {
    header += (i ? ",\"" : "\"") + std::to_string(i) +
              R"(":{"dtype":"F32","shape":[2],"data_offsets":[0,8]})";
  }
  CHECK_THROWS_WITH(parse(file_of(header + "}", 8)), Contains("overlap"));
  const std::string two = R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},)"
                          R"("b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}})";
  CHECK_THROWS_WITH(parse(file_of(two, 12)), Contains("tensor \"b\": its data overlap"));
}

TEST_CASE("Metadata map strings to strings, once each") {
  const std::vector<Refusal> refusals = {
      {R"({"__metadata__":{"a":7}})", "__metadata__ holds a number; it maps strings to strings"},
      {R"({"__metadata__":{"a":null}})", "__metadata__ holds null"},
      {R"({"__metadata__":{"a":{}}})", "__metadata__ holds an object"},
      {R"({"__metadata__":["a"]})", "__metadata__ holds a list"},
      {R"({"__metadata__":null})", "__metadata__ holds null"},
      {R"({"__metadata__":{"a":"1","a":"2"}})", "the key \"a\" of __metadata__ appears twice"},
      {R"({"__metadata__":{},"__metadata__":{}})", "\"__metadata__\" appears twice"},
  };
  for (const Refusal& refusal : refusals) {
    CHECK_THROWS_WITH(parse(file_of(refusal.bytes)), Contains(refusal.message));
  }
}

TEST_CASE("A million tensors stop at the limit") {
  std::string header = "{";
  for (int i = 0; i < 100'001; ++i) {
    header += (i ? ",\"" : "\"") + std::to_string(i) +
              R"(":{"dtype":"F32","shape":[0],"data_offsets":[0,0]})";
  }
  CHECK_THROWS_WITH(parse(file_of(header + "}")), Contains("has more than 100000 tensors"));
}

TEST_CASE("Long names and control characters are shortened and escaped in messages") {
  const std::string name(1'000'000, 'n');
  const std::string header = "{\"\\u001b[31m" + name + R"(":{"dtype":"X"}})";
  try {
    parse(file_of(header));
    FAIL("accepted");
  } catch (const FormatError& error) {
    CHECK(std::string(error.what()).size() < 400);
    CHECK_THAT(error.what(), Contains("\\x1b[31mnnn") && Contains("..."));
  }
}

TEST_CASE("Other formats are named, with what to do") {
  const std::string rest(100, '\xee');
  CHECK_THROWS_WITH(parse("PK\x03\x04" + rest),
                    Contains("this is a PyTorch archive; export it with safetensors"));
  CHECK_THROWS_WITH(parse("\x80\x02}q" + rest), Contains("this is a PyTorch archive"));
  CHECK_THROWS_WITH(parse("GGUF" + rest), Contains("this is a GGUF file; export it"));
  CHECK_THROWS_WITH(parse("\x93NUMPY\x01" + rest), Contains("this is a NumPy file"));
  CHECK_THROWS_WITH(parse(std::string("\x80\x02\x02\0\0\0\0\0{}", 10)),
                    Contains("this is a PyTorch archive"));
}

TEST_CASE("Files that cannot be read are input errors") {
  const TemporaryFolder folder;
  CHECK_THROWS_AS(load_safetensors(folder / "absent"), IoError);
  CHECK_THROWS_AS(load_safetensors(folder.path()), IoError);
  write_file_atomically(folder / "short", "abc");
  CHECK_THROWS_WITH(load_safetensors(folder / "short"),
                    Contains(folder / "short") && Contains("it has 3 bytes"));
}

TEST_CASE("Names that a file cannot hold are refused when writing") {
  const Array one = Array::zeros({1});
  CHECK_THROWS_WITH(safetensors_bytes({{{"a", one}, {"a", one}}, {}, {}}),
                    Contains("tensor \"a\" is given twice"));
  CHECK_THROWS_AS(safetensors_bytes({{{"__metadata__", one}}, {}, {}}), FormatError);
  CHECK_THROWS_WITH(safetensors_bytes({{{"\xff", one}}, {}, {}}), Contains("is not UTF-8"));
  CHECK_THROWS_WITH(safetensors_bytes({{{"a", Array()}}, {}, {}}), Contains("is undefined"));
  CHECK_THROWS_WITH(safetensors_bytes({{}, {{"k", "1"}, {"k", "2"}}, {}}), Contains("given twice"));
}

TEST_CASE("No single changed byte of a file crashes the reader") {
  TensorFile file;
  file.tensors.emplace_back("weight", Array::from<float>({1, 2, 3}, {3}));
  file.tensors.emplace_back("ids", Array::from<int32_t>({1, 2}, {2, 1}));
  file.metadata = {{"k", "v"}};
  const std::string bytes = safetensors_bytes(file);
  int accepted = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    for (const int bit : {1, 2, 8, 64, 128}) {
      std::string changed = bytes;
      changed[i] = static_cast<char>(changed[i] ^ bit);
      try {
        const TensorFile read = parse(changed);
        CHECK(parse(safetensors_bytes(read)).tensors.size() == read.tensors.size());
        ++accepted;
      } catch (const FormatError&) {
      }
    }
    CHECK_THROWS_AS(parse(bytes.substr(0, i)), FormatError);
  }
  CHECK(accepted > 0);
}
