#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace heed {

/// What a bad document raises: a configuration is the user's words (`ConfigError`), a model
/// folder's file is a format (`FormatError`).
enum class JsonFault { config, format };

/// A value of a JSON document that remembers where it stands, so that a message can say
/// `config.json:7:13: training.layers: expects an integer, got "six"`. Reading is strict: no
/// duplicate keys, at most 32 levels, 1 MiB and 100,000 values, numbers that fit.
class Json {
 public:
  enum class Kind { null, logical, integer, number, string, array, object };

  /// An empty object.
  Json() = default;
  /// `name` stands for the file in messages.
  static Json parse(const std::string& text, const std::string& name, JsonFault fault);
  /// Reads a file; `IoError` if it cannot be read.
  static Json read(const std::string& path, JsonFault fault);

  Kind kind() const { return kind_; }
  bool has(const std::string& key) const { return find(key) != nullptr; }
  /// The value of an object's key; null if it has none.
  const Json* find(const std::string& key) const;
  std::vector<std::string> keys() const;
  /// The elements of an array, or the values of an object in the order of `keys`.
  const std::vector<Json>& items() const { return items_; }

  // Getters of an object's keys. A value of another type, or outside of [low, high], is refused
  // with its key path. Without a fallback the key is required.
  int64_t integer(const std::string& key, int64_t fallback, int64_t low, int64_t high) const;
  int64_t required_integer(const std::string& key, int64_t low, int64_t high) const;
  double number(const std::string& key, double fallback, double low, double high) const;
  double required_number(const std::string& key, double low, double high) const;
  /// In [0, 1), as dropout and smoothing are.
  double fraction(const std::string& key, double fallback) const;
  bool flag(const std::string& key, bool fallback) const;
  std::string text(const std::string& key, const std::string& fallback) const;
  std::string required_text(const std::string& key) const;
  /// One of `allowed`; another word is refused with the list and the closest of them.
  std::string choice(const std::string& key, const std::string& fallback,
                     const std::vector<std::string>& allowed) const;
  /// An empty object, and an empty list, if the key is absent.
  const Json& object(const std::string& key) const;
  const Json& required_object(const std::string& key) const;
  const std::vector<Json>& array(const std::string& key) const;

  /// Getters of this value itself.
  int64_t as_integer(int64_t low, int64_t high) const;
  double as_number(double low, double high) const;
  bool as_boolean() const;
  const std::string& as_text() const;
  /// This value as a message shows it.
  std::string shown() const;

  /// Refuses keys that are not listed: `unknown key "d_modle"; did you mean "d_model"?`
  void allow_only(const std::vector<std::string>& known) const;
  /// Refuses this value: `FILE:LINE:COLUMN: PATH: what`.
  [[noreturn]] void fail(const std::string& what) const;

  /// Sets `training.epochs` to `value`, read as JSON where it is JSON and as a string elsewhere;
  /// `origin` (for example `--set`) stands for the file in messages.
  void set(const std::string& path, const std::string& value, const std::string& origin);

 private:
  friend class JsonBuilder;
  struct Source {
    std::string name;
    JsonFault fault;
  };
  struct Place {
    int line = 0, column = 0;  ///< from 1; 0: not from a file
  };

  Json& child(const std::string& key);
  const Json& required(const std::string& key) const;
  void expect(Kind kind) const;
  void name_paths(const std::string& path);
  [[noreturn]] void fail_at(Place place, const std::string& what) const;

  Kind kind_ = Kind::object;
  bool boolean_ = false;
  int64_t integer_ = 0;
  double number_ = 0;
  std::string text_;  ///< a string's value, a number's digits
  std::vector<std::string> keys_;
  std::vector<Place> key_places_;
  std::vector<Json> items_;
  std::string path_;
  Place place_;
  std::shared_ptr<const Source> source_;
};

}  // namespace heed
