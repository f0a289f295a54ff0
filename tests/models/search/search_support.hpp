#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "../../../core/error.hpp"
#include "../model_support.hpp"

namespace search_support {

using namespace model_support;

inline constexpr int32_t V = 7;  // the four symbols, and the words 4, 5, 6

/// Log-probabilities of the next word: a pure function of the sentence and of the words so far.
inline std::vector<float> next_words(int64_t sentence, const std::vector<int32_t>& words) {
  uint64_t key = 1000003 * static_cast<uint64_t>(sentence + 1);
  for (const int32_t word : words) key = key * 31 + static_cast<uint64_t>(word);
  Generator generator(key);
  std::vector<float> p(V);
  double total = 0;
  for (float& one : p) {
    one = static_cast<float>(3 * generator.uniform());
    total += std::exp(static_cast<double>(one));
  }
  for (float& one : p) one -= static_cast<float>(std::log(total));
  return p;
}

/// A decoder that looks its words up, and remembers what it was asked.
class TableDecoder final : public Decoder {
 public:
  explicit TableDecoder(std::vector<int64_t> sentences) {
    for (const int64_t sentence : sentences) rows_.push_back({sentence, {}});
  }
  Tensor step(const Tensor& last) override {
    rows_each_step.push_back(last.size(0));
    const auto ids = last.to_vector<int32_t>();
    if (ids.size() != rows_.size()) throw ShapeError("TableDecoder: rows lost");
    std::vector<float> p;
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      rows_[i].words.push_back(ids[i]);
      const std::vector<float> row = next_words(rows_[i].sentence, rows_[i].words);
      p.insert(p.end(), row.begin(), row.end());
    }
    return Tensor::from(p, {last.size(0), V});
  }
  void reorder(const Tensor&, const Tensor& rows) override {
    ++reorders;
    std::vector<Row> next;
    for (const int32_t row : rows.to_vector<int32_t>()) {
      next.push_back(rows_.at(static_cast<std::size_t>(row)));
    }
    rows_ = std::move(next);
  }
  std::vector<int64_t> rows_each_step;
  int64_t reorders = 0;

 private:
  struct Row {
    int64_t sentence;
    std::vector<int32_t> words;
  };
  std::vector<Row> rows_;
};

/// What is found for these sentences of the table, each two words long with its end symbol; where
/// `given` says no number it is the table's.
inline std::vector<std::vector<Hypothesis>> run(const std::vector<int64_t>& sentences,
                                                const SearchOptions& options,
                                                std::vector<SentenceOptions> given = {}) {
  TableDecoder decoder(sentences);
  if (given.empty()) {
    for (const int64_t sentence : sentences) given.push_back({{}, sentence});
  }
  return search(decoder, std::vector<int64_t>(sentences.size(), 2), options, given);
}

inline SearchOptions with_beam(int64_t beam, int64_t nbest = 1) {
  SearchOptions options;
  options.beam = beam;
  options.nbest = nbest;
  return options;
}

/// An RNNsearch with random weights whose words are far from equally probable.
inline RNNsearch random_model(uint64_t seed) {
  NoGrad no_grad;
  manual_seed(seed);
  RNNsearch model(small_config());
  Tensor(model.generator.weight.tensor()).mul_(6);
  return model;
}

/// What `model` finds for these source sentences in one batch.
inline std::vector<std::vector<Hypothesis>> run(const RNNsearch& model,
                                                const std::vector<std::vector<int32_t>>& sources,
                                                const SearchOptions& options,
                                                const std::vector<SentenceOptions>& given = {}) {
  const text::SourceBatch batch = text::make_source_batch(sources);
  const auto decoder = model.start_decoder(batch.source, batch.source_keep);
  std::vector<int64_t> lengths;
  for (const auto& source : sources) lengths.push_back(static_cast<int64_t>(source.size()));
  return search(*decoder, lengths, options, given);
}

/// What was found for the only sentence.
inline std::vector<Hypothesis> only(const std::vector<std::vector<Hypothesis>>& found) {
  return found.at(0);
}

/// The words of a hypothesis without its end symbol.
inline std::vector<int32_t> words_of(const Hypothesis& hypothesis) {
  return {hypothesis.ids.begin(), hypothesis.ids.end() - 1};
}

/// The message of the error E that `work` throws; "nothing" if it throws none.
template <class E, class F>
std::string message_of(F work) {
  try {
    work();
  } catch (const E& error) {
    return error.what();
  }
  return "nothing";
}

}  // namespace search_support
