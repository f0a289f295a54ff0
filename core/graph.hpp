#pragma once

#include <string>
#include <vector>

#include "tensor.hpp"

namespace heed {

/// A name for a leaf in a drawn graph.
struct GraphLabel {
  Tensor tensor;
  std::string name;
};

/// The graph that made `result`, in the DOT language of Graphviz: a rounded box for each
/// operation with the shape of its result, a grey one for each leaf (`labels` name them), arrows in
/// the direction of the data. `GraphError` if there is no history.
std::string to_dot(const Tensor& result, const std::vector<GraphLabel>& labels = {});

/// The nodes of the leaves that `result` depends on and that collect its gradients, each once; none
/// for a constant. They live as long as its graph.
std::vector<const Node*> leaves_of(const Tensor& result);

}  // namespace heed
