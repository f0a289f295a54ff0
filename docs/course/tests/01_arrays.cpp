#include "arrays.hpp"

using namespace grade;
using course::Array;
using course::Shape;

namespace {

const std::vector<Shape> shapes = {{2, 3}, {4}, {}, {1}, {2, 1, 3}, {0, 3}, {3, 0}, {2, 3, 4}};

/// Numbers 0, 1, 2 ... row after row.
Values counted(const Shape& shape) {
  Values x{shape, std::vector<double>(count(shape))};
  for (std::size_t i = 0; i < x.numbers.size(); ++i) x.numbers[i] = static_cast<double>(i);
  return x;
}

Values whole(const Shape& numbers) {
  return {{static_cast<int64_t>(numbers.size())}, {numbers.begin(), numbers.end()}};
}

/// Element `index` of x, counted here and not by the learner.
double element(const Values& x, const Shape& index) {
  int64_t place = 0;
  for (std::size_t i = 0; i < index.size(); ++i) place = place * x.shape[i] + index[i];
  return x.numbers[place];
}

/// The elements of x at index(i) for each index i of `shape`.
template <class F>
Values gathered(const Values& x, const Shape& shape, F index) {
  Values y{shape, {}};
  for (int64_t i = 0; i < count(shape); ++i) {
    Shape at(shape.size());
    int64_t rest = i;
    for (std::size_t axis = shape.size(); axis-- > 0;) {
      at[axis] = rest % shape[axis];
      rest /= shape[axis];
    }
    y.numbers.push_back(element(x, index(at)));
  }
  return y;
}

/// The elements of a as they are when its offset is lost.
Values without_offset(Array a) {
  a.offset = 0;
  return values_of("an array", a);
}

/// The numbers of a's memory from number `first` on, in the shape of a.
Values from_memory(const Array& a, int64_t first) {
  Values x{a.shape, {}};
  for (int64_t i = 0; i < count(a.shape); ++i) {
    x.numbers.push_back((*a.data)[std::min<int64_t>(first + i, a.data->size() - 1)]);
  }
  return x;
}

/// Elements begin to end - 1 of an axis of a, if the first of all is number `offset`.
Values slice_at(Array a, int64_t axis, int64_t begin, int64_t end, int64_t offset) {
  a.offset = offset;
  a.shape[axis] = end - begin;
  return values_of("a slice", a);
}

void check_size(const std::string& what, const Array& s, int64_t axis, int64_t begin, int64_t end,
                int64_t before) {
  holds(s.shape.size() == 2, what, "the shape is " + text(s.shape) + ", expected two sizes");
  const auto number = [](int64_t n) { return static_cast<double>(n); };
  same(what + ": its size along that axis", number(s.shape[axis]), number(end - begin),
       {{"`end` is the first element that is no longer taken", number(end - begin + 1)},
        {"the size is end - begin, not end", number(end)},
        {"the slice is shorter than the array: end - begin", number(before)},
        {"the size is end - begin: what lies behind `end` is not taken", number(before - begin)}});
}

/// Sizes alone, of more elements than an `int` counts.
const Shape large = {100000, 100000, 3};
const char* const as_int = "an `int` ends at 2147483647: sizes and their products are int64_t";

double cut_to_int(int64_t n) { return static_cast<double>(static_cast<int32_t>(n)); }

/// Whether an element is one of the numbers of an array.
void is_inside(const std::string& what, const Array& a, const double& found) {
  const auto from = reinterpret_cast<std::intptr_t>(a.data->data());
  const auto size = static_cast<std::intptr_t>(a.data->size());
  const std::intptr_t bytes = reinterpret_cast<std::intptr_t>(&found) - from;
  const std::intptr_t place = bytes / static_cast<std::intptr_t>(sizeof(double));
  if (bytes >= 0 && place < size) return;
  const bool beside = -size <= place && place <= 2 * size;
  fail(what,
       beside ? "it is number " + std::to_string(place) + " of `data`, which has " +
                    std::to_string(size) + ": 0 to " + std::to_string(size - 1)
              : "it is not one of the array's numbers",
       beside ? "the place is the offset and each index times its stride, and nothing else"
              : "a copy is returned where the number itself is wanted");
}

/// An array that does not lie row after row, and what it is.
struct View {
  std::string is;
  Array a;
};

std::vector<View> views_of(const Values& x) {
  return {
      {"with strides " + text(strided_array(x).strides), strided_array(x)},
      {"that is a transpose: no gap and no offset, but strides " + text(turned_array(x).strides),
       turned_array(x)},
      {"that is the left of a table: its rows lie in one piece, with a gap behind each",
       part_array(x)}};
}

/// Whether two arrays look at the same numbers in memory.
bool shares(const Array& a, const Array& b) { return a.data == b.data; }

}  // namespace

EXERCISE("count", "array.hpp") {
  for (const Shape& shape : shapes) {
    double sum = 0;
    for (int64_t size : shape) sum += static_cast<double>(size);
    same("count of " + text(shape), static_cast<double>(course::count(shape)),
         static_cast<double>(count(shape)),
         {{shape.empty() ? "the shape [] has one element, a number: start at 1"
                         : "sizes are multiplied, not added",
           sum}});
  }
  same("count of " + text(large), static_cast<double>(course::count(large)),
       static_cast<double>(count(large)), {{as_int, cut_to_int(count(large))}});
}

EXERCISE("row_major_strides", "array.hpp") {
  for (const Shape& shape : shapes) {
    Shape reversed = shape;
    std::reverse(reversed.begin(), reversed.end());
    Shape columns = strides_of(reversed);
    std::reverse(columns.begin(), columns.end());
    Shape sizes(shape.size(), 1);  // one's own size in place of the next one's
    for (std::size_t i = shape.size(); i-- > 1;) sizes[i - 1] = sizes[i] * shape[i - 1];
    Shape only(shape.size(), 1);  // the next size alone
    for (std::size_t i = shape.size(); i-- > 1;) only[i - 1] = shape[i];
    same(
        "row_major_strides of " + text(shape), whole(course::row_major_strides(shape)),
        whole(strides_of(shape)),
        {{"the last axis is the one whose neighbours touch: its stride is 1, not the first's",
          whole(columns)},
         {"a stride is the next stride times the next size, not times its own", whole(sizes)},
         {"a stride counts all axes behind it: the next stride times the next size", whole(only)}});
  }
  Shape longer = large;
  longer.insert(longer.begin(), 2);
  Values wanted = whole(strides_of(longer)), cut = wanted;
  for (double& stride : cut.numbers) stride = cut_to_int(static_cast<int64_t>(stride));
  same("row_major_strides of " + text(longer), whole(course::row_major_strides(longer)), wanted,
       {{as_int, cut}});
}

EXERCISE("at", "array.hpp") {
  for (const Shape& shape : shapes) {
    const Values x = counted(shape);
    for (const bool strided : {false, true}) {
      const Array a = array_of(x, strided);
      const std::string of = strided ? " of an array with strides " + text(a.strides) +
                                           " and offset " + std::to_string(a.offset)
                                     : " of " + text(shape);
      const auto identity = [](const Shape& index) { return index; };
      const Values wanted = gathered(x, shape, identity);
      Values got{shape, {}};
      gathered(x, shape, [&](const Shape& index) {
        double& found = a.at(index);
        is_inside("at " + text(index) + of, a, found);
        got.numbers.push_back(found);
        return index;
      });
      same("at" + of, got, wanted,
           {{"the offset says where the first element is: add it", without_offset(a)},
            {"the array's own strides say how far to go, not those of its shape",
             from_memory(a, a.offset)}});
    }
  }
}

EXERCISE("transpose", "array.hpp") {
  const Values x = counted({2, 3, 4});
  for (const auto& [i, j] :
       std::vector<std::pair<int, int>>{{0, 1}, {1, 2}, {0, 2}, {1, 1}, {2, 0}}) {
    for (const bool strided : {false, true}) {
      const Array a = array_of(x, strided), t = course::transpose(a, i, j);
      const std::string what =
          "transpose of axes " + std::to_string(i) + " and " + std::to_string(j) + " of [2, 3, 4]";
      Shape shape = x.shape;
      std::swap(shape[i], shape[j]);
      const Values wanted = gathered(x, shape, [i = i, j = j](Shape index) {
        std::swap(index[i], index[j]);
        return index;
      });
      holds(i == j || t.shape != shape || t.strides != a.strides, what,
            "the strides are those of the array",
            "the shape is exchanged and the strides are not: element [i, j] is still looked for "
            "where it was");
      holds(i == j || t.shape != x.shape || t.strides == a.strides, what,
            "the shape is that of the array", "the strides are exchanged and the shape is not");
      Array lost = a;
      lost.shape = shape;
      std::swap(lost.strides[i], lost.strides[j]);
      same(what, t, wanted,
           {{"the view starts where the array starts: its offset is lost", without_offset(lost)}});
      holds(shares(a, t), what, "the numbers were copied", "a view shares `data` with its array");
    }
  }
}

EXERCISE("slice", "array.hpp") {
  const Values x = counted({3, 4});
  for (const bool strided : {false, true}) {
    for (const int64_t axis : {0, 1}) {
      for (const auto& [begin, end] :
           std::vector<std::pair<int, int>>{{0, 1}, {2, 3}, {1, 3}, {0, 2}, {1, 1}}) {
        const Array a = array_of(x, strided);
        const std::string what = "slice " + std::to_string(begin) + " to " + std::to_string(end) +
                                 " of axis " + std::to_string(axis) + " of [3, 4]";
        const auto shifted = [&](int64_t by, int64_t size) {
          Shape shape = x.shape;
          shape[axis] = size;
          return gathered(x, shape, [=](Shape index) {
            index[axis] += by;
            return index;
          });
        };
        const Array s = course::slice(a, axis, begin, end);
        check_size(what, s, axis, begin, end, x.shape[axis]);
        const int64_t by = begin * a.strides[axis];
        same(what, s, shifted(begin, end - begin),
             {{"it starts at the first element: the offset moves on by begin strides",
               shifted(0, end - begin)},
              {"the offset moves on by begin strides of that axis, not by begin",
               slice_at(a, axis, begin, end, a.offset + begin)},
              {"the offset of the array is lost: add to it", slice_at(a, axis, begin, end, by)}});
        holds(shares(a, s), what, "the numbers were copied", "a view shares `data` with its array");
      }
    }
    // A slice of a slice starts from where the first one started.
    const Array a = array_of(x, strided);
    same("slice 1 to 3 of axis 1 of slice 1 to 3 of axis 0",
         course::slice(course::slice(a, 0, 1, 3), 1, 1, 3),
         gathered(x, {2, 2},
                  [](const Shape& i) {
                    return Shape{i[0] + 1, i[1] + 1};
                  }),
         {{"the offset of the array is lost: add to it", gathered(x, {2, 2}, [](const Shape& i) {
             return Shape{i[0], i[1] + 1};
           })}});
  }
}

EXERCISE("copy", "array.hpp") {
  for (const Shape& shape : shapes) {
    const Values x = counted(shape);
    std::vector<View> arrays = views_of(x);
    arrays.insert(arrays.begin(), View{"", contiguous_array(x)});
    for (const auto& [is, a] : arrays) {
      const Array c = course::copy(a);
      const std::string what = "copy of " + text(shape) + (is.empty() ? "" : " " + is);
      const std::string by_at = "visit the elements by `at`: ";
      same(what, c, x,
           {{by_at + "here the offset is left out", without_offset(a)},
            {by_at + "here the memory is copied as it lies, from its start", from_memory(a, 0)},
            {by_at + "here the memory is copied as it lies, from the offset on",
             from_memory(a, a.offset)}});
      holds(!shares(a, c), what, "it shares its numbers with the array",
            "a copy has `data` of its own");
      holds(c.strides == strides_of(shape), what, "its strides are " + text(c.strides),
            "in a copy the elements lie row after row");
      holds(static_cast<int64_t>(c.data->size()) == count(shape), what,
            "it has " + std::to_string(c.data->size()) + " numbers for " +
                std::to_string(count(shape)) + " elements",
            "copy the elements, not all of the memory that they lie in");
    }
  }
}

EXERCISE("reshape", "array.hpp") {
  const Values x = counted({2, 6});
  for (const Shape& shape : std::vector<Shape>{{3, 4}, {12}, {2, 2, 3}, {1, 12}}) {
    const std::string to = " to " + text(shape);
    const Values wanted{shape, x.numbers};
    const Array a = contiguous_array(x), r = course::reshape(a, shape);
    same("reshape of [2, 6]" + to, r, wanted);
    holds(shares(a, r), "reshape of [2, 6]" + to, "the numbers were copied",
          "elements that lie row after row need no copy");
    for (const auto& [is, view] : views_of(x)) {
      const std::string what = "reshape of [2, 6] " + is + "," + to;
      const Array copied = course::reshape(view, shape);
      holds(!shares(view, copied), what, "it is a view of the same numbers",
            "elements that do not lie row after row must be copied first: whether they do is said "
            "by all strides together, not by the offset, the last stride or the size of `data`");
      same(what, copied, wanted);
    }
  }
  const Array part = course::slice(contiguous_array(counted({3, 4})), 0, 1, 3);
  same("reshape of rows 1 to 2 of [3, 4] to [8]", course::reshape(part, {8}),
       {{8}, {4, 5, 6, 7, 8, 9, 10, 11}},
       {{"the offset is lost", {{8}, {0, 1, 2, 3, 4, 5, 6, 7}}}});
}
