#pragma once

#include <cstddef>
#include <string>
#include <vector>

/// A function of a C++ source, with its body; a TEST_CASE is one too.
struct Function {
  std::size_t line = 0, lines = 0;  // where its declaration begins, counted from 1; how many it has
  std::string head;                 // the declaration, on one line
};

/// The functions of `source`, at the level of a file, a namespace or a class: what stands inside of
/// another function counts there. Namespaces, types and initialisers, such as tables, are none.
///
/// It reads code as clang-format leaves it: a body's `{` has a space before it, and the brace of an
/// initialiser has an `=` or a name. Throws std::runtime_error for braces that do not pair.
std::vector<Function> functions_of(const std::string& source);
