// Nodes of the graph, and what their rules see; autograd.cpp runs them.
#include "record.hpp"

#include <atomic>
#include <new>

#include "anomaly.hpp"
#include "error.hpp"
#include "memory.hpp"
#include "profile.hpp"

namespace heed {

constinit thread_local int observers = 0;

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
      thread_(this_thread()),
      precision_(product_precision) {}

bool Node::is_of_this_thread() const { return thread_ == this_thread(); }

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
                   std::to_string(saved.version) +
                   "); change a clone() instead, call backward() before an optimizer's step(), and "
                   "detach() a state that is carried from step to step");
}

void observe_result(const char* operation, const Array& result) {
  if (profiles()) profile_result(operation);
  if (detects_anomaly()) check_for_anomaly(std::string("the result of ") + operation, result);
}

void throw_undefined(const char* operation) {
  throw TypeError(std::string(operation) + ": its result is an undefined array");
}

bool Gradients::wants(int input) const {
  run_.check_input(first_ + input);
  return run_.wants(first_ + input);
}
void Gradients::give(int input, Array gradient) {
  if (wants(input)) run_.give(first_ + input, std::move(gradient));
}
Array& Gradients::into(int input) {
  if (!wants(input)) {
    throw GraphError("into: the gradient of input " + std::to_string(input) +
                     " is not wanted; ask wants() first");
  }
  return run_.into(first_ + input);
}
void Gradients::give_product(int input, const Array& a, const Array& b) {
  if (wants(input)) run_.give_product(first_ + input, a, b);
}

Array Gradients::remade(int input) const {
  run_.check_input(input);
  return run_.remade(input);
}

Array& zeros_into(Array& into, const Shape& shape, DType dtype) {
  if (!into.defined()) into = Array::zeros(shape, dtype);
  return into;
}

Array run_hooks(Hook* hooks, Array g) {
  for (Hook* hook = hooks; hook; hook = hook->next) {
    const Tensor changed = hook->call(Tensor(g));
    if (!changed.defined()) continue;
    if (changed.shape() != g.shape()) {
      throw ShapeError("register_hook: the hook returned " + to_string(changed.shape()) +
                       " for a gradient of shape " + to_string(g.shape()));
    }
    if (changed.dtype() != g.dtype()) {
      throw TypeError(std::string("register_hook: the hook returned ") +
                      to_string(changed.dtype()) + " for a gradient of " + to_string(g.dtype()) +
                      "; convert it with .to(" + to_string(g.dtype()) + ")");
    }
    g = changed.array();
  }
  return g;
}

}  // namespace heed
