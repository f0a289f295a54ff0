#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace heed::tools {

/// A flag or argument of a verb, as its help, the manual page and the completions
/// of shells show it.
struct FlagDescription {
  enum class Value { none, number, choice, text };
  /// `--beam`, or what stands for an argument: `MODEL`.
  std::string name;
  /// What stands for the flag's value: `N`; empty for toggles and arguments.
  std::string usage;
  std::string help;
  Value value = Value::none;
  /// The values there are to choose from.
  std::vector<std::string> choices = {};
};

/// A verb, as its help, the manual page and the completions of shells show it.
struct VerbDescription {
  struct Section {
    std::string title;
    std::vector<FlagDescription> flags;
  };
  std::string verb, summary;
  /// The argument without a flag, if it takes one, is among the flags of the first section too.
  std::string argument_usage;
  std::vector<Section> sections;
  /// Lines with examples.
  std::string examples;
};

/// The flags and arguments of one verb of the command: declared once, they are parsed, checked, and
/// described in its help. Values out of range, unknown flags (with the nearest known one) and
/// missing values are `ConfigError`s that name the flag. A flag given twice counts the last time.
class Flags {
 public:
  Flags(std::string verb, std::string summary);
  ~Flags();
  Flags(Flags&&) noexcept;

  /// The verb reads standard input: what stands where no argument is expected may be a file for it.
  void reads_standard_input();
  /// Starts a section of the help.
  void section(const std::string& title);
  /// The argument that stands without a flag; `usage` is its name in the help (`MODEL`, `[MODEL]`).
  /// choices: what a shell may offer for it.
  void argument(std::string& value, const std::string& usage, const std::string& help,
                const std::vector<std::string>& choices = {});
  /// The same for several of them.
  void arguments(std::vector<std::string>& values, const std::string& usage,
                 const std::string& help, const std::vector<std::string>& choices = {});
  /// choices: what a shell may offer; others are for the verb to refuse.
  void text(const std::string& flag, std::string& value, const std::string& usage,
            const std::string& help, const std::vector<std::string>& choices = {});
  /// A flag that can be given several times, or with several values after it if `many`.
  void texts(const std::string& flag, std::vector<std::string>& values, const std::string& usage,
             const std::string& help, bool many = false);
  void integer(const std::string& flag, int64_t& value, int64_t low, int64_t high,
               const std::string& help);
  void number(const std::string& flag, double& value, double low, double high,
              const std::string& help);
  void choice(const std::string& flag, std::string& value, const std::vector<std::string>& names,
              const std::string& help);
  void toggle(const std::string& flag, bool& value, const std::string& help);
  /// Lines at the end of the help: examples.
  void epilogue(const std::string& text);

  /// Parses what follows the verb.
  void parse(const std::vector<std::string>& arguments);
  /// Was this flag given?
  bool given(const std::string& flag) const;
  /// `ConfigError` unless `flag` was given: "heed train: --out is missing (...)".
  void require(const std::string& flag) const;
  /// The help of the verb, readable in 80 columns.
  std::string help() const;
  const VerbDescription& description() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// What every verb takes.
struct CommonFlags {
  int64_t threads = 0;
  bool quiet = false;
  std::string color = "auto";
  void declare(Flags& flags);
};

/// May colour be written to this file descriptor (1 or 2)? By --color, NO_COLOR,
/// and whether it is a terminal.
bool wants_color(const CommonFlags& common, int descriptor);

/// A whole number of `text`; `what` names it in the `ConfigError`.
int64_t parse_integer(const std::string& what, const std::string& text, int64_t low, int64_t high);
/// A finite number of `text`, likewise.
double parse_number(const std::string& what, const std::string& text, double low, double high);

}  // namespace heed::tools
