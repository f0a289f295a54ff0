#pragma once

#include <initializer_list>

#include "../array.hpp"
#include "../loops/elementwise.hpp"

/// Internal: runs a loop of core/loops over all elements of its operands.
namespace heed::kernels {

/// A number in the representation of an element type, for a loop to read with stride 0.
struct Number {
  /// Whole numbers are cut and limited to the range of int32 (NaN gives 0); bool: is it not 0.
  Number(double value, DType dtype);
  union {
    float of_float;
    double of_double;
    int32_t of_int;
    uint8_t of_bool;
  };
};

/// One operand: the first element and how to step.
/// Without strides it is one number for all elements.
struct Operand {
  Operand(const Array& array)  // implicit: arrays and numbers are listed side by side
      : data(static_cast<char*>(array.raw())),
        strides(&array.strides()),
        item(static_cast<int64_t>(item_size(array.dtype()))),
        dense(array.is_contiguous()) {}
  Operand(const Number& number)
      : data(reinterpret_cast<char*>(const_cast<Number*>(&number))), dense(true) {}

  char* data;
  const Shape* strides = nullptr;
  int64_t item = 0;  ///< bytes
  bool dense;
};

/// Elements that one thread takes at a time: of cheap arithmetic, and of costly functions.
inline constexpr int64_t cheap_piece = 16384, costly_piece = 4096;

/// out = loop(in...), elementwise over the shape of `out`; at most three inputs.
/// Parallel, cut by shape.
void iterate(loops::Loop loop, const Array& out, std::initializer_list<Operand> in,
             int64_t piece = cheap_piece);

}  // namespace heed::kernels
