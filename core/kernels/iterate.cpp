#include <heed/core/kernels/iterate.hpp>
#include <heed/core/parallel.hpp>

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

/// The axes that are left after those of one element are dropped and neighbours merged wherever
/// every operand steps over both as over one. Operand 0 is the output.
struct Axis {
  int64_t size;
  int64_t stride[max_operands];  // elements
};
struct Layout {
  int rank = 0;
  Axis axes[max_rank];

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
  static bool continues(const Axis& outer, const Axis& axis, int operands) {
    for (int k = 0; k < operands; ++k) {
      if (outer.stride[k] != axis.stride[k] * axis.size) return false;
    }
    return true;
  }
};

Layout merged(const Shape& shape, const Operand* const* operands, int count) {
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
  int64_t item_[max_operands] = {}, offset_[max_operands] = {}, index_[max_rank] = {};
};

/// Any strides: runs along the innermost axis, cut where it is long, several in a piece where
/// short.
void iterate_strided(Loop loop, const Shape& shape, const Operand* const* operands, int count,
                     int64_t numel, int64_t piece) {
  const Layout layout = merged(shape, operands, count);
  const Axis& inner = layout.inner();
  const int64_t cuts = (inner.size + piece - 1) / piece;  // of one run
  const int64_t length = (inner.size + cuts - 1) / cuts;
  const int64_t tasks = numel / inner.size * cuts;
  parallel_for(tasks, cuts > 1 ? 1 : piece / length, [&](int64_t begin, int64_t end) {
    Position position(layout, operands, count, begin / cuts);
    for (int64_t task = begin; task < end; ++task) {
      const int64_t start = task % cuts * length;
      Run run;
      run.n = smaller(length, inner.size - start);
      const auto first = [&](int k) {
        return operands[k]->data + position.offset(k) + start * inner.stride[k] * operands[k]->item;
      };
      run.out = first(0);
      run.out_stride = inner.stride[0];
      for (int k = 1; k < count; ++k) {
        run.in[k - 1] = first(k);
        run.stride[k - 1] = inner.stride[k];
      }
      if (run.n > 0) loop(run);
      if (task % cuts == cuts - 1) position.advance();
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
  iterate_strided(loop, out.shape(), operands, inputs + 1, numel, piece);
}

}  // namespace heed::kernels
