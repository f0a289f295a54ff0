#include "iterate.hpp"
#include "../parallel.hpp"

namespace heed::kernels {

using loops::Loop;
using loops::Run;

Number::Number(double value, DType dtype) : of_double(0) {
  switch (dtype) {
    case DType::float32:
      of_float = static_cast<float>(value);
      break;
    case DType::float64:
      of_double = value;
      break;
    case DType::boolean:
      of_bool = value != 0;
      break;
    case DType::int32:
      if (value >= 2147483647.0) {
        of_int = INT32_MAX;
      } else if (value <= -2147483648.0) {
        of_int = INT32_MIN;
      } else {
        of_int = value == value ? static_cast<int32_t>(value) : 0;
      }
      break;
  }
}

namespace {

constexpr int max_operands = 4;

int64_t smaller(int64_t a, int64_t b) { return a < b ? a : b; }

/// All operands are dense or numbers: one run, cut into pieces.
void iterate_flat(Loop loop, const Operand& out, const Operand* in, int inputs, int64_t count,
                  int64_t piece) {
  Run run;
  run.n = count;
  run.out = out.data;
  for (int k = 0; k < inputs; ++k) {
    run.in[k] = in[k].data;
    run.stride[k] = in[k].strides ? 1 : 0;
  }
  if (count <= piece) return loop(run);
  parallel_for(count, piece, [&](int64_t begin, int64_t end) {
    Run part = run;
    part.n = end - begin;
    part.out = out.data + begin * out.item;
    for (int k = 0; k < inputs; ++k) part.in[k] = in[k].data + begin * in[k].item;
    loop(part);
  });
}

/// An axis, and how each operand steps along it (operand 0 is the output).
struct Axis {
  int64_t size;
  int64_t stride[max_operands];  // elements
};

/// The axes to step through and, as the last, the one to run along. That one may be cut: then one
/// of the others counts its parts.
struct Layout {
  int rank = 0;
  Axis axes[max_rank + 1];
  int64_t inner_size = 1, run_length = 1;
  int cut_axis = -1;

  const Axis& inner() const { return axes[rank - 1]; }
  void add(const Axis& axis, int operands) {
    if (rank > 0 && continues(axes[rank - 1], axis, operands)) {
      const int64_t size = axes[rank - 1].size * axis.size;
      axes[rank - 1] = axis;
      axes[rank - 1].size = size;
    } else {
      axes[rank++] = axis;
    }
  }
  /// Runs of at most `length`; the parts are counted by a new axis at `position`.
  void cut(int64_t length, int position) {
    const int64_t parts = (inner_size + length - 1) / length;
    run_length = (inner_size + parts - 1) / parts;
    if (parts == 1) return;
    for (int i = rank; i > position; --i) axes[i] = axes[i - 1];
    ++rank;
    axes[position] = inner();
    axes[position].size = parts;
    for (int64_t& stride : axes[position].stride) stride *= run_length;
    cut_axis = position;
  }

 private:
  static bool continues(const Axis& outer, const Axis& axis, int operands) {
    for (int k = 0; k < operands; ++k) {
      if (outer.stride[k] != axis.stride[k] * axis.size) return false;
    }
    return true;
  }
};

/// Does an operand run across cache lines that it would run along on the axis before?
bool is_turned(const Layout& layout, const Operand* const* operands, int count) {
  constexpr int64_t line = 64;
  if (layout.rank < 2) return false;
  const Axis &inner = layout.inner(), &before = layout.axes[layout.rank - 2];
  for (int k = 0; k < count; ++k) {
    const int64_t item = operands[k]->item;
    if (inner.stride[k] * item >= line && before.stride[k] * item < line) return true;
  }
  return false;
}

/// Axes of one element are dropped, neighbours merged wherever every operand steps
/// over both as over one.
Layout layout_of(const Shape& shape, const Operand* const* operands, int count, int64_t piece) {
  constexpr int64_t tile = 64;  // whose lines stay in the first-level cache
  Layout layout;
  for (int i = 0; i < shape.rank(); ++i) {
    if (shape[i] == 1) continue;
    Axis axis{shape[i], {}};
    for (int k = 0; k < count; ++k) {
      axis.stride[k] = operands[k]->strides ? (*operands[k]->strides)[i] : 0;
    }
    layout.add(axis, count);
  }
  if (layout.rank == 0) layout.axes[layout.rank++] = Axis{1, {}};
  layout.inner_size = layout.inner().size;
  if (is_turned(layout, operands, count)) {
    layout.cut(tile, layout.rank - 2);
  } else {
    layout.cut(piece, layout.rank - 1);
  }
  return layout;
}

/// Steps through the outer axes of a layout, with the offsets (in bytes) of all operands.
class Position {
 public:
  Position(const Layout& layout, const Operand* const* operands, int count, int64_t start)
      : layout_(layout), count_(count) {
    for (int k = 0; k < count; ++k) item_[k] = operands[k]->item;
    for (int i = layout.rank - 2; i >= 0; --i) {
      index_[i] = start % layout.axes[i].size;
      start /= layout.axes[i].size;
      move(i, index_[i]);
    }
  }
  int64_t offset(int operand) const { return offset_[operand]; }
  int64_t run_length() const {
    if (layout_.cut_axis < 0) return layout_.run_length;
    const int64_t done = index_[layout_.cut_axis] * layout_.run_length;
    return smaller(layout_.run_length, layout_.inner_size - done);
  }
  void advance() {
    for (int i = layout_.rank - 2; i >= 0; --i) {
      move(i, 1);
      if (++index_[i] < layout_.axes[i].size) return;
      move(i, -layout_.axes[i].size);
      index_[i] = 0;
    }
  }

 private:
  void move(int axis, int64_t steps) {
    for (int k = 0; k < count_; ++k) offset_[k] += steps * layout_.axes[axis].stride[k] * item_[k];
  }
  const Layout& layout_;
  int count_;
  int64_t item_[max_operands] = {}, offset_[max_operands] = {}, index_[max_rank + 1] = {};
};

/// Any strides: runs along the innermost axis.
void iterate_strided(Loop loop, const Shape& shape, const Operand* const* operands, int count,
                     int64_t piece) {
  const Layout layout = layout_of(shape, operands, count, piece);
  int64_t runs = 1;
  for (int i = 0; i + 1 < layout.rank; ++i) runs *= layout.axes[i].size;
  parallel_for(runs, piece / layout.run_length, [&](int64_t begin, int64_t end) {
    Position position(layout, operands, count, begin);
    Run run;
    run.out_stride = layout.inner().stride[0];
    for (int k = 1; k < count; ++k) run.stride[k - 1] = layout.inner().stride[k];
    for (int64_t i = begin; i < end; ++i, position.advance()) {
      run.n = position.run_length();
      run.out = operands[0]->data + position.offset(0);
      for (int k = 1; k < count; ++k) run.in[k - 1] = operands[k]->data + position.offset(k);
      if (run.n > 0) loop(run);
    }
  });
}

}  // namespace

void iterate(Loop loop, const Array& out, std::initializer_list<Operand> in, int64_t piece) {
  const int64_t numel = out.numel();
  if (numel == 0) return;
  const Operand target = out;
  const int inputs = static_cast<int>(in.size());
  bool dense = target.dense;
  for (const Operand& operand : in) dense = dense && operand.dense;
  if (dense) return iterate_flat(loop, target, in.begin(), inputs, numel, piece);
  const Operand* operands[max_operands] = {&target};
  for (int k = 0; k < inputs; ++k) operands[k + 1] = in.begin() + k;
  iterate_strided(loop, out.shape(), operands, inputs + 1, piece);
}

}  // namespace heed::kernels
