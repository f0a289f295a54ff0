#pragma once

#include <cstdint>
#include <string>
#include <type_traits>
#include <vector>

#include "ref.hpp"
#include "shape.hpp"

namespace heed {

/// Type of an array's elements. `boolean` is for masks, true = keep; `int32` for ids and indices.
enum class DType : uint8_t { float32, float64, int32, boolean };
inline constexpr DType float32 = DType::float32;
inline constexpr DType float64 = DType::float64;
inline constexpr DType int32 = DType::int32;
inline constexpr DType boolean = DType::boolean;

/// Bytes of one element: 4, 8, 4, 1.
constexpr std::size_t item_size(DType dtype) {
  return dtype == DType::float64 ? 8 : dtype == DType::boolean ? 1 : 4;
}
/// `float32`, `float64`, `int32`, `bool`.
const char* to_string(DType dtype);
inline bool is_floating(DType dtype) { return dtype == float32 || dtype == float64; }

template <class T>
inline constexpr DType dtype_of = DType::float32;
template <>
inline constexpr DType dtype_of<double> = DType::float64;
template <>
inline constexpr DType dtype_of<int32_t> = DType::int32;
template <>
inline constexpr DType dtype_of<bool> = DType::boolean;

/// Is T the type of some array's elements?
template <class T>
inline constexpr bool is_element = std::is_same_v<T, float> || std::is_same_v<T, double> ||
                                   std::is_same_v<T, int32_t> || std::is_same_v<T, bool>;
/// Is it int64_t, by whichever name? From it int32 is made, as far as the numbers fit.
template <class T>
inline constexpr bool is_long = std::is_same_v<T, long> || std::is_same_v<T, long long>;

/// The memory of one or more arrays. `version` counts the public in-place changes.
class alignas(64) Storage : public Counted {
 public:
  static Ref<Storage> make(std::size_t bytes);
  static void destroy(Storage* storage) noexcept;
  void* data() { return this + 1; }
  std::size_t bytes() const { return bytes_; }
  uint32_t version() const { return version_; }
  void bump_version() { ++version_; }

 private:
  explicit Storage(std::size_t bytes) : bytes_(bytes) {}
  std::size_t bytes_;
  uint32_t version_ = 0;
};

/// Numbers alone: an element type, a shape, strides, and shared storage. Copying an Array shares
/// its numbers; `clone` copies them. Views (`transpose`, `slice`, `expand`, ...) never copy,
/// `reshape` copies only where strides cannot express the result. Row-major; strides count
/// elements. Axes may be negative (counted from the end).
/// Errors: `ShapeError`, `IndexError`, `TypeError`.
class Array {
 public:
  /// An undefined array, for "none".
  Array() = default;

  static Array empty(const Shape& shape, DType dtype = float32);
  static Array zeros(const Shape& shape, DType dtype = float32);
  static Array full(const Shape& shape, double value, DType dtype = float32);
  /// 0, 1, ..., n - 1.
  static Array arange(int64_t n, DType dtype = float32);
  /// A copy of `values`, row-major; their number must be that of `shape`. int64_t becomes int32:
  /// `TypeError` for a value that does not fit says which and where.
  template <class T>
  static Array from(const std::vector<T>& values, const Shape& shape);

  bool defined() const { return static_cast<bool>(storage_); }
  DType dtype() const { return dtype_; }
  const Shape& shape() const { return shape_; }
  const Shape& strides() const { return strides_; }
  int rank() const { return shape_.rank(); }
  int64_t size(int64_t axis) const;
  int64_t numel() const { return numel_; }
  bool is_contiguous() const;
  /// No other Array shares the storage, and the elements fill it densely in row-major order.
  bool is_sole_owner() const { return storage_ && storage_->unique() && is_contiguous(); }
  bool shares_storage_with(const Array& other) const { return storage_ == other.storage_; }

  /// First element; `TypeError` unless `T` is the element type (float, double, int32_t, bool).
  template <class T>
  T* data() const;
  /// First element, untyped; `TypeError` if there is none because the array is undefined.
  void* raw() const {
    if (!storage_) refuse_undefined();
    return static_cast<char*>(storage_->data()) + offset_ * static_cast<int64_t>(item_size(dtype_));
  }

  /// The value of the only element, and of the element at `index`, as a double.
  double item() const;
  double at(const Shape& index) const;
  /// All elements in row-major order; `T` is the element type.
  template <class T>
  std::vector<T> to_vector() const;

  // Views.
  Array transpose(int64_t axis_a, int64_t axis_b) const;
  Array permute(const Axes& axes) const;
  /// One size may be -1: it is inferred.
  Array reshape(const Shape& shape) const;
  /// Elements start, start + step, ... before stop of `axis`; start and stop are clipped as in
  /// Python, step > 0.
  Array slice(int64_t axis, int64_t start, int64_t stop, int64_t step = 1) const;
  /// Element `index` of `axis`, which disappears.
  Array select(int64_t axis, int64_t index) const;
  /// Broadcast to `shape` by NumPy's rules, stride 0 along the new extents; -1 keeps a size.
  Array expand(const Shape& shape) const;
  Array squeeze(int64_t axis) const;
  Array unsqueeze(int64_t axis) const;

  /// Itself if contiguous, else a contiguous copy.
  Array contiguous() const;
  Array clone() const;
  /// Itself if it has that element type, else converted (to bool: is it not 0).
  Array to(DType dtype) const;

  /// Number of public in-place changes to the storage so far.
  uint32_t version() const { return storage_ ? storage_->version() : 0; }
  void bump_version() const { storage_->bump_version(); }

  /// A view of the same storage with any shape, strides and offset (in elements): for kernels.
  Array view_as(const Shape& shape, const Shape& strides, int64_t offset) const;
  int64_t offset() const { return offset_; }

 private:
  [[noreturn]] static void refuse_undefined();

  Ref<Storage> storage_;
  int64_t offset_ = 0, numel_ = 0;
  Shape shape_, strides_;
  DType dtype_ = float32;
};

/// Strides of a contiguous row-major array.
Shape contiguous_strides(const Shape& shape);
/// Values with their shape, nested brackets, long axes shortened by "...".
std::string to_string(const Array& array);

}  // namespace heed
