#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <iostream>
#include <optional>

#include "../../core/blas.hpp"
#include "../../core/error.hpp"
#include "../../core/files/files.hpp"
#include "../../models/text/parallel_text.hpp"
#include "../../models/translate/attention_alignment.hpp"
#include "../../models/translate/translator.hpp"
#include "../attention/attention.hpp"
#include "../attention/terminal.hpp"
#include "../command_line/input.hpp"
#include "../command_line/line_report.hpp"
#include "../command_line/output.hpp"
#include "commands.hpp"

namespace heed::tools {
namespace {

constexpr int64_t batches_read_ahead = 8;

class TranslateCommand final : public Command {
 public:
  void declare(Flags& flags) override {
    flags.argument(model_, "MODEL",
                   "the folder of a trained model; lines come from standard input");
    flags.reads_standard_input();
    declare_search(flags);
    flags.text("--prefix", prefix_, "F",
               "a line for each line of input: what its translation starts with (empty: anything)");
    flags.texts("--ensemble", ensemble_, "MODEL...",
                "further models that translate with the first one, by the mean of their "
                "probabilities; their vocabularies must be the same",
                true);
    flags.toggle("--replace-unknown", options_.replace_unknown,
                 "the source word with the strongest weight instead of <unk>");
    declare_lines(flags);
    declare_sampling(flags);
    flags.section("What was attended to");
    flags.text("--attention", attention_, "FILE",
               "the weights as a page (.html), a drawing (.svg) or numbers (.json); - draws them "
               "on stderr");
    flags.text("--alignment", alignment_, "FILE",
               "the strongest source word of each target word, as i-j (Pharaoh)");
    flags.epilogue(
        "  heed translate m < d/test.src > out\n"
        "  echo 'the black cat sleeps' | heed translate m --attention -\n"
        "  heed translate m --attention a.html < d/test.src > out\n"
        "  heed translate m --sample --top-p 0.9 --nbest 5 < d/test.src > out\n");
  }

  int run(const Flags& flags, const CommonFlags& common) override {
    flags.require("MODEL");
    if (!length_penalty_.empty()) set_length_penalty();
    // The command goes on behind a line that is too long: `fail` differs from `skip` by the report.
    options_.too_long = too_long_ == "cut" ? TooLong::cut : TooLong::skip;
    check_options(flags);
    sampling_.seed = static_cast<uint64_t>(seed_);
    if (sample_) options_.search.sampling = sampling_;
    style_ = terminal_style(STDERR_FILENO, wants_color(common, STDERR_FILENO));
    options_.attention = !attention_.empty() || !alignment_.empty() || options_.replace_unknown;
    blas_self_test();
    const Translator translator = load();
    take_search(flags, translator.options().search);
    for (const std::string& note : translator.notes()) {
      if (!common.quiet) say(note);
    }
    hint_if_terminal("lines to translate", common);
    report_.emplace(common.quiet);
    prefix_.empty() ? translate_all(translator) : translate_with_prefixes(translator);
    if (draws_file()) write_attention(attention_, kept_, false);
    if (!alignment_.empty()) write_file_atomically(alignment_, alignments_);
    return report_->finish();
  }

 private:
  Translator load() const {
    if (ensemble_.empty()) return Translator::load(model_);
    std::vector<std::string> folders = {model_};
    folders.insert(folders.end(), ensemble_.begin(), ensemble_.end());
    return Translator::load_ensemble(folders);
  }

  void set_length_penalty() {
    const auto penalty = parse_length_penalty(length_penalty_);
    if (!penalty) {
      throw ConfigError(std::string("--length-penalty: expects ") + length_penalty_form +
                        ", got '" + escaped(length_penalty_) + "'");
    }
    options_.search.length_penalty = *penalty;
  }

  /// What no flag says is the model's own.
  void take_search(const Flags& flags, const SearchOptions& own) {
    if (!flags.given("--beam")) options_.search.beam = own.beam;
    if (length_penalty_.empty()) options_.search.length_penalty = own.length_penalty;
    options_.search.max_length_factor = own.max_length_factor;
    options_.search.max_length_offset = own.max_length_offset;
    check_nbest();
  }

  void check_nbest() const {
    if (sample_ || options_.search.nbest <= options_.search.beam) return;
    throw ConfigError("--nbest " + std::to_string(options_.search.nbest) + " is more than --beam " +
                      std::to_string(options_.search.beam) +
                      "; a beam has no more translations (--sample has)");
  }

  bool draws_file() const { return !attention_.empty() && attention_ != "-"; }

  void declare_search(Flags& flags) {
    flags.section("Search");
    flags.integer("--beam", options_.search.beam, 1, max_beam,
                  "hypotheses kept; 1 is greedy (default: the model's search.beam, mostly 5)");
    flags.text("--length-penalty", length_penalty_, "A",
               "divide the log-probability by length^A, or with wu:A by Wu's formula (default: the "
               "model's search.length_penalty, mostly 1)");
    flags.number("--coverage-penalty", options_.search.coverage_penalty, 0, 10,
                 "adds X log(weights that a source word got in all) to the score for each word "
                 "that got less than 1 (default 0: off)");
    flags.integer("--nbest", options_.search.nbest, 1, max_beam,
                  "best translations of a line: INDEX ||| TEXT ||| SCORE ||| LOG-PROBABILITIES");
    flags.integer("--min-length", options_.search.min_length, 0, 10'000,
                  "fewest words of a translation");
    flags.integer("--max-length", options_.search.max_length, 1, 10'000,
                  "most words of a translation (default: search.max_length_factor times the "
                  "source's and search.max_length_offset of the model, mostly twice and 10)");
    flags.integer("--no-repeat-ngram", options_.search.no_repeat_ngram, 1, 10'000,
                  "no sequence of N words stands twice in a translation");
  }

  void declare_lines(Flags& flags) {
    flags.integer("--batch", options_.batch, 1, 100'000, "lines at the same time (default 64)");
    flags.choice(
        "--too-long", too_long_, {"cut", "skip", "fail"},
        "of a line beyond the model's positions: translate its start, or give an empty line, "
        "which fail reports by exit status 3 at the end (default fail)");
  }

  void declare_sampling(Flags& flags) {
    flags.section("Sampling");
    flags.toggle("--sample", sample_,
                 "draw words by their probability: each of the --nbest translations is a draw of "
                 "its own, without a beam");
    flags.number("--temperature", sampling_.temperature, 0, 1000,
                 "divides the logits: below 1 what is probable becomes more so (default 1)");
    flags.integer("--top-k", sampling_.top_k, 1, 1'000'000'000, "draw from the N best words alone");
    flags.number("--top-p", sampling_.top_p, 0, 1,
                 "draw from the fewest words that together have this probability");
    flags.integer("--seed", seed_, 0, INT64_MAX, "another seed, other draws (default 1)");
  }

  /// What can be refused before the model is loaded.
  void check_options(const Flags& flags) const {
    for (const char* flag : {"--temperature", "--top-k", "--top-p"}) {
      if (sample_ || !flags.given(flag)) continue;
      throw ConfigError(std::string(flag) + " is for drawing words; give --sample too");
    }
    for (const auto& [flag, value] : {std::pair{"--temperature", sampling_.temperature},
                                      std::pair{"--top-p", sampling_.top_p}}) {
      if (value > 0) continue;
      throw ConfigError(std::string(flag) + ": 0 is out of range; give a number above 0");
    }
    if (flags.given("--beam")) check_nbest();
    if (flags.given("--max-length") && options_.search.max_length < options_.search.min_length) {
      throw ConfigError("--max-length " + std::to_string(options_.search.max_length) +
                        " is less than --min-length " + std::to_string(options_.search.min_length));
    }
    if (draws_file()) check_attention_file(attention_, false);
    if (draws_file() && attention_ == alignment_) {
      throw ConfigError("--attention and --alignment name the same file: " + escaped(alignment_));
    }
    if (!alignment_.empty() && path_exists(alignment_)) {
      throw ConfigError("--alignment: " + escaped(alignment_) +
                        " exists already; choose another name");
    }
  }

  /// Translates the lines that have arrived, and waits for one only where there is none: what is
  /// sent through a pipe gets its answer at once. Lines that wait already are read some batches
  /// ahead, for batches of like length.
  void translate_all(const Translator& translator) {
    const int64_t ahead = options_.batch == 1 ? 1 : options_.batch * batches_read_ahead;
    StandardInput input;
    std::istream stream(&input);
    LineReader reader(stream, "standard input");
    std::exception_ptr failure;
    for (bool more = true; more;) {
      std::vector<std::string> lines;
      const auto wanted = [&] {
        return lines.empty() || (static_cast<int64_t>(lines.size()) < ahead && input.line_ready());
      };
      try {
        while (more && wanted()) {
          std::string line;
          if ((more = next_line(reader, line))) lines.push_back(std::move(line));
        }
      } catch (const Error&) {
        // What came before the failure is translated first.
        failure = std::current_exception();
        more = false;
      }
      say_notes(reader.notes());
      translate_lines(translator, lines, {});
      flush_output();
    }
    if (failure) std::rethrow_exception(failure);
  }

  /// The next line, or an empty one in the place of a bad one; false at the end.
  bool next_line(LineReader& reader, std::string& line) {
    try {
      return reader.next(line);
    } catch (const LineError& error) {
      report_->bad(error.what());
      line.clear();
      return true;
    }
  }

  /// The notes that have not been said yet.
  void say_notes(const std::vector<std::string>& notes) {
    for (; notes_ < notes.size(); ++notes_) report_->note(notes[notes_]);
  }

  /// Reads all of the text first, to see that it has as many lines as there are prefixes.
  void translate_with_prefixes(const Translator& translator) {
    std::vector<std::string> notes, lines;
    const std::vector<std::string> prefixes = read_lines(prefix_, notes);
    for (const std::string& note : notes) report_->note(note);
    StandardInput input;
    std::istream stream(&input);
    LineReader reader(stream, "standard input");
    for (std::string line; next_line(reader, line);) lines.push_back(line);
    say_notes(reader.notes());
    if (prefixes.size() != lines.size()) {
      throw DataError("--prefix " + escaped(prefix_) + " has " + std::to_string(prefixes.size()) +
                      " lines, standard input " + std::to_string(lines.size()) +
                      "; each line of input needs one (empty: no prefix)");
    }
    const int64_t count = static_cast<int64_t>(lines.size());
    const int64_t part = options_.batch * batches_read_ahead;
    for (int64_t first = 0; first < count; first += part) {
      const int64_t end = std::min(count, first + part);
      translate_lines(translator, {lines.begin() + first, lines.begin() + end},
                      {prefixes.begin() + first, prefixes.begin() + end});
      flush_output();
    }
  }

  void translate_lines(const Translator& translator, const std::vector<std::string>& lines,
                       const std::vector<std::string>& prefixes) {
    options_.first_line = index_;
    for (const auto& best : translator.translate_nbest(lines, options_, prefixes)) {
      examine(best.front(), translator.source_vocabulary());
      show(best);
      ++index_;
    }
  }

  /// Reports what happened to the next line, and the words in it that the model doesn't know.
  void examine(const Translation& translation, const Vocabulary& vocabulary) {
    if (!translation.problem.empty()) {
      const std::string message =
          "standard input:" + std::to_string(index_ + 1) + ": " + translation.problem;
      const bool handled = too_long_ == "skip" || !translation.source.empty();
      handled ? report_->note(message) : report_->bad(message);
    }
    if (translation.source.empty()) return;
    report_->count_words(index_ + 1, {translation.source.begin(), translation.source.end() - 1},
                         vocabulary);
  }

  void show(const std::vector<Translation>& best) {
    if (options_.search.nbest == 1) print(best.front().text + '\n');
    for (const Translation& translation : best) {
      if (options_.search.nbest > 1) print(nbest_line(translation));
    }
    if (!alignment_.empty()) alignments_ += pharaoh(alignment(best.front())) + '\n';
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

  std::string model_, length_penalty_, prefix_, attention_, alignment_, too_long_ = "fail";
  std::vector<std::string> ensemble_;
  TranslateOptions options_;
  bool sample_ = false;
  Sampling sampling_;
  int64_t seed_ = 1;
  TerminalStyle style_;
  std::vector<Translation> kept_;
  std::optional<LineReport> report_;
  std::size_t notes_ = 0;
  std::string alignments_;
  int64_t index_ = 0;
};

}  // namespace

std::unique_ptr<Command> translate_command() { return std::make_unique<TranslateCommand>(); }

}  // namespace heed::tools
