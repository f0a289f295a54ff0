#include "command_line.hpp"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <sstream>

#include "../../core/error.hpp"
#include "../../core/files/json_writer.hpp"
#include "../../core/suggest.hpp"

namespace heed::tools {

namespace {

using Value = FlagDescription::Value;

constexpr std::size_t help_width = 79, help_indent = 28;

/// `text` broken at spaces into lines that start at `column`; the first line starts there already.
std::string wrapped(const std::string& text, std::size_t column) {
  std::string out;
  std::size_t at = column;
  std::istringstream words(text);
  for (std::string word; words >> word;) {
    if (at > column && at + 1 + word.size() > help_width) {
      out += '\n' + std::string(column, ' ');
      at = column;
    }
    if (at > column) out += ' ', ++at;
    out += word;
    at += word.size();
  }
  return out;
}

std::string entry_text(const FlagDescription& flag) {
  std::string line = "  " + flag.name + (flag.usage.empty() ? "" : ' ' + flag.usage);
  if (line.size() + 2 > help_indent) {
    line += '\n' + std::string(help_indent, ' ');
  } else {
    line.resize(help_indent, ' ');
  }
  return line + wrapped(flag.help, help_indent) + '\n';
}

}  // namespace

int64_t parse_integer(const std::string& what, const std::string& text, int64_t low, int64_t high) {
  const std::string range =
      "a whole number from " + std::to_string(low) + " to " + std::to_string(high);
  int64_t value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error == std::errc::invalid_argument || stop != end) {
    throw ConfigError(what + ": expects " + range + ", got '" + escaped(text) + "'");
  }
  if (error == std::errc::result_out_of_range) {
    throw ConfigError(what + ": " + escaped(text) +
                      (text[0] == '-' ? " is too small" : " is too large") + "; give " + range);
  }
  if (value < low || value > high) {
    throw ConfigError(what + ": " + text + " is out of range; give " + range);
  }
  return value;
}

double parse_number(const std::string& what, const std::string& text, double low, double high) {
  const std::string range = "a number from " + shortest(low) + " to " + shortest(high);
  double value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error == std::errc::invalid_argument || stop != end) {
    throw ConfigError(what + ": expects " + range + ", got '" + escaped(text) + "'");
  }
  if (error != std::errc() || !std::isfinite(value) || value < low || value > high) {
    throw ConfigError(what + ": " + escaped(text) + " is out of range; give " + range);
  }
  return value;
}

struct Flags::State {
  State(std::string name, std::string purpose)
      : description{std::move(name), std::move(purpose), "", {{"", {}}}, ""},
        app(description.summary) {
    app.set_help_flag();
    app.allow_extras();
    app.option_defaults()->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  }
  void describe(FlagDescription flag) {
    if (flag.name[0] == '-') names.push_back(flag.name);
    description.sections.back().flags.push_back(std::move(flag));
  }

  VerbDescription description;
  std::vector<std::string> names, toggles;
  bool reads_input = false;
  CLI::App app;
};

Flags::Flags(std::string verb, std::string summary)
    : state_(std::make_unique<State>(std::move(verb), std::move(summary))) {}
Flags::~Flags() = default;
Flags::Flags(Flags&&) noexcept = default;

void Flags::reads_standard_input() { state_->reads_input = true; }

void Flags::section(const std::string& title) {
  state_->description.sections.push_back({title, {}});
}

void Flags::argument(std::string& value, const std::string& usage, const std::string& help,
                     const std::vector<std::string>& choices) {
  state_->app.add_option("argument", value);
  state_->description.argument_usage = usage;
  state_->describe({usage, "", help, Value::text, choices});
}

void Flags::arguments(std::vector<std::string>& values, const std::string& usage,
                      const std::string& help, const std::vector<std::string>& choices) {
  state_->app.add_option("argument", values)->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  state_->description.argument_usage = usage;
  state_->describe({usage, "", help, Value::text, choices});
}

void Flags::text(const std::string& flag, std::string& value, const std::string& usage,
                 const std::string& help, const std::vector<std::string>& choices) {
  state_->app.add_option_function<std::string>(flag, [flag, &value](const std::string& given) {
    if (given.empty()) throw ConfigError(flag + ": the value is empty");
    value = given;
  });
  state_->describe({flag, usage, help, Value::text, choices});
}

void Flags::texts(const std::string& flag, std::vector<std::string>& values,
                  const std::string& usage, const std::string& help, bool many) {
  CLI::Option* option = state_->app.add_option(flag, values);
  option->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)->allow_extra_args(many);
  state_->describe({flag, usage, help, Value::text});
}

void Flags::integer(const std::string& flag, int64_t& value, int64_t low, int64_t high,
                    const std::string& help) {
  state_->app.add_option_function<std::string>(flag,
                                               [flag, &value, low, high](const std::string& text) {
                                                 value = parse_integer(flag, text, low, high);
                                               });
  state_->describe({flag, "N", help, Value::number});
}

void Flags::number(const std::string& flag, double& value, double low, double high,
                   const std::string& help) {
  state_->app.add_option_function<std::string>(flag,
                                               [flag, &value, low, high](const std::string& text) {
                                                 value = parse_number(flag, text, low, high);
                                               });
  state_->describe({flag, "X", help, Value::number});
}

void Flags::choice(const std::string& flag, std::string& value,
                   const std::vector<std::string>& names, const std::string& help) {
  state_->app.add_option_function<std::string>(
      flag, [flag, &value, names](const std::string& given) {
        if (std::find(names.begin(), names.end(), given) == names.end()) {
          std::string list;
          for (const std::string& name : names) list += (list.empty() ? "" : ", ") + name;
          throw ConfigError(flag + ": '" + escaped(given) + "' is not one of " + list +
                            did_you_mean(given, names));
        }
        value = given;
      });
  std::string usage;
  for (const std::string& name : names) usage += (usage.empty() ? "" : "|") + name;
  state_->describe({flag, usage, help, Value::choice, names});
}

void Flags::toggle(const std::string& flag, bool& value, const std::string& help) {
  state_->app.add_flag(flag, value);
  state_->toggles.push_back(flag);
  state_->describe({flag, "", help});
}

void Flags::epilogue(const std::string& text) { state_->description.examples = text; }

void Flags::parse(const std::vector<std::string>& arguments) {
  CLI::App& app = state_->app;
  for (const std::string& toggle : state_->toggles) {
    for (const std::string& argument : arguments) {
      if (!argument.starts_with(toggle + '=')) continue;
      throw ConfigError("heed " + state_->description.verb + ": " + toggle + " takes no value");
    }
  }
  try {
    app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
  } catch (const CLI::ArgumentMismatch& error) {
    const std::string text = error.what();
    throw ConfigError("heed " + state_->description.verb + ": " + text.substr(0, text.find(':')) +
                      " needs a value");
  } catch (const CLI::ParseError& error) {
    throw ConfigError("heed " + state_->description.verb + ": " + escaped(error.what()));
  }
  const std::vector<std::string> unknown = app.remaining();
  for (const std::string& word : unknown) {
    if (word.size() < 2 || word[0] != '-') continue;
    const std::string flag = word.substr(0, word.find('='));
    const bool has_keys = std::count(state_->names.begin(), state_->names.end(), "--set") > 0;
    throw ConfigError("heed " + state_->description.verb + ": unknown flag '" + escaped(flag) +
                      "'" + did_you_mean(flag, state_->names) + " (heed " +
                      state_->description.verb + " --help lists all" +
                      (has_keys ? "; a key of the configuration goes by --set KEY=VALUE)" : ")"));
  }
  if (!unknown.empty()) {
    const std::string verb = "heed " + state_->description.verb, word = escaped(unknown[0]);
    throw ConfigError(verb + ": unexpected argument '" + word + "'" +
                      (state_->reads_input ? ": lines come from standard input, '< " + word + "'"
                                           : std::string()) +
                      " (" + verb + " --help says what it takes)");
  }
}

bool Flags::given(const std::string& flag) const { return state_->app.count(flag) > 0; }

void Flags::require(const std::string& flag) const {
  const bool is_argument = flag[0] != '-';
  if (given(is_argument ? "argument" : flag)) return;
  throw ConfigError("heed " + state_->description.verb + ": " + flag + " is missing (heed " +
                    state_->description.verb + " --help says what it takes)");
}

std::string Flags::help() const {
  const VerbDescription& verb = state_->description;
  std::string out = "heed " + verb.verb;
  if (!verb.argument_usage.empty()) out += ' ' + verb.argument_usage;
  out += " [FLAGS]\n" + wrapped(verb.summary, 0) + '\n';
  for (const VerbDescription::Section& section : verb.sections) {
    if (section.flags.empty()) continue;
    out += '\n';
    if (!section.title.empty()) out += section.title + ":\n";
    for (const FlagDescription& flag : section.flags) out += entry_text(flag);
  }
  if (!verb.examples.empty()) out += "\nExamples:\n" + verb.examples;
  return out;
}

const VerbDescription& Flags::description() const { return state_->description; }

void CommonFlags::declare(Flags& flags) {
  flags.section("Every verb");
  flags.integer("--threads", threads, 1, 1024, "threads to use (default: the cores there are)");
  flags.toggle("--quiet", quiet, "only warnings and errors on stderr");
  flags.choice("--color", color, {"auto", "always", "never"},
               "colour: auto is on a terminal, unless NO_COLOR is set");
  bool ignored = false;
  flags.toggle("--help", ignored, "this text");
}

bool wants_color(const CommonFlags& common, int descriptor) {
  if (common.color != "auto") return common.color == "always";
  const char* no_color = std::getenv("NO_COLOR");
  return (!no_color || !*no_color) && isatty(descriptor);
}

}  // namespace heed::tools
