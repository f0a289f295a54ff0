#include <heed/models/search.hpp>

#include <algorithm>
#include <cmath>
#include <limits>

#include <heed/core/error.hpp>
#include <heed/core/indexing.hpp>
#include <heed/core/parallel.hpp>
#include <heed/core/views.hpp>
#include <heed/models/vocabulary.hpp>

namespace heed {

double LengthPenalty::operator()(int64_t length) const {
  const auto n = static_cast<double>(length);
  return std::pow(wu ? (5 + n) / 6 : n, alpha);
}

namespace {

constexpr double minus_infinity = -std::numeric_limits<double>::infinity();
constexpr int32_t no_node = -1;

/// A word of a hypothesis. Hypotheses with a common beginning share its words: the words of a
/// sentence's search are a tree. `row` is the decoder's row that the word was chosen from.
struct Word {
  int32_t parent, id, row;
  double log_probability;
};

/// A hypothesis: the sum of its log-probabilities and its last word. Dead if the sum is -inf.
struct Beam {
  double total = 0;
  int32_t last = no_node;
};

/// Hypothesis `from` with one word more.
struct Candidate {
  double total, log_probability;
  int64_t from;
  int32_t id;
};

struct Finished {
  double score;
  int32_t last;
};

/// The search for the translation of one sentence.
struct Sentence {
  int64_t number, source_length, max_length;
  std::vector<Word> words;
  std::vector<Beam> beams{Beam{}};
  std::vector<Finished> finished;
};

/// The best `capacity` candidates in order; of equal ones the first added is better.
class Best {
 public:
  explicit Best(int64_t capacity) : capacity_(static_cast<std::size_t>(capacity)) {}
  double worst() const { return list_.size() < capacity_ ? minus_infinity : list_.back().total; }
  void add(const Candidate& candidate) {
    if (list_.size() == capacity_) list_.pop_back();
    auto place = list_.end();
    while (place != list_.begin() && std::prev(place)->total < candidate.total) --place;
    list_.insert(place, candidate);
  }
  const std::vector<Candidate>& list() const { return list_; }

 private:
  std::size_t capacity_;
  std::vector<Candidate> list_;
};

class BeamSearch {
 public:
  BeamSearch(Decoder& decoder, const std::vector<int64_t>& source_lengths,
             const SearchOptions& options);
  std::vector<std::vector<Hypothesis>> run();

 private:
  Tensor last_words() const;
  bool may_write(const Sentence& sentence, int64_t id) const;
  template <class T>
  std::vector<Candidate> candidates(const Sentence& sentence, const T* log_probabilities,
                                    int64_t vocabulary) const;
  void extend(Sentence& sentence, const std::vector<Candidate>& best, int64_t first_row);
  void extend_all(const Array& log_probabilities);
  void drop_finished(int64_t rows_each);
  Hypothesis hypothesis(const Sentence& sentence, const Finished& finished) const;

  Decoder& decoder_;
  SearchOptions options_;
  std::vector<Sentence> active_;
  std::vector<std::vector<Hypothesis>> results_;
  /// Words written so far.
  int64_t step_ = 0;
  /// Parent rows of the hypotheses that go on, for each active sentence in turn.
  std::vector<int32_t> rows_;
};

BeamSearch::BeamSearch(Decoder& decoder, const std::vector<int64_t>& source_lengths,
                       const SearchOptions& options)
    : decoder_(decoder), options_(options), results_(source_lengths.size()) {
  for (std::size_t i = 0; i < source_lengths.size(); ++i) {
    const int64_t words = source_lengths[i] - 1;
    const int64_t limit = options.max_length > 0 ? options.max_length : 2 * words + 10;
    active_.push_back({static_cast<int64_t>(i),
                       source_lengths[i],
                       std::max(limit, options.min_length),
                       {},
                       {Beam{}},
                       {}});
  }
}

std::vector<std::vector<Hypothesis>> BeamSearch::run() {
  while (!active_.empty()) {
    const auto rows_each = static_cast<int64_t>(active_[0].beams.size());
    extend_all(decoder_.step(last_words()).array().contiguous());
    drop_finished(rows_each);
    ++step_;
  }
  return std::move(results_);
}

Tensor BeamSearch::last_words() const {
  std::vector<int32_t> ids;
  for (const Sentence& sentence : active_) {
    for (const Beam& beam : sentence.beams) {
      ids.push_back(beam.last == no_node ? Vocabulary::bos
                                         : sentence.words[static_cast<std::size_t>(beam.last)].id);
    }
  }
  return Tensor::from(ids, {static_cast<int64_t>(ids.size())});
}

bool BeamSearch::may_write(const Sentence& sentence, int64_t id) const {
  if (id == Vocabulary::eos) return step_ >= options_.min_length;
  if (step_ >= sentence.max_length) return false;
  if (id == Vocabulary::unk) return options_.unknown;
  return id != Vocabulary::pad && id != Vocabulary::bos;
}

/// The best continuations: twice as many as beams, so that enough are left when each beam may end.
template <class T>
std::vector<Candidate> BeamSearch::candidates(const Sentence& sentence, const T* log_probabilities,
                                              int64_t vocabulary) const {
  Best best(2 * options_.beam);
  for (std::size_t k = 0; k < sentence.beams.size(); ++k) {
    const T* row = log_probabilities + static_cast<int64_t>(k) * vocabulary;
    const double total = sentence.beams[k].total;
    for (int64_t id = 0; id < vocabulary; ++id) {
      const double p = static_cast<double>(row[id]);
      if (total + p > best.worst() && may_write(sentence, id)) {
        best.add({total + p, p, static_cast<int64_t>(k), static_cast<int32_t>(id)});
      }
    }
  }
  if (best.list().empty()) {
    throw NumericError("search: the model gives no word of sentence " +
                       std::to_string(sentence.number) + " a probability above 0");
  }
  return best.list();
}

/// Ends the candidates that end among the best `beam`, and makes the best others the new beams.
void BeamSearch::extend(Sentence& sentence, const std::vector<Candidate>& best, int64_t first_row) {
  const auto beam = static_cast<std::size_t>(options_.beam);
  std::vector<Beam> next;
  for (std::size_t i = 0; i < best.size() && next.size() < beam; ++i) {
    const Candidate& c = best[i];
    const bool ends = c.id == Vocabulary::eos;
    if (ends && i >= beam) continue;
    const auto word = static_cast<int32_t>(sentence.words.size());
    const auto row = static_cast<int32_t>(first_row + c.from);
    sentence.words.push_back(
        {sentence.beams[static_cast<std::size_t>(c.from)].last, c.id, row, c.log_probability});
    if (ends) {
      sentence.finished.push_back({c.total / options_.length_penalty(step_ + 1), word});
    } else {
      next.push_back({c.total, word});
    }
  }
  if (next.empty() || sentence.finished.size() >= beam) {
    sentence.beams.clear();
    return;
  }
  // Every sentence has the same number of rows: dead hypotheses fill up.
  next.resize(beam, {minus_infinity, next[0].last});
  sentence.beams = std::move(next);
}

void BeamSearch::extend_all(const Array& log_probabilities) {
  const auto rows = static_cast<int64_t>(active_[0].beams.size());
  const int64_t V = log_probabilities.size(1);
  parallel_for(static_cast<int64_t>(active_.size()), 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      Sentence& sentence = active_[static_cast<std::size_t>(i)];
      const int64_t first = i * rows;
      const auto best = log_probabilities.dtype() == float64
                            ? candidates(sentence, log_probabilities.data<double>() + first * V, V)
                            : candidates(sentence, log_probabilities.data<float>() + first * V, V);
      extend(sentence, best, first);
    }
  });
}

/// Sentences that are finished leave the batch; the decoder goes on with the beams of the others.
void BeamSearch::drop_finished(int64_t rows_each) {
  std::vector<int32_t> sentences, rows;
  std::vector<Sentence> remaining;
  for (std::size_t i = 0; i < active_.size(); ++i) {
    Sentence& sentence = active_[i];
    if (sentence.beams.empty()) {
      std::sort(sentence.finished.begin(), sentence.finished.end(),
                [](const Finished& a, const Finished& b) {
                  return a.score != b.score ? a.score > b.score : a.last < b.last;
                });
      for (const Finished& finished : sentence.finished) {
        auto& best = results_[static_cast<std::size_t>(sentence.number)];
        if (static_cast<int64_t>(best.size()) == options_.nbest) break;
        best.push_back(hypothesis(sentence, finished));
      }
      continue;
    }
    sentences.push_back(static_cast<int32_t>(i));
    for (const Beam& beam : sentence.beams) {
      rows.push_back(sentence.words[static_cast<std::size_t>(beam.last)].row);
    }
    remaining.push_back(std::move(sentence));
  }
  const bool same_rows =
      rows_each * static_cast<int64_t>(active_.size()) == static_cast<int64_t>(rows.size()) &&
      std::is_sorted(rows.begin(), rows.end()) &&
      std::adjacent_find(rows.begin(), rows.end()) == rows.end();
  active_ = std::move(remaining);
  if (active_.empty() || same_rows) return;
  decoder_.reorder(Tensor::from(sentences, {static_cast<int64_t>(sentences.size())}),
                   Tensor::from(rows, {static_cast<int64_t>(rows.size())}));
}

Hypothesis BeamSearch::hypothesis(const Sentence& sentence, const Finished& finished) const {
  std::vector<const Word*> words;
  for (int32_t i = finished.last; i != no_node; i = words.back()->parent) {
    words.push_back(&sentence.words[static_cast<std::size_t>(i)]);
  }
  std::reverse(words.begin(), words.end());
  Hypothesis result;
  result.score = finished.score;
  for (const Word* word : words) {
    result.ids.push_back(word->id);
    result.log_probabilities.push_back(word->log_probability);
  }
  return result;
}

}  // namespace

void check(const SearchOptions& options) {
  const auto require = [](bool good, const std::string& message) {
    if (!good) throw ConfigError("search: " + message);
  };
  require(
      options.beam >= 1 && options.beam <= max_beam,
      "beam " + std::to_string(options.beam) + " is not in [1, " + std::to_string(max_beam) + "]");
  require(options.nbest >= 1 && options.nbest <= options.beam,
          "nbest " + std::to_string(options.nbest) + " is not in [1, " +
              std::to_string(options.beam) + "], the beam");
  require(options.min_length >= 0 && options.max_length >= 0, "a length below 0");
  require(options.max_length == 0 || options.min_length <= options.max_length,
          "min_length " + std::to_string(options.min_length) + " is above max_length " +
              std::to_string(options.max_length));
  require(std::isfinite(options.length_penalty.alpha), "the length penalty is not a finite number");
}

std::vector<std::vector<Hypothesis>> search(Decoder& decoder,
                                            const std::vector<int64_t>& source_lengths,
                                            const SearchOptions& options) {
  check(options);
  return BeamSearch(decoder, source_lengths, options).run();
}

}  // namespace heed
