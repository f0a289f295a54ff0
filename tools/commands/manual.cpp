#include "manual.hpp"

#include <sstream>

#include "../../core/version.hpp"
#include "../command_line/output.hpp"

namespace heed::tools {
namespace {

constexpr const char* about = R"(.nh
.ad l
.SH NAME
heed \- train small attention models and watch them translate
.SH SYNOPSIS
.B heed
.I VERB
.RI [ ARGUMENT ]
.RI [ FLAGS ]
.br
.B heed
.I VERB
.B \-\-help
.br
.B heed \-\-version
.SH DESCRIPTION
.B heed
trains translation models with attention on toy tasks or on parallel text of your own, translates
with them, and shows what they attended to.
Results go to standard output, everything else to standard error.
Nothing is overwritten unasked.
A flag that is given twice counts the last time, unless it says that it is repeatable.
)";

constexpr const char* surroundings = R"(.SH EXIT STATUS
.TP
.B 0
success
.TP
.B 1
an internal error, or out of memory
.TP
.B 2
wrong usage or configuration
.TP
.B 3
bad data, or a bad model folder
.TP
.B 4
input or output failed: a file is absent or can't be read, the disk is full
.TP
.B 5
the numbers of a training diverged
.TP
.BR 129 ", " 130 ", " 143
ended by the signal HUP, INT or TERM, after the state of a training was saved
.SH FILES
A model is a folder:
.TP
.IR MODEL /config.json
.TQ
.IR MODEL /model.safetensors
.TQ
.IR MODEL /source.vocab
.TQ
.IR MODEL /target.vocab
the best checkpoint: all that translating and scoring need
.TP
.IR MODEL /checkpoints/
states that a training goes on from
.TP
.IR MODEL /log.jsonl
the history of its training
.SH ENVIRONMENT
.TP
.B NO_COLOR
if it is set and not empty, there is no colour with
.B \-\-color auto
.TP
.B COLORTERM
.B truecolor
or
.B 24bit
for drawings in all colours of the terminal
.TP
.B HEED_ISA
.B baseline
or
.B avx2
for instructions of the processor that are no newer
.TP
.B TMPDIR
where temporary files are made, by default /tmp
)";

/// Text as it stands, also where man(7) would see a request or an escape in it.
std::string plain(const std::string& text) {
  std::string out;
  for (const char c : text) {
    const bool line_start = out.empty() || out.back() == '\n';
    if (line_start && c == '.') out += "\\&";
    switch (c) {
      case '\\':
        out += "\\e";
        break;
      case '-':
        out += "\\-";
        break;
      case '\'':
        out += "\\(aq";
        break;
      case '`':
        out += "\\(ga";
        break;
      case '^':
        out += "\\(ha";
        break;
      case '~':
        out += "\\(ti";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string bold(const std::string& text) { return "\\fB" + plain(text) + "\\fR"; }
std::string italic(const std::string& text) { return "\\fI" + plain(text) + "\\fR"; }

/// A summary of the help, as a sentence.
std::string sentence(std::string text) {
  if (text[0] >= 'a' && text[0] <= 'z') text[0] = static_cast<char>(text[0] - 'a' + 'A');
  return plain(text) + '.';
}

std::string flag_text(const FlagDescription& flag) {
  std::string out = ".TP\n" + (flag.name[0] == '-' ? bold(flag.name) : italic(flag.name));
  if (flag.value == FlagDescription::Value::choice) {
    out += ' ' + bold(flag.usage);
  } else if (!flag.usage.empty()) {
    out += ' ' + italic(flag.usage);
  }
  return out + '\n' + plain(flag.help) + '\n';
}

std::string verb_text(const VerbDescription& verb) {
  std::string out = ".SS heed " + plain(verb.verb);
  if (!verb.argument_usage.empty()) out += ' ' + italic(verb.argument_usage);
  out += " \\fR[" + italic("FLAGS") + "]\n" + sentence(verb.summary) + '\n';
  for (const VerbDescription::Section& section : verb.sections) {
    if (section.flags.empty()) continue;
    if (!section.title.empty()) out += ".PP\n" + plain(section.title) + ":\n";
    for (const FlagDescription& flag : section.flags) out += flag_text(flag);
  }
  return out;
}

/// The examples of a verb, without the indent of the help.
std::string example_text(const std::string& examples) {
  std::string out = ".PP\n.EX\n";
  std::istringstream lines(examples);
  for (std::string line; std::getline(lines, line);) {
    out += plain(line.substr(line.starts_with("  ") ? 2 : 0)) + '\n';
  }
  return out + ".EE\n";
}

}  // namespace

std::string manual_page(const CommandDescription& command) {
  std::string out = ".TH HEED 1 \"\" \"heed " + std::string(version) + "\" \"User Commands\"\n";
  out += about;
  out += ".SH VERBS\n";
  for (const VerbDescription& verb : command.verbs) out += verb_text(verb);
  out += ".SH FLAGS OF EVERY VERB\n";
  for (const FlagDescription& flag : command.common) out += flag_text(flag);
  out += surroundings;
  out += ".SH EXAMPLES\n";
  for (const VerbDescription& verb : command.verbs) {
    if (!verb.examples.empty()) out += example_text(verb.examples);
  }
  return out;
}

namespace {

class ManCommand final : public Command {
 public:
  void declare(Flags& flags) override { flags.epilogue("  heed man > heed.1 && man -l heed.1\n"); }
  int run(const Flags&, const CommonFlags&) override {
    print(manual_page(describe_command()));
    return 0;
  }
};

}  // namespace

std::unique_ptr<Command> man_command() { return std::make_unique<ManCommand>(); }

}  // namespace heed::tools
