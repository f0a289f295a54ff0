#include "tensor.hpp"

#include <new>
#include <ostream>

#include "broadcast.hpp"
#include "error.hpp"
#include "kernels/elementwise.hpp"
#include "kernels/random.hpp"
#include "memory.hpp"
#include "record.hpp"

namespace heed {

namespace {

/// Where a leaf's gradient is collected.
class Leaf final : public Node {
 public:
  static Ref<Node> make(const Array& array) {
    return Ref<Node>(new (allocate(sizeof(Leaf))) Leaf(array));
  }

 private:
  explicit Leaf(const Array& array) : Node("leaf", array, nullptr, 0, sizeof(Leaf)) {}
  void apply(const Array&, Backward&, bool) override {}
};

template <class... A>
Ref<TensorImpl> make_impl(A&&... parts) {
  return Ref<TensorImpl>(new (allocate(sizeof(TensorImpl))) TensorImpl(std::forward<A>(parts)...));
}

thread_local bool recording = true;

}  // namespace

TensorImpl::TensorImpl(Array numbers) : array(std::move(numbers)) {}
TensorImpl::TensorImpl(Array numbers, Ref<Node> history)
    : array(std::move(numbers)), node(std::move(history)) {}
TensorImpl::~TensorImpl() = default;
void TensorImpl::destroy(TensorImpl* impl) noexcept {
  impl->~TensorImpl();
  deallocate(impl, sizeof(TensorImpl));
}

NoGrad::NoGrad() : before_(recording) { recording = false; }
NoGrad::~NoGrad() { recording = before_; }
EnableGrad::EnableGrad() : before_(recording) { recording = true; }
EnableGrad::~EnableGrad() { recording = before_; }
bool grad_enabled() { return recording; }

Tensor::Tensor(Array array) {
  if (array.defined()) impl_ = make_impl(std::move(array));
}
Tensor::Tensor(Array array, Ref<Node> node) : impl_(make_impl(std::move(array), std::move(node))) {}

Tensor Tensor::scalar(double value, DType dtype) { return full({}, value, dtype); }
Tensor Tensor::empty(const Shape& shape, DType dtype) { return Tensor(Array::empty(shape, dtype)); }
Tensor Tensor::zeros(const Shape& shape, DType dtype) { return full(shape, 0, dtype); }
Tensor Tensor::ones(const Shape& shape, DType dtype) { return full(shape, 1, dtype); }
Tensor Tensor::full(const Shape& shape, double value, DType dtype) {
  const Tensor y(Array::full(shape, value, dtype));
  check_number("full", y, value);
  return y;
}
Tensor Tensor::arange(int64_t n, DType dtype) { return Tensor(Array::arange(n, dtype)); }

Tensor Tensor::eye(int64_t n, DType dtype) {
  const Array matrix = Array::zeros({n, n}, dtype);
  kernels::fill(matrix.view_as({n}, {n + 1}, 0), 1);
  return Tensor(matrix);
}

namespace {

void check_floating(const char* operation, DType dtype) {
  if (is_floating(dtype)) return;
  throw TypeError(std::string(operation) + ": needs float32 or float64, got " + to_string(dtype));
}

using Draw = Array (*)(const Shape&, DType, uint64_t, uint64_t, uint64_t);
Tensor drawn(const char* operation, const Shape& shape, DType dtype, Draw draw) {
  check_floating(operation, dtype);
  Generator& generator = default_generator();
  const uint64_t block = generator.reserve(kernels::random_blocks(element_count(shape), dtype));
  return Tensor(draw(shape, dtype, generator.seed(), generator.stream(), block));
}

}  // namespace

Tensor Tensor::rand(const Shape& shape, DType dtype) {
  return drawn("rand", shape, dtype, kernels::uniform);
}
Tensor Tensor::randn(const Shape& shape, DType dtype) {
  return drawn("randn", shape, dtype, kernels::normal);
}

Tensor Tensor::of(std::initializer_list<double> values, const Shape& shape, DType dtype) {
  return Tensor(Array::from(std::vector<double>(values), shape).to(dtype));
}

const Array& Tensor::array() const {
  if (!impl_) {
    throw TypeError(
        "tensor: it is undefined, made without values or of a module that was moved from; an "
        "operation needs a tensor with values");
  }
  return impl_->array;
}

const Ref<Node>& Tensor::node() const {
  static const Ref<Node> none;
  return impl_ ? impl_->node : none;
}

bool Tensor::is_leaf() const { return !requires_grad() || node()->is_leaf(); }

Tensor& Tensor::set_requires_grad(bool wanted) {
  check_floating("set_requires_grad", dtype());
  if (!is_leaf()) {
    throw GraphError("set_requires_grad: the tensor is the result of " +
                     std::string(node()->name()) + "; use detach() first");
  }
  if (wanted != requires_grad()) impl_->node = wanted ? Leaf::make(array()) : Ref<Node>();
  return *this;
}

const Array& Tensor::grad_array() const {
  static const Array none;
  return requires_grad() && node()->is_leaf() ? node()->gradient : none;
}

Tensor Tensor::grad() const {
  const Array& g = grad_array();
  return g.defined() ? Tensor(g) : Tensor();
}

void Tensor::set_grad(Array gradient) const {
  if (gradient.defined() && (gradient.shape() != shape() || gradient.dtype() != dtype())) {
    throw ShapeError(std::string("set_grad: ") + to_string(gradient.dtype()) + " " +
                     to_string(gradient.shape()) + " for a tensor of " + to_string(dtype()) + " " +
                     to_string(shape()));
  }
  if (!requires_grad() || !node()->is_leaf()) {
    throw GraphError("set_grad: only a leaf that requires a gradient has one");
  }
  node()->gradient = std::move(gradient);
}

Tensor Tensor::detach() const { return Tensor(array()); }

Tensor Tensor::clone() const {
  return record("clone", array().clone(), wrt(*this, [](const Array& g) { return g; }));
}

Tensor Tensor::to(DType dtype) const {
  if (dtype == this->dtype()) return *this;
  if (!is_floating(dtype)) return Tensor(array().to(dtype));
  const DType from = this->dtype();
  return record("to", array().to(dtype), wrt(*this, [from](const Array& g) { return g.to(from); }));
}

void Tensor::backward(BackwardOptions options) const {
  if (numel() != 1) {
    throw GraphError(
        "backward: the tensor has shape " + to_string(shape()) +
        "; only a scalar has a gradient of its own: reduce it with sum() or mean(), or "
        "pass dL/dtensor");
  }
  backward(full(shape(), 1, dtype()), options);
}

void Tensor::backward(const Tensor& gradient, BackwardOptions options) const {
  if (!requires_grad()) {
    throw GraphError(
        "backward: the tensor has no history: nothing that made it requires a gradient");
  }
  if (gradient.dtype() != dtype()) {
    throw TypeError(std::string("backward: gradient of ") + to_string(gradient.dtype()) +
                    " for a tensor of " + to_string(dtype()) + "; convert it with .to(" +
                    to_string(dtype()) + ")");
  }
  if (gradient.shape() != shape()) {
    throw ShapeError("backward: gradient " + to_string(gradient.shape()) +
                     " for a tensor of shape " + to_string(shape()));
  }
  Backward::run({this, 1}, {&gradient.array(), 1}, nullptr, options.retain);
}

std::vector<Tensor> grad(const std::vector<Tensor>& outputs, const std::vector<Tensor>& inputs,
                         BackwardOptions options) {
  std::vector<Array> seeds;
  for (const Tensor& output : outputs) {
    seeds.push_back(Array::full(output.shape(), 1, output.dtype()));
  }
  std::vector<Tensor> gradients;
  for (Array& g : Backward::run(outputs, seeds, &inputs, options.retain)) {
    gradients.emplace_back(std::move(g));
  }
  return gradients;
}

void add_hook(const Tensor& tensor, Hook* owned) {
  if (!tensor.requires_grad()) {
    delete owned;
    throw GraphError("register_hook: the tensor does not require a gradient");
  }
  Hook** end = &tensor.node()->hooks_;
  while (*end) end = &(*end)->next;
  *end = owned;
}

namespace {

void check_in_place(const char* operation, const Tensor& target) {
  if (!target.is_leaf()) {
    throw GraphError(std::string(operation) + ": the tensor is the result of " +
                     target.node()->name() + "; change a detach().clone() of it instead");
  }
  if (target.requires_grad() && grad_enabled()) {
    throw GraphError(std::string(operation) +
                     ": a leaf that requires a gradient is changed in place under NoGrad only");
  }
}

/// What depends on the old numbers must find each element in a place of its own.
void check_no_overlap(const char* operation, const Array& target) {
  if (target.numel() == 0) return;
  for (int axis = 0; axis < target.rank(); ++axis) {
    if (target.strides()[axis] != 0 || target.shape()[axis] <= 1) continue;
    throw ShapeError(std::string(operation) + ": the tensor " + to_string(target.shape()) +
                     " is expanded: along axis " + std::to_string(axis) +
                     " one number in memory stands for " + std::to_string(target.shape()[axis]) +
                     " elements; clone() it first");
  }
}

Array expanded_operand(const char* operation, const Tensor& target, const Tensor& other) {
  if (other.requires_grad() && grad_enabled()) {
    throw GraphError(std::string(operation) +
                     ": the operand has a gradient, which a change in place would lose; write x = "
                     "x + y, or detach() the operand");
  }
  if (broadcast_shapes(operation, target.shape(), other.shape()) != target.shape()) {
    throw ShapeError(std::string(operation) + ": " + to_string(other.shape()) +
                     " does not broadcast to " + to_string(target.shape()));
  }
  check_no_overlap(operation, target.array());
  // An operand that shares the target's memory is copied: elements may be read after they changed.
  const Array& array = other.array();
  return (array.shares_storage_with(target.array()) ? array.clone() : array).expand(target.shape());
}

}  // namespace

Tensor& Tensor::copy_(const Tensor& source) {
  check_in_place("copy_", *this);
  kernels::copy_into(array(), expanded_operand("copy_", *this, source));
  array().bump_version();
  return *this;
}

Tensor& Tensor::fill_(double value) {
  check_in_place("fill_", *this);
  check_number("fill_", *this, value);
  kernels::fill(array(), value);
  array().bump_version();
  return *this;
}

Tensor& Tensor::add_(const Tensor& other, double factor) {
  check_in_place("add_", *this);
  if (other.dtype() != dtype()) {
    throw TypeError(std::string("add_: element types differ: ") + to_string(dtype()) + " and " +
                    to_string(other.dtype()));
  }
  check_number("add_", *this, factor);
  kernels::add_into(array(), expanded_operand("add_", *this, other), factor);
  array().bump_version();
  return *this;
}

Tensor& Tensor::mul_(double factor) {
  check_in_place("mul_", *this);
  check_no_overlap("mul_", array());
  check_number("mul_", *this, factor);
  kernels::scale(array(), factor);
  array().bump_version();
  return *this;
}

void Tensor::set_array(Array array) const {
  this->array();  // an undefined tensor has no handles to share the numbers
  if (!array.defined()) throw TypeError("set_array: the array is undefined");
  const bool leaf = requires_grad();
  if (leaf) check_floating("set_array", array.dtype());
  impl_->array = std::move(array);
  impl_->node = leaf ? Leaf::make(impl_->array) : Ref<Node>();
}

std::ostream& operator<<(std::ostream& out, const Tensor& tensor) {
  return out << to_string(tensor);
}

}  // namespace heed
