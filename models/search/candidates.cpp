#include "candidates.hpp"

#include <algorithm>
#include <string>

#include "../../core/error.hpp"
#include "../text/vocabulary.hpp"

namespace heed::candidates {

namespace {

constexpr double minus_infinity = -std::numeric_limits<double>::infinity();

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
  const Pooled<Candidate>& list() const { return list_; }

 private:
  std::size_t capacity_;
  Pooled<Candidate> list_;
};

/// The words that would end an n-gram which `words` has already.
Pooled<int32_t> repeating(const Pooled<int32_t>& words, std::size_t n) {
  Pooled<int32_t> ids;
  if (n == 0 || words.size() < n) return ids;
  const auto last = words.end() - static_cast<std::ptrdiff_t>(n - 1);
  for (auto start = words.begin(); words.end() - start >= static_cast<std::ptrdiff_t>(n); ++start) {
    if (std::equal(last, words.end(), start)) {
      ids.push_back(start[static_cast<std::ptrdiff_t>(n - 1)]);
    }
  }
  return ids;
}

/// One step of one sentence.
struct Step {
  const Sentence& sentence;
  const SearchOptions& options;
  int64_t number;

  int32_t forced_word() const;
  Pooled<int32_t> excluded_words(const Beam& beam) const;
  template <class T>
  Pooled<Candidate> best(const NextWords& words, int64_t first_row) const;
  template <class T>
  void extend(Best& found, std::size_t k, const NextWords::Row<T>& row, int64_t vocabulary) const;
  template <class T>
  Pooled<Candidate> drawn(const NextWords& words, int64_t first_row) const;
  [[noreturn]] void fail() const;
};

/// The only word that may follow, or no_word.
int32_t Step::forced_word() const {
  const auto step = static_cast<std::size_t>(number);
  if (step < sentence.prefix.size()) return sentence.prefix[step];
  return number >= sentence.max_length ? int32_t{Vocabulary::eos} : no_word;
}

/// The words that must not follow this hypothesis, in order.
Pooled<int32_t> Step::excluded_words(const Beam& beam) const {
  Pooled<int32_t> ids;
  if (options.no_repeat_ngram > 0) {
    Pooled<int32_t> words;
    for (int32_t i = beam.last; i != no_word;) {
      const Word& word = sentence.words[static_cast<std::size_t>(i)];
      words.push_back(word.id);
      i = word.parent;
    }
    std::reverse(words.begin(), words.end());
    ids = repeating(words, static_cast<std::size_t>(options.no_repeat_ngram));
  }
  ids.push_back(Vocabulary::pad);
  ids.push_back(Vocabulary::bos);
  if (!options.unknown) ids.push_back(Vocabulary::unk);
  if (number < options.min_length) ids.push_back(Vocabulary::eos);
  std::sort(ids.begin(), ids.end());
  return ids;
}

/// Adds the best continuations of hypothesis k. Blocks of words that are all worse than those found
/// are passed over.
template <class T>
void Step::extend(Best& found, std::size_t k, const NextWords::Row<T>& row,
                  int64_t vocabulary) const {
  constexpr int64_t block = kernels::LargestOfRows::block;
  const double total = sentence.beams[k].total;
  const auto from = static_cast<int64_t>(k);
  if (const int32_t forced = forced_word(); forced != no_word) {
    const double p = row[forced];
    if (total + p > found.worst()) found.add({total + p, p, from, forced, 0});
    return;
  }
  const Pooled<int32_t> excluded = excluded_words(sentence.beams[k]);
  for (int64_t b = 0; b * block < vocabulary; ++b) {
    if (!(total + row.bound(b) > found.worst())) continue;
    for (int64_t id = b * block; id < std::min((b + 1) * block, vocabulary); ++id) {
      const double p = row[id];
      if (total + p > found.worst() &&
          !std::binary_search(excluded.begin(), excluded.end(), static_cast<int32_t>(id))) {
        found.add({total + p, p, from, static_cast<int32_t>(id), 0});
      }
    }
  }
}

/// The best continuations: twice as many as beams, so that enough are left when each beam may end.
template <class T>
Pooled<Candidate> Step::best(const NextWords& words, int64_t first_row) const {
  Best found(2 * width(options));
  for (std::size_t k = 0; k < sentence.beams.size(); ++k) {
    if (sentence.beams[k].dead()) continue;
    extend(found, k, words.row<T>(first_row + static_cast<int64_t>(k)), words.vocabulary());
  }
  return found.list();
}

/// A continuation of every draw. They are one hypothesis until the prefix ends.
template <class T>
Pooled<Candidate> Step::drawn(const NextWords& words, int64_t first_row) const {
  Pooled<Candidate> found;
  const int32_t forced = forced_word();
  const bool first = number == static_cast<int64_t>(sentence.prefix.size());
  for (std::size_t k = 0; k < sentence.beams.size(); ++k) {
    const auto row = words.row<T>(first_row + static_cast<int64_t>(k));
    const Beam& beam = sentence.beams[k];
    if (beam.dead()) continue;
    std::vector<double> allowed;
    if (forced == no_word) {
      allowed.reserve(static_cast<std::size_t>(words.vocabulary()));
      for (int64_t id = 0; id < words.vocabulary(); ++id) allowed.push_back(row[id]);
      for (const int32_t id : excluded_words(beam)) {
        allowed[static_cast<std::size_t>(id)] = minus_infinity;
      }
    }
    for (int32_t draw = beam.draw; draw < (first ? width(options) : beam.draw + 1); ++draw) {
      const double u = uniform(options.sampling->seed, {sentence.number, draw, number});
      const int32_t id = forced == no_word ? draw_word(allowed, *options.sampling, u) : forced;
      const double p = id < 0 ? minus_infinity : row[id];
      if (!(p > minus_infinity)) fail();
      found.push_back({beam.total + p, p, static_cast<int64_t>(k), id, draw});
    }
  }
  return found;
}

void Step::fail() const {
  const std::string who = "search: sentence " + std::to_string(sentence.number);
  if (number < options.min_length && options.no_repeat_ngram > 0 &&
      number >= options.no_repeat_ngram) {
    throw ConfigError(who + ": after " + std::to_string(number) +
                      " words each other one repeats an n-gram (no_repeat_ngram " +
                      std::to_string(options.no_repeat_ngram) + "); a smaller min_length than " +
                      std::to_string(options.min_length) + " lets it end");
  }
  throw NumericError(who + ": the model gives no word that may follow a probability above 0");
}

}  // namespace

int64_t width(const SearchOptions& options) {
  return options.sampling ? options.nbest : options.beam;
}

NextWords::NextWords(const WordScores& words)
    : scores_(words.scores.array().contiguous()),
      largest_(kernels::largest_of_rows(scores_, words.logits)) {}

Pooled<Candidate> next_words(const Sentence& sentence, const SearchOptions& options, int64_t step,
                             const NextWords& words, int64_t first_row) {
  const Step one{sentence, options, step};
  const auto choose = [&](auto zero) {
    using T = decltype(zero);
    return options.sampling ? one.drawn<T>(words, first_row) : one.best<T>(words, first_row);
  };
  Pooled<Candidate> found = words.dtype() == float64 ? choose(double{}) : choose(float{});
  if (found.empty()) one.fail();
  return found;
}

}  // namespace heed::candidates
