#include "commands.hpp"

namespace heed::tools {

const std::vector<Verb>& verbs() {
  static const std::vector<Verb> all = {
      {"data", "make a toy translation task", data_command},
      {"train", "train a model on parallel text", train_command},
      {"translate", "translate lines, and show what was attended to", translate_command},
      {"score", "log-probabilities of given translations", score_command},
      {"bleu", "BLEU or chrF of translations", bleu_command},
      {"study", "repeat a figure of the papers: numbers, picture, table", study_command},
      {"graph", "draw the graph of a training step", graph_command},
      {"average", "the mean of a run's last checkpoints as a model", average_command},
      {"bench", "time training, decoding and attention on this machine", bench_command},
      {"info", "this build and machine, or a model's summary", info_command},
      {"man", "this command's manual page, for man -l", man_command},
      {"completion", "what a shell needs to complete this command's words", completion_command},
  };
  return all;
}

CommandDescription describe_command() {
  CommandDescription all;
  for (const Verb& verb : verbs()) {
    Flags flags(verb.name, verb.summary);
    const std::unique_ptr<Command> command = verb.make();
    command->declare(flags);
    all.verbs.push_back(flags.description());
  }
  Flags flags("", "");
  CommonFlags().declare(flags);
  all.common = flags.description().sections.back().flags;
  return all;
}

}  // namespace heed::tools
