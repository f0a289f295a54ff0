#pragma once

#include <memory>
#include <string>
#include <vector>

#include "../command_line/command_line.hpp"

namespace heed::tools {

/// A verb of the command.
class Command {
 public:
  virtual ~Command() = default;
  /// Lists its flags.
  virtual void declare(Flags& flags) = 0;
  /// Does the work once the flags are parsed; returns the exit status.
  virtual int run(const Flags& flags, const CommonFlags& common) = 0;
};

std::unique_ptr<Command> data_command();
std::unique_ptr<Command> train_command();
std::unique_ptr<Command> translate_command();
std::unique_ptr<Command> score_command();
std::unique_ptr<Command> bleu_command();
std::unique_ptr<Command> study_command();
std::unique_ptr<Command> graph_command();
std::unique_ptr<Command> average_command();
std::unique_ptr<Command> bench_command();
std::unique_ptr<Command> info_command();
std::unique_ptr<Command> man_command();
std::unique_ptr<Command> completion_command();

/// A verb by its name.
struct Verb {
  const char *name, *summary;
  std::unique_ptr<Command> (*make)();
};
/// All verbs, in the order of the help.
const std::vector<Verb>& verbs();

/// What the command takes: the verbs with the flags of their own, and the flags of every verb.
struct CommandDescription {
  std::vector<VerbDescription> verbs;
  std::vector<FlagDescription> common;
};
CommandDescription describe_command();

}  // namespace heed::tools
