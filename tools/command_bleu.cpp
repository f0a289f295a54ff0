#include <iostream>

#include <heed/models/bleu.hpp>
#include <heed/models/parallel_text.hpp>
#include <heed/models/train_log.hpp>

#include "commands.hpp"
#include "input.hpp"
#include "output.hpp"

namespace heed::tools {
namespace {

std::string json_list(const std::array<int64_t, 4>& values) {
  std::string out;
  for (const int64_t value : values) out += (out.empty() ? "" : ", ") + std::to_string(value);
  return '[' + out + ']';
}

std::string to_json(const Bleu& bleu) {
  return "{\"name\": \"BLEU\", \"score\": " + json_number(bleu.score) + ", \"signature\": \"" +
         bleu.signature + "\", \"counts\": " + json_list(bleu.counts) +
         ", \"totals\": " + json_list(bleu.totals) + ", \"bp\": " + json_number(bleu.bp) + "}";
}

class BleuCommand final : public Command {
 public:
  void declare(Flags& flags) override {
    flags.texts("--ref", references_, "F...", "files of references, line by line", true);
    flags.choice("--tokenize", tokenize_, {"none", "13a"},
                 "how lines are cut into words (default 13a)");
    flags.toggle("--lowercase", options_.lowercase, "compare in lower case");
    flags.toggle("--json", json_, "an object: name, score (not rounded), signature, counts, ...");
    flags.epilogue("  heed translate m < d/test.src | heed bleu --ref d/test.tgt\n");
  }

  int run(const Flags& flags, const CommonFlags& common) override {
    flags.require("--ref");
    options_.tokenizer = bleu_tokenizer(tokenize_);
    std::vector<std::string> notes;
    std::vector<std::vector<std::string>> references;
    for (const std::string& path : references_) references.push_back(read_lines(path, notes));
    hint_if_terminal("hypotheses", common);
    const std::vector<std::string> hypotheses = read_standard_input(notes);
    for (const std::string& note : notes) {
      if (!common.quiet) say(note);
    }
    const Bleu bleu = corpus_bleu(hypotheses, references, options_);
    print((json_ ? to_json(bleu) : to_string(bleu)) + '\n');
    return 0;
  }

 private:
  std::vector<std::string> references_;
  std::string tokenize_ = "13a";
  BleuOptions options_;
  bool json_ = false;
};

}  // namespace

std::unique_ptr<Command> bleu_command() { return std::make_unique<BleuCommand>(); }

}  // namespace heed::tools
