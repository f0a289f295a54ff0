#pragma once

#include <cstddef>
#include <span>

#include "memory.hpp"
#include "precision.hpp"
#include "tensor.hpp"

namespace heed {

class Backward;

/// How many `DetectAnomaly` and `Profile` live on this thread. They see each result and each rule.
extern constinit thread_local int observers;

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
  /// Was it recorded by the thread that asks?
  bool is_of_this_thread() const;
  int input_count() const { return input_count_; }
  /// The node of input `i`, null where it needs no gradient or the graph has been freed.
  const Ref<Node>& input(int i) const { return inputs_[i]; }
  /// Can the result be made again, at little cost, from what its rules saved? A rule that needs it
  /// then saves nothing, and asks its own pass (`Gradients::remade`).
  virtual bool can_remake() const { return false; }
  /// The gradient that a leaf has collected.
  Array gradient;

 protected:
  Node(const char* name, const Array& result, Ref<Node>* inputs, int input_count,
       std::size_t bytes);
  /// Applies the rules to `g` = dL/dresult and hands the inputs' gradients to `run`; with
  /// `release`, drops what each rule saved as soon as it has run.
  virtual void apply(const Array& g, Backward& run, bool release) = 0;
  /// The result again, where it can be remade.
  virtual Array remake() const { return {}; }

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
  /// In which the operation multiplied, and its rules do.
  Precision precision_;
  bool freed_ = false;
};

/// One backward pass. It visits nodes by falling serial number, so that every consumer of a result
/// has run before its producer. All that it knows of a node lies in the pass and not in the node:
/// passes nest, as when a hook calls `grad`, and run side by side in threads that share leaves.
class Backward {
 public:
  /// Gradients of the roots' sum, seeded with `seeds`. Without `inputs` they are added to the
  /// leaves' own; with them, exactly theirs are computed and returned, no two in one storage.
  static std::vector<Array> run(std::span<const Tensor> roots, std::span<const Array> seeds,
                                const std::vector<Tensor>* inputs, bool retain);

  // For the node that runs, which knows its inputs by number.
  bool wants(int input) const {
    const uint32_t number = input_number(input);
    return number != none && visits_[number].wanted;
  }
  /// `IndexError` unless the node has that input.
  void check_input(int input) const;
  /// Adds `gradient` to that of a wanted input.
  void give(int input, Array gradient);
  /// What a wanted input has collected, owned by this pass alone; undefined if nothing arrived yet.
  Array& into(int input);
  /// Adds a^T b to the gradient of a wanted input [M, N], a: [n, M], b: [n, N]. The thin products
  /// of a loop, which uses the same weight at every step, wait and become one of all their rows.
  void give_product(int input, const Array& a, const Array& b);
  /// The input itself; `GraphError` unless its node can remake it.
  Array remade(int input) const;

 private:
  /// Products of few rows that wait to be added to one gradient.
  struct ThinProducts {
    uint32_t last = 0;  ///< the node that gave the last
    int64_t rows = 0;   ///< of all together
    Pooled<Array> a = {}, b = {};
    uint64_t changes = 0;  ///< of these in place, before they were given
    Precision precision = Precision::single;
  };
  static constexpr uint32_t none = UINT32_MAX;
  /// A node in this pass, and where its inputs stand in `edges_`.
  struct Visit {
    Node* node;
    uint32_t first_edge = 0;
    uint32_t products = none;  ///< place in `thin_products_`
    bool wanted = false, is_target = false;
    bool is_taken = false;     ///< a leaf that collects into its own gradient
    bool has_product = false;  ///< given by `give_product`
  };

  Backward(std::span<const Tensor> roots, bool to_leaves, bool retain);
  ~Backward();
  Backward(const Backward&) = delete;
  Backward& operator=(const Backward&) = delete;

  void collect();
  uint32_t number_of(const Ref<Node>& node);
  uint32_t find(const Node* node) const;
  void grow_table();
  void check_node(const Node& node) const;
  uint32_t input_number(int input) const {
    return edges_[visits_[running_].first_edge + static_cast<uint32_t>(input)];
  }

  void mark_wanted(const std::vector<Tensor>& inputs);
  void take_gradients();
  void add_to(uint32_t number, Array gradient, const char* operation);
  void check_product(uint32_t number, const Array& a, const Array& b) const;
  void add_product(uint32_t number, const Array& a, const Array& b);
  void add_products(uint32_t number);
  void finish_products(uint32_t number);
  Array& own_sum(uint32_t number);
  bool has_its_shape(uint32_t number) const;
  void check_sum(uint32_t number) const;
  void check_lent_sums(const Node& node);
  void run_nodes();
  void check_gradients(const Node& node);
  void observe_rule(const Node& node);
  void finish_leaves();
  void hand_over_gradients();
  void give_gradients_back();
  std::vector<Array> results(const std::vector<Tensor>& inputs);
  void free_graph();

  const bool to_leaves_, retain_;
  Pooled<Ref<Node>> roots_;
  Pooled<Visit> visits_;
  Pooled<Array> gradients_;  ///< dL/dresult of each visit so far
  Pooled<ThinProducts> thin_products_;
  Pooled<uint32_t> edges_;  ///< numbers of the inputs, `none` where no gradient is needed
  Pooled<uint32_t> order_;  ///< operations, the last recorded first
  Pooled<uint32_t> leaves_;
  Pooled<uint32_t> table_;  ///< numbers by node: open addressing, at most half full
  uint32_t running_ = 0;
  bool lent_ = false;      ///< the rules that run have had a sum to add to in place
  Backward* const outer_;  ///< the pass whose hook or rule started this one
};

/// `g` after the hooks of its node.
Array run_hooks(Hook* hooks, Array g);

}  // namespace heed
