#include "ensemble.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include "../core/elementwise.hpp"
#include "../core/error.hpp"
#include "../core/reductions.hpp"
#include "../core/softmax.hpp"

namespace heed {

namespace {

/// log 1/M sum_m p_m of M log p_m, each [..., V].
Tensor log_mean(const std::vector<Tensor>& log_probabilities) {
  for (const Tensor& one : log_probabilities) {
    if (one.shape() == log_probabilities[0].shape()) continue;
    throw ShapeError("Ensemble: the first model gives words " +
                     to_string(log_probabilities[0].shape()) + ", another one " +
                     to_string(one.shape()) + "; their vocabularies must be the same");
  }
  const auto M = static_cast<double>(log_probabilities.size());
  return logsumexp(stack(log_probabilities, 0), {0}) - std::log(M);
}

class EnsembleDecoder final : public Decoder {
 public:
  explicit EnsembleDecoder(std::vector<std::unique_ptr<Decoder>> decoders)
      : decoders_(std::move(decoders)) {}

  Tensor step(const Tensor& last) override {
    NoGrad no_grad;
    std::vector<Tensor> all;
    for (const auto& decoder : decoders_) all.push_back(decoder->step(last));
    return log_mean(all);
  }

  void reorder(const Tensor& sentences, const Tensor& rows) override {
    for (const auto& decoder : decoders_) decoder->reorder(sentences, rows);
  }

  Tensor attention() const override {
    NoGrad no_grad;
    std::vector<Tensor> all;
    for (const auto& decoder : decoders_) {
      Tensor one = decoder->attention();
      if (one.defined()) all.push_back(std::move(one));
    }
    return all.empty() ? Tensor() : mean(stack(all, 0), {0});
  }

  int64_t most_words() const override {
    int64_t fewest = Decoder::most_words();
    for (const auto& decoder : decoders_) fewest = std::min(fewest, decoder->most_words());
    return fewest;
  }

 private:
  std::vector<std::unique_ptr<Decoder>> decoders_;
};

}  // namespace

Ensemble::Ensemble(std::vector<TranslationModel> members) : models(std::move(members)) {
  if (models.empty()) throw ConfigError("Ensemble: no model; it needs at least 1");
}

Tensor Ensemble::operator()(const Tensor& source, const Tensor& keep, const Tensor& target) const {
  std::vector<Tensor> all;
  for (const TranslationModel& model : models) {
    all.push_back(log_softmax(model(source, keep, target)));
  }
  return log_mean(all);
}

std::vector<AttentionWeights> Ensemble::attention_weights(const Tensor& source, const Tensor& keep,
                                                          const Tensor& target) const {
  std::vector<AttentionWeights> all;
  for (std::size_t i = 0; i < models.size(); ++i) {
    for (AttentionWeights& one : models[i].attention_weights(source, keep, target)) {
      one.name = "models." + std::to_string(i) + '.' + one.name;
      all.push_back(std::move(one));
    }
  }
  return all;
}

LengthLimits Ensemble::length_limits() const {
  LengthLimits smallest;
  for (const TranslationModel& model : models) {
    const LengthLimits one = model.length_limits();
    smallest = {std::min(smallest.source, one.source), std::min(smallest.target, one.target)};
  }
  return smallest;
}

std::unique_ptr<Decoder> Ensemble::start_decoder(const Tensor& source, const Tensor& keep) const {
  std::vector<std::unique_ptr<Decoder>> decoders;
  for (const TranslationModel& model : models) {
    decoders.push_back(model.start_decoder(source, keep));
  }
  return std::make_unique<EnsembleDecoder>(std::move(decoders));
}

}  // namespace heed
