#include <sstream>

#include "../../core/blas.hpp"
#include "../../core/error.hpp"
#include "../../core/parallel.hpp"
#include "../../core/precision.hpp"
#include "../../core/suggest.hpp"
#include "../bench/report.hpp"
#include "../bench/works.hpp"
#include "../command_line/output.hpp"
#include "../command_line/program.hpp"
#include "commands.hpp"

namespace heed::tools {
namespace {

std::vector<std::string> all_names() {
  std::vector<std::string> names;
  for (const Work& work : works()) names.emplace_back(work.name);
  return names;
}

std::vector<std::string> names_for_profile() {
  std::vector<std::string> names;
  for (const Work& work : works()) {
    if (work.can_be_profiled) names.emplace_back(work.name);
  }
  return names;
}

std::string summaries() {
  std::string list;
  for (const Work& work : works()) {
    list += (list.empty() ? "" : "; ") + std::string(work.name) + ": " + work.summary;
  }
  return list;
}

const Work& work_named(const std::string& name) {
  for (const Work& work : works()) {
    if (name == work.name) return work;
  }
  throw ConfigError("heed bench: unknown work '" + escaped(name) + "'" +
                    did_you_mean(name, all_names()) + " (heed bench --help lists all)");
}

/// What a work prints that has a process, and so its memory, to itself.
std::string lines_of_its_own_process(const Work& work) {
  std::vector<std::string> arguments = {this_program(), "bench", work.name, "--json", "--quiet"};
  arguments.insert(arguments.end(), {"--threads", std::to_string(threads())});
  if (work.trains) arguments.insert(arguments.end(), {"--precision", to_string(product_precision)});
  const ProgramEnd end = run_program(arguments);
  if (end.status == 0) return end.output;
  throw Error("bench: " + std::string(work.name) + " failed (" + std::to_string(end.status) + ")");
}

class BenchCommand final : public Command {
 public:
  void declare(Flags& flags) override {
    flags.arguments(names_, "[WORK]...",
                    "what to time, by default all of these, for minutes. " + summaries(),
                    all_names());
    flags.toggle("--json", json_, "an object on a line for each case, instead of a table");
    flags.text("--profile", profiled_, "WORK",
               "instead, where a step of this work (its last case) spends its time, by operation: "
               "products in GFLOP/s, all else by the memory it goes over, in GB/s",
               names_for_profile());
    flags.choice("--precision", precision_, {"float32", "bfloat16"},
                 "of the products of training steps, which are then all that is timed");
    flags.epilogue(
        "  heed bench\n  heed bench tf_small rnn_small --json\n"
        "  heed bench --profile tf_big\n");
  }

  int run(const Flags&, const CommonFlags& common) override {
    const std::vector<const Work*> chosen = chosen_works();
    if (!profiled_.empty()) check_profile();
    if (!precision_.empty()) check_that_all_train(chosen);
    const ProductPrecision multiplying(precision_ == "bfloat16" ? Precision::bfloat16
                                                                : Precision::single);
    blas_self_test();
    if (!profiled_.empty()) return profile(work_named(profiled_), common.quiet);
    std::vector<BenchRow> rows;
    for (std::size_t i = 0; i < chosen.size(); ++i) {
      const Work* work = chosen[i];
      if (!common.quiet) {
        say(std::string("timing ") + work->name +
            (chosen.size() == 1
                 ? ""
                 : ", " + std::to_string(i + 1) + " of " + std::to_string(chosen.size())));
      }
      if (chosen.size() == 1) {
        for (const BenchRow& row : work->run()) add(row, to_json_line(row), rows);
        continue;
      }
      std::istringstream lines(lines_of_its_own_process(*work));
      for (std::string line; std::getline(lines, line);) {
        add(row_of_json_line(line), line + '\n', rows);
      }
    }
    if (!json_) print(to_table(rows));
    return 0;
  }

 private:
  std::vector<const Work*> chosen_works() const {
    std::vector<const Work*> chosen;
    if (!profiled_.empty()) return {&work_named(profiled_)};
    if (names_.empty() && !precision_.empty()) return training_works();
    for (const std::string& name : names_.empty() ? all_names() : names_) {
      chosen.push_back(&work_named(name));
    }
    return chosen;
  }

  static std::vector<const Work*> training_works() {
    std::vector<const Work*> training;
    for (const Work& work : works()) {
      if (work.trains) training.push_back(&work);
    }
    return training;
  }

  static void check_that_all_train(const std::vector<const Work*>& chosen) {
    std::string list;
    for (const Work* work : training_works()) {
      list += (list.empty() ? "" : ", ") + std::string(work->name);
    }
    for (const Work* work : chosen) {
      if (work->trains) continue;
      throw ConfigError("heed bench: --precision: " + std::string(work->name) +
                        " is no training step; give one of " + list);
    }
  }

  void check_profile() const {
    if (!names_.empty()) {
      throw ConfigError("heed bench: --profile names the only work; leave out '" +
                        escaped(names_[0]) + "'");
    }
    if (json_) throw ConfigError("heed bench: --json is for times; leave it out with --profile");
    if (work_named(profiled_).can_be_profiled) return;
    std::string list;
    for (const std::string& name : names_for_profile()) list += (list.empty() ? "" : ", ") + name;
    throw ConfigError("heed bench: --profile: " + profiled_ +
                      " has no steps of operations; give one of " + list);
  }

  static int profile(const Work& work, bool quiet) {
    if (!quiet) say(std::string("timing ") + work.name);
    profile_steps();
    const std::vector<BenchRow> rows = work.run();
    print(std::string(work.name) + ", " + rows.back().name + ", a step:\n");
    print(profile_table(profiled_steps()));
    return 0;
  }

  void add(const BenchRow& row, const std::string& line, std::vector<BenchRow>& rows) const {
    rows.push_back(row);
    if (!json_) return;
    print(line);
    flush_output();
  }

  std::vector<std::string> names_;
  std::string profiled_, precision_;
  bool json_ = false;
};

}  // namespace

std::unique_ptr<Command> bench_command() { return std::make_unique<BenchCommand>(); }

}  // namespace heed::tools
