#include <cmath>
#include <cstdio>

#include "../../core/blas.hpp"
#include "../../core/error.hpp"
#include "../../core/files/files.hpp"
#include "../../core/files/safetensors.hpp"
#include "../../models/text/parallel_text.hpp"
#include "../../models/translate/translator.hpp"
#include "../command_line/line_report.hpp"
#include "../command_line/output.hpp"
#include "commands.hpp"

namespace heed::tools {
namespace {

class ScoreCommand final : public Command {
 public:
  void declare(Flags& flags) override {
    flags.argument(model_, "MODEL", "the folder of a trained model");
    flags.text("--src", source_, "F", "source lines");
    flags.text("--ref", reference_, "F", "their translations, line by line");
    flags.integer("--batch", batch_, 1, 100'000, "pairs at a time (default 32)");
    flags.text("--gradients", gradients_, "F",
               "write the gradient of the summed negative log-probability for every weight "
               "(F.safetensors)");
    flags.toggle("--float64", exact_,
                 "compute in float64: slower, exact where float32 rounds, in 17 digits");
    flags.epilogue("  heed score m --src d/test.src --ref d/test.tgt\n");
  }

  int run(const Flags& flags, const CommonFlags& common) override {
    flags.require("MODEL");
    flags.require("--src");
    flags.require("--ref");
    if (!gradients_.empty() && path_exists(gradients_)) {
      throw ConfigError("--gradients: " + escaped(gradients_) +
                        " exists already; choose another name");
    }
    blas_self_test();
    Translator translator = Translator::load(model_);
    if (exact_) translator.to(float64);
    std::vector<std::string> notes = translator.notes();
    const ParallelText text = read_parallel_text(source_, reference_, notes);
    if (!common.quiet) {
      for (const std::string& note : notes) say(note);
    }
    LineReport report(common.quiet);
    double sum = 0;
    int64_t tokens = 0, pairs = 0, line = 0;
    for (const ReferenceScore& score :
         translator.score(text.source, text.target, batch_, TooLong::skip)) {
      print_score(score);
      ++line;
      if (!score.problem.empty()) {
        report.bad(escaped(source_) + ':' + std::to_string(line) + ": " + score.problem);
        continue;
      }
      sum += score.log_probability;
      tokens += score.tokens;
      ++pairs;
    }
    flush_output();
    if (!gradients_.empty()) save_gradients(translator, text);
    if (!common.quiet && pairs > 0) summarize(sum, tokens, pairs);
    return report.finish();
  }

 private:
  int digits() const { return exact_ ? 17 : 9; }

  void print_score(const ReferenceScore& score) const {
    char line[64];
    std::snprintf(line, sizeof line, "%.*g\t%lld\n", digits(), score.log_probability,
                  static_cast<long long>(score.tokens));
    print(line);
  }

  static void summarize(double sum, int64_t tokens, int64_t pairs) {
    char text[128];
    std::snprintf(text, sizeof text, "%lld pairs, %lld tokens, perplexity %.4f",
                  static_cast<long long>(pairs), static_cast<long long>(tokens),
                  std::exp(-sum / static_cast<double>(tokens)));
    say(text);
  }

  /// The gradients under the names of the state dict; the loss stands in the file's metadata.
  void save_gradients(const Translator& translator, const ParallelText& text) const {
    const ReferenceGradients result = translator.gradients(text.source, text.target, batch_);
    char loss[32];
    std::snprintf(loss, sizeof loss, "%.*g", digits(), result.loss);
    TensorFile file;
    file.metadata = {{"loss", loss}};
    for (const NamedTensor& one : result.gradients) {
      file.tensors.push_back({one.name, one.tensor.array()});
    }
    save_safetensors(gradients_, file);
  }

  std::string model_, source_, reference_, gradients_;
  int64_t batch_ = 32;
  bool exact_ = false;
};

}  // namespace

std::unique_ptr<Command> score_command() { return std::make_unique<ScoreCommand>(); }

}  // namespace heed::tools
