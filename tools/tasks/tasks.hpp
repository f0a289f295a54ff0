#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "../../models/text/alignment.hpp"

namespace heed::tools {

/// One example of a task: its lines, and the gold alignment of their tokens.
struct Pair {
  std::string source, target;
  Alignment alignment;
};

struct TaskOptions {
  int64_t train = 20000, valid = 500, test = 500;
  uint64_t seed = 1;
  /// Tokens of the source line; a maximum of 0 stands for the default of the task.
  int64_t min_length = 1, max_length = 0;
};

/// The examples of a task. No source line of valid or test is in train,
/// and none occurs twice in them.
struct TaskData {
  std::vector<Pair> train, valid, test;
};

/// The names of all tasks.
std::vector<std::string> task_names();
/// The tokenizer that a task is made for, `word` or `char`; also what its alignments count.
std::string task_tokenizer(const std::string& task);
/// Makes the examples of `task`, the same for the same options on every machine. `ConfigError` for
/// an unknown task, for lengths that it can't have, and where it has too few different sentences.
TaskData make_task(const std::string& task, const TaskOptions& options);
/// Writes {train,valid,test}.{src,tgt} and test.align (Pharaoh `i-j`, source first) into `folder`,
/// which is made if absent. All files or none; `ConfigError` if one of them exists.
void write_task(const TaskData& data, const std::string& folder);

}  // namespace heed::tools
