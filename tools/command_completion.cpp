#include "completion.hpp"
#include "output.hpp"

namespace heed::tools {
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
