#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "../../core/operations.hpp"

/// What comparison_test.cpp walks: see tests/golden/make_comparison.py for the cases.
namespace heed::test {

using Inputs = std::vector<Tensor>;

/// An operation with its other arguments, under the name it has in make_comparison.py.
struct ComparedRow {
  std::string name;
  std::function<std::vector<Tensor>(const Inputs&)> call;
};
std::vector<ComparedRow> compared_rows();
/// Those of comparison_selection.py, which are among them.
void add_selection_rows(std::vector<ComparedRow>& rows);
std::vector<ComparedRow> compared_loss_rows();

/// What docs/pytorch-names.md says to write for a name that heed has not: compared as
/// `recipe.NAME/`.
struct Recipe {
  std::string name, text;
  std::function<Tensor(const Inputs&)> call;
};
std::vector<Recipe> recipes();

inline void add_row(std::vector<ComparedRow>& rows, const std::string& name,
                    std::function<Tensor(const Inputs&)> call) {
  rows.push_back(
      {name, [call = std::move(call)](const Inputs& x) { return std::vector<Tensor>{call(x)}; }});
}

/// Where heed differs from PyTorch: so many elements (or errors) of the keys that match, for the
/// reason that docs/pytorch.md gives in these words. `key` is a regular expression.
struct KnownDifference {
  std::string key;
  int elements;
  const char* reason;
};
std::vector<KnownDifference> known_differences();

}  // namespace heed::test
