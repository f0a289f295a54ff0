#include "graph.hpp"

#include <unordered_map>
#include <unordered_set>

#include "autograd.hpp"
#include "error.hpp"

namespace heed {

namespace {

std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '\n') {
      out += "\\n";
      continue;
    }
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

/// What an operation is for, as a colour: products, choices of elements, shapes alone, all else.
const char* color_of(const std::string& name) {
  for (const char* product : {"matmul", "linear"}) {
    if (name == product) return "#ffd8a8";
  }
  for (const char* choice : {"embedding", "softmax", "log_softmax", "cross_entropy", "dropout"}) {
    if (name == choice) return "#b2f2bb";
  }
  for (const char* view : {"reshape", "transpose", "permute", "slice", "select", "expand",
                           "squeeze", "unsqueeze", "split", "cat", "stack"}) {
    if (name == view) return "white";
  }
  return "#d0ebff";
}

std::string describe(const Node& node, std::size_t id, const std::vector<GraphLabel>& labels) {
  std::string name = node.name();
  for (const GraphLabel& label : labels) {
    if (label.tensor.node().get() == &node) name = label.name;
  }
  return std::string("  n") + std::to_string(id) +
         " [label=" + quoted(name + "\n" + to_string(node.shape())) + ", " +
         (node.is_leaf() ? std::string("shape=box, style=filled, fillcolor=lightgrey")
                         : "fillcolor=" + quoted(color_of(node.name()))) +
         "];\n";
}

/// The nodes that made `result`, itself first.
std::vector<const Node*> nodes_of(const Tensor& result) {
  std::unordered_set<const Node*> known{result.node().get()};
  std::vector<const Node*> nodes{result.node().get()};
  for (std::size_t next = 0; next < nodes.size(); ++next) {
    for (int i = 0; i < nodes[next]->input_count(); ++i) {
      const Node* input = nodes[next]->input(i).get();
      if (input && known.insert(input).second) nodes.push_back(input);
    }
  }
  return nodes;
}

}  // namespace

std::vector<const Node*> leaves_of(const Tensor& result) {
  if (!result.requires_grad()) return {};
  std::vector<const Node*> leaves;
  for (const Node* node : nodes_of(result)) {
    if (node->is_leaf()) leaves.push_back(node);
  }
  return leaves;
}

std::string to_dot(const Tensor& result, const std::vector<GraphLabel>& labels) {
  if (!result.requires_grad()) throw GraphError("to_dot: the tensor has no history");
  const std::vector<const Node*> nodes = nodes_of(result);
  std::unordered_map<const Node*, std::size_t> ids;
  for (const Node* node : nodes) ids.emplace(node, ids.size());
  std::string arrows;
  for (std::size_t to = 0; to < nodes.size(); ++to) {
    for (int i = 0; i < nodes[to]->input_count(); ++i) {
      const Node* input = nodes[to]->input(i).get();
      if (!input) continue;
      arrows.append("  n").append(std::to_string(ids.at(input)));
      arrows.append(" -> n").append(std::to_string(to)).append(";\n");
    }
  }
  std::string out =
      "digraph heed {\n  rankdir=BT;\n  node [fontname=\"sans-serif\", shape=box, "
      "style=\"rounded,filled\", "
      "margin=\"0.12,0.06\", height=0.3];\n  edge [color=\"#868e96\", arrowsize=0.7];\n";
  for (std::size_t i = 0; i < nodes.size(); ++i) out += describe(*nodes[i], i, labels);
  return out + arrows + "}\n";
}

}  // namespace heed
