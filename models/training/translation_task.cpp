#include "translation_task.hpp"

#include <algorithm>
#include <cmath>

#include "../../core/error.hpp"
#include "../../core/files/files.hpp"
#include "../../core/operations.hpp"
#include "../config/model_folder.hpp"
#include "../encoder_decoder.hpp"
#include "../metrics/bleu.hpp"
#include "../rnn_search.hpp"
#include "../search/search.hpp"
#include "../transformer.hpp"

namespace heed {

namespace {

std::string checksum(const ParallelText& text) {
  std::string all;
  for (int64_t i = 0; i < text.size(); ++i) {
    const auto k = static_cast<std::size_t>(i);
    all += text.source[k] + '\n' + text.target[k] + '\n';
  }
  return sha256(all);
}

/// Right next tokens among those that count.
int64_t count_right(const Tensor& logits, const text::Batch& batch) {
  const Array best = argmax(logits, -1).array().contiguous();
  const Array wanted = batch.target_out.array().contiguous();
  const Array keep = batch.target_keep.array().contiguous();
  const auto *said = best.data<int32_t>(), *right = wanted.data<int32_t>();
  const bool* counts = keep.data<bool>();
  int64_t sum = 0;
  for (int64_t i = 0; i < best.numel(); ++i) sum += counts[i] && said[i] == right[i];
  return sum;
}

/// Throws unless `config` is what `model` was made of, as far as that is one of heed's.
void check_describes(const Config& config, const TranslationModel& model) {
  Config described = config;
  if (const auto* search = model.as<RNNsearch>()) {
    described.model = ModelKind::rnn_search;
    described.recurrent = search->config;
  } else if (const auto* fixed = model.as<EncoderDecoder>()) {
    described.model = ModelKind::encoder_decoder;
    described.recurrent = fixed->config;
  } else if (const auto* transformer = model.as<Transformer>()) {
    described.model = ModelKind::transformer;
    described.transformer = transformer->config;
  }
  const std::vector<std::string> different = differences(described, config);
  if (different.empty()) return;
  throw ConfigError(
      "TranslationTask: the model (there) is not what the configuration says (here): " +
      different[0]);
}

/// Throws if a model with learned positions or location scores can't take each pair.
void check_lengths(const text::EncodedPairs& pairs, const LengthLimits& limits, const char* role) {
  const auto check = [&](const std::vector<std::vector<int32_t>>& side, const char* name,
                         int64_t most) {
    for (const std::vector<int32_t>& ids : side) {
      const auto length = static_cast<int64_t>(ids.size());
      if (length <= most) continue;
      throw ConfigError(std::string("the ") + role + " text has a " + name + " of " +
                        std::to_string(length) + " tokens with its end, the model takes " +
                        std::to_string(most) +
                        ": raise max_length, or leave long pairs out by data.max_length");
    }
  };
  check(pairs.source, "source", limits.source);
  check(pairs.target, "target", limits.target);
}

}  // namespace

TranslationTask::TranslationTask(TranslationModel& model, const TranslationData& data,
                                 const Config& config)
    : model_(model), data_(data), config_(config) {
  train(model_);
  check_describes(config, model);
  check_lengths(data.train_ids, model.length_limits(), "training");
  check_lengths(data.valid_ids, model.length_limits(), "validation");
  valid_plan_ = text::validation_batches(data.valid_ids,
                                         std::max<int64_t>(config.training.batch_tokens, 2048));
  for (const std::vector<int64_t>& indices : valid_plan_) {
    valid_batches_.push_back(text::make_batch(data.valid_ids, indices));
  }
}

int64_t TranslationTask::start_epoch(int64_t epoch) {
  const TrainingConfig& training = config_.training;
  const BatchSize size{training.batch_tokens, training.batch_sentences, training.batch_pool};
  plan_ =
      text::training_batches(data_.train_ids, size, static_cast<uint64_t>(training.seed), epoch);
  loaded_ = -1;
  return static_cast<int64_t>(plan_.size());
}

const text::Batch& TranslationTask::load(int64_t batch) {
  if (loaded_ != batch)
    batch_ = text::make_batch(data_.train_ids, plan_[static_cast<std::size_t>(batch)]);
  loaded_ = batch;
  return batch_;
}

int64_t TranslationTask::tokens(int64_t batch) {
  int64_t tokens = 0;
  for (const int64_t index : plan_[static_cast<std::size_t>(batch)]) {
    tokens += static_cast<int64_t>(data_.train_ids.target[static_cast<std::size_t>(index)].size());
  }
  return tokens;
}

Tensor TranslationTask::loss(int64_t batch) {
  const text::Batch& b = load(batch);
  return model_.loss(b.source, b.source_keep, b.target_in, b.target_out,
                     {.ignore_index = Vocabulary::pad,
                      .label_smoothing = config_.training.label_smoothing,
                      .reduction = Reduction::mean});
}

Validation TranslationTask::validate() {
  const NoGrad no_grad;
  const EvalMode evaluating(model_);
  double loss = 0;
  int64_t right = 0, tokens = 0;
  const CrossEntropyOptions sum{.ignore_index = Vocabulary::pad, .reduction = Reduction::sum};
  for (const text::Batch& b : valid_batches_) {
    Tensor logits;
    loss += model_.loss(b.source, b.source_keep, b.target_in, b.target_out, sum, &logits).item();
    if (!logits.defined()) logits = model_(b.source, b.source_keep, b.target_in);
    right += count_right(logits, b);
    tokens += b.target_tokens;
  }
  const std::vector<std::string> translations = translate_valid();

  int64_t exact = 0;
  for (std::size_t i = 0; i < translations.size(); ++i) {
    exact += translations[i] == data_.valid.target[i];
  }
  const auto all = static_cast<double>(tokens);
  // As `heed bleu` prints it by default.
  const double bleu = corpus_bleu(translations, {data_.valid.target}).score;
  const double exact_percent =
      100 * static_cast<double>(exact) / static_cast<double>(translations.size());
  return {.loss = loss / all,
          // Hundredths of a BLEU point are noise: the loss decides among equals.
          .score = std::round(10 * bleu) / 10 + exact_percent,
          .metrics = {{"accuracy", 100 * static_cast<double>(right) / all},
                      {"bleu", bleu},
                      {"exact", exact_percent}}};
}

/// Greedy translations of the validation text, in its order.
std::vector<std::string> TranslationTask::translate_valid() const {
  std::vector<std::string> lines(data_.valid.target.size());
  for (std::size_t b = 0; b < valid_batches_.size(); ++b) {
    const text::Batch& batch = valid_batches_[b];
    const std::unique_ptr<Decoder> decoder = model_.start_decoder(batch.source, batch.source_keep);
    std::vector<int64_t> lengths;
    for (const int64_t index : valid_plan_[b]) {
      lengths.push_back(
          static_cast<int64_t>(data_.valid_ids.source[static_cast<std::size_t>(index)].size()));
    }
    const auto found = search(*decoder, lengths, {.beam = 1});
    for (std::size_t row = 0; row < found.size(); ++row) {
      std::vector<int32_t> ids = found[row].front().ids;
      if (!ids.empty() && ids.back() == Vocabulary::eos) ids.pop_back();
      lines[static_cast<std::size_t>(valid_plan_[b][row])] =
          data_.tokenizer->join(data_.target_vocabulary.decode(ids));
    }
  }
  return lines;
}

void TranslationTask::begin(const std::string& folder) {
  replace_file(join_path(folder, "config.json"),
               config_json(config_, data_.source_vocabulary, data_.target_vocabulary));
  data_.source_vocabulary.save(join_path(folder, "source.vocab"));
  data_.target_vocabulary.save(join_path(folder, "target.vocab"));
}

std::vector<std::pair<std::string, std::string>> TranslationTask::fingerprint() {
  return {{"training text", checksum(data_.train)}, {"validation text", checksum(data_.valid)}};
}

}  // namespace heed
