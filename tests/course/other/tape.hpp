#pragma once

#include <cmath>
#include <functional>
#include <memory>
#include <unordered_set>
#include <vector>

#include "array.hpp"

/// Chapter 3: a program that writes down what it does, so that it can be walked back.
namespace course {

// [node]
/// One step of the program: what it made, of what, and how a gradient goes back through it.
struct Node {
  Array value;
  Array grad;                                  ///< d loss / d value; undefined until one arrives
  bool needs_grad = false;                     ///< whether a variable stands behind it
  std::vector<std::shared_ptr<Node>> inputs;   ///< a node owns its inputs, never its users
  std::function<void(const Array& g)> spread;  ///< given d loss / d value, adds to the inputs'
};

/// A handle of a node: copies are the same tensor.
struct Tensor {
  std::shared_ptr<Node> node;

  const Array& value() const { return node->value; }
  const Array& grad() const { return node->grad; }
  const Shape& shape() const { return node->value.shape; }
};
// [/node]

/// Numbers that no gradient is asked for.
inline Tensor constant(const Array& value) {
  Node node;
  node.value = value;
  return {std::make_shared<Node>(std::move(node))};
}

/// Numbers whose gradient `backward` finds.
inline Tensor variable(const Array& value) {
  Tensor x = constant(value);
  x.node->needs_grad = true;
  return x;
}

// [record]
/// The result of an operation, with the way back if one of the inputs needs it.
inline Tensor record(const Array& value, const std::vector<Tensor>& inputs,
                     std::function<void(const Array& g)> spread) {
  Tensor y = constant(value);
  for (const Tensor& x : inputs) y.node->needs_grad = y.node->needs_grad || x.node->needs_grad;
  if (!y.node->needs_grad) return y;
  for (const Tensor& x : inputs) y.node->inputs.push_back(x.node);
  y.node->spread = std::move(spread);
  return y;
}
// [/record]

/// Adds a gradient to what has arrived at x before; nothing where x needs none.
inline void give(const Tensor& x, const Array& g) {
  // blank: the first to arrive is kept, later ones are added: x may have been used twice
  Node& node = *x.node;
  if (node.needs_grad && !node.grad.defined()) node.grad = zeros(g.shape);
  Shape index(g.shape.size(), 0);
  bool more = node.needs_grad && count(g.shape) > 0;
  for (; more; more = next(index, g.shape)) node.grad.at(index) += g.at(index);
  // end
}

/// All nodes behind y that need a gradient, y last, each after its inputs.
inline std::vector<Node*> order(const Tensor& y) {
  // blank: a node is listed once, when all its inputs are
  // A stack in place of a recursion: a node waits there until its inputs are through.
  std::vector<std::pair<Node*, std::size_t>> waiting;
  std::vector<Node*> listed;
  std::unordered_set<Node*> seen;
  const auto meet = [&](Node* node) {
    if (node->needs_grad && seen.insert(node).second) waiting.emplace_back(node, 0);
  };
  meet(y.node.get());
  while (!waiting.empty()) {
    Node* node = waiting.back().first;
    if (waiting.back().second < node->inputs.size()) {
      meet(node->inputs[waiting.back().second++].get());
    } else {
      listed.push_back(node);
      waiting.pop_back();
    }
  }
  return listed;
  // end
}

/// Finds d (sum of g y) / d x for every variable x behind y, and adds it to x.grad.
inline void backward(const Tensor& y, const Array& g) {
  // blank: give y its gradient, then let each node spread its own, from y to the variables;
  // blank: what stands between them must not keep its gradient for the next time
  give(y, g);
  std::vector<Node*> nodes = order(y);
  for (; !nodes.empty(); nodes.pop_back()) {
    Node* node = nodes.back();
    if (!node->spread) continue;
    Array arrived;
    std::swap(arrived, node->grad);
    if (arrived.defined()) node->spread(arrived);
  }
  // end
}

/// d y / d x of one number y.
inline void backward(const Tensor& y) { backward(y, full(y.shape(), 1)); }

// [add]
inline Tensor add(const Tensor& a, const Tensor& b) {
  const Array y = map(a.value(), b.value(), [](double x, double z) { return x + z; });
  return record(y, {a, b}, [a, b](const Array& g) {
    give(a, g);
    give(b, g);
  });
}
// [/add]

inline Tensor mul(const Tensor& a, const Tensor& b) {
  // blank: d (a b) = b da + a db
  const Array y = copy(a.value());
  Shape index(y.shape.size(), 0);
  bool more = count(y.shape) > 0;
  for (; more; more = next(index, y.shape)) y.at(index) *= b.value().at(index);
  return record(y, {a, b}, [=](const Array& g) {
    give(b, map(a.value(), g, std::multiplies<>()));
    give(a, map(b.value(), g, std::multiplies<>()));
  });
  // end
}

inline Tensor scale(const Tensor& x, double factor) {
  const auto times = [factor](double v) { return factor * v; };
  return record(map(x.value(), times), {x}, [x, times](const Array& g) { give(x, map(g, times)); });
}

inline Tensor tanh(const Tensor& x) {
  // blank: d tanh(x) = (1 - tanh(x)^2) dx: keep the result, not the node that holds it
  return record(map(x.value(), [](double v) { return std::tanh(v); }), {x}, [x](const Array& g) {
    give(x, map(x.value(), g, [](double v, double d) {
           const double cosh = std::cosh(v);
           return d / (cosh * cosh);
         }));
  });
  // end
}

inline Tensor sigmoid(const Tensor& x) {
  const Array y = map(x.value(), [](double v) { return 1 / (1 + std::exp(-v)); });
  return record(y, {x}, [x, y](const Array& g) {
    give(x, map(g, y, [](double d, double s) { return d * s * (1 - s); }));
  });
}

inline Tensor relu(const Tensor& x) {
  const Array v = x.value();
  return record(map(v, [](double a) { return a > 0 ? a : 0; }), {x}, [x, v](const Array& g) {
    give(x, map(g, v, [](double d, double a) { return a > 0 ? d : 0; }));
  });
}

/// The sum of all elements, of shape [].
inline Tensor sum(const Tensor& x) {
  // blank: every element counts once, so each receives the same gradient
  double total = 0;
  map(x.value(), [&total](double v) { return total += v; });
  return record(full({}, total), {x}, [x](const Array& g) {
    const double each = *numbers(g);
    give(x, map(x.value(), [each](double) { return each; }));
  });
  // end
}

}  // namespace course
