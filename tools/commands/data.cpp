#include "../../core/error.hpp"
#include "../command_line/output.hpp"
#include "../tasks/tasks.hpp"
#include "commands.hpp"

namespace heed::tools {
namespace {

class DataCommand final : public Command {
 public:
  void declare(Flags& flags) override {
    constexpr int64_t most = 10'000'000;
    std::string names;
    for (const std::string& name : task_names()) names += (names.empty() ? "" : ", ") + name;
    flags.argument(task_, "TASK", "one of " + names, task_names());
    flags.text("--out", folder_, "DIR",
               "where the files go: {train,valid,test}.{src,tgt} and test.align");
    flags.integer("--train", options_.train, 1, most, "pairs to train on (default 20000)");
    flags.integer("--valid", options_.valid, 1, most, "pairs to validate on (default 500)");
    flags.integer("--test", options_.test, 1, most, "pairs to test on (default 500)");
    flags.integer("--seed", seed_, 0, INT64_MAX, "another seed, other sentences (default 1)");
    flags.integer("--min-length", options_.min_length, 1, 1000,
                  "fewest tokens of a source line (default 1)");
    flags.integer("--max-length", options_.max_length, 1, 1000,
                  "most tokens of a source line (default: the task's)");
    flags.epilogue("  heed data phrases --out d\n  heed data reverse --out r --max-length 30\n");
  }

  int run(const Flags& flags, const CommonFlags& common) override {
    flags.require("TASK");
    flags.require("--out");
    options_.seed = static_cast<uint64_t>(seed_);
    const TaskData data = make_task(task_, options_);
    write_task(data, folder_);
    if (!common.quiet) {
      say(escaped(folder_) + ": " + std::to_string(data.train.size()) + " pairs to train, " +
          std::to_string(data.valid.size()) + " to validate, " + std::to_string(data.test.size()) +
          " to test; first: '" + escaped(data.train[0].source) + "' -> '" +
          escaped(data.train[0].target) + "'");
    }
    return 0;
  }

 private:
  std::string task_, folder_;
  TaskOptions options_;
  int64_t seed_ = 1;
};

}  // namespace

std::unique_ptr<Command> data_command() { return std::make_unique<DataCommand>(); }

}  // namespace heed::tools
