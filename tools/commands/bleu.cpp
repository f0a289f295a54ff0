#include "../../models/metrics/bleu.hpp"
#include "../../core/error.hpp"
#include "../../core/files/json_writer.hpp"
#include "../../models/metrics/chrf.hpp"
#include "../../models/text/parallel_text.hpp"
#include "../command_line/input.hpp"
#include "../command_line/output.hpp"
#include "commands.hpp"

namespace heed::tools {
namespace {

std::string json_list(const std::array<int64_t, 4>& values) {
  std::string out;
  for (const int64_t value : values) out += (out.empty() ? "" : ", ") + std::to_string(value);
  return '[' + out + ']';
}

/// What the objects of all scores have, without the closing brace.
template <class Score>
std::string json_start(const char* name, const Score& score) {
  std::string out = "{\"name\": \"" + std::string(name) +
                    "\", \"score\": " + json_number(score.score) + ", \"signature\": \"" +
                    score.signature + "\"";
  if (score.confidence.mean > 0) {
    out += ", \"confidence_mean\": " + json_number(score.confidence.mean) +
           ", \"confidence_var\": " + json_number(score.confidence.half_width);
  }
  return out;
}

std::string to_json(const Bleu& bleu) {
  return json_start("BLEU", bleu) + ", \"counts\": " + json_list(bleu.counts) +
         ", \"totals\": " + json_list(bleu.totals) + ", \"bp\": " + json_number(bleu.bp) + "}";
}

std::string to_json(const Chrf& chrf) { return json_start("chrF2", chrf) + "}"; }

class BleuCommand final : public Command {
 public:
  void declare(Flags& flags) override {
    flags.texts("--ref", references_, "F...", "files of references, line by line", true);
    flags.choice("--metric", metric_, {"bleu", "chrf"},
                 "bleu: n-grams of words; chrf: chrF2, n-grams of characters (default bleu)");
    flags.choice("--tokenize", tokenize_, bleu_tokenizer_names(),
                 "how BLEU cuts lines into words (default 13a): none: at white space alone, 13a: "
                 "for western languages, char: into characters, intl: by Unicode's punctuation "
                 "and symbols");
    flags.toggle("--lowercase", lowercase_, "compare in lower case");
    flags.toggle("--confidence", confidence_,
                 "a 95 % interval behind the score, of 1000 resampled corpora");
    flags.toggle("--json", json_, "an object: name, score (not rounded), signature, counts, ...");
    flags.epilogue(
        "  heed translate m < d/test.src | heed bleu --ref d/test.tgt\n"
        "  heed bleu --metric chrf --ref d/test.tgt < translations\n");
  }

  int run(const Flags& flags, const CommonFlags& common) override {
    flags.require("--ref");
    if (metric_ == "chrf" && flags.given("--tokenize")) {
      throw ConfigError("heed bleu: --tokenize is for --metric bleu; chrf counts characters");
    }
    std::vector<std::string> notes;
    std::vector<std::vector<std::string>> references;
    for (const std::string& path : references_) references.push_back(read_lines(path, notes));
    hint_if_terminal("hypotheses", common);
    const std::vector<std::string> hypotheses = read_standard_input(notes);
    for (const std::string& note : notes) {
      if (!common.quiet) say(note);
    }
    if (metric_ == "chrf") {
      show(corpus_chrf(hypotheses, references,
                       {.lowercase = lowercase_, .confidence = confidence_}));
    } else {
      show(corpus_bleu(hypotheses, references,
                       {.tokenizer = bleu_tokenizer(tokenize_),
                        .lowercase = lowercase_,
                        .confidence = confidence_}));
    }
    return 0;
  }

 private:
  template <class Score>
  void show(const Score& score) const {
    print((json_ ? to_json(score) : to_string(score)) + '\n');
  }

  std::vector<std::string> references_;
  std::string tokenize_ = "13a", metric_ = "bleu";
  bool lowercase_ = false, confidence_ = false, json_ = false;
};

}  // namespace

std::unique_ptr<Command> bleu_command() { return std::make_unique<BleuCommand>(); }

}  // namespace heed::tools
