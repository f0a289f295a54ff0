#include <fstream>
#include <sstream>

#include "grade.hpp"

// The learner's own.
#include "tour.hpp"

using namespace grade;
using course::Place;

namespace {

/// The root of the tree, which this file lies in.
std::string root() {
  const std::string here = __FILE__;
  const std::size_t at = here.rfind("docs/course/tests/");
  return at == std::string::npos || at == 0 ? "./" : here.substr(0, at);
}

std::string text_of(const std::string& file) {
  std::ifstream in(root() + file);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

bool is_letter(char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_'; }

/// The place behind the bracket that closes the one at `open`.
std::size_t behind(const std::string& text, std::size_t open, char opens, char closes) {
  int depth = 0;
  for (std::size_t i = open; i < text.size(); ++i) {
    if (text[i] == opens) ++depth;
    if (text[i] == closes && --depth == 0) return i + 1;
  }
  return text.size();
}

struct Found {
  bool named = false;               ///< the name and a bracket stand somewhere
  std::vector<std::string> bodies;  ///< of each function of this name
};

/// The functions of a name that a text defines: NAME (...), perhaps const, and then a body.
Found functions(const std::string& text, const std::string& name) {
  Found found;
  for (std::size_t at = text.find(name + "("); at != std::string::npos && !name.empty();
       at = text.find(name + "(", at + 1)) {
    if (at > 0 && is_letter(text[at - 1])) continue;
    found.named = true;
    std::size_t next = behind(text, at + name.size(), '(', ')');
    for (bool more = true; more;) {
      more = false;
      while (next < text.size() && std::isspace(static_cast<unsigned char>(text[next]))) ++next;
      for (const std::string word : {"const", "noexcept", "override"}) {
        if (text.compare(next, word.size(), word) == 0) {
          next += word.size();
          more = true;
        }
      }
    }
    if (next < text.size() && text[next] == '{') {
      found.bodies.push_back(text.substr(next, behind(text, next, '{', '}') - next));
    }
  }
  return found;
}

bool holds_all(const std::string& body, const std::vector<std::string>& signs) {
  for (const std::string& sign : signs) {
    if (body.find(sign) == std::string::npos) return false;
  }
  return true;
}

bool ends_in(const std::string& text, const std::string& end) {
  return text.size() >= end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
}

/// What is wrong with the name of a file that is not there.
std::string how_to_name(const std::string& file) {
  if (file.empty()) return "the first of the two strings is a file";
  if (file[0] == '/' || file[0] == '.') {
    return "paths begin in the folder that holds heed.hpp, like core/array.cpp";
  }
  if (file.find('/') == std::string::npos) return "say the folder too, like core/array.cpp";
  if (file.rfind("heed/", 0) == 0) return "leave out heed/: paths begin inside of that folder";
  if (ends_in(file, ".cc") || ends_in(file, ".c")) return "heed's files end in .cpp and .hpp";
  return "look for it: ls core layers models optim";
}

/// Ends the exercise unless a function of that name in that file holds all signs of the deed.
void finds(const char* exercise, const Place& place, const std::vector<std::string>& signs) {
  const std::string what =
      std::string(exercise) + ": {\"" + place.file + "\", \"" + place.function + "\"}";
  const std::string text = text_of(place.file);
  holds(!text.empty(), what, "there is no file " + place.file, how_to_name(place.file));
  holds(place.file.rfind("tests/", 0) != 0 && place.file.rfind("docs/", 0) != 0, what,
        "that is no part of heed itself", "a test calls it, but it is done elsewhere");
  holds(place.function.find('(') == std::string::npos, what, "that is more than a name",
        "write the name alone, without brackets");
  const Found found = functions(text, place.function);
  holds(found.named, what, "there is no function \"" + place.function + "\" in " + place.file,
        "search in it: grep -n NAME " + place.file);
  holds(!found.bodies.empty(), what, place.function + " has no body in " + place.file,
        ends_in(place.file, ".hpp")
            ? "a header declares it: the file of the same name that ends in .cpp does it, or one "
              "beside it"
            : "it is called there, or declared, and written elsewhere");
  for (const std::string& body : found.bodies) {
    if (holds_all(body, signs)) return;
  }
  fail(what, "that is a function, but not the one that does it",
       "it may call the one that does, or be called by it: read what stands in it, and what is "
       "asked for in tour.hpp");
}

}  // namespace

EXERCISE("transposes_a_view", "tour.hpp") {
  finds("transposes_a_view", course::transposes_a_view(), {"std::swap", "strides_", "shape_"});
}

EXERCISE("goes_back_by_hand", "tour.hpp") {
  finds("goes_back_by_hand", course::goes_back_by_hand(),
        {"(1 - z)", "(1 - c * c)", "(1 - r)", "d_h"});
}

EXERCISE("walks_back", "tour.hpp") {
  finds("walks_back", course::walks_back(), {".apply(", "order_"});
}

EXERCISE("sums_what_was_broadcast", "tour.hpp") {
  finds("sums_what_was_broadcast", course::sums_what_was_broadcast(), {"sum_to", "record("});
}

EXERCISE("calls_blas", "tour.hpp") { finds("calls_blas", course::calls_blas(), {"cblas_dgemm"}); }

EXERCISE("records_the_cross_entropy", "tour.hpp") {
  finds("records_the_cross_entropy", course::records_the_cross_entropy(),
        {"record(\"cross_entropy\"", "cross_entropy_backward"});
}

EXERCISE("takes_a_difference", "tour.hpp") {
  finds("takes_a_difference", course::takes_a_difference(), {"+ eps", "- eps", "(2 * eps)"});
}

EXERCISE("steps_by_adam", "tour.hpp") {
  finds("steps_by_adam", course::steps_by_adam(), {"square_root(second)", "beta2"});
}

EXERCISE("steps_a_gru", "tour.hpp") {
  finds("steps_a_gru", course::steps_a_gru(), {"sigmoid(", "tanh(", "r * gate("});
}

EXERCISE("makes_one_vector", "tour.hpp") {
  finds("makes_one_vector", course::makes_one_vector(), {"cat({forward, backward}"});
}

EXERCISE("scores_by_addition", "tour.hpp") {
  finds("scores_by_addition", course::scores_by_addition(), {"tanh(unsqueeze(queries", "matmul("});
}

EXERCISE("attends_to_annotations", "tour.hpp") {
  finds("attends_to_annotations", course::attends_to_annotations(), {"matmul(alpha, annotations)"});
}

EXERCISE("splits_heads", "tour.hpp") {
  finds("splits_heads", course::splits_heads(), {"transpose(reshape("});
}

EXERCISE("adds_and_norms", "tour.hpp") {
  finds("adds_and_norms", course::adds_and_norms(), {"dropout.add(", "norm(sum)"});
}

EXERCISE("goes_on_with_a_beam", "tour.hpp") {
  finds("goes_on_with_a_beam", course::goes_on_with_a_beam(),
        {"finished.push_back", "next.push_back", "ends"});
}

EXERCISE("hands_out_weights", "tour.hpp") {
  finds("hands_out_weights", course::hands_out_weights(),
        {"\"self_attn\"", "\"multihead_attn\"", "all.push_back"});
}

EXERCISE("fits_sums_to_a_new_largest", "tour.hpp") {
  finds("fits_sums_to_a_new_largest", course::fits_sums_to_a_new_largest(),
        {"most != before", "exponentials("});
}
