#include <unistd.h>

#include <cstdio>
#include <iostream>

#include <heed/core/error.hpp>
#include <heed/core/files.hpp>
#include <heed/models/parallel_text.hpp>
#include <heed/models/translator.hpp>

#include "attention.hpp"
#include "attention_terminal.hpp"
#include "commands.hpp"
#include "input.hpp"
#include "output.hpp"

namespace heed::tools {
namespace {

constexpr int64_t batches_read_ahead = 8;

/// `A` (length^A) or `wu:A` (Wu's formula).
LengthPenalty parse_length_penalty(const std::string& text) {
  const bool wu = text.starts_with("wu:");
  return {.alpha = parse_number("--length-penalty", wu ? text.substr(3) : text, 0, 10), .wu = wu};
}

class TranslateCommand final : public Command {
 public:
  void declare(Flags& flags) override {
    flags.argument(model_, "MODEL",
                   "the folder of a trained model; lines come from standard input");
    flags.section("Search");
    flags.integer("--beam", options_.beam, 1, 1000, "hypotheses kept; 1 is greedy (default 5)");
    flags.text("--length-penalty", length_penalty_, "A",
               "divide the log-probability by length^A, or with wu:A by Wu's formula (default 1)");
    flags.integer("--nbest", options_.nbest, 1, 1000,
                  "best translations of a line: INDEX ||| TEXT ||| SCORE ||| LOG-PROBABILITIES");
    flags.integer("--min-length", options_.min_length, 0, 10'000, "fewest words of a translation");
    flags.integer("--max-length", options_.max_length, 1, 10'000,
                  "most words of a translation (default: twice the source's and 10)");
    flags.toggle("--replace-unknown", options_.replace_unknown,
                 "the source word with the strongest weight instead of <unk>");
    flags.integer("--batch", options_.batch, 1, 100'000, "lines at the same time (default 32)");
    flags.section("What was attended to");
    flags.text("--attention", attention_, "FILE",
               "the weights as a page (.html), a drawing (.svg) or numbers (.json); - draws them "
               "on stderr");
    flags.text("--alignment", alignment_, "FILE",
               "the strongest source word of each target word, as i-j (Pharaoh)");
    flags.epilogue(
        "  heed translate m < d/test.src > out\n"
        "  echo 'the black cat sleeps' | heed translate m --attention -\n"
        "  heed translate m --attention a.html < d/test.src > out\n");
  }

  int run(const Flags& flags, const CommonFlags& common) override {
    flags.require("MODEL");
    if (!length_penalty_.empty()) options_.length_penalty = parse_length_penalty(length_penalty_);
    check_options(flags);
    style_ = terminal_style(STDERR_FILENO, wants_color(common, STDERR_FILENO));
    options_.attention = !attention_.empty() || !alignment_.empty() || options_.replace_unknown;
    const Translator translator = Translator::load(model_);
    hint_if_terminal("lines to translate", common);
    translate_all(translator, common);
    flush_output();
    if (draws_file()) write_attention(attention_, kept_, false);
    if (!alignment_.empty()) write_file_atomically(alignment_, alignments_);
    return 0;
  }

 private:
  bool draws_file() const { return !attention_.empty() && attention_ != "-"; }

  /// What can be refused before the model is loaded.
  void check_options(const Flags& flags) const {
    if (options_.nbest > options_.beam) {
      throw ConfigError("--nbest " + std::to_string(options_.nbest) + " is more than --beam " +
                        std::to_string(options_.beam) + "; a beam has no more translations");
    }
    if (flags.given("--max-length") && options_.max_length < options_.min_length) {
      throw ConfigError("--max-length " + std::to_string(options_.max_length) +
                        " is less than --min-length " + std::to_string(options_.min_length));
    }
    if (draws_file()) check_attention_file(attention_, false);
    if (!alignment_.empty() && path_exists(alignment_)) {
      throw ConfigError("--alignment: " + escaped(alignment_) +
                        " exists already; choose another name");
    }
  }

  /// Reads some lines ahead, so that batches are full; from the keyboard each line gets its answer
  /// at once.
  void translate_all(const Translator& translator, const CommonFlags& common) {
    const bool typed = isatty(STDIN_FILENO) || options_.batch == 1;
    const int64_t ahead = typed ? 1 : options_.batch * batches_read_ahead;
    LineReader reader(std::cin, "standard input");
    std::size_t notes = 0;
    for (bool more = true; more;) {
      std::vector<std::string> lines;
      std::string line;
      while (static_cast<int64_t>(lines.size()) < ahead && (more = reader.next(line))) {
        lines.push_back(line);
      }
      for (; notes < reader.notes().size(); ++notes) {
        if (!common.quiet) say(reader.notes()[notes]);
      }
      for (const std::vector<Translation>& best : translator.translate_nbest(lines, options_)) {
        show(best);
      }
      if (typed) flush_output();
    }
  }

  void show(const std::vector<Translation>& best) {
    if (options_.nbest == 1) print(best.front().text + '\n');
    for (const Translation& translation : best) {
      if (options_.nbest > 1) print(nbest_line(translation));
    }
    ++index_;
    if (!alignment_.empty()) alignments_ += to_pharaoh(alignment(best.front())) + '\n';
    if (draws_file()) kept_.push_back(best.front());
    if (attention_ != "-") return;
    flush_output();
    std::cerr << draw_attention(best.front(), style_) << std::flush;
  }

  std::string nbest_line(const Translation& translation) const {
    std::string line = std::to_string(index_) + " ||| " + translation.text + " ||| " +
                       number_text(translation.score) + " |||";
    for (const double value : translation.log_probabilities) line += ' ' + number_text(value);
    return line + '\n';
  }

  static std::string number_text(double value) {
    char text[32];
    std::snprintf(text, sizeof text, "%.6g", value);
    return text;
  }

  std::string model_, length_penalty_, attention_, alignment_;
  TranslateOptions options_;
  TerminalStyle style_;
  std::vector<Translation> kept_;
  std::string alignments_;
  int64_t index_ = 0;
};

}  // namespace

std::unique_ptr<Command> translate_command() { return std::make_unique<TranslateCommand>(); }

}  // namespace heed::tools
