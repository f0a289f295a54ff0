#include "autograd.hpp"

#include "record.hpp"

#include <algorithm>
#include <mutex>

#include "anomaly.hpp"
#include "error.hpp"
#include "kernels/elementwise.hpp"
#include "profile.hpp"

namespace heed {

namespace {

/// Guards the gradients of leaves, which graphs of several threads may share.
std::mutex leaf_gradients;

/// The pass that runs on this thread; a hook may start another one inside it.
thread_local Backward* innermost = nullptr;
constexpr int most_passes = 100;

/// `sum` += `gradient`; in place where nobody else sees the memory.
void accumulate(Array& sum, Array gradient) {
  if (!sum.defined()) {
    sum = std::move(gradient);
  } else if (sum.is_sole_owner()) {
    kernels::add_into(sum, gradient);
  } else {
    sum = kernels::add(sum, gradient);
  }
}

}  // namespace

Backward::Backward(std::span<const Tensor> roots, bool to_leaves, bool retain)
    : to_leaves_(to_leaves), retain_(retain), outer_(innermost) {
  int passes = 1;
  for (const Backward* pass = outer_; pass; pass = pass->outer_) ++passes;
  if (passes > most_passes) {
    throw GraphError("backward: " + std::to_string(most_passes) +
                     " passes, each started by a hook of the one before; does a hook run the "
                     "graph that it is called from?");
  }
  for (const Tensor& root : roots) roots_.push_back(root.node());
  innermost = this;
}

Backward::~Backward() { innermost = outer_; }

// --- The nodes of the pass ---

namespace {
std::size_t first_place(const Node* node) {
  return static_cast<std::size_t>((reinterpret_cast<uintptr_t>(node) * 0x9e3779b97f4a7c15u) >> 32);
}
}  // namespace

uint32_t Backward::find(const Node* node) const {
  if (table_.empty()) return none;
  const std::size_t mask = table_.size() - 1;
  for (std::size_t place = first_place(node) & mask;; place = (place + 1) & mask) {
    const uint32_t number = table_[place];
    if (number == none || visits_[number].node == node) return number;
  }
}

void Backward::grow_table() {
  const std::size_t size = std::max<std::size_t>(64, 4 * table_.size());
  table_.assign(size, none);
  for (uint32_t number = 0; number < visits_.size(); ++number) {
    std::size_t place = first_place(visits_[number].node) & (size - 1);
    while (table_[place] != none) place = (place + 1) & (size - 1);
    table_[place] = number;
  }
}

void Backward::check_node(const Node& node) const {
  if (node.freed_) {
    throw GraphError(
        std::string("backward: the graph below ") + node.name() +
        " has been freed by an earlier backward or grad; pass {.retain = true} to that one "
        "to go through it again, or detach() a state that is carried from step to step");
  }
  if (node.is_leaf()) return;
  if (!node.is_of_this_thread()) {
    throw GraphError(std::string("backward: ") + node.name() +
                     " was recorded by another thread; a graph belongs to one thread");
  }
  if (retain_) return;
  for (const Backward* pass = outer_; pass; pass = pass->outer_) {
    if (pass->find(&node) == none) continue;
    throw GraphError(std::string("backward: called by a hook, it would free the graph below ") +
                     node.name() + ", which is being run; pass {.retain = true}");
  }
}

/// The number of a node, a new one at its first visit; `none` for a null one.
uint32_t Backward::number_of(const Ref<Node>& node) {
  if (!node) return none;
  const uint32_t found = find(node.get());
  if (found != none) return found;
  check_node(*node);
  const auto number = static_cast<uint32_t>(visits_.size());
  visits_.push_back({node.get()});
  (node->is_leaf() ? leaves_ : order_).push_back(number);
  if (2 * visits_.size() > table_.size()) {
    grow_table();
  } else {
    const std::size_t mask = table_.size() - 1;
    std::size_t place = first_place(node.get()) & mask;
    while (table_[place] != none) place = (place + 1) & mask;
    table_[place] = number;
  }
  return number;
}

void Backward::collect() {
  for (const Ref<Node>& root : roots_) number_of(root);
  for (uint32_t number = 0; number < visits_.size(); ++number) {
    const Node& node = *visits_[number].node;
    visits_[number].wanted = to_leaves_;
    visits_[number].first_edge = static_cast<uint32_t>(edges_.size());
    for (int i = 0; i < node.input_count_; ++i) edges_.push_back(number_of(node.inputs_[i]));
  }
  gradients_.resize(visits_.size());
  const auto later = [this](uint32_t a, uint32_t b) {
    return visits_[a].node->serial_ > visits_[b].node->serial_;
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
    const uint32_t number = find(input.node().get());
    if (number == none) continue;
    visits_[number].wanted = true;
    visits_[number].is_target = true;
  }
  // From the leaves up: a node is wanted if one of its inputs is.
  for (auto number = order_.rbegin(); number != order_.rend(); ++number) {
    running_ = *number;
    Visit& visit = visits_[running_];
    for (int i = 0; i < visit.node->input_count_ && !visit.wanted; ++i) visit.wanted = wants(i);
  }
}

// --- Gradients ---

void Backward::give(int input, Array gradient) {
  add_to(input_number(input), std::move(gradient), visits_[running_].node->name());
}

void Backward::add_to(uint32_t number, Array gradient, const char* operation) {
  const Node& node = *visits_[number].node;
  if (gradient.shape() != node.shape_ || gradient.dtype() != node.dtype_) {
    throw GraphError(std::string(operation) + ": its backward rule returned " +
                     to_string(gradient.dtype()) + " " + to_string(gradient.shape()) +
                     " for an input of " + to_string(node.dtype_) + " " + to_string(node.shape_));
  }
  if (lent_) check_sum(number);
  accumulate(gradients_[number], std::move(gradient));
}

Array& Backward::into(int input) {
  const uint32_t number = input_number(input);
  if (lent_) check_sum(number);
  lent_ = true;
  return own_sum(number);
}

/// What a node has collected, in memory that nobody else sees.
Array& Backward::own_sum(uint32_t number) {
  Array& sum = gradients_[number];
  if (sum.defined() && !sum.is_sole_owner()) sum = sum.clone();
  return sum;
}

bool Backward::has_its_shape(uint32_t number) const {
  const Array& sum = gradients_[number];
  const Node& node = *visits_[number].node;
  return !sum.defined() || (sum.shape() == node.shape_ && sum.dtype() == node.dtype_);
}

// What a rule adds to in place it could also replace.
void Backward::check_sum(uint32_t number) const {
  if (has_its_shape(number)) return;
  const Array& sum = gradients_[number];
  const Node& node = *visits_[number].node;
  throw GraphError(std::string("backward: a rule of what uses the result of ") + node.name_ +
                   " made its gradient " + to_string(sum.dtype()) + " " + to_string(sum.shape()) +
                   "; the result is " + to_string(node.dtype_) + " " + to_string(node.shape_));
}

void Backward::check_lent_sums(const Node& node) {
  for (int i = 0; i < node.input_count_; ++i) {
    if (wants(i)) check_sum(input_number(i));
  }
  lent_ = false;
}

void Backward::check_input(int input) const {
  const Node& node = *visits_[running_].node;
  if (input >= 0 && input < node.input_count_) return;
  throw IndexError(std::string(node.name_) +
                   ": its backward rule asked for the gradient of input " + std::to_string(input) +
                   " of " + std::to_string(node.input_count_));
}

Array Backward::remade(int input) const {
  const uint32_t number = input_number(input);
  const Node* const node = number == none ? nullptr : visits_[number].node;
  if (node && node->can_remake()) return node->remake();
  throw GraphError(std::string(visits_[running_].node->name()) + ": its input " +
                   std::to_string(input) + " can't be made again; save it");
}

// Sums that were checked when they were smaller: what is wrong now came from this node.
void Backward::check_gradients(const Node& node) {
  for (int i = 0; i < node.input_count_; ++i) {
    if (!wants(i)) continue;
    const uint32_t input = input_number(i);
    if (!gradients_[input].defined()) continue;
    check_for_anomaly(std::string("the backward rule of ") + node.name_ + " (result " +
                          to_string(node.shape_) + ", node " + std::to_string(node.serial_) +
                          ") went wrong first: the gradient of its input " + std::to_string(i) +
                          ", made by " + visits_[input].node->name_ + ",",
                      gradients_[input]);
  }
}

void Backward::observe_rule(const Node& node) {
  if (profiles()) profile_rule(node);
  if (detects_anomaly()) check_gradients(node);
}

void Backward::run_nodes() {
  for (const uint32_t number : order_) {
    finish_products(number);
    Array& sum = gradients_[number];
    if (!visits_[number].wanted || !sum.defined()) continue;
    Node& node = *visits_[number].node;
    if (node.hooks_) sum = run_hooks(node.hooks_, std::move(sum));
    const Array g = visits_[number].is_target ? sum : std::exchange(sum, Array());
    // From here on a rule may have let go of what it saved, also if one throws.
    node.freed_ = !retain_;
    running_ = number;
    {
      const ProductPrecision as_recorded(node.precision_);
      node.apply(g, *this, !retain_);
    }
    if (lent_) check_lent_sums(node);
    if (observers > 0) observe_rule(node);
  }
}

/// A leaf collects straight into its own gradient, which the pass takes for as long as it runs:
/// what another thread's pass adds meanwhile is added in the end. A hook wants to see what this
/// pass brings, and no more.
void Backward::take_gradients() {
  const std::lock_guard lock(leaf_gradients);
  for (const uint32_t leaf : leaves_) {
    Visit& visit = visits_[leaf];
    visit.is_taken = !visit.node->hooks_;
    if (visit.is_taken) gradients_[leaf] = std::exchange(visit.node->gradient, Array());
  }
}

void Backward::finish_leaves() {
  // All before the first hook, which may change a leaf that others' products are made of.
  for (const uint32_t leaf : leaves_) finish_products(leaf);
  for (const uint32_t leaf : leaves_) {
    // What was taken holds more than this pass: a hook registered since then waits for the next.
    Hook* hooks = visits_[leaf].is_taken ? nullptr : visits_[leaf].node->hooks_;
    Array& sum = gradients_[leaf];
    if (hooks && sum.defined()) sum = run_hooks(hooks, std::move(sum));
  }
  // Two leaves must not share a gradient: whoever scales one would scale both.
  for (const uint32_t leaf : leaves_) {
    Array& sum = gradients_[leaf];
    if (to_leaves_ && sum.defined() && !sum.is_sole_owner()) sum = sum.clone();
  }
}

void Backward::hand_over_gradients() {
  const std::lock_guard lock(leaf_gradients);
  for (const uint32_t leaf : leaves_) {
    Array& sum = gradients_[leaf];
    if (sum.defined()) accumulate(visits_[leaf].node->gradient, std::move(sum));
  }
}

/// After an error: leaves get back what was taken, with what was added so far. What a hook should
/// have seen whole is dropped, and so is what a rule spoilt.
void Backward::give_gradients_back() {
  for (const uint32_t leaf : leaves_) {
    if (!visits_[leaf].is_taken || !has_its_shape(leaf)) gradients_[leaf] = Array();
  }
  hand_over_gradients();
}

std::vector<Array> Backward::results(const std::vector<Tensor>& inputs) {
  std::vector<Array> gradients;
  for (const Tensor& input : inputs) {
    const uint32_t number = find(input.node().get());
    gradients.push_back(number == none ? Array() : gradients_[number]);
  }
  gradients_.clear();
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    Array& g = gradients[i];
    if (!g.defined()) g = Array::zeros(inputs[i].shape(), inputs[i].dtype());
    if (!g.is_sole_owner()) g = g.clone();
  }
  return gradients;
}

// From the leaves up, so that no node ends while it still stands in the list: whatever a node
// drops has been dealt with before.
void Backward::free_graph() {
  for (auto number = order_.rbegin(); number != order_.rend(); ++number) {
    Node& node = *visits_[*number].node;
    node.freed_ = true;
    for (int i = 0; i < node.input_count_; ++i) node.inputs_[i] = Ref<Node>();
  }
}

std::vector<Array> Backward::run(std::span<const Tensor> roots, std::span<const Array> seeds,
                                 const std::vector<Tensor>* inputs, bool retain) {
  const NoGrad no_grad;
  Backward pass(roots, inputs == nullptr, retain);
  pass.collect();
  if (inputs) {
    pass.mark_wanted(*inputs);
  } else {
    pass.take_gradients();
  }
  std::vector<Array> gradients;
  try {
    for (std::size_t i = 0; i < roots.size(); ++i) {
      const uint32_t number = pass.find(roots[i].node().get());
      if (number == none || !pass.visits_[number].wanted) continue;
      pass.add_to(number, seeds[i], "backward");
    }
    pass.run_nodes();
    pass.finish_leaves();
    if (inputs) gradients = pass.results(*inputs);
  } catch (...) {
    if (!inputs) pass.give_gradients_back();
    throw;
  }
  if (!inputs) pass.hand_over_gradients();
  if (!retain) pass.free_graph();
  return gradients;
}

}  // namespace heed
