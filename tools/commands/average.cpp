#include "../../core/error.hpp"
#include "../../core/files/files.hpp"
#include "../../models/config/model_folder.hpp"
#include "../../models/training/training_checkpoint.hpp"
#include "../command_line/output.hpp"
#include "commands.hpp"

namespace heed::tools {
namespace {

class AverageCommand final : public Command {
 public:
  void declare(Flags& flags) override {
    flags.argument(model_, "MODEL", "the folder of a run, with its checkpoints");
    flags.text("--out", out_, "MODEL", "the folder of the new model");
    flags.integer("--last", last_, 2, 1'000'000,
                  "checkpoints, from the newest (default: all; a run keeps 2, or as many as "
                  "training.average says)");
    flags.epilogue(
        "  heed train --data d --out m --set training.average=5\n"
        "  heed average m --last 3 --out m3\n");
  }

  int run(const Flags& flags, const CommonFlags& common) override {
    flags.require("MODEL");
    flags.require("--out");
    if (path_exists(out_)) {
      throw ConfigError("--out: " + escaped(out_) + " exists already; choose another name");
    }
    ModelFolder folder = load_model_folder(model_);
    const std::vector<int64_t> steps = chosen_steps();
    try {
      load_state_dict(folder.model, average_checkpoints(model_, steps));
    } catch (const FormatError& error) {
      throw FormatError(escaped(model_) + ": its checkpoints: " + error.what());
    }
    save_model_folder(out_, folder.config, folder.source, folder.target, state_dict(folder.model));
    if (!common.quiet) {
      std::string list;
      for (const int64_t step : steps) list += (list.empty() ? "" : ", ") + std::to_string(step);
      for (const std::string& note : folder.notes) say(note);
      say("the mean of the checkpoints " + list + " is in " + escaped(out_));
    }
    return 0;
  }

 private:
  std::vector<int64_t> chosen_steps() const {
    std::vector<int64_t> steps = checkpoint_steps(model_);
    const auto count = static_cast<int64_t>(steps.size());
    if (count < 2) {
      throw DataError(escaped(model_) + ": has " + std::to_string(count) +
                      " checkpoints; a mean needs at least 2");
    }
    if (last_ > count) {
      throw ConfigError("--last " + std::to_string(last_) + ": " + escaped(model_) + " has " +
                        std::to_string(count) + " checkpoints");
    }
    if (last_ > 0) steps.erase(steps.begin(), steps.end() - last_);
    return steps;
  }

  std::string model_, out_;
  int64_t last_ = 0;
};

}  // namespace

std::unique_ptr<Command> average_command() { return std::make_unique<AverageCommand>(); }

}  // namespace heed::tools
