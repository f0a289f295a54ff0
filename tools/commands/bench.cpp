#include "../../core/blas.hpp"
#include "../../core/error.hpp"
#include "../../core/parallel.hpp"
#include "../../core/suggest.hpp"
#include "../bench/works.hpp"
#include "../command_line/output.hpp"
#include "../command_line/program.hpp"
#include "commands.hpp"

namespace heed::tools {
namespace {

std::vector<std::string> work_names() {
  std::vector<std::string> names;
  for (const Work& work : works()) names.emplace_back(work.name);
  return names;
}

const Work& work_named(const std::string& name) {
  for (const Work& work : works()) {
    if (name == work.name) return work;
  }
  throw ConfigError("heed bench: unknown work '" + escaped(name) + "'" +
                    did_you_mean(name, work_names()) + " (heed bench --help lists all)");
}

/// The lines of a work that has a process, and so its memory, to itself.
std::vector<std::string> lines_of_its_own_process(const Work& work) {
  const ProgramEnd end = run_program(
      {this_program(), "bench", work.name, "--json", "--threads", std::to_string(threads())});
  if (end.status != 0) {
    throw Error("bench: " + std::string(work.name) + " failed (" + std::to_string(end.status) +
                ")");
  }
  std::vector<std::string> lines;
  for (std::size_t start = 0; start < end.output.size();) {
    const std::size_t stop = end.output.find('\n', start) + 1;
    lines.push_back(end.output.substr(start, stop - start));
    start = stop;
  }
  return lines;
}

class BenchCommand final : public Command {
 public:
  void declare(Flags& flags) override {
    std::string list;
    for (const Work& work : works()) {
      list += (list.empty() ? "" : "; ") + std::string(work.name) + ": " + work.summary;
    }
    flags.arguments(names_, "[WORK]...", "what to time, by default all of these. " + list,
                    work_names());
    flags.toggle("--json", json_, "an object on a line for each case, instead of a table");
    flags.choice("--profile", profiled_, work_names(),
                 "instead, where a step of this work spends its time, by operation: products in "
                 "GFLOP/s, all else by the memory it goes over, in GB/s");
    flags.epilogue(
        "  heed bench\n  heed bench tf_small rnn_small --json\n"
        "  heed bench --profile tf_big\n");
  }

  int run(const Flags&, const CommonFlags& common) override {
    if (!profiled_.empty()) {
      profile_steps();
      work_named(profiled_).run();
      print(profile_table());
      return 0;
    }
    std::vector<const Work*> chosen;
    for (const std::string& name : names_) chosen.push_back(&work_named(name));
    if (chosen.empty()) {
      for (const Work& work : works()) chosen.push_back(&work);
    }
    blas_self_test();
    std::vector<BenchRow> rows;
    for (const Work* work : chosen) {
      if (chosen.size() == 1) {
        for (const BenchRow& row : work->run()) add(row, to_json_line(row), rows);
        continue;
      }
      if (!common.quiet) say(std::string("timing ") + work->name);
      for (const std::string& line : lines_of_its_own_process(*work)) {
        add(row_of_json_line(line), line, rows);
      }
    }
    if (!json_) print(to_table(rows));
    return 0;
  }

 private:
  void add(const BenchRow& row, const std::string& line, std::vector<BenchRow>& rows) const {
    rows.push_back(row);
    if (!json_) return;
    print(line);
    flush_output();
  }

  std::vector<std::string> names_;
  std::string profiled_;
  bool json_ = false;
};

}  // namespace

std::unique_ptr<Command> bench_command() { return std::make_unique<BenchCommand>(); }

}  // namespace heed::tools
