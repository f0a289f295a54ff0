#include <heed/core/record.hpp>

#include <algorithm>
#include <atomic>
#include <new>

#include <heed/core/anomaly.hpp>
#include <heed/core/error.hpp>
#include <heed/core/kernels/elementwise.hpp>
#include <heed/core/memory.hpp>

namespace heed {

namespace {

uint32_t this_thread() {
  static std::atomic<uint32_t> next{1};
  thread_local const uint32_t number = next++;
  return number;
}

uint64_t next_serial() {
  thread_local uint64_t serial = 0;
  return ++serial;
}

uint64_t next_visit() {
  static std::atomic<uint64_t> visit{0};
  return ++visit;
}

}  // namespace

Node::Node(const char* name, const Array& result, Ref<Node>* inputs, int input_count,
           std::size_t bytes)
    : name_(name),
      serial_(next_serial()),
      shape_(result.shape()),
      dtype_(result.dtype()),
      input_count_(input_count),
      bytes_(bytes),
      inputs_(inputs),
      thread_(this_thread()) {}

Node::~Node() {
  while (hooks_) delete std::exchange(hooks_, hooks_->next);
}

// A long chain of nodes must not be destroyed recursively: the last owner of one node releases the
// next, and 100,000 nested calls overflow the stack. The outermost call empties a list instead.
void Node::destroy(Node* node) noexcept {
  thread_local Node* doomed = nullptr;
  thread_local bool emptying = false;
  node->next_doomed_ = doomed;
  doomed = node;
  if (emptying) return;
  emptying = true;
  while (doomed) {
    Node* dead = doomed;
    doomed = dead->next_doomed_;
    const std::size_t bytes = dead->bytes_;
    dead->~Node();
    deallocate(dead, bytes);
  }
  emptying = false;
}

void check_version(const Saved& saved, const char* operation) {
  if (saved.array.version() == saved.version) return;
  throw GraphError(std::string(operation) + ": an array " + to_string(saved.array.shape()) +
                   " that its backward rule needs was changed in place after it was saved "
                   "(version " +
                   std::to_string(saved.array.version()) + ", saved at " +
                   std::to_string(saved.version) + "); change a clone() instead");
}

bool Gradients::wants(int input) const { return run_.wants(inputs_[input]); }
void Gradients::give(int input, Array gradient) {
  if (wants(input)) run_.give(inputs_[input], std::move(gradient), operation_);
}
Array& Gradients::into(int input) { return run_.into(inputs_[input]); }

Array& zeros_into(Array& into, const Shape& shape, DType dtype) {
  if (!into.defined()) into = Array::zeros(shape, dtype);
  return into;
}

Array run_hooks(Hook* hooks, Array g, const Shape& shape) {
  for (Hook* hook = hooks; hook; hook = hook->next) {
    const Tensor changed = hook->call(Tensor(g));
    if (!changed.defined()) continue;
    if (changed.shape() != shape) {
      throw ShapeError("register_hook: the hook returned " + to_string(changed.shape()) +
                       " for a gradient of shape " + to_string(shape));
    }
    g = changed.array();
  }
  return g;
}

// A leaf without hooks collects straight into its own gradient; all others into `pending_`, which
// belongs to this pass alone.
Array& Backward::target(Node& node) {
  return to_leaves_ && node.is_leaf() && !node.hooks_ ? node.gradient : node.pending_;
}

void Backward::give(const Ref<Node>& input, Array gradient, const char* operation) {
  Node& node = *input;
  if (gradient.shape() != node.shape_ || gradient.dtype() != node.dtype_) {
    throw GraphError(std::string(operation) + ": its backward rule returned " +
                     to_string(gradient.dtype()) + " " + to_string(gradient.shape()) +
                     " for an input of " + to_string(node.dtype_) + " " + to_string(node.shape_));
  }
  Array& sum = target(node);
  if (!sum.defined()) {
    sum = std::move(gradient);
  } else if (sum.is_sole_owner()) {
    kernels::add_into(sum, gradient);
  } else {
    sum = kernels::add(sum, gradient);
  }
}

Array& Backward::into(const Ref<Node>& input) {
  Array& sum = target(*input);
  if (sum.defined() && !sum.is_sole_owner()) sum = sum.clone();
  return sum;
}

void Backward::collect(const std::vector<Tensor>& roots) {
  const uint64_t visit = next_visit();
  std::vector<Node*> stack;
  const auto push = [&](Node* node) {
    if (node->visit_ == visit) return;
    node->visit_ = visit;
    if (node->freed_) {
      throw GraphError(std::string("backward: the graph below ") + node->name() +
                       " has been freed by an earlier backward; pass {.retain = true} to that one "
                       "to go through it again");
    }
    if (node->thread_ != this_thread() && !node->is_leaf()) {
      throw GraphError(std::string("backward: ") + node->name() +
                       " was recorded by another thread; a graph belongs to one thread");
    }
    node->wanted_ = to_leaves_;
    node->is_target_ = false;
    node->pending_ = Array();
    stack.push_back(node);
  };
  for (const Tensor& root : roots) {
    if (root.requires_grad()) push(root.node().get());
  }
  while (!stack.empty()) {
    Node* node = stack.back();
    stack.pop_back();
    order_.push_back(node);
    for (int i = 0; i < node->input_count_; ++i) {
      if (node->inputs_[i]) push(node->inputs_[i].get());
    }
  }
  // Leaves last: they may stem from another thread, whose numbers tell nothing here.
  const auto later = [](const Node* a, const Node* b) {
    return a->is_leaf() != b->is_leaf() ? b->is_leaf() : a->serial_ > b->serial_;
  };
  if (!std::is_sorted(order_.begin(), order_.end(), later)) {
    std::sort(order_.begin(), order_.end(), later);
  }
}

void Backward::mark_wanted(const std::vector<Tensor>& inputs) {
  for (const Tensor& input : inputs) {
    if (!input.requires_grad()) {
      throw GraphError(
          "grad: an input does not require a gradient; set_requires_grad() on it first");
    }
    Node& node = *input.node();
    node.wanted_ = true;
    node.is_target_ = true;
    node.pending_ = Array();
  }
  // From the leaves up: a node is wanted if one of its inputs is.
  for (auto node = order_.rbegin(); node != order_.rend(); ++node) {
    for (int i = 0; i < (*node)->input_count_ && !(*node)->wanted_; ++i) {
      (*node)->wanted_ = wants((*node)->inputs_[i]);
    }
  }
}

// Sums that were checked when they were smaller: what is wrong now came from this node.
void Backward::check_gradients(Node& node) {
  for (int i = 0; i < node.input_count_; ++i) {
    if (!wants(node.inputs_[i])) continue;
    Node& input = *node.inputs_[i];
    const Array& sum = target(input);
    if (!sum.defined()) continue;
    check_for_nan(std::string("the backward rule of ") + node.name_ + " (result " +
                      to_string(node.shape_) + ", node " + std::to_string(node.serial_) +
                      ") made the first NaN: the gradient of its input " + std::to_string(i) +
                      ", made by " + input.name_ + ",",
                  sum);
  }
}

void Backward::run_nodes(bool retain) {
  for (Node* node : order_) {
    if (node->is_leaf()) break;
    if (!node->wanted_ || !node->pending_.defined()) continue;
    if (node->hooks_) {
      node->pending_ = run_hooks(node->hooks_, std::move(node->pending_), node->shape_);
    }
    const Array g = node->is_target_ ? node->pending_ : std::exchange(node->pending_, Array());
    node->apply(g, *this, !retain);
    if (detects_anomaly()) check_gradients(*node);
  }
}

void Backward::finish_leaves() {
  for (Node* node : order_) {
    if (!node->is_leaf() || !target(*node).defined()) continue;
    Array& sum = to_leaves_ ? node->gradient : node->pending_;
    if (node->hooks_) {
      Array g = run_hooks(node->hooks_, std::exchange(node->pending_, Array()), node->shape_);
      sum = sum.defined() ? kernels::add(sum, g) : std::move(g);
    }
    // Two leaves must not share a gradient: whoever scales one would scale both.
    if (!sum.is_sole_owner()) sum = sum.clone();
  }
}

// From the leaves up, so that no node ends while it still stands in the list: whatever a node
// drops has been dealt with before.
void Backward::free_graph() {
  for (auto it = order_.rbegin(); it != order_.rend(); ++it) {
    Node* node = *it;
    if (node->is_leaf()) continue;
    node->freed_ = true;
    for (int i = 0; i < node->input_count_; ++i) node->inputs_[i] = Ref<Node>();
  }
}

std::vector<Array> Backward::run(const std::vector<Tensor>& roots, const std::vector<Array>& seeds,
                                 const std::vector<Tensor>* inputs, bool retain) {
  const NoGrad no_grad;
  Backward pass(inputs == nullptr);
  pass.collect(roots);
  if (inputs) pass.mark_wanted(*inputs);
  for (std::size_t i = 0; i < roots.size(); ++i) {
    if (pass.wants(roots[i].node())) pass.give(roots[i].node(), seeds[i], "backward");
  }
  pass.run_nodes(retain);
  pass.finish_leaves();
  std::vector<Array> gradients;
  if (inputs) {
    for (const Tensor& input : *inputs) {
      const Array& g = input.node()->pending_;
      gradients.push_back(g.defined() ? g : Array::zeros(input.shape(), input.dtype()));
    }
    for (const Tensor& input : *inputs) {
      input.node()->pending_ = Array();
      input.node()->is_target_ = false;
    }
  }
  if (!retain) pass.free_graph();
  return gradients;
}

}  // namespace heed
