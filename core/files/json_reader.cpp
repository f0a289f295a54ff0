#include "json_reader.hpp"

#include <algorithm>
#include <cstdio>

#include "../error.hpp"
#include "../suggest.hpp"

namespace heed {

namespace {

/// The path of a key, for messages. It stops growing where nobody would read on: the keys of a
/// hostile document may be long, and every value keeps its path.
std::string joined(const std::string& path, const std::string& key) {
  if (path.size() > 120) return path;
  return path.empty() ? escaped(key, 60) : path + "." + escaped(key, 60);
}

const char* kind_name(Json::Kind kind) {
  switch (kind) {
    case Json::Kind::null:
      return "null";
    case Json::Kind::logical:
      return "true or false";
    case Json::Kind::integer:
      return "an integer";
    case Json::Kind::number:
      return "a number";
    case Json::Kind::string:
      return "a string";
    case Json::Kind::array:
      return "a list";
    default:
      return "an object";
  }
}

std::string digits(double number) {
  char text[32];
  std::snprintf(text, sizeof text, "%.10g", number);
  return text;
}

std::string listed(const std::vector<std::string>& words) {
  std::string list;
  for (const std::string& word : words) list += (list.empty() ? "" : ", ") + word;
  return list;
}

const Json& empty_object() {
  static const Json empty;
  return empty;
}

}  // namespace

std::vector<std::string> Json::keys() const { return keys_; }

const Json* Json::find(const std::string& key) const {
  const auto found = std::find(keys_.begin(), keys_.end(), key);
  return found == keys_.end() ? nullptr : &items_[static_cast<std::size_t>(found - keys_.begin())];
}

const Json& Json::required(const std::string& key) const {
  const Json* value = find(key);
  if (!value) fail("has no \"" + escaped(key) + "\"");
  return *value;
}

std::string Json::shown() const {
  switch (kind_) {
    case Kind::string:
      return std::string("\"").append(escaped(text_, 60)).append("\"");
    case Kind::integer:
    case Kind::number:
      return escaped(text_, 60);
    case Kind::logical:
      return boolean_ ? "true" : "false";
    default:
      return kind_name(kind_);
  }
}

void Json::fail_at(Place place, const std::string& what) const {
  std::string message = source_ ? escaped(source_->name, 400) : "configuration";
  if (place.line > 0) {
    message += ":" + std::to_string(place.line) + ":" + std::to_string(place.column);
  }
  message += ": " + what;
  if (source_ && source_->fault == JsonFault::format) throw FormatError(message);
  throw ConfigError(message);
}

void Json::fail(const std::string& what) const {
  fail_at(place_, path_.empty() ? what : path_ + ": " + what);
}

void Json::expect(Kind kind) const {
  if (kind_ != kind) fail(std::string("expects ") + kind_name(kind) + ", got " + shown());
}

int64_t Json::as_integer(int64_t low, int64_t high) const {
  expect(Kind::integer);
  if (integer_ >= low && integer_ <= high) return integer_;
  const std::string range = high == INT64_MAX
                                ? " of at least " + std::to_string(low)
                                : " from " + std::to_string(low) + " to " + std::to_string(high);
  fail("expects an integer" + range + ", got " + text_);
}

double Json::as_number(double low, double high) const {
  if (kind_ != Kind::integer) expect(Kind::number);
  const double value = kind_ == Kind::integer ? static_cast<double>(integer_) : number_;
  if (value < low || value > high) {
    fail("expects a number from " + digits(low) + " to " + digits(high) + ", got " + shown());
  }
  return value;
}

bool Json::as_boolean() const {
  expect(Kind::logical);
  return boolean_;
}

const std::string& Json::as_text() const {
  expect(Kind::string);
  return text_;
}

int64_t Json::integer(const std::string& key, int64_t fallback, int64_t low, int64_t high) const {
  const Json* value = find(key);
  return value ? value->as_integer(low, high) : fallback;
}

int64_t Json::required_integer(const std::string& key, int64_t low, int64_t high) const {
  return required(key).as_integer(low, high);
}

double Json::number(const std::string& key, double fallback, double low, double high) const {
  const Json* value = find(key);
  return value ? value->as_number(low, high) : fallback;
}

double Json::required_number(const std::string& key, double low, double high) const {
  return required(key).as_number(low, high);
}

double Json::fraction(const std::string& key, double fallback) const {
  const Json* value = find(key);
  if (!value) return fallback;
  if (value->kind_ != Kind::integer) value->expect(Kind::number);
  const double number =
      value->kind_ == Kind::integer ? static_cast<double>(value->integer_) : value->number_;
  if (!(number >= 0 && number < 1)) {
    value->fail("expects a number in [0, 1), got " + value->shown());
  }
  return number;
}

bool Json::flag(const std::string& key, bool fallback) const {
  const Json* value = find(key);
  return value ? value->as_boolean() : fallback;
}

std::string Json::text(const std::string& key, const std::string& fallback) const {
  const Json* value = find(key);
  return value ? value->as_text() : fallback;
}

std::string Json::required_text(const std::string& key) const { return required(key).as_text(); }

std::string Json::choice(const std::string& key, const std::string& fallback,
                         const std::vector<std::string>& allowed) const {
  const Json* value = find(key);
  if (!value) return fallback;
  const std::string& word = value->as_text();
  if (std::find(allowed.begin(), allowed.end(), word) == allowed.end()) {
    value->fail("expects one of " + listed(allowed) + ", got " + value->shown() +
                did_you_mean(word, allowed));
  }
  return word;
}

const Json& Json::object(const std::string& key) const {
  const Json* value = find(key);
  if (!value) return empty_object();
  value->expect(Kind::object);
  return *value;
}

const Json& Json::required_object(const std::string& key) const {
  required(key);
  return object(key);
}

const std::vector<Json>& Json::array(const std::string& key) const {
  const Json* value = find(key);
  if (!value) return empty_object().items_;
  value->expect(Kind::array);
  return value->items_;
}

void Json::allow_only(const std::vector<std::string>& known) const {
  expect(Kind::object);
  for (std::size_t i = 0; i < keys_.size(); ++i) {
    if (std::find(known.begin(), known.end(), keys_[i]) != known.end()) continue;
    const std::string guess = did_you_mean(keys_[i], known);
    items_[i].fail_at(key_places_[i],
                      "unknown key \"" + joined(path_, keys_[i]) + "\"" +
                          (guess.empty() ? " (known here: " + listed(known) + ")" : guess));
  }
}

Json& Json::child(const std::string& key) {
  if (const Json* value = find(key)) return const_cast<Json&>(*value);
  keys_.push_back(key);
  key_places_.push_back({});
  Json& value = items_.emplace_back();
  value.source_ = source_;
  return value;
}

void Json::name_paths(const std::string& path) {
  path_ = path;
  for (std::size_t i = 0; i < items_.size(); ++i) {
    items_[i].name_paths(kind_ == Kind::object ? joined(path, keys_[i])
                                               : path + "[" + std::to_string(i) + "]");
  }
}

void Json::set(const std::string& path, const std::string& value, const std::string& origin) {
  const Json probe = [&] {
    try {
      return parse(value, origin, JsonFault::config);
    } catch (const ConfigError&) {
      Json text;
      text.kind_ = Kind::string;
      text.text_ = value;
      text.source_ = std::make_shared<const Source>(Source{origin, JsonFault::config});
      return text;
    }
  }();
  Json* target = this;
  for (std::size_t begin = 0; begin <= path.size();) {
    const std::size_t end = std::min(path.find('.', begin), path.size());
    target->expect(Kind::object);
    target = &target->child(path.substr(begin, end - begin));
    begin = end + 1;
  }
  *target = probe;
  target->place_ = {};
  name_paths(path_);
}

}  // namespace heed
