// The rows of comparison_selection.py: what enlarges, selects, sorts and draws.
#include "comparison.hpp"

namespace heed::test {

namespace {

using Rows = std::vector<ComparedRow>;
using Numbers = std::vector<int64_t>;

/// The numbers as they stand in a row's name.
std::string listed(const Numbers& numbers) {
  std::string text;
  for (const int64_t number : numbers) text += (text.empty() ? "" : ",") + std::to_string(number);
  return text;
}

Shape shape_of(const Numbers& sizes) {
  return Shape(sizes.data(), static_cast<int64_t>(sizes.size()));
}

void add_enlarged(Rows& rows) {
  const std::vector<Numbers> expanded = {{2, -1, -1, -1}, {-1, 1, 4}, {-1, 3},
                                         {3, -1},         {-1},       {-2, 3}};
  for (const Numbers& sizes : expanded) {
    add_row(rows, "expand/" + listed(sizes),
            [sizes](const Inputs& x) { return expand(x[0], shape_of(sizes)); });
  }
  const std::vector<Numbers> repeated = {{1, 1, 1}, {2, 1, 3}, {1, 2, 1, 2}, {0, 1, 2},
                                         {3},       {},        {1, -1}};
  for (const Numbers& repeats : repeated) {
    add_row(rows, "repeat/" + listed(repeats),
            [repeats](const Inputs& x) { return repeat(x[0], shape_of(repeats)); });
  }
  const std::vector<Numbers> padded = {{1, 2},        {-1, 2, 0, 0, 2, -1},
                                       {0, 1, 2, 0},  {-1, -1},
                                       {0, 0, -1, 1}, {},
                                       {-2, -1},      {-2, -2},
                                       {5, -3},       {-4, 0},
                                       {-4, 5},       {1, 1, 1, 1},
                                       {1},           {0, 0}};
  for (const Numbers& sides : padded) {
    add_row(rows, "pad/" + listed(sides), [sides](const Inputs& x) { return pad(x[0], sides); });
  }
  add_row(rows, "pad/1,1.value", [](const Inputs& x) { return pad(x[0], {1, 1}, 2); });
  add_row(rows, "pad/2,0,-1,1.inf", [](const Inputs& x) {
    return pad(x[0], {2, 0, -1, 1}, 1.0 / 0.0);
  });
  const std::vector<Numbers> chunks = {{2, 0}, {3, -1}, {5, 1}, {1, 0}, {2, -1},
                                       {5, 0}, {2, 1},  {0, 0}, {-1, 0}};
  for (const Numbers& choice : chunks) {
    rows.push_back({"chunk/" + listed(choice),
                    [choice](const Inputs& x) { return chunk(x[0], choice[0], choice[1]); }});
  }
}

void add_selected(Rows& rows) {
  add_row(rows, "index/", [](const Inputs& x) {
    return index(x[0], std::span<const Tensor>(x.begin() + 1, x.end()));
  });
  add_row(rows, "masked_select/", [](const Inputs& x) { return masked_select(x[0], x[1]); });
  add_row(rows, "nonzero/", [](const Inputs& x) { return nonzero(x[0]); });
  for (const int64_t classes : {-1, 4, 0}) {
    add_row(rows, "one_hot/" + std::to_string(classes),
            [classes](const Inputs& x) { return one_hot(x[0], classes, int32); });
  }
}

void add_ordered(Rows& rows) {
  for (const int64_t axis : {-1, 0, 1}) {
    for (const bool falling : {false, true}) {
      const std::string name = std::to_string(axis) + (falling ? ",falling" : "");
      rows.push_back({"sort/" + name, [=](const Inputs& x) {
                        const Sorted found = sort(x[0], axis, falling);
                        return std::vector<Tensor>{found.values, found.indices};
                      }});
      add_row(rows, "argsort/" + name,
              [=](const Inputs& x) { return argsort(x[0], axis, falling); });
    }
  }
}

void add_drawn(Rows& rows) {
  for (const int64_t n : {1, 5, 0, -1}) {
    add_row(rows, "multinomial/" + std::to_string(n),
            [n](const Inputs& x) { return multinomial(x[0], n); });
  }
  for (const int64_t n : {1, 5}) {
    add_row(rows, "multinomial/" + std::to_string(n) + ",again",
            [n](const Inputs& x) { return multinomial(x[0], n, true); });
  }
}

}  // namespace

void add_selection_rows(std::vector<ComparedRow>& rows) {
  add_enlarged(rows);
  add_selected(rows);
  add_ordered(rows);
  add_drawn(rows);
}

}  // namespace heed::test
