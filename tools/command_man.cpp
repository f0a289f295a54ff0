#include "manual.hpp"
#include "output.hpp"

namespace heed::tools {
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
