#include "known.hpp"

// The learner's own.
#include "search.hpp"

using namespace grade;
using course::Hypothesis;
using course::NextWord;
using course::SearchOptions;

namespace {

constexpr int64_t begin = 2, end = 3;
constexpr double minus_infinity = -std::numeric_limits<double>::infinity();

/// The model of a case: the next word depends on the word before alone.
NextWord model_of(const Case& one) {
  const Values& table = one["table"];
  return [&table](const std::vector<int64_t>& words) {
    const int64_t V = table.shape[1], row = words.empty() ? begin : words.back();
    if (row == end)
      fail("the model", "it is asked what follows the end symbol",
           "a hypothesis that has ended does not go on");
    return std::vector<double>(table.numbers.begin() + row * V,
                               table.numbers.begin() + (row + 1) * V);
  };
}

SearchOptions options_of(const Values& x) {
  SearchOptions options;
  options.end = end;
  options.beam = static_cast<int64_t>(x.numbers[0]);
  options.alpha = x.numbers[1];
  options.max_words = static_cast<int64_t>(x.numbers[2]);
  return options;
}

std::string said(const SearchOptions& o) {
  char text[100];
  std::snprintf(text, sizeof text, " with beam %d, alpha %.1f, at most %d words",
                static_cast<int>(o.beam), o.alpha, static_cast<int>(o.max_words));
  return text;
}

Values numbers_of(const std::vector<int64_t>& words) {
  return {{static_cast<int64_t>(words.size())}, {words.begin(), words.end()}};
}

/// Words and their probability; the mistakes' words come first.
void same_hypothesis(const std::string& what, const Hypothesis& got, const Hypothesis& expected,
                     const std::vector<std::pair<std::string, Hypothesis>>& mistakes) {
  Mistakes words;
  std::vector<std::pair<std::string, double>> sums;
  for (const auto& [says, gives] : mistakes) {
    if (gives.words != expected.words) words.push_back({says, numbers_of(gives.words)});
    sums.emplace_back(says, gives.log_probability);
  }
  same(what + ": the words", numbers_of(got.words), numbers_of(expected.words), words);
  same(what + ": the log-probability", got.log_probability, expected.log_probability, sums);
}

/// A right search, and mistakes that are made in one.
struct Way {
  bool later_of_equal = false;   ///< ties go to the greater word
  bool end_takes_place = false;  ///< an ended hypothesis counts among the open ones
  bool ends_anywhere = false;    ///< every ended continuation counts, however far behind
  bool first_end = false;        ///< stops at the first that ends
  bool enough = false;           ///< stops when `beam` have ended, whatever is open
  bool by_sum = false;           ///< the best ended one by its log-probability
};

double penalty(int64_t length, double alpha) {
  return std::pow((5 + static_cast<double>(length)) / 6, alpha);
}

double score_of(const Hypothesis& h, double alpha) {
  return h.log_probability / penalty(static_cast<int64_t>(h.words.size()), alpha);
}

std::vector<Hypothesis> all_continuations(const NextWord& next, const std::vector<Hypothesis>& open,
                                          const SearchOptions& o, const Way& way = {}) {
  std::vector<Hypothesis> all;
  for (const Hypothesis& h : open) {
    const std::vector<double> log_p = next(h.words);
    for (int64_t i = 0; i < static_cast<int64_t>(log_p.size()); ++i) {
      const int64_t word = way.later_of_equal ? static_cast<int64_t>(log_p.size()) - 1 - i : i;
      const bool last = static_cast<int64_t>(h.words.size()) >= o.max_words;
      if (log_p[word] == minus_infinity || (last && word != o.end)) continue;
      all.push_back(h);
      all.back().words.push_back(word);
      all.back().log_probability += log_p[word];
    }
  }
  std::stable_sort(all.begin(), all.end(), [](const Hypothesis& a, const Hypothesis& b) {
    return a.log_probability > b.log_probability;
  });
  return all;
}

const Hypothesis& best_of(const std::vector<Hypothesis>& all, double alpha) {
  const Hypothesis* found = &all.at(0);
  for (const Hypothesis& h : all) {
    if (score_of(h, alpha) > score_of(*found, alpha)) found = &h;
  }
  return *found;
}

void step(std::vector<Hypothesis>& open, std::vector<Hypothesis>& ended,
          const std::vector<Hypothesis>& all, const SearchOptions& o, const Way& way = {}) {
  open.clear();
  int64_t taken = 0;
  for (int64_t i = 0; i < static_cast<int64_t>(all.size()); ++i) {
    const bool ends = all[i].words.back() == o.end;
    if (way.end_takes_place && taken >= o.beam) break;
    if (ends && (i < o.beam || way.ends_anywhere)) {
      ended.push_back(all[i]);
      ++taken;
    } else if (!ends && static_cast<int64_t>(open.size()) < o.beam) {
      open.push_back(all[i]);
      ++taken;
    }
  }
}

bool is_decided(const std::vector<Hypothesis>& open, const std::vector<Hypothesis>& ended,
                const SearchOptions& o, const Way& way = {}) {
  if (open.empty() || (way.first_end && !ended.empty())) return true;
  if (static_cast<int64_t>(ended.size()) < o.beam) return false;
  return way.enough ||
         score_of(best_of(ended, o.alpha), o.alpha) >= score_of(best_of(open, o.alpha), o.alpha);
}

Hypothesis found(const NextWord& next, const SearchOptions& o, const Way& way = {}) {
  std::vector<Hypothesis> open = {Hypothesis{}}, ended;
  while (!is_decided(open, ended, o, way)) {
    step(open, ended, all_continuations(next, open, o, way), o, way);
  }
  return best_of(ended, way.by_sum ? 0 : o.alpha);
}

/// The best score of all sentences that begin with h, one after the other.
double best_score_of_all(const NextWord& next, const SearchOptions& o, const Hypothesis& h) {
  if (!h.words.empty() && h.words.back() == o.end) return score_of(h, o.alpha);
  double best = minus_infinity;
  for (const Hypothesis& longer : all_continuations(next, {h}, o)) {
    best = std::max(best, best_score_of_all(next, o, longer));
  }
  return best;
}

const std::vector<std::pair<std::string, Way>>& ways() {
  static const std::vector<std::pair<std::string, Way>> all = {
      {"of the ended hypotheses the one with the best score is wanted, not the most probable one",
       {.by_sum = true}},
      {"it stops at the first hypothesis that ends", {.first_end = true}},
      {"it stops when `beam` hypotheses have ended, though an open one scores better",
       {.enough = true}},
      {"an ended hypothesis takes the place of an open one: `beam` open ones go on",
       {.end_takes_place = true}},
      {"hypotheses end that are not among the first `beam` continuations", {.ends_anywhere = true}},
      {"of equal words the greater one is taken", {.later_of_equal = true}}};
  return all;
}

/// Greedy with a mistake: 0 none, 1 without the end's probability, 2 without the last word,
/// 3 without the limit's end symbol, 4 with probabilities summed.
Hypothesis greedy_of(const NextWord& next, const SearchOptions& o, int mistake = 0) {
  Hypothesis h;
  while (true) {
    const std::vector<double> log_p = next(h.words);
    const bool last = static_cast<int64_t>(h.words.size()) >= o.max_words;
    if (last && mistake == 3) return h;
    int64_t word = 0;
    for (int64_t i = 0; i < static_cast<int64_t>(log_p.size()); ++i) {
      if (log_p[i] > log_p[word]) word = i;
    }
    if (last) word = o.end;
    if (word == o.end && mistake == 2) return h;
    h.words.push_back(word);
    if (mistake == 4) {
      h.log_probability += std::exp(log_p[word]);
    } else if (word != o.end || mistake != 1) {
      h.log_probability += log_p[word];
    }
    if (word == o.end) return h;
  }
}

template <class F>
void for_each_search(F f) {
  for (const Case& one : cases("15_search", "a ")) f(one);
  for (const Case& one : cases("15_search", "an ")) f(one);
}

std::string listed(const std::vector<Hypothesis>& all) {
  std::string text;
  for (const Hypothesis& h : all) text += (text.empty() ? "" : " ") + grade::text(h.words);
  return text;
}

/// Lists of hypotheses are equal, or the mistake whose list it is is named.
void same_lists(const std::string& what, const std::vector<Hypothesis>& got,
                const std::vector<Hypothesis>& expected,
                const std::vector<std::pair<std::string, std::vector<Hypothesis>>>& mistakes) {
  std::string likely;
  for (const auto& [says, gives] : mistakes) {
    if (likely.empty() && listed(gives) != listed(expected) && listed(got) == listed(gives)) {
      likely = says;
    }
  }
  if (got.size() != expected.size()) {
    fail(what,
         std::to_string(got.size()) + " hypotheses, expected " + std::to_string(expected.size()),
         likely);
  }
  for (std::size_t i = 0; i < got.size(); ++i) {
    const std::string which = what + ": hypothesis " + std::to_string(i);
    holds(got[i].words == expected[i].words, which,
          "it is " + text(got[i].words) + ", expected " + text(expected[i].words), likely);
    same(which + ", the log-probability", got[i].log_probability, expected[i].log_probability,
         {{likely.empty() ? "the log-probabilities of all words are summed" : likely,
           got[i].log_probability}});
  }
}

}  // namespace

EXERCISE("best_word", "search.hpp") {
  for (const auto& [log_p, place, last] : std::vector<std::tuple<std::vector<double>, int, int>>{
           {{-2, -0.5, -1}, 1, 1},
           {{-1, -3, -0.5, -0.5, -2}, 2, 3},
           {{minus_infinity, -4, minus_infinity}, 1, 1},
           {{-0.1}, 0, 0}}) {
    same("best_word of " + std::to_string(log_p.size()) + " log-probabilities",
         static_cast<double>(course::best_word(log_p)), place,
         {{"of equal ones the smallest id is wanted", last},
          {"that is the least probable word",
           static_cast<double>(std::min_element(log_p.begin(), log_p.end()) - log_p.begin())}});
  }
}

EXERCISE("greedy", "search.hpp") {
  // Sentences that end by themselves, then those that the limit ends.
  for (const bool limited : {false, true}) {
    for_each_search([limited](const Case& one) {
      const NextWord next = model_of(one);
      for (const int64_t max_words : {8, 4, 1}) {
        SearchOptions o;
        o.max_words = max_words;
        const Hypothesis right = greedy_of(next, o);
        if ((static_cast<int64_t>(right.words.size()) > max_words) != limited) continue;
        same_hypothesis(
            "greedy of " + one.name + " with at most " + std::to_string(max_words) + " words",
            course::greedy(next, o), right,
            {{"after max_words words the end symbol follows", greedy_of(next, o, 3)},
             {"the end symbol's own log-probability counts too", greedy_of(next, o, 1)},
             {"the end symbol is the last word of a hypothesis", greedy_of(next, o, 2)},
             {"probabilities are added; it is their logarithms that are", greedy_of(next, o, 4)}});
      }
    });
  }
}

EXERCISE("length_penalty", "search.hpp") {
  const Values expected = cases("15_search", "length_penalty").at(0)["y"];
  for (int64_t n = 1; n <= 6; ++n) {
    const double x = static_cast<double>(n);
    same("length_penalty of " + std::to_string(n) + " words and alpha 0.7",
         course::length_penalty(n, 0.7), expected.numbers[n - 1],
         {{"that is length^alpha: Wu's formula is ((5 + length) / 6)^alpha", std::pow(x, 0.7)},
          {"alpha is an exponent, not a factor", (5 + x) / 6 * 0.7},
          {"the 6 is under the power too", std::pow(5 + x, 0.7) / 6},
          {"that is 5 + length / 6; the sum is divided", std::pow(5 + x / 6, 0.7)},
          {"whole numbers are divided: what is behind the point is lost",
           std::pow(static_cast<double>((5 + n) / 6), 0.7)},
          {"a score is divided by the penalty: this is its inverse", std::pow((5 + x) / 6, -0.7)}});
  }
  same("length_penalty of 9 words and alpha 0", course::length_penalty(9, 0), 1);
}

EXERCISE("continuations", "search.hpp") {
  for_each_search([](const Case& one) {
    const NextWord next = model_of(one);
    for (const int64_t max_words : {8, 1}) {
      SearchOptions o;
      o.max_words = max_words;
      const std::vector<Hypothesis> open = {{{4}, -0.5}, {{5}, -0.5}, {{1}, -2}};
      const auto unsorted = [&] {
        std::vector<Hypothesis> all;
        for (const Hypothesis& h : open) {
          for (const Hypothesis& c : all_continuations(next, {h}, o)) all.push_back(c);
        }
        return all;
      };
      std::vector<Hypothesis> alone = open;
      for (Hypothesis& h : alone) h.log_probability = 0;
      SearchOptions no_limit = o;
      no_limit.max_words = 100;
      same_lists("continuations of three hypotheses by " + one.name +
                     (max_words == 1 ? " when no word but the end may follow" : ""),
                 course::continuations(next, open, o), all_continuations(next, open, o),
                 {{"after max_words words only the end symbol may follow",
                   all_continuations(next, open, no_limit)},
                  {"they are sorted for each hypothesis by itself, not all together", unsorted()},
                  {"of equal ones the smaller word comes first",
                   all_continuations(next, open, o, {.later_of_equal = true})},
                  {"they are sorted by the last word alone: the words before count too",
                   all_continuations(next, alone, o)}});
    }
  });
}

EXERCISE("advance", "search.hpp") {
  for_each_search([](const Case& one) {
    const NextWord next = model_of(one);
    for (const int64_t width : {1, 2, 4}) {
      SearchOptions o;
      o.beam = width;
      course::Beam beam;
      beam.open = {{{4}, -0.5}, {{5}, -0.6}, {{1}, -0.7}};
      beam.ended = {{{end}, -3}};
      const auto all = all_continuations(next, beam.open, o);
      course::advance(beam, all, o);
      const auto after = [&](const Way& way, bool open) {
        std::vector<Hypothesis> left, ended = {{{end}, -3}};
        step(left, ended, all, o, way);
        return open ? left : ended;
      };
      const std::string what = "advance with beam " + std::to_string(width) + ", " + one.name;
      same_lists(what + ": the open ones", beam.open, after({}, true),
                 {{"an ended hypothesis takes no place among the open ones",
                   after({.end_takes_place = true}, true)}});
      same_lists(what + ": the ended ones", beam.ended, after({}, false),
                 {{"only those end that are among the first `beam` continuations",
                   after({.ends_anywhere = true}, false)},
                  {"those that ended before are lost", [&] {
                     auto fresh = after({}, false);
                     fresh.erase(fresh.begin());
                     return fresh;
                   }()}});
    }
  });
}

EXERCISE("decided", "search.hpp") {
  SearchOptions o;
  o.beam = 2;
  o.alpha = 1;
  const Hypothesis a{{4, end}, -1.0}, b{{5, end}, -6.0}, open{{4, 4, 4, 4}, -1.2},
      bad{{4, 4, 4, 4}, -4};
  const auto ask = [&](const char* what, std::vector<Hypothesis> still_open,
                       std::vector<Hypothesis> ended, bool expected, const char* likely) {
    course::Beam beam;
    beam.open = std::move(still_open);
    beam.ended = std::move(ended);
    holds(course::decided(beam, o) == expected, std::string("decided: ") + what,
          expected ? "it goes on, expected to stop" : "it stops, expected to go on", likely);
  };
  ask("nothing is open", {}, {a}, true, "without an open hypothesis there is nothing to extend");
  ask("nothing has ended", {open}, {}, false, "no sentence has been found yet");
  ask("one of two has ended", {bad}, {a}, false, "it stops at the first hypothesis that ends");
  ask("two have ended, an open one scores better", {bad, open}, {a, b}, false,
      "an open hypothesis that scores better than all ended ones may still win; scores are divided "
      "by the length penalty");
  ask("two have ended, the second better than all open ones", {bad}, {b, a}, true,
      "the best of the ended ones counts, not the first or the last, and all of them need not be "
      "better");
}

EXERCISE("beam_search", "search.hpp") {
  for_each_search([](const Case& one) {
    const NextWord next = model_of(one);
    for (int64_t i = 0; one.has("options" + std::to_string(i)); ++i) {
      const std::string of = std::to_string(i);
      const SearchOptions o = options_of(one["options" + of]);
      const std::string what = "beam_search of " + one.name + said(o);
      const Hypothesis got = course::beam_search(next, o);
      Mistakes wrong;
      const Values expected = one["words" + of];
      for (const auto& [says, way] : ways()) {
        wrong.push_back({says, numbers_of(found(next, o, way).words)});
      }
      same(what + ": the words", numbers_of(got.words), expected, wrong);
      same(what + ": the score", score_of(got, o.alpha), one["score" + of].numbers[0]);
      if (o.beam > 1 || o.alpha > 0) continue;
      same(what + ": greedy and a beam of 1 find the same", numbers_of(got.words),
           numbers_of(greedy_of(next, o).words));
    }
  });
  // So wide that nothing is ever left out: the best of all sentences.
  for_each_search([](const Case& one) {
    SearchOptions o;
    o.beam = 2000;
    o.max_words = 3;
    o.alpha = 0.6;
    const NextWord next = model_of(one);
    same("beam_search of " + one.name + " with a beam of 2000 against every sentence there is",
         score_of(course::beam_search(next, o), o.alpha), best_score_of_all(next, o, {}));
  });
}
