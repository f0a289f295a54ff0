#include "functions.hpp"

#include <algorithm>
#include <cctype>
#include <set>
#include <sstream>
#include <stdexcept>

namespace {

bool is_of_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_'; }

/// Where what begins at `at` ends: a comment, a text or a line of the preprocessor; `at` for code.
std::size_t end_of_other(const std::string& source, std::size_t at) {
  const auto behind = [&](const std::string& end, std::size_t from) {
    const std::size_t found = source.find(end, from);
    return found == std::string::npos ? source.size() : found + end.size();
  };
  const char before = at == 0 ? '\n' : source[at - 1];
  if (source.compare(at, 2, "//") == 0) return std::min(source.find('\n', at), source.size());
  if (source.compare(at, 2, "/*") == 0) return behind("*/", at + 2);
  if (source.compare(at, 2, "R\"") == 0 && !is_of_word(before)) {
    const std::size_t open = source.find('(', at);
    return behind(")" + source.substr(at + 2, open - at - 2) + "\"", open);
  }
  const bool separates_digits = source[at] == '\'' && is_of_word(before);
  if ((source[at] == '"' || source[at] == '\'') && !separates_digits) {
    std::size_t end = at + 1;
    while (end < source.size() && source[end] != source[at]) end += source[end] == '\\' ? 2 : 1;
    return std::min(end + 1, source.size());
  }
  if (source[at] == '#' && before == '\n') {
    std::size_t end = source.find('\n', at);
    while (end != std::string::npos && source[end - 1] == '\\') end = source.find('\n', end + 1);
    return std::min(end, source.size());
  }
  return at;
}

/// The source with blanks for everything that is not code; a text becomes `"`, so that it is there.
std::string code_of(std::string source) {
  for (std::size_t at = 0; at < source.size();) {
    const std::size_t end = end_of_other(source, at);
    const bool text = end > at && source[at] != '/' && source[at] != '#';
    for (std::size_t i = at; i < end; ++i)
      if (source[i] != '\n') source[i] = ' ';
    if (text) source[at] = '"';
    at = std::max(end, at + 1);
  }
  return source;
}

enum class Scope { outer, function, other };  // outer: a namespace or a type

/// What opens with the brace behind `head`, the code since the last statement of `parent`.
Scope opened(const std::string& head, Scope parent) {
  if (parent != Scope::outer) return Scope::other;
  if (head.empty() || head.back() != ' ') return Scope::other;  // member_{...}
  const std::size_t last = head.find_last_not_of(" \n");
  if (last == std::string::npos || head[last] == '=' || head[last] == ',') return Scope::other;
  return head.find('(') == std::string::npos ? Scope::outer : Scope::function;
}

std::size_t line_of(const std::string& source, std::size_t at) {
  const auto end = source.begin() + static_cast<std::ptrdiff_t>(at);
  return 1 + static_cast<std::size_t>(std::count(source.begin(), end, '\n'));
}

struct Open {
  Scope scope;
  std::size_t start, brace;  // where its declaration begins, and its body
};

Function function_of(const std::string& source, const Open& open, std::size_t end) {
  const std::size_t line = line_of(source, open.start);
  std::istringstream words(source.substr(open.start, open.brace - open.start));
  std::string head;
  for (std::string word; words >> word;) head += (head.empty() ? "" : " ") + word;
  return {line, line_of(source, end) - line + 1, head};
}

}  // namespace

std::vector<Function> functions_of(const std::string& source) {
  static const std::set<std::string> access = {"public", "protected", "private"};
  const std::string code = code_of(source);
  std::vector<Function> out;
  std::vector<Open> scopes = {{Scope::outer, 0, 0}};
  std::size_t start = std::string::npos;  // of the statement; none yet
  for (std::size_t at = 0; at < code.size(); ++at) {
    const char c = code[at];
    if (start == std::string::npos && !std::isspace(static_cast<unsigned char>(c))) start = at;
    if (c == '{') {
      scopes.push_back({opened(code.substr(start, at - start), scopes.back().scope), start, at});
      if (scopes.back().scope != Scope::other) start = std::string::npos;
    } else if (c == '}') {
      const Open closed = scopes.back();
      scopes.pop_back();
      if (scopes.empty()) throw std::runtime_error("a brace closes that did not open");
      if (closed.scope == Scope::function) out.push_back(function_of(source, closed, at));
      // Behind an initialiser its statement goes on.
      start = closed.scope == Scope::other ? closed.start : std::string::npos;
    } else if (c == ';' || (c == ':' && access.count(code.substr(start, at - start)) == 1)) {
      start = std::string::npos;
    }
  }
  if (scopes.size() != 1) throw std::runtime_error("a brace opens that does not close");
  return out;
}
