#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <random>
#include <stdexcept>
#include <string>
#include <unordered_set>
#include <vector>

// Compiled once, with the grader: most of what a test would otherwise compile again.
extern template class std::basic_string<char>;
extern template class std::vector<double>;
extern template class std::vector<int64_t>;
extern template class std::vector<std::string>;
extern template class std::shared_ptr<std::vector<double>>;

/// What the tests of the chapters say to a learner. It knows nothing of the learner's classes, so
/// that it is compiled once, and works whatever they look like.
namespace grade {

/// Numbers row after row.
struct Values {
  std::vector<int64_t> shape;
  std::vector<double> numbers;
};

/// A known mistake, and what it gives in place of the right numbers.
struct Mistake {
  std::string says;
  Values gives;
};
using Mistakes = std::vector<Mistake>;

/// An exercise that is not solved, and why.
struct Failure : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Ends the exercise: `what` is being looked at, `says` is wrong with it, `likely` is the mistake.
[[noreturn]] void fail(const std::string& what, const std::string& says,
                       const std::string& likely = "");

/// Ends the exercise unless `right`.
inline void holds(bool right, const std::string& what, const std::string& says,
                  const std::string& likely = "") {
  if (!right) fail(what, says, likely);
}

/// Whether shapes are the same, and numbers but for rounding.
bool alike(const Values& got, const Values& expected, double tolerance = 1e-9);

/// Ends the exercise where shapes or numbers differ by more than rounding: names the first element,
/// and the likely mistake: the first that fits of those given (one that gives the right numbers here
/// is not offered), or one that can be seen in the numbers (all are 0, the sign, a constant factor,
/// rows and columns).
void same(const std::string& what, const Values& got, const Values& expected,
          const Mistakes& mistakes = {}, double tolerance = 1e-9);
void same(const std::string& what, double got, double expected,
          const std::vector<std::pair<std::string, double>>& mistakes = {},
          double tolerance = 1e-9);

/// "[2, 3]".
std::string text(const std::vector<int64_t>& shape);
int64_t count(const std::vector<int64_t>& shape);
/// Numbers between -1 and 1, the same for the same seed on every machine.
Values random(const std::vector<int64_t>& shape, uint64_t seed);

/// Named values that heed computed: inputs, a gradient g of the result, the result, gradients.
struct Case {
  std::string name;
  std::map<std::string, Values> values;

  bool has(const std::string& key) const { return values.count(key) > 0; }
  const Values& operator[](const std::string& key) const;
  /// The same as whole numbers.
  std::vector<int64_t> ids(const std::string& key) const;
};

/// The cases of NAME.txt, in docs/course/cases, whose names begin with `prefix`.
std::vector<Case> cases(const std::string& name, const std::string& prefix = "");

}  // namespace grade

extern template class std::vector<grade::Mistake>;
extern template class std::vector<grade::Case>;
extern template class std::map<std::string, grade::Values>;
extern template class std::map<std::string, grade::Mistakes>;

namespace grade {

/// Adds an exercise of a file of the learner's; they run in the order in which they are written.
struct Exercise {
  Exercise(const char* name, const char* file, void (*run)());
};

#define GRADE_JOIN2(a, b) a##b
#define GRADE_JOIN(a, b) GRADE_JOIN2(a, b)
/// EXERCISE("sum_to", "broadcast.hpp") { ... }
#define EXERCISE(name, file)                                                                    \
  static void GRADE_JOIN(exercise_, __LINE__)();                                                \
  static const ::grade::Exercise GRADE_JOIN(added_, __LINE__){name, file,                       \
                                                              GRADE_JOIN(exercise_, __LINE__)}; \
  static void GRADE_JOIN(exercise_, __LINE__)()

}  // namespace grade
