#pragma once

#include <cstdint>
#include <string>

namespace heed {

/// `log.jsonl`, the history of a run: one JSON object a line, appended. A line that can't be
/// written is lost with one warning; the training goes on.
class TrainLog {
 public:
  /// Opens or makes the file; an empty path writes nowhere. `IoError` if that fails.
  explicit TrainLog(const std::string& path);
  ~TrainLog();
  TrainLog(const TrainLog&) = delete;
  TrainLog& operator=(const TrainLog&) = delete;

  /// Starts a line with the kind of event: `train`, `valid`, `average`, `stop`.
  TrainLog& line(const std::string& event);
  TrainLog& add(const std::string& name, double value);
  TrainLog& add(const std::string& name, int64_t value);
  /// A word without quotes or control characters.
  TrainLog& add(const std::string& name, const char* word);
  /// Ends the line and writes it; returns a warning the first time that it fails, else an empty
  /// string.
  std::string write();

 private:
  std::string path_, line_;
  int descriptor_ = -1;
  bool failed_ = false;
};

}  // namespace heed
