#include "search.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "../../core/error.hpp"
#include "../../core/parallel.hpp"
#include "../text/vocabulary.hpp"
#include "candidates.hpp"

namespace heed {

namespace {

using namespace candidates;

constexpr double minus_infinity = -std::numeric_limits<double>::infinity();

Tensor tensor_of(const Pooled<int32_t>& numbers) {
  const Array result = Array::empty({static_cast<int64_t>(numbers.size())}, int32);
  std::copy(numbers.begin(), numbers.end(), result.data<int32_t>());
  return Tensor(result);
}

class Search {
 public:
  Search(Decoder& decoder, const std::vector<int64_t>& source_lengths, const SearchOptions& options,
         const std::vector<SentenceOptions>& given);
  std::vector<std::vector<Hypothesis>> run();

 private:
  Tensor last_words() const;
  void check_step(const Tensor& scores) const;
  void look();
  Pooled<double> covered(const Sentence& sentence, const Beam& beam, int64_t row) const;
  double score(const Candidate& candidate, const Pooled<double>& coverage) const;
  void extend_all(const NextWords& words);
  void extend(Sentence& sentence, const Pooled<Candidate>& candidates, int64_t first_row);
  bool decided(const Sentence& sentence, double best_open) const;
  void drop_finished();
  void hand_out(Sentence& sentence);
  Hypothesis hypothesis(const Sentence& sentence, const Finished& finished) const;

  Decoder& decoder_;
  SearchOptions options_;
  /// Most hypotheses of a sentence.
  int64_t width_;
  Pooled<Sentence> active_;
  std::vector<std::vector<Hypothesis>> results_;
  /// Words written so far, and the decoder's rows for each sentence.
  int64_t step_ = 0, rows_each_ = 1;
  /// With a coverage penalty: what the last step looked at, float64 [R, S].
  Array attention_;
};

Search::Search(Decoder& decoder, const std::vector<int64_t>& source_lengths,
               const SearchOptions& options, const std::vector<SentenceOptions>& given)
    : decoder_(decoder),
      options_(options),
      width_(width(options)),
      results_(source_lengths.size()) {
  for (std::size_t i = 0; i < source_lengths.size(); ++i) {
    const SentenceOptions one =
        given.empty() ? SentenceOptions{{}, static_cast<int64_t>(i)} : given[i];
    active_.push_back({i, one.number,
                       std::min(max_words(options, source_lengths[i]), decoder.most_words()),
                       source_lengths[i], one.prefix});
  }
}

std::vector<std::vector<Hypothesis>> Search::run() {
  while (!active_.empty()) {
    const WordScores words = decoder_.scores(last_words());
    check_step(words.scores);
    if (options_.coverage_penalty > 0) look();
    extend_all(NextWords(words));
    drop_finished();
    ++step_;
  }
  return std::move(results_);
}

Tensor Search::last_words() const {
  Pooled<int32_t> ids;
  for (const Sentence& sentence : active_) {
    for (const Beam& beam : sentence.beams) {
      ids.push_back(beam.last == no_word ? Vocabulary::bos
                                         : sentence.words[static_cast<std::size_t>(beam.last)].id);
    }
  }
  return tensor_of(ids);
}

/// What can only be checked when the vocabulary is known.
void Search::check_step(const Tensor& scores) const {
  const int64_t rows = rows_each_ * static_cast<int64_t>(active_.size());
  if (scores.rank() != 2 || scores.size(0) != rows || scores.size(1) <= Vocabulary::eos) {
    throw ShapeError("search: the decoder gave " + to_string(scores.shape()) + ", expected [" +
                     std::to_string(rows) + ", vocabulary]");
  }
  if (step_ > 0) return;
  const int64_t V = scores.size(1);
  if (options_.sampling && options_.sampling->top_k > V) {
    throw ConfigError("sampling: top_k " + std::to_string(options_.sampling->top_k) +
                      " is more than the " + std::to_string(V) + " words of the vocabulary");
  }
  for (const Sentence& sentence : active_) {
    for (const int32_t id : sentence.prefix) {
      if (id == Vocabulary::unk || (id > Vocabulary::eos && id < V)) continue;
      throw IndexError("search: the prefix of sentence " + std::to_string(sentence.number) +
                       " has the id " + std::to_string(id) + "; its words are <unk> (1) and 4 to " +
                       std::to_string(V - 1));
    }
  }
}

/// Asks the decoder what its last step looked at.
void Search::look() {
  const Tensor attention = decoder_.attention();
  if (!attention.defined()) {
    throw ConfigError("search: a coverage penalty needs a model that attends to the source");
  }
  const int64_t rows = rows_each_ * static_cast<int64_t>(active_.size());
  int64_t longest = 1;
  for (const Sentence& sentence : active_) longest = std::max(longest, sentence.source_length);
  if (attention.rank() != 2 || attention.size(0) != rows || attention.size(1) < longest) {
    throw ShapeError("search: the decoder's attention is " + to_string(attention.shape()) +
                     ", expected [" + std::to_string(rows) + ", " + std::to_string(longest) +
                     " or more]");
  }
  attention_ = attention.array().to(float64).contiguous();
}

/// sum_i alpha_ij with the last step, which was row `row`, for each word j but the end symbol; none
/// without a coverage penalty.
Pooled<double> Search::covered(const Sentence& sentence, const Beam& beam, int64_t row) const {
  if (options_.coverage_penalty == 0) return {};
  Pooled<double> sums = beam.coverage;
  sums.resize(static_cast<std::size_t>(sentence.source_length - 1));
  const double* alpha = attention_.data<double>() + row * attention_.size(1);
  for (std::size_t j = 0; j < sums.size(); ++j) sums[j] += alpha[j];
  return sums;
}

/// Wu et al. 2016, eq. 14. A word that was not looked at at all counts as the smallest float.
double Search::score(const Candidate& candidate, const Pooled<double>& coverage) const {
  constexpr double least = std::numeric_limits<float>::min();
  double penalty = 0;
  for (const double sum : coverage) penalty += std::log(std::clamp(sum, least, 1.0));
  return candidate.total / options_.length_penalty(step_ + 1) + options_.coverage_penalty * penalty;
}

/// Is there nothing more to find: as many hypotheses as the beam is wide have ended, and no open
/// one, whose score so far is at most `best_open`, ranks among those to hand out? A sure model's
/// unlikely hypotheses end long before the right one, which is why their number does not suffice.
bool Search::decided(const Sentence& sentence, double best_open) const {
  if (static_cast<int64_t>(sentence.finished.size()) < width_) return false;
  const auto better =
      std::count_if(sentence.finished.begin(), sentence.finished.end(),
                    [&](const Finished& finished) { return finished.score >= best_open; });
  return better >= options_.nbest;
}

/// Ends the candidates that end among the best `width_`, and makes the best others the new beams.
void Search::extend(Sentence& sentence, const Pooled<Candidate>& candidates, int64_t first_row) {
  const auto width = static_cast<std::size_t>(width_);
  Pooled<Beam> next;
  double best_open = minus_infinity;
  for (std::size_t i = 0; i < candidates.size() && next.size() < width; ++i) {
    const Candidate& c = candidates[i];
    const bool ends = c.id == Vocabulary::eos;
    if (ends && i >= width) continue;
    const auto word = static_cast<int32_t>(sentence.words.size());
    const auto row = static_cast<int32_t>(first_row + c.from);
    const Beam& before = sentence.beams[static_cast<std::size_t>(c.from)];
    sentence.words.push_back({before.last, c.id, row, c.log_probability});
    Pooled<double> coverage = covered(sentence, before, row);
    if (ends) {
      sentence.finished.push_back({score(c, coverage), word});
    } else {
      best_open = std::max(best_open, score(c, coverage));
      next.push_back({c.total, word, c.draw, std::move(coverage)});
    }
  }
  if (decided(sentence, best_open)) next.clear();
  sentence.beams = std::move(next);
}

void Search::extend_all(const NextWords& words) {
  parallel_for(static_cast<int64_t>(active_.size()), 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      Sentence& sentence = active_[static_cast<std::size_t>(i)];
      const int64_t first_row = i * rows_each_;
      extend(sentence, next_words(sentence, options_, step_, words, first_row), first_row);
    }
  });
}

/// Sentences that are finished leave the batch; the decoder goes on with the beams of the others.
void Search::drop_finished() {
  const int64_t old_rows = rows_each_ * static_cast<int64_t>(active_.size());
  Pooled<int32_t> sentences, rows;
  Pooled<Sentence> remaining;
  std::size_t each = 0;
  for (std::size_t i = 0; i < active_.size(); ++i) {
    Sentence& sentence = active_[i];
    if (sentence.beams.empty()) {
      hand_out(sentence);
      continue;
    }
    each = std::max(each, sentence.beams.size());
    sentences.push_back(static_cast<int32_t>(i));
    remaining.push_back(std::move(sentence));
  }
  for (Sentence& sentence : remaining) {
    // Every sentence has the same number of rows: dead hypotheses fill up.
    sentence.beams.resize(each, {minus_infinity, sentence.beams[0].last});
    for (const Beam& beam : sentence.beams) {
      rows.push_back(sentence.words[static_cast<std::size_t>(beam.last)].row);
    }
  }
  active_ = std::move(remaining);
  rows_each_ = static_cast<int64_t>(each);
  const bool same_rows = old_rows == static_cast<int64_t>(rows.size()) &&
                         std::is_sorted(rows.begin(), rows.end()) &&
                         std::adjacent_find(rows.begin(), rows.end()) == rows.end();
  if (active_.empty() || same_rows) return;
  decoder_.reorder(tensor_of(sentences), tensor_of(rows));
}

/// The best of its finished hypotheses.
void Search::hand_out(Sentence& sentence) {
  std::sort(sentence.finished.begin(), sentence.finished.end(),
            [](const Finished& a, const Finished& b) {
              return a.score != b.score ? a.score > b.score : a.last < b.last;
            });
  for (const Finished& finished : sentence.finished) {
    auto& best = results_[sentence.index];
    if (static_cast<int64_t>(best.size()) == options_.nbest) break;
    best.push_back(hypothesis(sentence, finished));
  }
}

Hypothesis Search::hypothesis(const Sentence& sentence, const Finished& finished) const {
  Pooled<const Word*> words;
  for (int32_t i = finished.last; i != no_word; i = words.back()->parent) {
    words.push_back(&sentence.words[static_cast<std::size_t>(i)]);
  }
  std::reverse(words.begin(), words.end());
  Hypothesis result;
  result.score = finished.score;
  result.ids.reserve(words.size());
  result.log_probabilities.reserve(words.size());
  for (const Word* word : words) {
    result.ids.push_back(word->id);
    result.log_probabilities.push_back(word->log_probability);
  }
  return result;
}

/// What can be refused before the decoder is asked.
void check_sentences(const SearchOptions& options, const std::vector<int64_t>& source_lengths,
                     const std::vector<SentenceOptions>& given) {
  if (!given.empty() && given.size() != source_lengths.size()) {
    throw ConfigError("search: " + std::to_string(source_lengths.size()) + " source lengths, " +
                      std::to_string(given.size()) + " sentences");
  }
  for (std::size_t i = 0; i < source_lengths.size(); ++i) {
    const int64_t length = source_lengths[i];
    if (length < 1) {
      throw DataError("search: source length " + std::to_string(length) + " of sentence " +
                      std::to_string(i) + "; an empty one has its end symbol, 1 word");
    }
    if (given.empty()) continue;
    const auto words = static_cast<int64_t>(given[i].prefix.size());
    if (words <= max_words(options, length)) continue;
    throw DataError("search: the prefix of sentence " + std::to_string(given[i].number) + " has " +
                    std::to_string(words) + " words, its maximum length is " +
                    std::to_string(max_words(options, length)));
  }
}

}  // namespace

void check(const SearchOptions& options) {
  const auto require = [](bool good, const std::string& message) {
    if (!good) throw ConfigError("search: " + message);
  };
  require(
      options.beam >= 1 && options.beam <= max_beam,
      "beam " + std::to_string(options.beam) + " is not in [1, " + std::to_string(max_beam) + "]");
  const int64_t most = options.sampling ? max_beam : options.beam;
  require(options.nbest >= 1 && options.nbest <= most,
          "nbest " + std::to_string(options.nbest) + " is not in [1, " + std::to_string(most) +
              (options.sampling ? "]" : "], the beam"));
  require(options.min_length >= 0 && options.max_length >= 0, "a length below 0");
  require(options.max_length == 0 || options.min_length <= options.max_length,
          "min_length " + std::to_string(options.min_length) + " is above max_length " +
              std::to_string(options.max_length));
  require(options.max_length_factor >= 0 && options.max_length_factor <= largest_length_factor &&
              options.max_length_offset >= 1 && options.max_length_offset <= largest_length_offset,
          "max_length_factor is not in [0, 100], or max_length_offset not in [1, 10000]");
  require(std::isfinite(options.length_penalty.alpha), "the length penalty is not a finite number");
  require(std::isfinite(options.coverage_penalty) && options.coverage_penalty >= 0,
          "the coverage penalty " + std::to_string(options.coverage_penalty) +
              " is not a number of at least 0 (0: off)");
  require(options.no_repeat_ngram >= 0,
          "no_repeat_ngram " + std::to_string(options.no_repeat_ngram) + " is below 0 (0: off)");
  if (options.sampling) check(*options.sampling);
}

int64_t max_words(const SearchOptions& options, int64_t source_length) {
  const double words = options.max_length_factor * static_cast<double>(source_length - 1);
  const int64_t limit = static_cast<int64_t>(words) + options.max_length_offset;
  return std::max(options.max_length > 0 ? options.max_length : limit, options.min_length);
}

std::vector<std::vector<Hypothesis>> search(Decoder& decoder,
                                            const std::vector<int64_t>& source_lengths,
                                            const SearchOptions& options,
                                            const std::vector<SentenceOptions>& sentences) {
  check(options);
  check_sentences(options, source_lengths, sentences);
  return Search(decoder, source_lengths, options, sentences).run();
}

}  // namespace heed
