#include "tensor.hpp"

#include <new>
#include <ostream>

#include "broadcast.hpp"
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

namespace {

[[noreturn]] void refuse_undefined(const char* operation, const char* what) {
  throw TypeError(std::string(operation) + ": " + what +
                  " is undefined: the grad() of a leaf that no backward() has reached, "
                  "made without values, or of a module that was moved from");
}

}  // namespace

const Array& Tensor::array() const {
  if (!impl_) refuse_undefined("tensor", "it");
  return impl_->array;
}

const Array& Tensor::array_for(const char* operation) const {
  if (!impl_) refuse_undefined(operation, "the tensor");
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

Tensor Tensor::operator[](int64_t index) const {
  if (rank() == 0) throw IndexError("[]: a scalar has no axis to index; its number is item()");
  return select(*this, 0, index);
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
        "backward: the tensor has no history: nothing that made it requires a gradient; "
        "set_requires_grad() makes a leaf; NoGrad, detach(), freeze(), comparisons and whole "
        "numbers leave no history");
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
