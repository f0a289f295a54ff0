#pragma once

#include <cstdint>
#include <initializer_list>
#include <iosfwd>
#include <string>
#include <type_traits>

namespace heed {

/// The largest number of axes of an array.
inline constexpr int max_rank = 8;

/// A short list of whole numbers held inline (trivially copyable, so that backward rules may
/// capture it): the sizes of an array's axes, its strides, or a list of axes. At most `max_rank`
/// entries. A longer list or a negative size where sizes are wanted is a `ShapeError`.
class Shape {
 public:
  constexpr Shape() = default;
  Shape(std::initializer_list<int64_t> sizes);
  Shape(const int64_t* sizes, int64_t rank);
  /// `rank` entries, all equal to `value`.
  static Shape filled(int64_t rank, int64_t value);

  int rank() const { return rank_; }
  bool empty() const { return rank_ == 0; }
  /// Negative ones count from the end; `IndexError` for others.
  int64_t operator[](int axis) const { return sizes_[place(axis)]; }
  int64_t& operator[](int axis) { return sizes_[place(axis)]; }
  const int64_t* begin() const { return sizes_; }
  const int64_t* end() const { return sizes_ + rank_; }
  int64_t back() const { return (*this)[-1]; }

  void push_back(int64_t size);
  /// Without the entry `axis`, and with `size` put before entry `axis`.
  Shape without(int axis) const;
  Shape with(int axis, int64_t size) const;

  bool operator==(const Shape& other) const;
  bool operator!=(const Shape& other) const { return !(*this == other); }

 private:
  int place(int axis) const {
    const int from_start = axis < 0 ? axis + rank_ : axis;
    if (static_cast<unsigned>(from_start) >= static_cast<unsigned>(rank_)) refuse(axis);
    return from_start;
  }
  [[noreturn]] void refuse(int axis) const;

  int64_t sizes_[max_rank] = {};
  int rank_ = 0;
};

/// A list of axes, `{0, 2}`, or one, `1`; negative ones count from the end. A bool is none.
struct Axes : Shape {
  using Shape::Shape;
  Axes() = default;
  Axes(const Shape& axes) : Shape(axes) {}
  template <class Integer>
  requires(std::is_integral_v<Integer> && !std::is_same_v<Integer, bool>) Axes(Integer axis)
      : Shape{static_cast<int64_t>(axis)} {}
};

/// Yes or no, `true` or `false`. A number is neither: the 1 of `sum(x, 0, 1)` may be meant for an
/// axis, and does not compile.
struct Flag {
  bool value;
  template <class Bool>
  requires(std::is_same_v<Bool, bool> ||
           (std::is_class_v<Bool> &&
            std::is_convertible_v<const Bool&, bool>)) constexpr Flag(const Bool& flag)
      : value(flag) {}
  constexpr operator bool() const { return value; }
};

/// Product of the sizes; throws `ShapeError` where it overflows or a size is negative.
int64_t element_count(const Shape& shape);
/// `[32, 7, 512]`.
std::string to_string(const Shape& shape);
std::ostream& operator<<(std::ostream& out, const Shape& shape);
/// `axis` in [0, rank), a negative one counted from the end; `IndexError` names `operation`.
int normalized_axis(const char* operation, int64_t axis, int rank);
/// Each of `axes` in [0, rank); one listed twice is a `ShapeError` that names `operation`.
Axes distinct_axes(const char* operation, const Axes& axes, int rank);
/// The shape that `a` and `b` broadcast to by NumPy's rules; `ShapeError` names `operation`.
Shape broadcast_shapes(const char* operation, const Shape& a, const Shape& b);
/// Does `from` broadcast to `to` as it is?
bool broadcasts_to(const Shape& from, const Shape& to);

}  // namespace heed
