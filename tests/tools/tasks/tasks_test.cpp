#include "../../../tools/tasks/tasks.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdio>
#include <map>
#include <set>

#include "../../../core/files/file_calls.hpp"

#include "../../../core/error.hpp"
#include "../../../core/files/files.hpp"
#include "../../../models/text/tokenizer.hpp"
#include "../../../models/text/utf8.hpp"
#include "../../../tools/tasks/generators.hpp"
#include "../../temporary_folder.hpp"

using namespace heed;
using namespace heed::tools;
using Catch::Matchers::Contains;
using Words = std::vector<std::string>;

namespace {

Words words_of(const std::string& line) { return WordTokenizer().split(line); }

bool equal(const std::vector<Pair>& a, const std::vector<Pair>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const Pair& x, const Pair& y) {
    return x.source == y.source && x.target == y.target && x.alignment == y.alignment;
  });
}

std::set<std::string> sources(const std::vector<Pair>& pairs) {
  std::set<std::string> lines;
  for (const Pair& pair : pairs) lines.insert(pair.source);
  return lines;
}

/// Random pairs by their English sentences.
std::map<std::string, Pair> phrases(int64_t number, LengthRange range) {
  Generator generator(11);
  std::map<std::string, Pair> found;
  for (int64_t i = 0; i < number; ++i) {
    Pair pair = random_phrase(generator, range);
    found[pair.source] = pair;
  }
  return found;
}

}  // namespace

TEST_CASE("each task gives the sizes asked for and keeps its parts apart", "[tasks]") {
  for (const std::string& task : task_names()) {
    INFO(task);
    const TaskData data = make_task(task, {.train = 1009, .valid = 101, .test = 103, .seed = 7});
    CHECK(data.train.size() == 1009);
    CHECK(data.valid.size() == 101);
    CHECK(data.test.size() == 103);
    const auto train = sources(data.train), valid = sources(data.valid), test = sources(data.test);
    CHECK(valid.size() == 101);
    CHECK(test.size() == 103);
    for (const std::string& line : valid) CHECK(train.count(line) + test.count(line) == 0);
    for (const std::string& line : test) CHECK(train.count(line) == 0);
  }
}

TEST_CASE("the same seed gives the same data, another seed other data", "[tasks]") {
  for (const std::string& task : task_names()) {
    INFO(task);
    const TaskOptions options{.train = 211, .valid = 23, .test = 29, .seed = 5};
    const TaskData data = make_task(task, options), again = make_task(task, options);
    CHECK(equal(data.train, again.train));
    CHECK(equal(data.valid, again.valid));
    CHECK(equal(data.test, again.test));
    CHECK_FALSE(equal(data.train,
                      make_task(task, {.train = 211, .valid = 23, .test = 29, .seed = 6}).train));
  }
}

TEST_CASE("the lines of each task have the lengths asked for", "[tasks]") {
  const struct {
    const char* task;
    int64_t min, max;
  } cases[] = {{"phrases", 2, 12}, {"phrases", 7, 7},   {"phrases", 40, 60},   {"phrases", 1, 5},
               {"reverse", 1, 20}, {"reverse", 31, 37}, {"dates", 1, 40},      {"dates", 12, 17},
               {"numbers", 1, 17}, {"numbers", 5, 5},   {"numbers", 17, 1000}, {"copy", 1, 20},
               {"sort", 31, 37}};
  for (const auto& c : cases) {
    INFO(c.task << " " << c.min << " " << c.max);
    const auto tokenizer = make_tokenizer(task_tokenizer(c.task));
    for (const Pair& pair :
         make_task(c.task,
                   {.train = 211, .valid = 0, .test = 0, .min_length = c.min, .max_length = c.max})
             .train) {
      const auto length = static_cast<int64_t>(tokenizer->split(pair.source).size());
      CHECK(length >= c.min);
      CHECK(length <= c.max);
    }
  }
}

TEST_CASE("alignments name words that exist, and every target word has one", "[tasks]") {
  for (const std::string& task : task_names()) {
    const auto tokenizer = make_tokenizer(task_tokenizer(task));
    for (const Pair& pair : make_task(task, {.train = 503, .valid = 0, .test = 0}).train) {
      INFO(pair.source << " | " << pair.target);
      const auto source = static_cast<int>(tokenizer->split(pair.source).size());
      const auto target = static_cast<int>(tokenizer->split(pair.target).size());
      std::set<int64_t> aligned;
      for (const auto& [i, j] : pair.alignment) {
        CHECK((i >= 0 && i < source && j >= 0 && j < target));
        aligned.insert(j);
      }
      // The two hyphens of a date come from nowhere.
      CHECK(static_cast<int>(aligned.size()) == (task == "dates" ? target - 2 : target));
    }
  }
}

TEST_CASE("an English sentence has one French translation", "[tasks][phrases]") {
  Generator generator(3);
  std::map<std::string, std::string> french;
  for (int i = 0; i < 20011; ++i) {
    const Pair pair = random_phrase(generator, {2, 5});
    CHECK(french.emplace(pair.source, pair.target).first->second == pair.target);
  }
}

namespace {

// English words and the French (or its start) that every sentence with them must have.
const std::map<std::string, std::string> agreements{
    {"he sleeps", "il dort"},
    {"we are happy", "nous sommes heureux"},
    {"she is old", "elle est vieille"},
    {"I am not sad", "je ne suis pas triste"},
    {"I do not arrive", "je n' arrive pas"},
    {"she never sleeps", "elle ne dort jamais"},
    {"they often see", "ils voient souvent"},
    {"the red car", "la voiture rouge"},
    {"the old friend", "le vieil ami"},
    {"the old friends", "les vieux amis"},
    {"the trees are green", "les arbres sont verts"},
    {"I love", "j' aime"},
    {"the school", "l' école"},
    {"my church", "mon église"},
    {"my big church", "ma grande église"},
    {"this tree", "cet arbre"},
    {"this old tree", "ce vieil arbre"},

    {"any birds", "d' oiseaux"},
    {"some red hats", "des chapeaux rouges"},
    {"some little", "de petit"},
    {"I wait for", "j' attends"},
    {"the child", "l' enfant"},
    {"every white horse", "chaque cheval blanc"},
    {"the beautiful black cow", "la belle vache noire"},
    {"in front of our house", "devant notre maison"},
};

}  // namespace

TEST_CASE("the French agrees, elides, negates and moves adjectives", "[tasks][phrases]") {
  std::set<std::string> met;
  Generator generator(11);
  for (int i = 0; i < 40'000; ++i) {
    const Pair pair = random_phrase(generator, {2, 12});
    for (const auto& [english, french] : agreements) {
      if ((" " + pair.source + " ").find(" " + english + " ") == std::string::npos) continue;
      met.insert(english);
      INFO(pair.source << " | " << pair.target);
      CHECK((" " + pair.target).find(" " + french) != std::string::npos);
    }
  }
  for (const auto& [english, french] : agreements) {
    INFO(english);
    CHECK(met.count(english) == 1);
  }
}

TEST_CASE("an indefinite object of a negated verb has 'de'", "[tasks][phrases]") {
  int met = 0;
  for (const auto& [english, pair] : phrases(10'000, {5, 7})) {
    if (english.find(" not see a ") == std::string::npos) continue;
    INFO(english << " | " << pair.target);
    CHECK(pair.target.find(" pas d") != std::string::npos);
    CHECK(pair.target.find(" un") == std::string::npos);
    ++met;
  }
  CHECK(met > 0);
}

TEST_CASE("the alignment of a phrase follows its words", "[tasks][phrases]") {
  const std::map<std::string, std::string> cases{
      {"he sleeps", "0-0 1-1"},
      {"we do not run", "0-0 1-1 2-1 3-2 2-3"},
      {"I am never tired", "0-0 2-1 1-2 2-3 3-4"},
      {"they often sing", "0-0 2-1 1-2"},
      {"she is not rich", "0-0 2-1 1-2 2-3 3-4"},
  };
  const auto found = phrases(20'000, {2, 4});
  for (const auto& [english, alignment] : cases) {
    INFO(english);
    REQUIRE(found.count(english) == 1);
    CHECK(pharaoh(found.at(english).alignment) == alignment);
  }
  for (const auto& [english, pair] : phrases(5'000, {6, 12})) {
    // Each noun phrase of determiner, adjective and noun: the colour moves behind.
    const Words from = words_of(english), to = words_of(pair.target);
    for (const auto& [i, j] : pair.alignment) {
      if (from[static_cast<std::size_t>(i)] != "red") continue;
      INFO(english << " | " << pair.target);
      CHECK(to[static_cast<std::size_t>(j)].rfind("rouge", 0) == 0);
    }
  }
}

TEST_CASE("clauses are joined, and 'que' elides", "[tasks][phrases]") {
  bool elided = false, full = false;
  for (const auto& [english, pair] : phrases(20'000, {7, 9})) {
    if (english.find(" because ") == std::string::npos) continue;
    INFO(pair.target);
    elided |= pair.target.find(" parce qu' elle ") != std::string::npos;
    full |= pair.target.find(" parce que nous ") != std::string::npos;
    CHECK(pair.target.find(" que elle ") == std::string::npos);
  }
  CHECK(elided);
  CHECK(full);
}

TEST_CASE("phrases has more than 10^8 sentences of at most 12 words", "[tasks][phrases]") {
  CHECK(count_phrases(12) > 1e8);
  CHECK(count_phrases(1) == 0);
  // The count is that of the grammar: drawing finds what was counted, and nothing more.
  CHECK(static_cast<double>(phrases(2'000, {2, 2}).size()) == count_phrases(2));
  const auto drawn = static_cast<double>(phrases(20'000, {2, 3}).size());
  CHECK(drawn <= count_phrases(3));
  CHECK(drawn > 0.8 * count_phrases(3));
}

TEST_CASE("phrases uses between 100 and 250 words a side", "[tasks][phrases]") {
  std::set<std::string> english, french;
  for (const Pair& pair : make_task("phrases", {.train = 20'000, .valid = 0, .test = 0}).train) {
    for (const std::string& word : words_of(pair.source)) english.insert(word);
    for (const std::string& word : words_of(pair.target)) french.insert(word);
  }
  CHECK(english.size() > 100);
  CHECK(english.size() < 200);
  CHECK(french.size() > 150);
  CHECK(french.size() < 250);
}

TEST_CASE("dates are right, and characters align with what they come from", "[tasks][dates]") {
  const char* months[] = {"jan", "feb", "mar", "apr", "may", "jun",
                          "jul", "aug", "sep", "oct", "nov", "dec"};
  Generator generator(13);
  for (int i = 0; i < 5003; ++i) {
    const Pair pair = random_date(generator, {1, 40});
    INFO(pair.source << " | " << pair.target << " | " << pharaoh(pair.alignment));
    REQUIRE(pair.target.size() == 10);
    const int month = std::stoi(pair.target.substr(5, 2));
    const std::size_t name = lowercase(pair.source).find(months[month - 1]);
    REQUIRE(name != std::string::npos);
    for (const auto& [s, t] : pair.alignment) {
      const char from = pair.source[static_cast<std::size_t>(s)];
      const char to = pair.target[static_cast<std::size_t>(t)];
      if (t < 4 || t == 9) CHECK(from == to);
      if (t == 8 && to != '0') CHECK(from == to);
      if (t == 5 || t == 6) CHECK(static_cast<std::size_t>(s) >= name);
    }
  }
}

TEST_CASE("weekdays are those of the calendar", "[tasks][dates]") {
  // Day by day from 1 January 1900, a Monday.
  const Words names{"mon", "tue", "wed", "thu", "fri", "sat", "sun"};
  std::map<std::string, std::string> calendar;
  std::size_t day_number = 0;
  for (int year = 1900; year < 2100; ++year) {
    const bool leap = year % 4 == 0 && year != 1900;
    const int lengths[] = {31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    for (int month = 1; month <= 12; ++month) {
      for (int day = 1; day <= lengths[month - 1]; ++day) {
        char date[32];
        std::snprintf(date, sizeof date, "%d-%02d-%02d", year, month, day);
        calendar[date] = names[day_number++ % 7];
      }
    }
  }
  int met = 0;
  Generator generator(1);
  for (int i = 0; i < 20'000; ++i) {
    const Pair pair = random_date(generator, {1, 40});
    REQUIRE(calendar.count(pair.target) == 1);
    const std::string start = lowercase(pair.source).substr(0, 3);
    if (std::find(names.begin(), names.end(), start) == names.end()) continue;
    INFO(pair.source << " | " << pair.target);
    CHECK(calendar.at(pair.target) == start);
    ++met;
  }
  CHECK(met > 4000);
}

TEST_CASE("each task names its tokenizer", "[tasks]") {
  CHECK(task_tokenizer("phrases") == "word");
  CHECK(task_tokenizer("dates") == "char");
  for (const char* task : {"numbers", "reverse", "copy", "sort"}) {
    CHECK(task_tokenizer(task) == "word");
  }
}

TEST_CASE("options that a task can't meet are refused", "[tasks]") {
  CHECK_THROWS_AS(make_task("frases", {}), ConfigError);
  CHECK_THROWS_WITH(make_task("phrase", {}),
                    Contains("unknown task 'phrase'") &&
                        Contains("phrases, dates, numbers, reverse, copy, sort") &&
                        Contains("did you mean"));
  CHECK_THROWS_WITH(task_tokenizer("x"), Contains("unknown task"));
  CHECK_THROWS_WITH(make_task("phrases", {.max_length = 1}),
                    Contains("--max-length is 1; it must be in [2, 1000]"));
  CHECK_THROWS_WITH(make_task("reverse", {.max_length = 1001}), Contains("--max-length is 1001"));
  CHECK_THROWS_WITH(make_task("reverse", {.min_length = 21}),
                    Contains("--min-length is 21; it must be in [1, 20]"));
  CHECK_THROWS_WITH(make_task("reverse", {.min_length = 0}), Contains("--min-length is 0"));
  CHECK_THROWS_WITH(make_task("dates", {.max_length = 9}), Contains("must be in [10,"));
  CHECK_THROWS_WITH(make_task("numbers", {.min_length = 18, .max_length = 30}),
                    Contains("--min-length is 18; it must be in [1, 17]"));
  CHECK_THROWS_WITH(make_task("dates", {.train = -1}), Contains("a part of -1 lines"));
}

TEST_CASE("a task with too few different lines says how many it found", "[tasks]") {
  const TaskOptions options{.train = 10, .valid = 0, .test = 500, .max_length = 1};
  CHECK_THROWS_AS(make_task("reverse", options), ConfigError);
  CHECK_THROWS_WITH(
      make_task("reverse", options),
      Contains("too few different lines of 1 to 1 tokens") && Contains("of 500 for test"));
}

TEST_CASE("written files hold the examples line by line", "[tasks]") {
  const TemporaryFolder folder;
  const TaskData data = make_task("phrases", {.train = 23, .valid = 5, .test = 7});
  write_task(data, folder / "new/deep/");
  CHECK(folder_entries(folder / "new") == Words{"deep"});
  CHECK(folder_entries(folder / "new/deep") == Words{"test.align", "test.src", "test.tgt",
                                                     "train.src", "train.tgt", "valid.src",
                                                     "valid.tgt"});
  std::string source, alignment;
  for (const Pair& pair : data.test) {
    source += pair.source + "\n";
    alignment += pharaoh(pair.alignment) + "\n";
  }
  CHECK(read_file(folder / "new/deep/test.src") == source);
  CHECK(read_file(folder / "new/deep/test.align") == alignment);
}

TEST_CASE("writing never replaces a file and leaves nothing behind when it fails", "[tasks]") {
  const TemporaryFolder folder;
  const TaskData data = make_task("reverse", {.train = 7, .valid = 3, .test = 5});
  write_file_atomically(folder / "valid.tgt", "mine\n");
  CHECK_THROWS_AS(write_task(data, folder.path()), ConfigError);
  CHECK_THROWS_WITH(write_task(data, folder.path()),
                    Contains("valid.tgt: exists already and is not overwritten"));
  CHECK(folder_entries(folder.path()) == Words{"valid.tgt"});
  CHECK(read_file(folder / "valid.tgt") == "mine\n");
  CHECK_THROWS_AS(write_task(data, folder / "valid.tgt"), IoError);
}

TEST_CASE("when the disk is full, no file of a task stays", "[tasks]") {
  const TemporaryFolder folder;
  make_folder(folder / "existing");
  const TaskData data = make_task("reverse", {.train = 7, .valid = 3, .test = 5});
  static int writes_left = 0;
  for (const std::string& name : Words{"existing", "absent"}) {
    for (int writes = 0; writes < 7; ++writes) {
      INFO(name << " after " << writes << " writes");
      writes_left = writes;
      file_ops().write = [](int descriptor, const void* bytes, std::size_t size) -> int64_t {
        if (writes_left-- > 0) return system_file_ops().write(descriptor, bytes, size);
        errno = ENOSPC;
        return -1;
      };
      CHECK_THROWS_AS(write_task(data, folder / name), IoError);
      file_ops() = system_file_ops();
      CHECK(folder_entries(folder.path()) == Words{"existing"});
      CHECK(folder_entries(folder / "existing").empty());
    }
  }
}
