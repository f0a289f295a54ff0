#include <algorithm>
#include <iterator>

#include "generators.hpp"
#include "phrases_lexicon.hpp"

/// How many sentences the grammar of phrases.cpp has: the same rules,
/// counted instead of drawn.
namespace heed::tools {

using namespace lexicon;

namespace {

/// Number of different phrases of 0, 1, 2, ... words.
class Count {
 public:
  explicit Count(int64_t max_length) : of_(static_cast<std::size_t>(max_length) + 1, 0.0) {}

  Count& add(double number, std::size_t words) {
    if (words < of_.size()) of_[words] += number;
    return *this;
  }
  Count& operator+=(const Count& other) {
    for (std::size_t i = 0; i < of_.size(); ++i) of_[i] += other.of_[i];
    return *this;
  }
  Count operator+(const Count& other) const {
    Count sum = *this;
    return sum += other;
  }
  /// A phrase of the one followed by a phrase of the other.
  Count operator*(const Count& other) const {
    Count product(static_cast<int64_t>(of_.size()) - 1);
    for (std::size_t i = 0; i < of_.size(); ++i) {
      for (std::size_t j = 0; i + j < of_.size(); ++j) product.of_[i + j] += of_[i] * other.of_[j];
    }
    return product;
  }
  double total() const {
    double sum = 0;
    for (const double number : of_) sum += number;
    return sum;
  }

 private:
  std::vector<double> of_;
};

double number_of_adjectives(Kind kind, bool before) {
  double number = 0;
  for (const Adjective& a : adjectives) number += (a.kinds & kind) != 0 && a.before == before;
  return number;
}

/// Noun phrases with this noun, in both numbers.
Count noun_phrases_of(const Noun& noun, int64_t max_length) {
  double determiners = 4;  // the, a; the, some
  for (const Determiner& d : other_determiners)
    determiners += (d.singular ? 1 : 0) + (d.plural ? 1 : 0);
  const Count none = Count(max_length).add(1, 0);
  Count before = none, after = none;
  before.add(number_of_adjectives(noun.kind, true), 1);
  after.add(number_of_adjectives(noun.kind, false), 1);
  return Count(max_length).add(determiners, 2) * before * after;
}

Count noun_phrases(int kinds, int64_t max_length) {
  Count sum(max_length);
  for (const Noun& noun : nouns) {
    if ((noun.kind & kinds) != 0) sum += noun_phrases_of(noun, max_length);
  }
  return sum;
}

/// Verbs with their objects, without what negates them.
Count verb_phrases(int64_t max_length) {
  Count transitive(max_length);
  for (const Verb& verb : transitive_verbs) transitive.add(1, verb.particle ? 2 : 1);
  Count all = transitive * noun_phrases(anything, max_length);
  return all.add(static_cast<double>(std::size(intransitive_verbs)), 1);
}

/// Prepositions with their noun phrases.
Count places(int64_t max_length) {
  Count all(max_length);
  for (const Preposition& p : prepositions) {
    const std::string words = p.words.english;
    const auto length = 1 + static_cast<std::size_t>(std::count(words.begin(), words.end(), ' '));
    all += Count(max_length).add(1, length) * noun_phrases(p.kinds, max_length);
  }
  return all;
}

/// Subject, "to be" and an adjective that fits the subject.
Count predications(int64_t max_length) {
  const auto adjectives_for = [&](Kind kind) {
    return Count(max_length)
        .add(number_of_adjectives(kind, true) + number_of_adjectives(kind, false), 2);
  };
  Count all =
      Count(max_length).add(static_cast<double>(std::size(pronouns)), 1) * adjectives_for(person);
  for (const Noun& noun : nouns)
    all += noun_phrases_of(noun, max_length) * adjectives_for(noun.kind);
  return all;
}

}  // namespace

double count_phrases(int64_t max_length) {
  const auto adverbs = static_cast<double>(std::size(final_adverbs));
  const Count nothing = Count(max_length).add(1, 0);
  const Count adverb = Count(max_length).add(adverbs, 1), place = places(max_length);
  // "never", "often" and "always" go with no final adverb.
  const auto any_time = static_cast<double>(1 + std::size(frequency_adverbs));
  const Count timeless = Count(max_length).add(any_time, 1);
  // "not" is one word with "to be", and "do not" two with the other verbs.
  Count be_or_not = nothing, verb_or_not = nothing;
  be_or_not.add(1, 1);
  verb_or_not.add(1, 2);

  Count actors = noun_phrases(person | animal, max_length);
  actors.add(static_cast<double>(std::size(pronouns)), 1);
  Count be = be_or_not * (nothing + adverb);
  be += timeless;
  Count verb = verb_or_not * (nothing + adverb + place);
  verb += timeless * (nothing + place);
  Count clauses = predications(max_length) * be;
  clauses += actors * verb_phrases(max_length) * verb;
  return clauses.total();
}

}  // namespace heed::tools
