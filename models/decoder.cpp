#include "decoder.hpp"

#include <vector>

#include "../core/error.hpp"

namespace heed {

namespace {

/// `IndexError` unless `chosen` are some of N sentences, each once and in their order.
void check_sentences(const std::string& who, const std::vector<int32_t>& chosen, int64_t N) {
  int32_t before = -1;
  for (const int32_t sentence : chosen) {
    if (sentence <= before || sentence >= N) {
      throw IndexError(who + "sentence " + std::to_string(sentence) + ", expected one in [" +
                       std::to_string(before + 1) + ", " + std::to_string(N) +
                       "): increasing, and of those that are left");
    }
    before = sentence;
  }
}

/// `IndexError` unless each of `rows` is one of the K old rows of its sentence.
void check_rows(const std::string& who, const std::vector<int32_t>& rows,
                const std::vector<int32_t>& chosen, int64_t K) {
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const int64_t sentence = chosen[i / (rows.size() / chosen.size())], first = sentence * K;
    if (rows[i] >= first && rows[i] < first + K) continue;
    throw IndexError(who + "rows[" + std::to_string(i) + "] is " + std::to_string(rows[i]) +
                     ", expected one in [" + std::to_string(first) + ", " +
                     std::to_string(first + K) + "), of sentence " + std::to_string(sentence));
  }
}

}  // namespace

void check_source(const std::string& model, const Tensor& source, const Tensor& keep) {
  const bool words = source.rank() == 2 && source.size(1) > 0;
  if (words && keep.defined() && keep.shape() == source.shape()) return;
  std::string found = model + ": source " + to_string(source.shape()) + ", keep ";
  found += keep.defined() ? to_string(keep.shape()) : "absent";
  throw ShapeError(found + "; expected both [B, S] with S of at least 1, the end symbol");
}

void check_target(const std::string& model, const Tensor& target, int64_t sentences) {
  if (target.rank() == 2 && target.size(0) == sentences && target.size(1) > 0) return;
  throw ShapeError(model + ": the target is " + to_string(target.shape()) + ", expected [" +
                   std::to_string(sentences) + ", T] with T of at least 1: a text for each " +
                   "sentence of the source, from <s> on");
}

void DecoderRows::check_step(const Tensor& last) const {
  if (last.shape() == Shape{rows}) return;
  throw ShapeError(model + ": step: the last words are " + to_string(last.shape()) +
                   ", expected [" + std::to_string(rows) + "], one of each hypothesis");
}

void DecoderRows::reorder(const Tensor& sentences_left, const Tensor& rows_left) {
  const std::string who = model + ": reorder: ";
  if (sentences_left.rank() != 1 || rows_left.rank() != 1) {
    throw ShapeError(who + "sentences are " + to_string(sentences_left.shape()) + ", rows " +
                     to_string(rows_left.shape()) + ", expected [N] and [R]");
  }
  const auto chosen = sentences_left.to_vector<int32_t>(), order = rows_left.to_vector<int32_t>();
  const auto N = static_cast<int64_t>(chosen.size()), R = static_cast<int64_t>(order.size());
  if (N > 0 ? R % N != 0 : R > 0) {
    throw ShapeError(who + std::to_string(R) + " rows for " + std::to_string(N) +
                     " sentences, expected as many for each");
  }
  check_sentences(who, chosen, sentences);
  check_rows(who, order, chosen, each());
  sentences = N;
  rows = R;
}

void check_texts(const std::string& model, int64_t texts, int64_t sentences) {
  if (sentences > 0 ? texts % sentences == 0 : texts == 0) return;
  throw ShapeError(model + ": texts of the target: " + std::to_string(texts) +
                   ", sentences of the source: " + std::to_string(sentences) +
                   "; expected as many, or the same number of each sentence");
}

}  // namespace heed
