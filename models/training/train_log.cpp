#include "train_log.hpp"

#include <cerrno>
#include <cstring>

#include "../../core/error.hpp"
#include "../../core/files/file_calls.hpp"
#include "../../core/files/files.hpp"
#include "../../core/files/json_writer.hpp"

namespace heed {

TrainLog::TrainLog(const std::string& path) : path_(path) {
  if (path.empty()) return;
  descriptor_ = open_own_file(path);
}

TrainLog::~TrainLog() {
  if (descriptor_ >= 0) file_ops().close(descriptor_);
}

TrainLog& TrainLog::line(const std::string& event) {
  line_ = "{\"event\": \"" + event + '"';
  return *this;
}

TrainLog& TrainLog::add(const std::string& name, double value) {
  line_ += ", " + json_string(name) + ": " + json_number(value);
  return *this;
}

TrainLog& TrainLog::add(const std::string& name, int64_t value) {
  line_ += ", " + json_string(name) + ": " + std::to_string(value);
  return *this;
}

TrainLog& TrainLog::add(const std::string& name, const char* word) {
  line_ += ", \"" + name + "\": \"" + word + '"';
  return *this;
}

std::string TrainLog::write() {
  if (descriptor_ < 0) return "";
  line_ += "}\n";
  for (std::size_t done = 0; done < line_.size();) {
    const int64_t written = file_ops().write(descriptor_, line_.data() + done, line_.size() - done);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) {
      const bool first = !failed_;
      failed_ = true;
      return first ? escaped(path_) + ": the history cannot be written (" + std::strerror(errno) +
                         "); training goes on without it"
                   : "";
    }
    done += static_cast<std::size_t>(written);
  }
  return "";
}

}  // namespace heed
