#include "tasks.hpp"

#include <algorithm>
#include <unordered_set>

#include "../../core/error.hpp"
#include "../../core/files/files.hpp"
#include "../../core/suggest.hpp"
#include "generators.hpp"

namespace heed::tools {

namespace {

struct Task {
  const char* name;
  const char* tokenizer;
  Pair (*make)(Generator&, LengthRange);
  /// The default of --max-length, and the fewest tokens that any source line has.
  int64_t max_length, shortest;
  /// The most tokens that a source line can have.
  int64_t longest;
};

constexpr int64_t no_limit = 1000;
constexpr Task tasks[] = {
    {"phrases", "word", random_phrase, 12, 2, no_limit},
    {"dates", "char", random_date, 40, 10, 40},
    {"numbers", "word", random_number, 17, 1, 17},
    {"reverse", "word", random_reversal, 20, 1, no_limit},
    {"copy", "word", random_copy, 20, 1, no_limit},
    {"sort", "word", random_sorting, 20, 1, no_limit},
};

const Task& task_named(const std::string& name) {
  for (const Task& task : tasks) {
    if (name == task.name) return task;
  }
  std::string names;
  for (const std::string& known : task_names()) names += (names.empty() ? "" : ", ") + known;
  throw ConfigError("data: unknown task '" + escaped(name) + "'; there are " + names +
                    did_you_mean(name, task_names()));
}

LengthRange checked_range(const Task& task, const TaskOptions& options) {
  const int64_t max = options.max_length == 0 ? task.max_length : options.max_length;
  const auto fail = [&](const std::string& what) {
    throw ConfigError("data " + std::string(task.name) + ": " + what);
  };
  if (max < task.shortest || max > no_limit) {
    fail("--max-length is " + std::to_string(max) + "; it must be in [" +
         std::to_string(task.shortest) + ", " + std::to_string(no_limit) + "]");
  }
  const int64_t highest_min = std::min(max, task.longest);
  if (options.min_length < 1 || options.min_length > highest_min) {
    fail("--min-length is " + std::to_string(options.min_length) + "; it must be in [1, " +
         std::to_string(highest_min) + "]");
  }
  return {std::max(options.min_length, task.shortest), max};
}

void check_sizes(const Task& task, const TaskOptions& options) {
  constexpr int64_t most = 100'000'000;
  for (const int64_t size : {options.train, options.valid, options.test}) {
    if (size >= 0 && size <= most) continue;
    throw ConfigError("data " + std::string(task.name) + ": a part of " + std::to_string(size) +
                      " lines; --train, --valid and --test must be in [0, " + std::to_string(most) +
                      "]");
  }
}

/// A number in [0, 1) that depends on nothing but the seed and the line.
double position_of(const std::string& line, uint64_t seed) {
  uint64_t hash = 0xCBF29CE484222325u;  // FNV-1a
  for (const char c : line) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3u;
  uint32_t words[4];
  Philox{seed}(hash, 1, words);
  return static_cast<double>(words[0]) * 0x1.0p-32;
}

/// One part of the data while it fills.
struct Part {
  const char* name;
  std::vector<Pair>* pairs;
  int64_t size;
  /// Where this part ends in [0, 1); each line has its place there
  /// and so belongs to one part alone.
  double end;
  bool full() const { return static_cast<int64_t>(pairs->size()) >= size; }
};

std::vector<Part> parts_of(TaskData& data, const TaskOptions& options) {
  const auto train = static_cast<double>(options.train), valid = static_cast<double>(options.valid);
  const double all = std::max(train + valid + static_cast<double>(options.test), 1.0);
  return {{"train", &data.train, options.train, train / all},
          {"valid", &data.valid, options.valid, (train + valid) / all},
          {"test", &data.test, options.test, 2}};
}

[[noreturn]] void fail_too_few(const Task& task, LengthRange range,
                               const std::vector<Part>& parts) {
  std::string found;
  for (const Part& part : parts) {
    if (!part.full()) {
      found += std::string(found.empty() ? "" : ", ") + std::to_string(part.pairs->size()) +
               " of " + std::to_string(part.size) + " for " + part.name;
    }
  }
  throw ConfigError("data " + std::string(task.name) + ": too few different lines of " +
                    std::to_string(range.min) + " to " + std::to_string(range.max) +
                    " tokens (found " + found + "); ask for fewer lines or longer ones");
}

}  // namespace

std::vector<std::string> task_names() {
  std::vector<std::string> names;
  for (const Task& task : tasks) names.emplace_back(task.name);
  return names;
}

std::string task_tokenizer(const std::string& task) { return task_named(task).tokenizer; }

TaskData make_task(const std::string& name, const TaskOptions& options) {
  const Task& task = task_named(name);
  const LengthRange range = checked_range(task, options);
  check_sizes(task, options);
  TaskData data;
  std::vector<Part> parts = parts_of(data, options);
  std::unordered_set<std::string> held_out;
  Generator generator(options.seed);
  const auto full = [](const Part& part) { return part.full(); };
  constexpr int64_t patience = 100'000;
  for (int64_t fruitless = 0; !std::all_of(parts.begin(), parts.end(), full); ++fruitless) {
    if (fruitless > patience) fail_too_few(task, range, parts);
    Pair pair = task.make(generator, range);
    const double position = position_of(pair.source, options.seed);
    Part& part =
        *std::find_if(parts.begin(), parts.end(), [&](const Part& p) { return position < p.end; });
    if (part.full()) continue;
    // Training may see a short line twice; valid and test count each line once.
    if (part.pairs != &data.train && !held_out.insert(pair.source).second) continue;
    part.pairs->push_back(std::move(pair));
    fruitless = 0;
  }
  return data;
}

namespace {

struct NamedText {
  std::string name, text;
};

std::vector<NamedText> files_of(const TaskData& data) {
  std::vector<NamedText> files;
  const auto add = [&](const std::string& part, const std::vector<Pair>& pairs) {
    NamedText source{part + ".src", {}}, target{part + ".tgt", {}};
    for (const Pair& pair : pairs) {
      source.text += pair.source + '\n';
      target.text += pair.target + '\n';
    }
    files.push_back(std::move(source));
    files.push_back(std::move(target));
  };
  add("train", data.train);
  add("valid", data.valid);
  add("test", data.test);
  NamedText alignments{"test.align", {}};
  for (const Pair& pair : data.test) alignments.text += pharaoh(pair.alignment) + '\n';
  files.push_back(std::move(alignments));
  return files;
}

/// Into a folder that others use too: file by file, and none of them if one fails.
void write_beside_others(const std::vector<NamedText>& files, const std::string& folder) {
  for (const NamedText& file : files) {
    const std::string path = join_path(folder, file.name);
    if (path_exists(path)) {
      throw ConfigError(escaped(path) + ": exists already and is not overwritten; choose another " +
                        "--out or remove it");
    }
  }
  std::size_t written = 0;
  try {
    for (; written < files.size(); ++written) {
      write_file_atomically(join_path(folder, files[written].name), files[written].text);
    }
  } catch (...) {
    for (std::size_t i = 0; i < written; ++i) remove_path(join_path(folder, files[i].name));
    throw;
  }
}

}  // namespace

void write_task(const TaskData& data, const std::string& folder) {
  const std::vector<NamedText> files = files_of(data);
  if (is_folder(folder)) return write_beside_others(files, folder);
  const std::size_t name = folder.find_last_not_of('/');
  const std::string path = name == std::string::npos ? folder : folder.substr(0, name + 1);
  const std::size_t slash = path.rfind('/');
  if (slash != std::string::npos && slash > 0) make_folder(path.substr(0, slash));
  PendingFolder pending(path);
  for (const NamedText& file : files) pending.write(file.name, file.text);
  pending.commit();
}

}  // namespace heed::tools
