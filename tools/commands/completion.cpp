#include "completion.hpp"

#include "../../core/error.hpp"
#include "../command_line/output.hpp"

namespace heed::tools {
namespace {

using Value = FlagDescription::Value;

std::string joined(const std::vector<std::string>& words, const std::string& between = " ") {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : between) + word;
  return out;
}

/// `text` with a backslash before each of `special`.
std::string escaped_for(const std::string& text, const std::string& special) {
  std::string out;
  for (const char c : text) {
    if (special.find(c) != std::string::npos) out += '\\';
    out += c;
  }
  return out;
}

/// `text` in single quotes of bash and zsh.
std::string quoted(const std::string& text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + '\'';
}

/// A verb with all its flags, its own and the common ones.
struct Words {
  const VerbDescription& verb;
  std::vector<FlagDescription> flags = {};
  /// What its argument may be; empty: a file, or it takes none.
  std::vector<std::string> arguments = {};
  /// May it stand several times (`[WORK]...`)?
  bool several() const { return verb.argument_usage.ends_with("..."); }
};

std::vector<Words> words_of(const CommandDescription& command) {
  std::vector<Words> all;
  for (const VerbDescription& verb : command.verbs) {
    Words& words = all.emplace_back(Words{verb});
    for (const VerbDescription::Section& section : verb.sections) {
      for (const FlagDescription& flag : section.flags) {
        if (flag.name[0] == '-') {
          words.flags.push_back(flag);
        } else {
          words.arguments = flag.choices;
        }
      }
    }
    words.flags.insert(words.flags.end(), command.common.begin(), command.common.end());
  }
  return all;
}

std::vector<std::string> verb_names(const CommandDescription& command) {
  std::vector<std::string> names;
  for (const VerbDescription& verb : command.verbs) names.push_back(verb.verb);
  return names;
}

constexpr const char* bash_end = R"(
  esac
  if [[ $word == -* && ! $value ]]; then
    COMPREPLY=($(compgen -W "$flags" -- "$word"))
  elif [[ $value == choice ]]; then
    COMPREPLY=($(compgen -W "$choices" -- "$word"))
  elif [[ $value == text || ! $value ]]; then
    mapfile -t COMPREPLY < <(compgen -f -- "$word")
    compopt -o filenames 2>/dev/null
  fi
}
complete -F _heed heed
)";

/// What bash does in `case`: the flags of the verb, and what follows the word before.
std::string bash_verb(const Words& words) {
  std::vector<std::string> flags, numbers, texts;
  std::string choices;
  for (const FlagDescription& flag : words.flags) {
    flags.push_back(flag.name);
    if (flag.value == Value::number) numbers.push_back(flag.name);
    if (!flag.choices.empty()) {
      choices += "        " + flag.name + ") value=choice choices=" + quoted(joined(flag.choices)) +
                 " ;;\n";
    } else if (flag.value == Value::text) {
      texts.push_back(flag.name);
    }
  }
  std::string out = "    " + words.verb.verb + ")\n      flags=" + quoted(joined(flags)) +
                    "\n      case $before in\n" + choices;
  if (!numbers.empty()) out += "        " + joined(numbers, "|") + ") value=number ;;\n";
  if (!texts.empty()) out += "        " + joined(texts, "|") + ") value=text ;;\n";
  if (!words.arguments.empty()) {
    out += "        " + (words.several() ? "*" : words.verb.verb) +
           ") [[ $word == -* ]] || value=choice choices=" + quoted(joined(words.arguments)) +
           " ;;\n";
  }
  return out + "      esac ;;\n";
}

std::string bash(const CommandDescription& command) {
  const std::string verbs = joined(verb_names(command));
  std::string out = R"(# Completes the words of heed in bash; made by `heed completion bash`.
_heed() {
  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}
  local flags='' value='' choices=''
  COMPREPLY=()
  # --flag=value comes as three words.
  if [[ $word == = ]]; then
    word=''
  elif [[ $before == = ]]; then
    before=${COMP_WORDS[COMP_CWORD - 2]}
  fi
  if ((COMP_CWORD == 1)); then
    COMPREPLY=($(compgen -W ')" +
                    verbs + R"( help --help --version' -- "$word"))
    return
  fi
  case ${COMP_WORDS[1]} in
    help) value=choice choices=)" +
                    quoted(verbs) + " ;;\n";
  for (const Words& words : words_of(command)) out += bash_verb(words);
  out.pop_back();
  return out + bash_end;
}

/// `--beam[hypotheses kept]:N: `, as zsh's _arguments reads it.
std::string zsh_flag(const FlagDescription& flag) {
  std::string out = flag.name + '[' + escaped_for(flag.help, "\\[]:") + ']';
  if (flag.value == Value::none) return out;
  out += ':' + escaped_for(flag.usage, "\\:") + ':';
  if (!flag.choices.empty()) return out + '(' + joined(flag.choices) + ')';
  return out + (flag.value == Value::text ? "_files" : " ");
}

/// What stands without a flag, as zsh's _arguments reads it.
std::string zsh_arguments(const Words& words) {
  const std::string indent = "        ", files = quoted("*:file:_files");
  if (words.arguments.empty()) return indent + files;
  const std::string choice = ':' + words.verb.argument_usage + ":(" + joined(words.arguments) + ')';
  if (words.several()) return indent + quoted('*' + choice);
  return indent + quoted('1' + choice) + " \\\n" + indent + files;
}

std::string zsh(const CommandDescription& command) {
  std::string out = R"(#compdef heed
# Completes the words of heed in zsh; made by `heed completion zsh`.
_heed() {
  if (( CURRENT == 2 )); then
    local -a verbs=(
)";
  for (const VerbDescription& verb : command.verbs) {
    out += "      " + quoted(verb.verb + ':' + escaped_for(verb.summary, "\\:")) + '\n';
  }
  out += R"(    )
    _describe verb verbs
    return
  fi
  shift words
  (( CURRENT-- ))
  case $words[1] in
)";
  for (const Words& words : words_of(command)) {
    out += "    " + words.verb.verb + ")\n      _arguments \\\n";
    for (const FlagDescription& flag : words.flags) {
      const bool again = flag.value != Value::none;
      out += "        " + quoted((again ? "*" : "") + zsh_flag(flag)) + " \\\n";
    }
    out += zsh_arguments(words) + " ;;\n";
  }
  return out + R"(  esac
}
if [[ $funcstack[1] == _heed ]]; then _heed "$@"; else compdef _heed heed; fi
)";
}

std::string fish(const CommandDescription& command) {
  const auto text = [](const std::string& words) {
    return '\'' + escaped_for(words, "\\'") + '\'';
  };
  std::string out = "# Completes the words of heed in fish; made by `heed completion fish`.\n";
  for (const VerbDescription& verb : command.verbs) {
    out += "complete -c heed -f -n __fish_use_subcommand -a " + verb.verb + " -d " +
           text(verb.summary) + '\n';
  }
  for (const Words& words : words_of(command)) {
    const std::string start =
        "complete -c heed -n '__fish_seen_subcommand_from " + words.verb.verb + "'";
    if (!words.arguments.empty()) out += start + " -f -a " + text(joined(words.arguments)) + '\n';
    for (const FlagDescription& flag : words.flags) {
      out += start + " -l " + flag.name.substr(2) + " -d " + text(flag.help);
      if (!flag.choices.empty()) {
        out += " -x -a " + text(joined(flag.choices));
      } else if (flag.value != Value::none) {
        out += flag.value == Value::text ? " -r -F" : " -x";
      }
      out += '\n';
    }
  }
  return out;
}

}  // namespace

const std::vector<std::string>& shell_names() {
  static const std::vector<std::string> names = {"bash", "zsh", "fish"};
  return names;
}

std::string completion(const CommandDescription& command, const std::string& shell) {
  if (shell == "bash") return bash(command);
  if (shell == "zsh") return zsh(command);
  if (shell == "fish") return fish(command);
  throw ConfigError("completion: '" + escaped(shell) + "' is not one of " +
                    joined(shell_names(), ", "));
}

namespace {

class CompletionCommand final : public Command {
 public:
  void declare(Flags& flags) override {
    flags.argument(shell_, "SHELL", "bash, zsh or fish", shell_names());
    flags.epilogue(
        "  source <(heed completion bash)\n"
        "  heed completion fish > ~/.config/fish/completions/heed.fish\n");
  }
  int run(const Flags& flags, const CommonFlags&) override {
    flags.require("SHELL");
    print(completion(describe_command(), shell_));
    return 0;
  }

 private:
  std::string shell_;
};

}  // namespace

std::unique_ptr<Command> completion_command() { return std::make_unique<CompletionCommand>(); }

}  // namespace heed::tools
