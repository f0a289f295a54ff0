#pragma once

#include <string>

#include "../../models/training/trainer.hpp"

namespace heed::tools {

/// Shows how a training goes on stderr: one line that is redrawn on a terminal, plain lines
/// elsewhere; warnings even if quiet.
class ProgressDisplay final : public TrainingObserver {
 public:
  ProgressDisplay(bool quiet, bool color);
  ~ProgressDisplay() override;

  void stepped(const TrainingProgress& progress) override;
  void validated(int64_t step, const Validation& validation, bool best) override;
  void warn(const std::string& text) override;
  void note(const std::string& text) override;

 private:
  void clear_line();
  void write_line(const std::string& text);

  bool quiet_, color_, terminal_;
  bool drawn_ = false;
  double last_ = -1e9;
};

}  // namespace heed::tools
