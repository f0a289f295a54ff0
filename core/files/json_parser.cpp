// Builds Json values from the events of nlohmann's parser, which says what it reads but not where:
// the iterator below counts what the parser has taken.
#include <algorithm>
#include <cstddef>
#include <iterator>
#include <nlohmann/json.hpp>
#include <unordered_map>

#include "../error.hpp"
#include "files.hpp"
#include "json_reader.hpp"

namespace heed {

namespace {

constexpr std::size_t size_limit = 1 << 20;
constexpr std::size_t depth_limit = 32;
constexpr int64_t value_limit = 100'000;

/// Walks over a text and tells `taken` how far.
struct CountingIterator {
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  const char* at;
  std::size_t* taken;
  reference operator*() const { return *at; }
  CountingIterator& operator++() {
    ++at;
    ++*taken;
    return *this;
  }
  CountingIterator operator++(int) {
    CountingIterator before = *this;
    ++*this;
    return before;
  }
  bool operator==(const CountingIterator& other) const { return at == other.at; }
  bool operator!=(const CountingIterator& other) const { return at != other.at; }
};

}  // namespace

/// Receives the parser's events, depth first.
class JsonBuilder final : public nlohmann::json_sax<nlohmann::json> {
 public:
  JsonBuilder(const std::string& text, const std::string& name, JsonFault fault)
      : text_(text), source_(std::make_shared<const Json::Source>(Json::Source{name, fault})) {
    root_.source_ = source_;
  }

  Json build() {
    const auto size_refused = [&](std::size_t limit) { return text_.size() > limit; };
    if (size_refused(size_limit)) refuse(0, "is larger than 1 MiB");
    // The parser would take it for the end of the text.
    const std::size_t nul = text_.find('\0');
    if (nul != std::string::npos) refuse(nul, "not valid JSON: a NUL byte");
    nlohmann::json::sax_parse(CountingIterator{text_.data(), &taken_},
                              CountingIterator{text_.data() + text_.size(), &taken_}, this);
    root_.name_paths("");
    return std::move(root_);
  }

  bool null() override { return add(Json::Kind::null), true; }
  bool boolean(bool value) override {
    add(Json::Kind::logical).boolean_ = value;
    return true;
  }
  bool number_unsigned(uint64_t number) override {
    const bool fits = number <= static_cast<uint64_t>(INT64_MAX);
    Json& value = add(fits ? Json::Kind::integer : Json::Kind::number);
    value.integer_ = fits ? static_cast<int64_t>(number) : 0;
    value.number_ = static_cast<double>(number);
    value.text_ = std::to_string(number);
    return true;
  }
  bool number_integer(int64_t number) override {
    Json& value = add(Json::Kind::integer);  // the parser makes 0 of -0
    value.integer_ = number;
    value.text_ = std::to_string(number);
    return true;
  }
  bool number_float(double number, const string_t& digits) override {
    Json& value = add(Json::Kind::number);
    value.number_ = number;
    value.text_ = digits;
    return true;
  }
  bool string(string_t& text) override {
    add(Json::Kind::string).text_ = text;
    return true;
  }
  bool binary(binary_t&) override { return false; }

  bool start_object(std::size_t) override { return open(Json::Kind::object); }
  bool start_array(std::size_t) override { return open(Json::Kind::array); }
  bool end_object() override { return close(); }
  bool end_array() override { return close(); }

  bool key(string_t& key) override {
    Json& object = *open_.back().value;
    const Json::Place place = place_of(begin_of_token());
    token_end_ = taken_;
    const auto [first, added] = open_.back().first_lines.try_emplace(key, place.line);
    if (!added) {
      object.fail_at(place, "key \"" + escaped(key) + "\" appears twice (first on line " +
                                std::to_string(first->second) + ")");
    }
    object.keys_.push_back(key);
    object.key_places_.push_back(place);
    return true;
  }

  bool parse_error(std::size_t position, const std::string&,
                   const nlohmann::detail::exception& error) override {
    refuse(position > 0 ? position - 1 : 0, "not valid JSON: " + explanation(position, error));
  }

 private:
  struct Open {
    Json* value;
    std::unordered_map<std::string, int> first_lines;
  };

  bool open(Json::Kind kind) {
    if (open_.size() == depth_limit) {
      refuse(begin_of_token(), "nested deeper than " + std::to_string(depth_limit));
    }
    // `add` may move the siblings of the new value, but none that is open.
    open_.push_back({&add(kind), {}});
    return true;
  }

  bool close() {
    token_end_ = taken_;
    open_.pop_back();
    return true;
  }

  /// A new value where the parser stands.
  Json& add(Json::Kind kind) {
    if (++values_ > value_limit) {
      refuse(begin_of_token(), "has more than " + std::to_string(value_limit) + " values");
    }
    Json& value = open_.empty() ? root_ : open_.back().value->items_.emplace_back();
    value.kind_ = kind;
    value.source_ = source_;
    value.place_ = place_of(begin_of_token());
    token_end_ = taken_;
    return value;
  }

  /// The first byte of the token that the parser just read: the first after the token before that
  /// does not merely separate. (After a number the parser has taken one byte more, a separator.)
  std::size_t begin_of_token() const {
    const std::size_t begin = text_.find_first_not_of(" \t\r\n,:]}", token_end_);
    return std::min(begin, text_.size());
  }

  /// Line and column (in characters) of a byte; calls come in the order of the text.
  Json::Place place_of(std::size_t byte) {
    for (; counted_ < byte; ++counted_) {
      if (text_[counted_] == '\n') {
        ++line_;
        column_ = 1;
      } else if ((static_cast<unsigned char>(text_[counted_]) & 0xC0) != 0x80) {
        ++column_;
      }
    }
    return {line_, column_};
  }

  [[noreturn]] void refuse(std::size_t byte, const std::string& what) {
    root_.fail_at(place_of(byte), what);
  }

  std::string explanation(std::size_t position, const nlohmann::detail::exception& error) const {
    const std::size_t last = std::min(position > 0 ? position - 1 : 0, text_.size());
    const std::size_t before =
        last == 0 ? std::string::npos : text_.find_last_not_of(" \t\r\n", last - 1);
    const bool closes = last < text_.size() && (text_[last] == '}' || text_[last] == ']');
    if (closes && before != std::string::npos && text_[before] == ',') {
      return "a comma before the closing bracket";
    }
    // "[json.exception.parse_error.101] parse error at line 1, column 2: syntax error while ..."
    const std::string what = error.what();
    const std::size_t cut = what.find("number overflow") != std::string::npos
                                ? what.find("number overflow")
                                : what.find(": ");
    if (cut == std::string::npos) return escaped(what);
    return escaped(what.substr(what[cut] == ':' ? cut + 2 : cut), 200);
  }

  const std::string& text_;
  std::shared_ptr<const Json::Source> source_;
  Json root_;
  std::vector<Open> open_;
  std::size_t taken_ = 0, token_end_ = 0, counted_ = 0;
  int line_ = 1, column_ = 1;
  int64_t values_ = 0;
};

Json Json::parse(const std::string& text, const std::string& name, JsonFault fault) {
  return JsonBuilder(text, name, fault).build();
}

Json Json::read(const std::string& path, JsonFault fault) {
  // One byte more than allowed shows that there are more, without reading a file of any size.
  const InputFile file(path);
  std::string text(std::min(static_cast<std::size_t>(file.size()), size_limit + 1), '\0');
  const int64_t got = file.read(0, text.data(), static_cast<int64_t>(text.size()));
  text.resize(static_cast<std::size_t>(got));
  return parse(text, path, fault);
}

}  // namespace heed
