#include <string>
#include <vector>

#include "generators.hpp"

namespace heed::tools {

namespace {

constexpr const char* english_small[] = {"zero",    "one",     "two",       "three",    "four",
                                         "five",    "six",     "seven",     "eight",    "nine",
                                         "ten",     "eleven",  "twelve",    "thirteen", "fourteen",
                                         "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"};
constexpr const char* english_tens[] = {"twenty", "thirty",  "forty",  "fifty",
                                        "sixty",  "seventy", "eighty", "ninety"};
/// 1 is said in several ways: Saying::one.
constexpr const char* german_small[] = {"null",     "",         "zwei",     "drei",     "vier",
                                        "fünf",     "sechs",    "sieben",   "acht",     "neun",
                                        "zehn",     "elf",      "zwölf",    "dreizehn", "vierzehn",
                                        "fünfzehn", "sechzehn", "siebzehn", "achtzehn", "neunzehn"};
constexpr const char* german_tens[] = {"zwanzig", "dreißig", "vierzig", "fünfzig",
                                       "sechzig", "siebzig", "achtzig", "neunzig"};

/// A number while it is said in both languages.
class Saying {
 public:
  /// Adds an English word and gives its place.
  int english(const char* word) {
    pair_.source += (words_ == 0 ? "" : " ") + std::string(word);
    return words_++;
  }
  /// Adds the German word that these English ones explain.
  void german(const char* word, const std::vector<int>& from) {
    pair_.target += (german_words_ == 0 ? "" : " ") + std::string(word);
    for (const int i : from) pair_.alignment.emplace_back(i, german_words_);
    ++german_words_;
  }
  bool empty() const { return words_ == 0; }
  int64_t length() const { return words_; }
  const Pair& pair() const { return pair_; }

 private:
  Pair pair_;
  int words_ = 0, german_words_ = 0;
};

/// Below 20: one word; `one` is how German says a final 1.
void say_small(Saying& line, int number, const char* one) {
  const int place = line.english(english_small[number]);
  line.german(number == 1 ? one : german_small[number], {place});
}

/// Below 100: units and tens swap, and `und` stands between them because both are there.
void say_below_hundred(Saying& line, int number, const char* one) {
  if (number < 20) return say_small(line, number, one);
  const int tens = line.english(english_tens[number / 10 - 2]);
  const int unit = number % 10;
  if (unit > 0) {
    const int place = line.english(english_small[unit]);
    line.german(unit == 1 ? "ein" : german_small[unit], {place});
    line.german("und", {tens, place});
  }
  line.german(german_tens[number / 10 - 2], {tens});
}

/// Below 1000. English has an `and` behind hundreds, which German leaves out.
void say_group(Saying& line, int number, const char* one) {
  if (number >= 100) {
    say_small(line, number / 100, "ein");
    line.german("hundert", {line.english("hundred")});
    if (number % 100 == 0) return;
    line.english("and");
  }
  say_below_hundred(line, number % 100, one);
}

/// Below 10^9: groups of three digits. `million` is a noun, feminine and with a plural;
/// `thousand` is neither.
Saying said(int number) {
  Saying line;
  const int millions = number / 1'000'000, thousands = number / 1000 % 1000, rest = number % 1000;
  if (millions > 0) {
    say_group(line, millions, "eine");
    line.german(millions == 1 ? "Million" : "Millionen", {line.english("million")});
  }
  if (thousands > 0) {
    say_group(line, thousands, "ein");
    line.german("tausend", {line.english("thousand")});
  }
  if (rest > 0 || line.empty()) {
    if (rest < 100 && !line.empty()) line.english("and");
    say_group(line, rest, "eins");
  }
  return line;
}

}  // namespace

Pair number_pair(int number) { return said(number).pair(); }

Pair random_number(Generator& generator, LengthRange range) {
  for (;;) {
    // Each number of digits is as likely as the others.
    uint64_t end = 10;
    for (uint64_t digits = generator.below(9); digits > 0; --digits) end *= 10;
    const uint64_t first = end == 10 ? 0 : end / 10;
    const Saying line = said(static_cast<int>(first + generator.below(end - first)));
    if (line.length() >= range.min && line.length() <= range.max) return line.pair();
  }
}

}  // namespace heed::tools
