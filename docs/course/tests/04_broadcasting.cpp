#include "broadcast.hpp"

#include "operations.hpp"

using namespace grade;
using course::Array;
using course::Shape;
using course::Tensor;

namespace {

Values whole(const Shape& shape) {
  return {{static_cast<int64_t>(shape.size())}, {shape.begin(), shape.end()}};
}

/// broadcast_to a of shape `from`: where each element of `to` comes from, counted row after row.
/// Where `wrong`, axes are compared from the first on.
std::vector<int64_t> sources(const Shape& from, const Shape& to, bool wrong = false) {
  const std::size_t added = wrong ? 0 : to.size() - from.size();
  Shape strides(to.size(), 0);
  const Shape own = strides_of(from);
  for (std::size_t i = 0; i < from.size(); ++i) {
    if (from[i] == to[added + i]) strides[added + i] = own[i];
  }
  std::vector<int64_t> found;
  for (int64_t i = 0; i < count(to); ++i) {
    int64_t place = 0, rest = i;
    for (std::size_t axis = to.size(); axis-- > 0; rest /= to[axis]) {
      place += rest % to[axis] * strides[axis];
    }
    found.push_back(place);
  }
  return found;
}

/// What comes of g where each element is kept in the place it came from: added, or the last one.
Values gathered(const Values& g, const Shape& shape, bool added) {
  Values total{shape, std::vector<double>(count(shape), 0)};
  const std::vector<int64_t> from = sources(shape, g.shape);
  for (std::size_t i = 0; i < from.size(); ++i) {
    total.numbers[from[i]] = g.numbers[i] + (added ? total.numbers[from[i]] : 0);
  }
  return total;
}

Values scaled(Values x, double factor) {
  for (double& number : x.numbers) number *= factor;
  return x;
}

/// g of two axes summed over the axis that was not stretched.
Values over_the_wrong_axis(const Values& g, const Shape& shape) {
  const bool column = shape.size() == 2 && shape[1] == 1;
  return gathered(g, column ? Shape{1, g.shape[1]} : Shape{g.shape[0], 1}, true);
}

Mistakes mistakes_of_sum(const Values& g, const Shape& shape) {
  const double times =
      count(shape) ? static_cast<double>(count(g.shape)) / static_cast<double>(count(shape)) : 1;
  const Values sum = gathered(g, shape, true);
  Mistakes known = {
      {"the gradients of all copies are summed: here the last one stays alone",
       gathered(g, shape, false)},
      {"the gradients of all copies are summed, not averaged", scaled(sum, 1 / times)},
      {"nothing is summed: every element that was copied must be", g}};
  if (g.shape.size() == 2 && shape.size() <= 2 && count(shape) > 0) {
    Values wrong = over_the_wrong_axis(g, shape);
    const std::string says =
        "it is summed over the wrong axis: sum along the one that was stretched";
    known.push_back({says, wrong});
    wrong.shape = shape;
    if (count(shape) == static_cast<int64_t>(wrong.numbers.size())) known.push_back({says, wrong});
  }
  return known;
}

/// Says what is wrong with a shape, before any number is looked at.
void has_shape(const std::string& what, const Shape& got, const Shape& wanted) {
  if (got == wanted) return;
  Shape short_of_ones;
  for (int64_t size : wanted) {
    if (size != 1) short_of_ones.push_back(size);
  }
  const bool behind = got.size() > wanted.size();
  fail(what, "the shape is " + text(got) + ", expected " + text(wanted),
       behind                 ? "axes that were added in front are summed away, too"
       : got == short_of_ones ? "an axis of size 1 stays, with size 1"
                              : "");
}

void shape_of(const Shape& a, const Shape& b, const Shape& wanted) {
  Shape larger = wanted, from_the_front(std::max(a.size(), b.size()));
  const auto at = [](const Shape& s, std::size_t i) { return i < s.size() ? s[i] : 1; };
  for (std::size_t i = 0; i < from_the_front.size(); ++i) {
    from_the_front[i] = std::max(at(a, i), at(b, i));
    const std::size_t end = larger.size() - i;
    larger[end - 1] =
        std::max(i < a.size() ? a[a.size() - 1 - i] : 1, i < b.size() ? b[b.size() - 1 - i] : 1);
  }
  const std::string what = "broadcast_shape of " + text(a) + " and " + text(b);
  const auto got = [&] {
    try {
      return course::broadcast_shape(a, b);
    } catch (const std::invalid_argument& error) {
      fail(what, std::string("it throws: ") + error.what(),
           a.size() == b.size() ? "1 stretches to any size"
                                : "sizes are compared from the last axis, not from the first");
    }
  }();
  same(what, whole(got), whole(wanted),
       {{"1 stretches to 0 as well: it takes the other's size, not the larger one", whole(larger)},
        {"sizes are compared from the last axis, not from the first", whole(from_the_front)},
        {"axes that one of them lacks count as 1: the result has as many as the longer one",
         whole(a.size() < b.size() ? a : b)}});
}

}  // namespace

EXERCISE("broadcast_shape", "broadcast.hpp") {
  for (const auto& [a, b, wanted] :
       std::vector<std::tuple<Shape, Shape, Shape>>{{{2, 3}, {2, 3}, {2, 3}},
                                                    {{3, 1}, {1, 4}, {3, 4}},
                                                    {{3, 1}, {4}, {3, 4}},
                                                    {{4}, {3, 4}, {3, 4}},
                                                    {{}, {2, 3}, {2, 3}},
                                                    {{}, {}, {}},
                                                    {{2, 1, 3}, {4, 1}, {2, 4, 3}},
                                                    {{0, 3}, {1, 3}, {0, 3}},
                                                    {{1}, {0}, {0}},
                                                    {{5, 1}, {2, 1, 3}, {2, 5, 3}}}) {
    shape_of(a, b, wanted);
    shape_of(b, a, wanted);
  }
  for (const auto& [a, b] : std::vector<std::pair<Shape, Shape>>{
           {{2, 3}, {2, 4}}, {{3}, {2}}, {{2, 3}, {2, 1, 4}}, {{2, 3}, {2}}, {{0}, {2}}}) {
    const std::string what = "broadcast_shape of " + text(a) + " and " + text(b);
    Shape got;
    try {
      got = course::broadcast_shape(a, b);
    } catch (const std::invalid_argument&) {
      continue;
    }
    fail(what, "it returns " + text(got) + ", expected an std::invalid_argument",
         "two sizes that differ, neither of them 1, do not fit");
  }
}

EXERCISE("broadcast_to (arrays)", "broadcast.hpp") {
  for (const Case& one : cases("04_broadcasting", "broadcast_to")) {
    const Values &x = one["a"], &wanted = one["y"];
    for (const bool strided : {false, true}) {
      const Array a = array_of(x, strided), y = course::broadcast_to(a, wanted.shape);
      const std::string what = "broadcast_to of " + text(x.shape) + " in " + text(wanted.shape) +
                               (strided ? ", whose elements do not lie row after row" : "");
      holds(y.shape == wanted.shape, what, "the shape is " + text(y.shape));
      holds(y.strides.size() == y.shape.size(), what,
            "there are " + std::to_string(y.strides.size()) + " strides for " +
                std::to_string(y.shape.size()) + " axes",
            "new axes stand in front, and have strides too: 0");
      holds(y.data == a.data, what, "the numbers were copied",
            "a view shares `data` with its array: stride 0 repeats a number without a copy");
      holds(y.offset == a.offset, what, "the offset is another",
            "the view starts where its array starts");
      const std::size_t added = y.shape.size() - x.shape.size();
      for (std::size_t i = 0; i < y.shape.size(); ++i) {
        const std::string axis =
            "the stride of axis " + std::to_string(i) + " is " + std::to_string(y.strides[i]);
        if (i < added || (x.shape[i - added] == 1 && y.shape[i] != 1)) {
          holds(y.strides[i] == 0, what, axis,
                i < added ? "a new axis in front repeats the array: its stride is 0"
                          : "along a stretched axis the same number is met again: stride 0");
        } else if (y.shape[i] > 1) {
          holds(y.strides[i] == a.strides[i - added], what, axis,
                y.strides[i] == strides_of(x.shape)[i - added]
                    ? "the array's own strides are kept, not those of its shape"
                    : "an axis that is not stretched keeps its stride; axes are compared from the "
                      "last");
        }
      }
      same(what, y, wanted);
    }
  }
}

EXERCISE("sum_to", "broadcast.hpp") {
  std::vector<std::pair<Values, Shape>> sums = {{random({3, 3}, 1), {3, 1}},
                                                {random({3, 3}, 2), {3}}};
  for (const Case& one : cases("04_broadcasting", "broadcast_to")) {
    sums.emplace_back(one["g"], one["a"].shape);
  }
  for (const auto& [g, shape] : sums) {
    for (const bool strided : {false, true}) {
      const Array given = array_of(g, strided), got = course::sum_to(given, shape);
      const std::string what = "sum_to of " + text(g.shape) + " in " + text(shape) +
                               (strided ? ", whose elements do not lie row after row" : "");
      const Values wanted = gathered(g, shape, true), values = values_of(what, got);
      for (const Mistake& known : mistakes_of_sum(g, shape)) {
        if (values.shape != shape && values.shape == known.gives.shape) {
          same(what, values, wanted, {known});
        }
      }
      has_shape(what, got.shape, shape);
      same(what, values, wanted, mistakes_of_sum(g, shape));
      same(what + ": the array that was given", given, g,
           {{"the sum is written over its argument", wanted}});
    }
  }
  // The course's own numbers are heed's.
  for (const Case& one : cases("04_broadcasting", "broadcast_to")) {
    same("sum_to (" + one.name + ")", course::sum_to(contiguous_array(one["g"]), one["a"].shape),
         one["da"]);
  }
}

EXERCISE("broadcast_to (tensors)", "broadcast.hpp") {
  for (const Case& one : cases("04_broadcasting", "broadcast_to")) {
    const Shape& shape = one["y"].shape;
    operation("broadcast_to", one, {"a"},
              [&](const std::vector<Tensor>& x) { return course::broadcast_to(x[0], shape); },
              {{"da", mistakes_of_sum(one["g"], one["a"].shape)}});
  }
  const Tensor x = course::variable(contiguous_array(random({2, 3}, 1)));
  holds(course::broadcast_to(x, {4, 2, 3}).node->needs_grad, "broadcast_to of a variable",
        "the result needs no gradient", "`record` it, else nothing goes back");
  for (const Case& one : cases("04_broadcasting", "plus")) {
    operation("a + b", one, {"a", "b"},
              [](const std::vector<Tensor>& x) { return course::operator+(x[0], x[1]); });
  }
  for (const Case& one : cases("04_broadcasting", "times")) {
    operation("a * b", one, {"a", "b"},
              [](const std::vector<Tensor>& x) { return course::operator*(x[0], x[1]); });
  }
}

EXERCISE("sum", "broadcast.hpp") {
  for (const Case& one : cases("04_broadcasting", "sum of axis")) {
    const int64_t axis = one.name[12] - '0';
    const double n = static_cast<double>(one["a"].shape[axis]);
    const Values &g = one["g"], &y = one["y"];
    Values repeated{one["a"].shape, {}}, dropped = y;
    for (int64_t from : sources(g.shape, repeated.shape))
      repeated.numbers.push_back(g.numbers[from]);
    dropped.shape.erase(dropped.shape.begin() + axis);
    Values ones = repeated;
    for (double& number : ones.numbers) number = 1;
    Mistakes result = {{"the axis stays, with size 1", dropped}};
    Mistakes gradient = {
        {"each element counts whole: this is the gradient of a mean", scaled(repeated, 1 / n)},
        {"the gradient that came, g, is what each element receives", ones},
        {"every element that was summed receives g: stretch it to x's shape", g}};
    if (n > 0) result.push_back({"this is the mean", scaled(y, 1 / n)});
    operation("sum", one, {"a"},
              [axis](const std::vector<Tensor>& x) { return course::sum(x[0], axis); },
              {{"y", result}, {"da", gradient}});
  }
}
