#include "grade.hpp"

#include <cctype>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <new>
#include <optional>
#include <sstream>

template class std::basic_string<char>;
template class std::vector<double>;
template class std::vector<int64_t>;
template class std::vector<std::string>;
template class std::shared_ptr<std::vector<double>>;
template class std::vector<grade::Mistake>;
template class std::vector<grade::Case>;
template class std::map<std::string, grade::Values>;
template class std::map<std::string, grade::Mistakes>;

namespace grade {
namespace {

struct Listed {
  std::string name, file;
  void (*run)();
};

std::vector<Listed>& exercises() {
  static std::vector<Listed> all;
  return all;
}

std::string number(double value, int digits = 6) {
  char text[40];
  std::snprintf(text, sizeof text, "%.*g", digits, value);
  return text;
}

/// "is A, expected B", with so many digits that the two differ.
std::string unequal(double got, double expected) {
  const int digits = number(got) == number(expected) ? 17 : 6;
  return " is " + number(got, digits) + ", expected " + number(expected, digits);
}

std::vector<int64_t> place_of(int64_t element, const std::vector<int64_t>& shape) {
  std::vector<int64_t> index(shape.size());
  for (std::size_t i = shape.size(); i-- > 0;) {
    index[i] = element % shape[i];
    element /= shape[i];
  }
  return index;
}

bool near(double got, double expected, double tolerance) {
  if (std::isnan(expected) || std::isinf(expected)) {
    return got == expected || (std::isnan(got) && std::isnan(expected));
  }
  return std::abs(got - expected) <= tolerance * std::max(1.0, std::abs(expected));
}

bool near(const Values& got, const Values& expected, double tolerance) {
  if (got.shape != expected.shape) return false;
  for (std::size_t i = 0; i < got.numbers.size(); ++i) {
    if (!near(got.numbers[i], expected.numbers[i], tolerance)) return false;
  }
  return true;
}

Values scaled(const Values& x, double factor) {
  Values y = x;
  for (double& number : y.numbers) number *= factor;
  return y;
}

/// The largest number of x and what `got` has in its place, as a factor; 0 where there is none.
double common_factor(const Values& got, const Values& expected, double tolerance) {
  std::size_t largest = 0;
  for (std::size_t i = 0; i < expected.numbers.size(); ++i) {
    if (std::abs(expected.numbers[i]) > std::abs(expected.numbers[largest])) largest = i;
  }
  if (expected.numbers.size() < 2 || expected.numbers[largest] == 0) return 0;
  const double factor = got.numbers[largest] / expected.numbers[largest];
  return std::isfinite(factor) && near(got, scaled(expected, factor), tolerance) ? factor : 0;
}

bool is_transposed(const Values& got, const Values& expected, double tolerance) {
  if (expected.shape.size() != 2) return false;
  const int64_t rows = expected.shape[0], columns = expected.shape[1];
  for (int64_t i = 0; i < rows * columns; ++i) {
    if (!near(got.numbers[i % columns * rows + i / columns], expected.numbers[i], tolerance)) {
      return false;
    }
  }
  return true;
}

/// What can be seen in the numbers alone.
std::string seen(const Values& got, const Values& expected, double tolerance) {
  if (got.shape != expected.shape || got.numbers.size() < 2) return "";
  const auto is_zero = [](double x) { return x == 0; };
  if (std::all_of(got.numbers.begin(), got.numbers.end(), is_zero)) {
    return "all numbers are 0: an array of zeros that nothing was written into, or a factor of 0";
  }
  if (is_transposed(got, expected, tolerance)) return "rows and columns have changed places";
  const double factor = common_factor(got, expected, tolerance);
  if (std::abs(factor + 1) < 1e-6) return "the sign is turned round";
  if (factor != 0 && number(factor) != "1")
    return "every number is " + number(factor) + " times what it should be";
  return "";
}

}  // namespace

std::string text(const std::vector<int64_t>& shape) {
  std::string list = "[";
  for (std::size_t i = 0; i < shape.size(); ++i) list += (i ? ", " : "") + std::to_string(shape[i]);
  return list + "]";
}

int64_t count(const std::vector<int64_t>& shape) {
  int64_t n = 1;
  for (int64_t size : shape) n *= size;
  return n;
}

bool alike(const Values& got, const Values& expected, double tolerance) {
  return near(got, expected, tolerance);
}

void fail(const std::string& what, const std::string& says, const std::string& likely) {
  throw Failure(what + ": " + says + (likely.empty() ? "" : "\n  likely: " + likely));
}

void same(const std::string& what, const Values& got, const Values& expected,
          const Mistakes& mistakes, double tolerance) {
  if (near(got, expected, tolerance)) return;
  std::string likely;
  for (const Mistake& mistake : mistakes) {
    const bool is_right = near(mistake.gives, expected, tolerance);
    if (likely.empty() && !is_right && near(got, mistake.gives, tolerance)) likely = mistake.says;
  }
  if (got.shape != expected.shape) {
    fail(what, "the shape is " + text(got.shape) + ", expected " + text(expected.shape), likely);
  }
  if (likely.empty()) likely = seen(got, expected, tolerance);
  for (std::size_t i = 0; i < got.numbers.size(); ++i) {
    if (near(got.numbers[i], expected.numbers[i], tolerance)) continue;
    const auto place = place_of(static_cast<int64_t>(i), expected.shape);
    fail(what,
         (place.empty() ? "the value" : "element " + text(place)) +
             unequal(got.numbers[i], expected.numbers[i]),
         likely);
  }
}

void same(const std::string& what, double got, double expected,
          const std::vector<std::pair<std::string, double>>& mistakes, double tolerance) {
  Mistakes known;
  for (const auto& [says, gives] : mistakes) known.push_back({says, {{}, {gives}}});
  same(what, Values{{}, {got}}, Values{{}, {expected}}, known, tolerance);
}

Values random(const std::vector<int64_t>& shape, uint64_t seed) {
  std::mt19937_64 bits(seed);
  Values x{shape, std::vector<double>(count(shape))};
  for (double& number : x.numbers) number = static_cast<double>(bits() >> 11) * 0x1p-52 - 1;
  return x;
}

const Values& Case::operator[](const std::string& key) const {
  const auto found = values.find(key);
  if (found == values.end()) throw std::logic_error("case " + name + " has no " + key);
  return found->second;
}

std::vector<int64_t> Case::ids(const std::string& key) const {
  const Values& x = (*this)[key];
  return {x.numbers.begin(), x.numbers.end()};
}

// A case is a line "= NAME" and a line for each of its values: "KEY RANK SIZES... NUMBERS...".
std::vector<Case> cases(const std::string& name, const std::string& prefix) {
  const char* folder = std::getenv("COURSE_CASES");
  const std::string path = std::string(folder ? folder : ".") + "/" + name + ".txt";
  std::ifstream file(path);
  if (!file) throw std::logic_error("cannot read " + path);
  std::vector<Case> all;
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::string key, word;
    words >> key;
    if (key == "=") {
      all.push_back({line.substr(2), {}});
    } else if (!key.empty() && !all.empty()) {
      Values x;
      int64_t rank = 0;
      words >> rank;
      for (x.shape.resize(rank); int64_t & size : x.shape) words >> size;
      while (words >> word) x.numbers.push_back(std::stod(word));
      if (count(x.shape) != static_cast<int64_t>(x.numbers.size())) {
        throw std::logic_error(path + ": " + all.back().name + ": " + key);
      }
      all.back().values[key] = std::move(x);
    }
  }
  std::vector<Case> chosen;
  for (Case& one : all) {
    if (one.name.compare(0, prefix.size(), prefix) == 0) chosen.push_back(std::move(one));
  }
  if (chosen.empty()) throw std::logic_error(path + " has no case " + prefix);
  return chosen;
}

Exercise::Exercise(const char* name, const char* file, void (*run)()) {
  exercises().push_back({name, file, run});
}

namespace {

/// Does a text begin with a file and its line, "tape.hpp:64: "?
bool is_located(const std::string& text) {
  const std::size_t end = text.find(".hpp:");
  return end < text.find(' ') && end + 5 < text.size() && std::isdigit(text[end + 5]);
}

/// Why an exercise is not solved; nothing where it is. A crash must leave its name behind.
std::optional<std::string> reason(const Listed& exercise) {
  std::fprintf(stderr, "at %s %s\n", exercise.name.c_str(), exercise.file.c_str());
  try {
    exercise.run();
    return std::nullopt;
  } catch (const Failure& failure) {
    return failure.what();
  } catch (const std::bad_alloc&) {
    return exercise.name + ": asks for more memory than the course allows";
  } catch (const std::exception& error) {
    // A blank says its own file and line.
    const std::string says = error.what();
    return is_located(says) ? says : exercise.name + ": throws \"" + says + "\"";
  }
}

}  // namespace
}  // namespace grade

/// Prints a line for each solved exercise and the first that is not; 1 there. Its last word tells a
/// test that came to its end from one that a learner's `exit` ended.
int main() {
  int code = 0;
  for (const auto& exercise : grade::exercises()) {
    const auto why = grade::reason(exercise);
    if (!why) {
      std::printf("  ok  %s\n", exercise.name.c_str());
      std::fflush(stdout);
      continue;
    }
    std::printf("  --  %s\n\n", exercise.name.c_str());
    const std::string file = grade::is_located(*why) ? "" : exercise.file + ": ";
    const char* folder = std::getenv("COURSE_NAME");
    std::printf("%s/%s%s\n", folder ? folder : "course", file.c_str(), why->c_str());
    code = 1;
    break;
  }
  std::fflush(stdout);
  std::fprintf(stderr, "graded\n");
  return code;
}
