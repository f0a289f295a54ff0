#include "checkpoint.hpp"

#include <memory>
#include <unordered_map>
#include <unordered_set>

#include "error.hpp"
#include "random.hpp"
#include "record.hpp"

namespace heed {

namespace {

Tensor new_leaf(Array array) { return Tensor(std::move(array)).set_requires_grad(); }

}  // namespace

/// The history of one call, seen as one operation: its edges lead to the inputs and to the tensors
/// from outside that fn held. Each call starts from new leaves in place of the inputs. What the
/// second call recorded gets new leaves in place of the held tensors too: then it belongs to this
/// node alone, and the pass that runs and frees it ends there instead of going on below.
class CheckpointNode final : public Node {
 public:
  /// One call of fn, recorded.
  struct Call {
    explicit Call(const CheckpointFunction& fn, const std::vector<Tensor>& tensors) {
      for (const Tensor& tensor : tensors) {
        inputs.push_back(tensor.requires_grad() ? new_leaf(tensor.array()) : tensor.detach());
      }
      result = fn(inputs);
    }
    bool is_outside(const Node& node) const {
      return node.is_leaf() || node.thread_ != start.node()->thread_ ||
             node.serial_ < start.node()->serial_;
    }
    /// `visit(edge)` for each edge that leaves what was recorded; the result's own may be one.
    template <class F>
    void edges(F visit);

    Tensor start = new_leaf(Array::zeros({}));  ///< recorded before all else
    std::vector<Tensor> inputs;
    Tensor result;
  };

  /// Where an edge leads: to an input, or to a tensor from outside.
  struct Edge {
    int input = -1;
    Ref<Node> outside;
  };

  static Tensor make(CheckpointFunction fn, const std::vector<Tensor>& inputs);

 private:
  /// A leaf in place of a tensor from outside, which can be remade as that can.
  class StandIn final : public Node {
   public:
    static Tensor of(const Ref<Node>& outside) {
      const Array place = Array::zeros({}, outside->dtype()).expand(outside->shape());
      return Tensor(place, Ref<Node>(new (allocate(sizeof(StandIn))) StandIn(place, outside)));
    }
    bool can_remake() const override { return outside_->can_remake(); }

   private:
    StandIn(const Array& place, const Ref<Node>& outside)
        : Node("leaf", place, nullptr, 0, sizeof(StandIn)), outside_(outside) {}
    void apply(const Array&, Backward&, bool) override {}
    Array remake() const override { return outside_->remake(); }

    Ref<Node> outside_;
  };

  CheckpointNode(const Array& result, std::vector<Edge> edges, Ref<Node>* targets)
      : Node("checkpoint", result, targets, static_cast<int>(edges.size()), sizeof(CheckpointNode)),
        edges_(std::move(edges)),
        targets_(targets) {}
  void apply(const Array& g, Backward& run, bool release) override;
  Call call_again() const;
  std::vector<Tensor> separate(Call& call) const;

  std::vector<Edge> edges_;
  std::unique_ptr<Ref<Node>[]> targets_;
  CheckpointFunction fn_;
  std::vector<Saved> saved_;
  std::vector<bool> wanted_inputs_;
  Generator generator_;
};

template <class F>
void CheckpointNode::Call::edges(F visit) {
  Ref<Node> root = result.node();
  if (!root) return;
  std::unordered_set<const Node*> seen{root.get()};
  std::vector<Node*> stack;
  if (is_outside(*root)) {
    visit(root);
    result = Tensor(result.array(), root);
    return;
  }
  stack.push_back(root.get());
  while (!stack.empty()) {
    Node* node = stack.back();
    stack.pop_back();
    for (int i = 0; i < node->input_count_; ++i) {
      Ref<Node>& edge = node->inputs_[i];
      if (!edge) continue;
      if (is_outside(*edge)) {
        visit(edge);
      } else if (seen.insert(edge.get()).second) {
        stack.push_back(edge.get());
      }
    }
  }
}

Tensor CheckpointNode::make(CheckpointFunction fn, const std::vector<Tensor>& inputs) {
  const Generator generator = default_generator();
  Call call(fn, inputs);
  std::unordered_map<const Node*, int> input_of;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (inputs[i].requires_grad()) input_of[call.inputs[i].node().get()] = static_cast<int>(i);
  }
  std::vector<Edge> edges;
  std::unordered_set<const Node*> seen;
  call.edges([&](const Ref<Node>& edge) {
    if (!seen.insert(edge.get()).second) return;
    const auto input = input_of.find(edge.get());
    edges.push_back(input == input_of.end() ? Edge{-1, edge} : Edge{input->second, {}});
  });
  if (edges.empty()) return call.result.detach();
  auto* targets = new Ref<Node>[edges.size()];
  for (std::size_t i = 0; i < edges.size(); ++i) {
    targets[i] = edges[i].input < 0 ? edges[i].outside
                                    : inputs[static_cast<std::size_t>(edges[i].input)].node();
  }
  auto* node = new (allocate(sizeof(CheckpointNode)))
      CheckpointNode(call.result.array(), std::move(edges), targets);
  Tensor result(call.result.array(), Ref<Node>(node));
  node->fn_ = std::move(fn);
  node->generator_ = generator;
  for (const Tensor& input : inputs) {
    node->saved_.push_back({input.array(), input.array().version()});
    node->wanted_inputs_.push_back(input.requires_grad());
  }
  return result;
}

CheckpointNode::Call CheckpointNode::call_again() const {
  std::vector<Tensor> inputs;
  for (std::size_t i = 0; i < saved_.size(); ++i) {
    check_version(saved_[i], "checkpoint");
    inputs.emplace_back(saved_[i].array);
    if (wanted_inputs_[i]) inputs.back().set_requires_grad();
  }
  const KeepGenerator keep;
  default_generator() = generator_;
  const EnableGrad recording;
  return Call(fn_, inputs);
}

/// The leaf of the call that stands for each edge.
std::vector<Tensor> CheckpointNode::separate(Call& call) const {
  std::unordered_map<const Node*, Ref<Node>> leaf_of;
  std::vector<Tensor> leaves;
  for (const Edge& edge : edges_) {
    if (edge.input >= 0) {
      leaves.push_back(call.inputs[static_cast<std::size_t>(edge.input)]);
      leaf_of[leaves.back().node().get()] = leaves.back().node();
    } else {
      leaves.push_back(StandIn::of(edge.outside));
      leaf_of[edge.outside.get()] = leaves.back().node();
    }
  }
  std::unordered_set<const Node*> used;
  call.edges([&](Ref<Node>& edge) {
    const auto leaf = leaf_of.find(edge.get());
    if (leaf == leaf_of.end()) {
      throw GraphError(
          "checkpoint: its function did not repeat itself: in the backward pass it used a tensor "
          "that requires a gradient and that it had not used before");
    }
    used.insert(leaf->second.get());
    edge = leaf->second;
  });
  if (used.size() < edges_.size()) {
    throw GraphError(
        "checkpoint: its function did not repeat itself: in the backward pass its result does not "
        "depend on a tensor that it depended on before");
  }
  return leaves;
}

void CheckpointNode::apply(const Array& g, Backward& run, bool release) {
  Call call = call_again();
  if (call.result.shape() != shape() || call.result.dtype() != dtype()) {
    throw GraphError("checkpoint: its function did not repeat itself: it gave " +
                     to_string(shape()) + ", in the backward pass " +
                     to_string(call.result.shape()));
  }
  const std::vector<Tensor> leaves = separate(call);
  std::vector<Tensor> wanted;
  std::vector<int> numbers;
  for (int i = 0; i < input_count(); ++i) {
    if (!run.wants(i)) continue;
    wanted.push_back(leaves[static_cast<std::size_t>(i)]);
    numbers.push_back(i);
  }
  std::vector<Array> gradients = Backward::run({&call.result, 1}, {&g, 1}, &wanted, false);
  for (std::size_t k = 0; k < gradients.size(); ++k) {
    run.give(numbers[k], std::move(gradients[k]));
  }
  if (!release) return;
  fn_ = {};
  saved_.clear();
  edges_.clear();
}

Tensor checkpoint(CheckpointFunction fn, const std::vector<Tensor>& inputs) {
  if (!fn) throw TypeError("checkpoint: the function is empty; it needs one to run");
  return grad_enabled() ? CheckpointNode::make(std::move(fn), inputs) : fn(inputs);
}

}  // namespace heed
