#include "../../core/error.hpp"
#include "../../core/files/files.hpp"
#include "../../core/parallel.hpp"
#include "../../models/config/model_folder.hpp"
#include "../command_line/program.hpp"
#include "works.hpp"

namespace heed::tools {

namespace {

/// An RNNsearch of the size of a toy, with weights as they start.
void make_toy_model(const std::string& folder) {
  std::vector<std::string> tokens = Vocabulary().tokens();
  for (int i = 0; i < 100; ++i) tokens.push_back("word" + std::to_string(i));
  const Vocabulary words(tokens);
  Config config;
  config.recurrent.embedding = config.recurrent.hidden = 64;
  config.recurrent.attention_size = config.recurrent.readout_size = 64;
  config.recurrent.source_vocab = config.recurrent.target_vocab = words.size();
  const TranslationModel model = make_model(config);
  save_model_folder(folder, config, words, words, state_dict(model));
}

}  // namespace

std::vector<BenchRow> bench_startup() {
  const TemporaryFolder folder("bench");
  const std::string model = join_path(folder.path, "model"), line = join_path(folder.path, "line");
  make_toy_model(model);
  write_file_atomically(line, "word1 word2 word3 word4 word5\n");
  const std::vector<std::string> words = {this_program(),           "translate", model,
                                          "--max-length",           "8",         "--threads",
                                          std::to_string(threads())};
  const StepTimes times = time_steps([&] {
    if (run_program(words, line).status != 0) throw Error("bench: heed translate failed");
  });
  BenchRow row{.work = "startup", .name = "one sentence"};
  row.ms_min = times.min;
  row.ms_median = times.median;
  return {row};
}

}  // namespace heed::tools
