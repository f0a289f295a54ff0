#pragma once

#include <cstddef>

#include <heed/core/tensor.hpp>

namespace heed {

class Backward;

/// A recorded operation, or a leaf that collects its gradient. Nodes hold their inputs' nodes and
/// what their rules saved, never their own result, so that no cycle can arise.
class Node : public Counted {
 public:
  virtual ~Node();
  static void destroy(Node* node) noexcept;

  const char* name() const { return name_; }
  /// Order of recording on its thread: an operation's number is larger than its inputs'.
  uint64_t serial() const { return serial_; }
  /// Shape and element type of the result.
  const Shape& shape() const { return shape_; }
  DType dtype() const { return dtype_; }
  bool is_leaf() const { return input_count_ == 0; }
  int input_count() const { return input_count_; }
  /// The node of input `i`, null where it needs no gradient or the graph has been freed.
  const Ref<Node>& input(int i) const { return inputs_[i]; }
  /// The gradient that a leaf has collected.
  Array gradient;

 protected:
  Node(const char* name, const Array& result, Ref<Node>* inputs, int input_count,
       std::size_t bytes);
  /// Applies the rules to `g` = dL/dresult and hands the inputs' gradients to `run`; with
  /// `release`, drops what each rule saved as soon as it has run.
  virtual void apply(const Array& g, Backward& run, bool release) = 0;

 private:
  friend class Backward;
  friend class CheckpointNode;
  friend void add_hook(const Tensor& tensor, Hook* owned);

  const char* name_;
  uint64_t serial_;
  Shape shape_;
  DType dtype_;
  int input_count_;
  std::size_t bytes_;
  Ref<Node>* inputs_;
  Hook* hooks_ = nullptr;
  Node* next_doomed_ = nullptr;
  uint32_t thread_;
  bool freed_ = false;
  // State of the backward pass that visits the node.
  bool wanted_ = false, is_target_ = false;
  uint64_t visit_ = 0;
  Array pending_;
};

/// One backward pass. It visits nodes by falling serial number, found with an explicit stack, so
/// that every consumer of a result has run before its producer.
class Backward {
 public:
  /// Gradients of the roots' sum, seeded with `seeds`. Without `inputs` they are added to the
  /// leaves' own; with them, exactly theirs are computed and returned.
  static std::vector<Array> run(const std::vector<Tensor>& roots, const std::vector<Array>& seeds,
                                const std::vector<Tensor>* inputs, bool retain);

  // For nodes while they run.
  bool wants(const Ref<Node>& input) const { return input && input->wanted_; }
  void give(const Ref<Node>& input, Array gradient, const char* operation);
  Array& into(const Ref<Node>& input);

 private:
  explicit Backward(bool to_leaves) : to_leaves_(to_leaves) {}
  void collect(const std::vector<Tensor>& roots);
  void mark_wanted(const std::vector<Tensor>& inputs);
  Array& target(Node& node);
  void run_nodes(bool retain);
  void check_gradients(Node& node);
  void finish_leaves();
  void free_graph();

  bool to_leaves_;
  std::vector<Node*> order_;
};

/// `g` after the hooks of its node.
Array run_hooks(Hook* hooks, Array g, const Shape& shape);

}  // namespace heed
