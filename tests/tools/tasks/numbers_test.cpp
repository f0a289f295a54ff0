#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <set>

#include "../../../core/random.hpp"
#include "../../../models/text/tokenizer.hpp"
#include "../../../tools/tasks/generators.hpp"
#include "../../../tools/tasks/tasks.hpp"

using namespace heed;
using namespace heed::tools;
using Words = std::vector<std::string>;
using Values = std::map<std::string, int>;

namespace {

Words words_of(const std::string& line) { return WordTokenizer().split(line); }

const Values english_values{{"zero", 0},
                            {"one", 1},
                            {"two", 2},
                            {"three", 3},
                            {"four", 4},
                            {"five", 5},
                            {"six", 6},
                            {"seven", 7},
                            {"eight", 8},
                            {"nine", 9},
                            {"ten", 10},
                            {"eleven", 11},
                            {"twelve", 12},
                            {"thirteen", 13},
                            {"fourteen", 14},
                            {"fifteen", 15},
                            {"sixteen", 16},
                            {"seventeen", 17},
                            {"eighteen", 18},
                            {"nineteen", 19},
                            {"twenty", 20},
                            {"thirty", 30},
                            {"forty", 40},
                            {"fifty", 50},
                            {"sixty", 60},
                            {"seventy", 70},
                            {"eighty", 80},
                            {"ninety", 90},
                            {"hundred", 100},
                            {"thousand", 1000},
                            {"million", 1'000'000},
                            {"and", 0}};
const Values german_values{{"null", 0},
                           {"eins", 1},
                           {"ein", 1},
                           {"eine", 1},
                           {"zwei", 2},
                           {"drei", 3},
                           {"vier", 4},
                           {"fünf", 5},
                           {"sechs", 6},
                           {"sieben", 7},
                           {"acht", 8},
                           {"neun", 9},
                           {"zehn", 10},
                           {"elf", 11},
                           {"zwölf", 12},
                           {"dreizehn", 13},
                           {"vierzehn", 14},
                           {"fünfzehn", 15},
                           {"sechzehn", 16},
                           {"siebzehn", 17},
                           {"achtzehn", 18},
                           {"neunzehn", 19},
                           {"zwanzig", 20},
                           {"dreißig", 30},
                           {"vierzig", 40},
                           {"fünfzig", 50},
                           {"sechzig", 60},
                           {"siebzig", 70},
                           {"achtzig", 80},
                           {"neunzig", 90},
                           {"hundert", 100},
                           {"tausend", 1000},
                           {"Million", 1'000'000},
                           {"Millionen", 1'000'000},
                           {"und", 0}};

/// The number that words say: small ones add up, `hundred` multiplies what stands before it, and
/// the larger words close a group.
int number_said(const std::string& line, const Values& values) {
  int total = 0, group = 0;
  for (const std::string& word : words_of(line)) {
    const int value = values.at(word);
    if (value == 100) {
      group *= 100;
    } else if (value >= 1000) {
      total += group * value;
      group = 0;
    } else {
      group += value;
    }
  }
  return total + group;
}

/// Every number up to 2100, those around round ones, and random ones.
std::vector<int> numbers() {
  std::vector<int> all;
  for (int n = 0; n <= 2100; ++n) all.push_back(n);
  for (const int round : {10'000, 21'000, 100'000, 101'000, 1'000'000, 21'000'000, 101'000'000}) {
    for (int n = round - 3; n <= round + 130; ++n) all.push_back(n);
  }
  all.push_back(999'999'999);
  Generator generator(17);
  for (int i = 0; i < 5003; ++i) all.push_back(static_cast<int>(generator.below(1'000'000'000)));
  return all;
}

}  // namespace

TEST_CASE("numbers are said as English and German say them", "[tasks][numbers]") {
  const struct {
    int number;
    const char *english, *german, *alignment;
  } cases[] = {
      {0, "zero", "null", "0-0"},
      {1, "one", "eins", "0-0"},
      {16, "sixteen", "sechzehn", "0-0"},
      {17, "seventeen", "siebzehn", "0-0"},
      {21, "twenty one", "ein und zwanzig", "1-0 0-1 1-1 0-2"},
      {30, "thirty", "dreißig", "0-0"},
      {42, "forty two", "zwei und vierzig", "1-0 0-1 1-1 0-2"},
      {66, "sixty six", "sechs und sechzig", "1-0 0-1 1-1 0-2"},
      {77, "seventy seven", "sieben und siebzig", "1-0 0-1 1-1 0-2"},
      {100, "one hundred", "ein hundert", "0-0 1-1"},
      {101, "one hundred and one", "ein hundert eins", "0-0 1-1 3-2"},
      {342, "three hundred and forty two", "drei hundert zwei und vierzig",
       "0-0 1-1 4-2 3-3 4-3 3-4"},
      {1000, "one thousand", "ein tausend", "0-0 1-1"},
      {1001, "one thousand and one", "ein tausend eins", "0-0 1-1 3-2"},
      {1200, "one thousand two hundred", "ein tausend zwei hundert", "0-0 1-1 2-2 3-3"},
      {21'012, "twenty one thousand and twelve", "ein und zwanzig tausend zwölf",
       "1-0 0-1 1-1 0-2 2-3 4-4"},
      {101'000, "one hundred and one thousand", "ein hundert ein tausend", "0-0 1-1 3-2 4-3"},
      {1'000'000, "one million", "eine Million", "0-0 1-1"},
      {1'000'001, "one million and one", "eine Million eins", "0-0 1-1 3-2"},
      {2'000'000, "two million", "zwei Millionen", "0-0 1-1"},
      {21'000'000, "twenty one million", "ein und zwanzig Millionen", "1-0 0-1 1-1 0-2 2-3"},
      {101'001'000, "one hundred and one million one thousand",
       "ein hundert eine Millionen ein tausend", "0-0 1-1 3-2 4-3 5-4 6-5"},
  };
  for (const auto& c : cases) {
    const Pair pair = number_pair(c.number);
    CHECK(pair.source == c.english);
    CHECK(pair.target == c.german);
    CHECK(pharaoh(pair.alignment) == c.alignment);
  }
}

TEST_CASE("the words of a number say that number again, in both languages", "[tasks][numbers]") {
  for (const int n : numbers()) {
    const Pair pair = number_pair(n);
    INFO(n << ": " << pair.source << " | " << pair.target);
    CHECK(number_said(pair.source, english_values) == n);
    CHECK(number_said(pair.target, german_values) == n);
  }
}

TEST_CASE("aligned number words have one value, and und has both of its neighbours",
          "[tasks][numbers]") {
  for (const int n : numbers()) {
    const Pair pair = number_pair(n);
    const Words english = words_of(pair.source), german = words_of(pair.target);
    INFO(pair.source << " | " << pair.target << " | " << pharaoh(pair.alignment));
    std::map<int64_t, std::set<int64_t>> from;
    for (const auto& [i, j] : pair.alignment) from[j].insert(i);
    REQUIRE(from.size() == german.size());
    for (int j = 0; j < static_cast<int>(german.size()); ++j) {
      const std::string& word = german[static_cast<std::size_t>(j)];
      if (word == "und") {
        std::set<int64_t> neighbours = from[j - 1];
        neighbours.insert(from[j + 1].begin(), from[j + 1].end());
        CHECK(from[j] == neighbours);
      } else {
        REQUIRE(from[j].size() == 1);
        const auto place = static_cast<std::size_t>(*from[j].begin());
        CHECK(english_values.at(english[place]) == german_values.at(word));
      }
    }
  }
}

TEST_CASE("numbers of every size are drawn", "[tasks][numbers]") {
  std::map<std::size_t, int> sizes;
  for (const Pair& pair : make_task("numbers", {.train = 20'000, .valid = 0, .test = 0}).train) {
    ++sizes[words_of(pair.source).size()];
  }
  for (std::size_t words = 1; words <= 17; ++words) {
    INFO(words);
    CHECK(sizes[words] > 0);
  }
}
