#include "views.hpp"

#include <algorithm>
#include <new>

#include "autograd.hpp"
#include "broadcast.hpp"
#include "kernels/elementwise.hpp"
#include "kernels/ordered.hpp"
#include "kernels/reductions.hpp"
#include "memory.hpp"
#include "record.hpp"

namespace heed {

Tensor reshape(const Tensor& x, const Shape& shape) {
  const Shape from = x.shape();
  return record("reshape", x.array().reshape(shape),
                wrt(x, [from](const Array& g) { return g.reshape(from); }));
}

Tensor transpose(const Tensor& x, int64_t axis_a, int64_t axis_b) {
  return record("transpose", x.array().transpose(axis_a, axis_b),
                wrt(x, [=](const Array& g) { return g.transpose(axis_a, axis_b); }));
}

Tensor permute(const Tensor& x, const Axes& axes) {
  Array y = x.array().permute(axes);
  Axes inverse = axes;
  for (int i = 0; i < axes.rank(); ++i) {
    inverse[normalized_axis("permute", axes[i], axes.rank())] = i;
  }
  return record("permute", std::move(y),
                wrt(x, [inverse](const Array& g) { return g.permute(inverse); }));
}

// y = x[start : stop : step];  dL/dx = g there, 0 elsewhere: added in place
Tensor slice(const Tensor& x, int64_t axis, int64_t start, int64_t stop, int64_t step) {
  const Shape from = x.shape();
  return record("slice", x.array().slice(axis, start, stop, step),
                wrt(x, [=](const Array& g, Array& into) {
                  zeros_into(into, from, g.dtype());
                  kernels::add_into(into.slice(axis, start, stop, step), g);
                }));
}

// y = x[index];  dL/dx = g there, 0 elsewhere: added in place
Tensor select(const Tensor& x, int64_t axis, int64_t index) {
  const Shape from = x.shape();
  return record("select", x.array().select(axis, index), wrt(x, [=](const Array& g, Array& into) {
                  zeros_into(into, from, g.dtype());
                  kernels::add_into(into.select(axis, index), g);
                }));
}

// y = x, repeated;  dL/dx = the sum of g over the repetitions
Tensor expand(const Tensor& x, const Shape& shape) {
  if (x.shape() == shape) return x;
  const Shape from = x.shape();
  return record("expand", x.array().expand(shape),
                wrt(x, [from](const Array& g) { return kernels::sum_to(g, from); }));
}

Tensor squeeze(const Tensor& x, int64_t axis) {
  const Shape from = x.shape();
  return record("squeeze", x.array().squeeze(axis),
                wrt(x, [from](const Array& g) { return g.reshape(from); }));
}

Tensor unsqueeze(const Tensor& x, int64_t axis) {
  const Shape from = x.shape();
  return record("unsqueeze", x.array().unsqueeze(axis),
                wrt(x, [from](const Array& g) { return g.reshape(from); }));
}

std::vector<Tensor> split(const Tensor& x, int64_t size, int64_t axis) {
  if (size <= 0) throw ShapeError("split: the size must be positive, got " + std::to_string(size));
  std::vector<Tensor> parts;
  const int64_t extent = x.size(axis);
  int64_t start = 0;
  do {  // an axis of size 0 has one part, which is empty too
    const int64_t stop = size < extent - start ? start + size : extent;
    parts.push_back(slice(x, axis, start, stop));
    start = stop;
  } while (start < extent);
  return parts;
}

std::vector<Tensor> chunk(const Tensor& x, int64_t chunks, int64_t axis) {
  if (chunks <= 0) {
    throw ShapeError("chunk: the number of chunks must be positive, got " + std::to_string(chunks));
  }
  const int64_t extent = x.size(axis);
  if (extent > 0) return split(x, extent / chunks + (extent % chunks > 0), axis);
  return std::vector<Tensor>(static_cast<std::size_t>(chunks), slice(x, axis, 0, 0));
}

namespace {

/// The node of `cat` and `stack`, whose number of inputs is known at run time alone; the inputs'
/// nodes and the extents along the axis stand behind it in the same block of memory.
class JoinNode final : public Node {
 public:
  /// Of parts that have the axis, or (`is_new`) make one.
  static Ref<Node> make(const char* name, const Array& y, std::span<const Tensor> parts, int axis,
                        bool is_new) {
    const std::size_t count = parts.size();
    const std::size_t bytes = sizeof(JoinNode) + count * (sizeof(Ref<Node>) + sizeof(int64_t));
    char* memory = static_cast<char*>(allocate(bytes));
    auto* inputs = reinterpret_cast<Ref<Node>*>(memory + sizeof(JoinNode));
    auto* ends = reinterpret_cast<int64_t*>(inputs + count);
    for (std::size_t i = 0; i < count; ++i) {
      new (inputs + i) Ref<Node>(parts[i].requires_grad() ? parts[i].node() : Ref<Node>());
      ends[i] = (is_new ? 1 : parts[i].size(axis)) + (i ? ends[i - 1] : 0);
    }
    return Ref<Node>(new (memory) JoinNode(name, y, inputs, static_cast<int>(count), bytes, axis));
  }

  ~JoinNode() override {
    for (int i = 0; i < input_count(); ++i) inputs_[i].~Ref<Node>();
  }

 private:
  JoinNode(const char* name, const Array& y, Ref<Node>* inputs, int count, std::size_t bytes,
           int axis)
      : Node(name, y, inputs, count, bytes), inputs_(inputs), axis_(axis) {}

  void apply(const Array& g, Backward& run, bool) override {
    const auto* ends = reinterpret_cast<const int64_t*>(inputs_ + input_count());
    for (int i = 0; i < input_count(); ++i) {
      if (!run.wants(i)) continue;
      const Array part = g.slice(axis_, i ? ends[i - 1] : 0, ends[i]);
      run.give(i, part.reshape(inputs_[i]->shape()).to(inputs_[i]->dtype()));
    }
  }

  Ref<Node>* inputs_;
  int axis_;
};

Tensor join(const char* name, std::span<const Tensor> parts, const Shape& shape, int axis,
            bool is_new) {
  const Array y = Array::empty(shape, result_type(parts));
  int64_t start = 0;
  bool needed = false;
  for (const Tensor& part : parts) {
    const int64_t end = start + (is_new ? 1 : part.size(axis));
    const Array place = y.slice(axis, start, end);
    kernels::copy_into(place, part.array().reshape(place.shape()));
    start = end;
    needed |= part.requires_grad();
  }
  if (observers > 0) observe_result(name, y);
  if (!needed || !grad_enabled()) return Tensor(y);
  return Tensor(y, JoinNode::make(name, y, parts, axis, is_new));
}

void check_parts(const char* operation, std::span<const Tensor> parts) {
  if (parts.empty()) throw ShapeError(std::string(operation) + ": needs at least one tensor");
}

}  // namespace

// y = [x_0, x_1, ...];  dL/dx_k = the slice of g where x_k went
Tensor cat(std::span<const Tensor> parts, int64_t axis_in) {
  check_parts("cat", parts);
  const int axis = normalized_axis("cat", axis_in, parts[0].rank());
  Shape shape = parts[0].shape();
  shape[axis] = 0;
  for (const Tensor& part : parts) {
    Shape other = part.shape();
    if (other.rank() == shape.rank()) other[axis] = shape[axis];
    if (other != shape) {
      throw ShapeError("cat: shapes differ beyond axis " + std::to_string(axis) + ": " +
                       to_string(parts[0].shape()) + " and " + to_string(part.shape()));
    }
    shape[axis] += part.size(axis);
  }
  return join("cat", parts, shape, axis, false);
}

Tensor stack(std::span<const Tensor> parts, int64_t axis_in) {
  check_parts("stack", parts);
  for (const Tensor& part : parts) {
    if (part.shape() != parts[0].shape()) {
      throw ShapeError("stack: shapes differ: " + to_string(parts[0].shape()) + " and " +
                       to_string(part.shape()));
    }
  }
  const int axis = normalized_axis("stack", axis_in, parts[0].rank() + 1);
  const Shape shape = parts[0].shape().with(axis, static_cast<int64_t>(parts.size()));
  return join("stack", parts, shape, axis, true);
}

// y_i = x_{n - 1 - i};  dL/dx = g in reverse order
Tensor flip(const Tensor& x, const Axes& axes_in) {
  const Axes axes = distinct_axes("flip", axes_in, x.rank());
  return record("flip", kernels::flip(x.array(), axes),
                wrt(x, [axes](const Array& g) { return kernels::flip(g, axes); }));
}

}  // namespace heed
