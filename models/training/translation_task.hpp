#pragma once

#include <string>
#include <utility>
#include <vector>

#include "../model.hpp"
#include "trainer.hpp"
#include "translation_data.hpp"

namespace heed {

/// Training a translating model on pairs of sentences: the model's `loss`, which is the
/// cross-entropy of the target's tokens unless it has one of its own; batches of like length.
/// Validation gives the loss of a token (without label smoothing), the accuracy of the next token,
/// and of greedy translations BLEU as `heed bleu` prints it and the share that is exactly right,
/// both in percent; the best model is the one with the most exact translations and BLEU together
/// (`best_by`), and of equals the one with the smallest loss.
class TranslationTask final : public TrainingTask {
 public:
  /// What the best model is chosen by, in the names of its metrics.
  static constexpr const char* best_by = "bleu + exact, then loss";

  /// `model` and `data` must live as long as the task. The model is put in training mode.
  /// `ConfigError` where `config`, which is what the folder will say of the model, describes
  /// another.
  TranslationTask(TranslationModel& model, const TranslationData& data, const Config& config);

  std::vector<NamedTensor> parameters() override { return named_parameters(model_); }
  std::vector<NamedTensor> state() override { return state_dict(model_); }
  void load_state(const std::vector<NamedTensor>& state) override {
    load_state_dict(model_, state);
  }
  int64_t start_epoch(int64_t epoch) override;
  int64_t tokens(int64_t batch) override;
  Tensor loss(int64_t batch) override;
  Validation validate() override;
  void begin(const std::string& folder) override;
  std::vector<std::pair<std::string, std::string>> fingerprint() override;

 private:
  const text::Batch& load(int64_t batch);
  std::vector<std::string> translate_valid() const;

  TranslationModel& model_;
  const TranslationData& data_;
  const Config& config_;
  BatchPlan plan_, valid_plan_;
  std::vector<text::Batch> valid_batches_;
  int64_t loaded_ = -1;
  text::Batch batch_;
};

}  // namespace heed
