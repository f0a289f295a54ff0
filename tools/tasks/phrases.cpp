#include <cstring>

#include "generators.hpp"
#include "phrases_lexicon.hpp"

/// A small English-French grammar. It draws a clause as a structure, says it in English, and writes
/// it in French with the English words that each French word comes from:
/// that is the gold alignment.
namespace heed::tools {

namespace {

using namespace lexicon;

bool chance(Generator& generator, uint64_t percent) { return generator.below(100) < percent; }

template <class T, std::size_t N>
const T& pick(Generator& generator, const T (&choices)[N]) {
  return choices[generator.below(N)];
}

/// One of `choices` whose kinds meet `kinds`.
template <class T, std::size_t N, class Fits>
const T& pick_fitting(Generator& generator, const T (&choices)[N], Fits fits) {
  for (;;) {
    const T& choice = pick(generator, choices);
    if (fits(choice)) return choice;
  }
}

// --- A sentence in both languages while it grows ------------------------------------------------

/// Numbers of English words.
using Sources = std::vector<int>;

struct FrenchWord {
  std::string text;
  Sources sources;
};

struct Draft {
  std::vector<std::string> english;
  std::vector<FrenchWord> french;

  int64_t length() const { return static_cast<int64_t>(english.size()); }
  /// Appends the words of `text`, separated by spaces, and returns their numbers.
  Sources say(const std::string& text) {
    Sources numbers;
    for (const std::string& word : words_of(text)) {
      numbers.push_back(static_cast<int>(english.size()));
      english.push_back(word);
    }
    return numbers;
  }
  void write(const std::string& text, const Sources& sources) {
    for (const std::string& word : words_of(text)) french.push_back({word, sources});
  }

 private:
  static std::vector<std::string> words_of(const std::string& text) {
    std::vector<std::string> words(1);
    for (const char c : text) {
      if (c == ' ') {
        words.emplace_back();
      } else {
        words.back() += c;
      }
    }
    return words;
  }
};

Sources both(Sources a, const Sources& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

/// Vowels and the mute h (all French words here that start with h have a mute one).
bool starts_with_vowel(const std::string& word) {
  for (const char* start : {"a", "e", "i", "o", "u", "h", "é", "ê"}) {
    if (word.compare(0, std::strlen(start), start) == 0) return true;
  }
  return false;
}

bool takes_an(const std::string& word) {
  return std::string("aeiou").find(word.front()) != std::string::npos;
}

// --- Noun phrases -------------------------------------------------------------------------------

struct NounPhrase {
  const Noun* noun = nullptr;
  const Determiner* determiner = nullptr;
  const Adjective *before = nullptr, *after = nullptr;
  bool plural = false;
  /// An indefinite object of a negated verb: "any" in the plural, "de" in French.
  bool negated = false;
};

const Adjective& random_adjective(Generator& g, Kind kind, bool before) {
  return pick_fitting(g, adjectives, [&](const Adjective& a) {
    return (a.kinds & kind) != 0 && a.before == before;
  });
}

const Determiner& random_determiner(Generator& g, bool plural) {
  if (chance(g, 45)) return definite;
  if (chance(g, 35)) return indefinite;
  return pick_fitting(g, other_determiners, [&](const Determiner& d) {
    return (plural ? d.plural : d.singular) != nullptr;
  });
}

NounPhrase random_noun_phrase(Generator& g, int kinds) {
  NounPhrase phrase;
  phrase.noun = &pick_fitting(g, nouns, [&](const Noun& n) { return (n.kind & kinds) != 0; });
  phrase.plural = chance(g, 35);
  phrase.determiner = &random_determiner(g, phrase.plural);
  if (chance(g, 30)) phrase.before = &random_adjective(g, phrase.noun->kind, true);
  if (chance(g, 35)) phrase.after = &random_adjective(g, phrase.noun->kind, false);
  return phrase;
}

/// The numbers of the English words of a noun phrase.
struct SpokenNounPhrase {
  Sources determiner, before, after, noun;
};

SpokenNounPhrase say(Draft& draft, const NounPhrase& phrase) {
  const Noun& noun = *phrase.noun;
  const std::string head = phrase.plural ? noun.plural : noun.singular;
  std::string first = head;
  if (phrase.after) first = phrase.after->english;
  if (phrase.before) first = phrase.before->english;
  std::string determiner = phrase.plural ? phrase.determiner->plural : phrase.determiner->singular;
  if (determiner == "a" && takes_an(first)) determiner = "an";
  if (determiner == "some" && phrase.negated) determiner = "any";
  SpokenNounPhrase spoken;
  spoken.determiner = draft.say(determiner);
  if (phrase.before) spoken.before = draft.say(phrase.before->english);
  if (phrase.after) spoken.after = draft.say(phrase.after->english);
  spoken.noun = draft.say(head);
  return spoken;
}

std::string agreed(const Adjective& adjective, bool feminine, bool plural) {
  if (plural) return feminine ? adjective.feminine_plural : adjective.masculine_plural;
  return feminine ? adjective.feminine : adjective.masculine;
}

std::string french_determiner(const NounPhrase& phrase) {
  const bool indefinite_one = phrase.determiner == &indefinite;
  if (indefinite_one && phrase.negated) return "de";
  // "des" becomes "de" where an adjective stands before the noun.
  if (indefinite_one && phrase.plural && phrase.before) return "de";
  if (phrase.plural) return phrase.determiner->french_plural;
  return phrase.noun->feminine ? phrase.determiner->feminine : phrase.determiner->masculine;
}

void write(Draft& draft, const NounPhrase& phrase, const SpokenNounPhrase& spoken) {
  const Noun& noun = *phrase.noun;
  const std::string head = phrase.plural ? noun.french_plural : noun.french_singular;
  draft.write(french_determiner(phrase), spoken.determiner);
  if (phrase.before) {
    const bool elided = !phrase.plural && !noun.feminine && starts_with_vowel(head);
    draft.write(
        elided ? phrase.before->vowel : agreed(*phrase.before, noun.feminine, phrase.plural),
        spoken.before);
  }
  draft.write(head, spoken.noun);
  if (phrase.after) draft.write(agreed(*phrase.after, noun.feminine, phrase.plural), spoken.after);
}

// --- Clauses ------------------------------------------------------------------------------------

/// Who does it: a pronoun or a noun phrase.
struct Subject {
  const Pronoun* pronoun = nullptr;
  NounPhrase phrase;

  Person person() const {
    if (pronoun) return pronoun->person;
    return phrase.plural ? third_plural : third;
  }
  bool feminine() const { return pronoun ? pronoun->feminine : phrase.noun->feminine; }
  bool plural() const { return pronoun ? pronoun->plural : phrase.plural; }
  Kind kind() const { return pronoun ? person_kind : phrase.noun->kind; }

 private:
  static constexpr Kind person_kind = lexicon::person;
};

enum class Polarity { plain, negated, never, frequency };

struct Clause {
  Subject subject;
  Polarity polarity = Polarity::plain;
  const Expression* frequency = nullptr;
  /// Either a verb, with an object if it is transitive, or "to be" and this adjective.
  const Verb* verb = nullptr;
  bool has_object = false;
  NounPhrase object;
  const Adjective* predicate = nullptr;
  /// At the end: nothing, an adverb, or a preposition with its noun phrase.
  const Expression* adverb = nullptr;
  const Preposition* preposition = nullptr;
  NounPhrase place;
};

Subject random_subject(Generator& g, int kinds) {
  Subject subject;
  if (chance(g, 35)) {
    subject.pronoun = &pick(g, pronouns);
  } else {
    subject.phrase = random_noun_phrase(g, kinds);
  }
  return subject;
}

void add_polarity(Generator& g, Clause& clause) {
  const uint64_t draw = g.below(100);
  if (draw < 55) return;
  if (draw < 80) {
    clause.polarity = Polarity::negated;
  } else if (draw < 88) {
    clause.polarity = Polarity::never;
  } else {
    clause.polarity = Polarity::frequency;
    clause.frequency = &pick(g, frequency_adverbs);
  }
}

void add_predicate(Generator& g, Clause& clause) {
  const uint64_t draw = g.below(100);
  if (draw < 20) {
    clause.subject = random_subject(g, anything);
    clause.predicate = &random_adjective(g, clause.subject.kind(), chance(g, 40));
    return;
  }
  clause.subject = random_subject(g, person | animal);
  clause.has_object = draw < 70;
  clause.verb = clause.has_object ? &pick(g, transitive_verbs) : &pick(g, intransitive_verbs);
  if (!clause.has_object) return;
  clause.object = random_noun_phrase(g, anything);
  const bool negative = clause.polarity == Polarity::negated || clause.polarity == Polarity::never;
  clause.object.negated = negative && clause.object.determiner == &indefinite;
}

/// What stands at the end must make sense: no "always ... now", no "is red with a king".
void add_end(Generator& g, Clause& clause) {
  const uint64_t draw = g.below(100);
  const bool any_time = clause.polarity == Polarity::never || clause.frequency;
  if (draw < 15 && !any_time) clause.adverb = &pick(g, final_adverbs);
  if (draw < 60 || clause.predicate) return;
  clause.preposition = &pick(g, prepositions);
  clause.place = random_noun_phrase(g, clause.preposition->kinds);
}

Clause random_clause(Generator& g) {
  Clause clause;
  add_polarity(g, clause);
  add_predicate(g, clause);
  add_end(g, clause);
  return clause;
}

/// The numbers of the English words of a clause.
struct SpokenClause {
  Sources pronoun, auxiliary, modifier, verb, object_verb, predicate, adverb, preposition;
  SpokenNounPhrase subject, object, place;
};

void say_verb(Draft& draft, const Clause& clause, SpokenClause& spoken) {
  const Person person = clause.subject.person();
  const bool negated = clause.polarity == Polarity::negated;
  if (clause.predicate) spoken.verb = draft.say(to_be[person]);
  if (negated && clause.verb) spoken.auxiliary = draft.say(person == third ? "does" : "do");
  if (negated) spoken.modifier = draft.say("not");
  if (clause.polarity == Polarity::never) spoken.modifier = draft.say("never");
  if (clause.frequency) spoken.modifier = draft.say(clause.frequency->english);
  if (clause.predicate) {
    spoken.predicate = draft.say(clause.predicate->english);
    return;
  }
  spoken.verb = draft.say(person == third && !negated ? clause.verb->third : clause.verb->plain);
  if (clause.verb->particle) spoken.verb = both(spoken.verb, draft.say(clause.verb->particle));
}

SpokenClause say(Draft& draft, const Clause& clause) {
  SpokenClause spoken;
  if (clause.subject.pronoun) {
    spoken.pronoun = draft.say(clause.subject.pronoun->english);
  } else {
    spoken.subject = say(draft, clause.subject.phrase);
  }
  say_verb(draft, clause, spoken);
  if (clause.has_object) spoken.object = say(draft, clause.object);
  if (clause.adverb) spoken.adverb = draft.say(clause.adverb->english);
  if (clause.preposition) {
    spoken.preposition = draft.say(clause.preposition->words.english);
    spoken.place = say(draft, clause.place);
  }
  return spoken;
}

void write_verb(Draft& draft, const Clause& clause, const SpokenClause& spoken) {
  const Person person = clause.subject.person();
  const bool negated = clause.polarity == Polarity::negated;
  const bool never = clause.polarity == Polarity::never;
  if (negated || never) draft.write("ne", both(spoken.auxiliary, spoken.modifier));
  draft.write(clause.predicate ? french_to_be[person] : clause.verb->french[person], spoken.verb);
  if (negated) draft.write("pas", spoken.modifier);
  if (never) draft.write("jamais", spoken.modifier);
  if (clause.frequency) draft.write(clause.frequency->french, spoken.modifier);
  if (!clause.predicate) return;
  draft.write(agreed(*clause.predicate, clause.subject.feminine(), clause.subject.plural()),
              spoken.predicate);
}

void write(Draft& draft, const Clause& clause, const SpokenClause& spoken) {
  if (clause.subject.pronoun) {
    draft.write(clause.subject.pronoun->french, spoken.pronoun);
  } else {
    write(draft, clause.subject.phrase, spoken.subject);
  }
  write_verb(draft, clause, spoken);
  if (clause.has_object) write(draft, clause.object, spoken.object);
  if (clause.adverb) draft.write(clause.adverb->french, spoken.adverb);
  if (clause.preposition) {
    draft.write(clause.preposition->words.french, spoken.preposition);
    write(draft, clause.place, spoken.place);
  }
}

void add_clause(Generator& g, Draft& draft) {
  if (draft.length() > 0) {
    const Expression& conjunction = pick(g, conjunctions);
    draft.write(conjunction.french, draft.say(conjunction.english));
  }
  const Clause clause = random_clause(g);
  const SpokenClause spoken = say(draft, clause);
  write(draft, clause, spoken);
}

// --- Sentences ----------------------------------------------------------------------------------

/// Elision and what else the first letter of the next word decides: le ami -> l' ami.
void join_sounds(std::vector<FrenchWord>& words) {
  for (std::size_t i = 0; i + 1 < words.size(); ++i) {
    if (!starts_with_vowel(words[i + 1].text)) continue;
    for (const Expression& change : before_vowel) {
      if (words[i].text == change.english) {
        words[i].text = change.french;
        break;
      }
    }
  }
}

Pair finished(Draft& draft) {
  join_sounds(draft.french);
  Pair pair;
  for (const std::string& word : draft.english)
    pair.source += (pair.source.empty() ? "" : " ") + word;
  for (std::size_t i = 0; i < draft.french.size(); ++i) {
    pair.target += (i == 0 ? "" : " ") + draft.french[i].text;
    for (const int source : draft.french[i].sources) {
      pair.alignment.emplace_back(source, static_cast<int>(i));
    }
  }
  return pair;
}

}  // namespace

Pair random_phrase(Generator& generator, LengthRange range) {
  const auto lengths = static_cast<uint64_t>(range.max - range.min + 1);
  for (;;) {
    const int64_t wanted = range.min + static_cast<int64_t>(generator.below(lengths));
    Draft draft;
    do {
      add_clause(generator, draft);
    } while (draft.length() < wanted);
    if (draft.length() <= range.max) return finished(draft);
  }
}

}  // namespace heed::tools
