#include "einsum.hpp"

#include <algorithm>

#include "broadcast.hpp"
#include "elementwise.hpp"
#include "products.hpp"
#include "reductions.hpp"

namespace heed {

namespace {

/// The names of a tensor's axes: letters, and below 0 what `...` stands for: -1 is its last axis.
using Labels = std::vector<int>;
constexpr int ellipsis = 0;

bool has(const Labels& labels, int label) {
  return std::find(labels.begin(), labels.end(), label) != labels.end();
}

int place(const Labels& labels, int label) {
  return static_cast<int>(std::find(labels.begin(), labels.end(), label) - labels.begin());
}

struct Equation {
  std::string text;  ///< for messages: einsum "ij,jk->ik"
  std::vector<Labels> operands;
  bool has_output = false;
  Labels output;
};

// --- Reading the equation ---

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

Equation parse(const std::string& text) {
  Equation equation{"einsum \"" + escaped(text) + "\"", {{}}, false, {}};
  Labels* now = &equation.operands[0];
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == ' ') continue;
    if (is_letter(text[i])) {
      now->push_back(text[i]);
    } else if (text.compare(i, 3, "...") == 0 && !has(*now, ellipsis)) {
      now->push_back(ellipsis);
      i += 2;
    } else if (text[i] == ',' && !equation.has_output) {
      now = &equation.operands.emplace_back();
    } else if (text.compare(i, 2, "->") == 0 && !equation.has_output) {
      equation.has_output = true;
      now = &equation.output;
      ++i;
    } else {
      throw ConfigError(equation.text + ": cannot be read from character " + std::to_string(i + 1) +
                        "; expected letters, one \"...\" an operand, commas between operands, and "
                        "at most one \"->\" before the output");
    }
  }
  return equation;
}

std::string name_of(int label) {
  return label > 0 ? std::string(1, static_cast<char>(label)) : std::string("...");
}

/// Puts the axes -count, ..., -1 where `...` stood.
void spell_out(Labels& labels, int count) {
  const auto at = std::find(labels.begin(), labels.end(), ellipsis);
  if (at == labels.end()) return;
  Labels axes;
  for (int axis = -count; axis < 0; ++axis) axes.push_back(axis);
  labels.insert(labels.erase(at), axes.begin(), axes.end());
}

/// Gives each axis of each operand its label; returns the most axes that a `...` stands for.
int fit(Equation& equation, const std::vector<Tensor>& operands) {
  if (equation.operands.size() != operands.size()) {
    throw ShapeError(equation.text + ": names " + std::to_string(equation.operands.size()) +
                     " operands, got " + std::to_string(operands.size()));
  }
  int most = 0;
  for (std::size_t i = 0; i < operands.size(); ++i) {
    Labels& labels = equation.operands[i];
    const bool open = has(labels, ellipsis);
    const int rest = operands[i].rank() - static_cast<int>(labels.size()) + (open ? 1 : 0);
    if (rest < 0 || (rest > 0 && !open)) {
      throw ShapeError(equation.text + ": names " + std::to_string(labels.size() - (open ? 1 : 0)) +
                       " axes of operand " + std::to_string(i) + ", which is " +
                       to_string(operands[i].shape()));
    }
    spell_out(labels, rest);
    most = std::max(most, rest);
  }
  return most;
}

int count_of(const Equation& equation, int label) {
  std::ptrdiff_t count = 0;
  for (const Labels& labels : equation.operands) {
    count += std::count(labels.begin(), labels.end(), label);
  }
  return static_cast<int>(count);
}

/// The output's labels where the equation has none: `...`, then what occurs once.
Labels implicit_output(const Equation& equation) {
  Labels output;
  for (const Labels& labels : equation.operands) {
    for (const int label : labels) {
      if (label > 0 && count_of(equation, label) == 1) output.push_back(label);
    }
  }
  std::sort(output.begin(), output.end());
  output.insert(output.begin(), ellipsis);
  return output;
}

void check_output(const Equation& equation) {
  for (const int label : equation.output) {
    if (count_of(equation, label) == 0) {
      throw ConfigError(equation.text + ": the output names " + name_of(label) +
                        ", which no operand has");
    }
    if (std::count(equation.output.begin(), equation.output.end(), label) > 1) {
      throw ConfigError(equation.text + ": the output names " + name_of(label) + " twice");
    }
  }
}

// --- Tensors with named axes ---

struct Named {
  Tensor tensor;
  Labels labels;

  int64_t size(int label) const { return tensor.shape()[place(labels, label)]; }
};

/// A label twice: both axes become their diagonal, the last axis.
Named diagonal(const Equation& equation, Named x, int label) {
  const int first = place(x.labels, label);
  int second = first + 1;
  while (x.labels[static_cast<std::size_t>(second)] != label) ++second;
  const int64_t n = x.tensor.size(first), other = x.tensor.size(second);
  if (n != other) {
    throw ShapeError(equation.text + ": " + name_of(label) + " is " + std::to_string(n) + " and " +
                     std::to_string(other) + " in one operand, " + to_string(x.tensor.shape()));
  }
  Axes order;
  Shape shape;
  Labels labels;
  for (int axis = 0; axis < x.tensor.rank(); ++axis) {
    if (axis == first || axis == second) continue;
    order.push_back(axis);
    shape.push_back(x.tensor.size(axis));
    labels.push_back(x.labels[static_cast<std::size_t>(axis)]);
  }
  order.push_back(first);
  order.push_back(second);
  shape.push_back(n * n);
  labels.push_back(label);
  return {slice(reshape(permute(x.tensor, order), shape), -1, 0, n * n, n + 1), labels};
}

Named without_repetitions(const Equation& equation, Named x) {
  for (std::size_t i = 0; i < x.labels.size(); ++i) {
    const int label = x.labels[i];
    if (std::count(x.labels.begin(), x.labels.end(), label) < 2) continue;
    x = diagonal(equation, std::move(x), label);
    i = static_cast<std::size_t>(-1);  // from the start again
  }
  return x;
}

/// Drops axes of size 1 whose label is larger elsewhere (they broadcast); other sizes must agree.
void broadcast_ones(const Equation& equation, std::vector<Named>& operands) {
  for (std::size_t i = 0; i < operands.size(); ++i) {
    for (const int label : Labels(operands[i].labels)) {
      for (std::size_t k = 0; k < operands.size(); ++k) {
        if (!has(operands[k].labels, label) || operands[k].size(label) == 1) continue;
        const int64_t here = operands[i].size(label), there = operands[k].size(label);
        if (here == there) continue;
        if (here != 1) {
          throw ShapeError(equation.text + ": " + name_of(label) + " is " + std::to_string(here) +
                           " in operand " + std::to_string(i) + " but " + std::to_string(there) +
                           " in operand " + std::to_string(k));
        }
        const int axis = place(operands[i].labels, label);
        operands[i].tensor = squeeze(operands[i].tensor, axis);
        operands[i].labels.erase(operands[i].labels.begin() + axis);
        break;
      }
    }
  }
}

/// Sums over the axes whose labels `wanted` lacks.
Named summed(const Named& x, const Labels& wanted) {
  Axes axes;
  Labels left;
  for (std::size_t i = 0; i < x.labels.size(); ++i) {
    if (has(wanted, x.labels[i])) {
      left.push_back(x.labels[i]);
    } else {
      axes.push_back(static_cast<int64_t>(i));
    }
  }
  return axes.empty() ? x : Named{sum(x.tensor, axes), left};
}

/// The axes in the order of `labels`.
Tensor ordered(const Named& x, const Labels& labels) {
  if (x.labels == labels) return x.tensor;
  Axes order;
  for (const int label : labels) order.push_back(place(x.labels, label));
  return permute(x.tensor, order);
}

Labels joined(Labels a, const Labels& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

int64_t extent(const Named& x, const Labels& labels) {
  int64_t product = 1;
  for (const int label : labels) product *= x.size(label);
  return product;
}

/// Labels of a pair of operands by what happens to them.
struct Roles {
  Labels batch, free_a, free_b, contracted;
};

Roles roles_of(const Labels& a, const Labels& b, const Labels& wanted) {
  Roles roles;
  for (const int label : a) {
    (!has(b, label)       ? roles.free_a
     : has(wanted, label) ? roles.batch
                          : roles.contracted)
        .push_back(label);
  }
  for (const int label : b) {
    if (!has(a, label)) roles.free_b.push_back(label);
  }
  return roles;
}

/// The product of two operands, summed over what `wanted` lacks: [P, M, K] x [P, K, N].
Named product(const Equation& equation, const Named& a_in, const Named& b_in,
              const Labels& wanted) {
  const Named a = summed(a_in, joined(wanted, b_in.labels));
  const Named b = summed(b_in, joined(wanted, a_in.labels));
  const Roles roles = roles_of(a.labels, b.labels, wanted);
  const Labels labels = joined(joined(roles.batch, roles.free_a), roles.free_b);
  if (labels.size() > static_cast<std::size_t>(max_rank)) {
    throw ShapeError(equation.text + ": a product on the way has " + std::to_string(labels.size()) +
                     " axes, at most " + std::to_string(max_rank) + " are possible");
  }
  Shape shape;
  for (const int label : labels)
    shape.push_back(has(a.labels, label) ? a.size(label) : b.size(label));
  const int64_t P = extent(a, roles.batch), M = extent(a, roles.free_a);
  const int64_t N = extent(b, roles.free_b), K = extent(a, roles.contracted);
  const Tensor left =
      reshape(ordered(a, joined(joined(roles.batch, roles.free_a), roles.contracted)), {P, M, K});
  const Tensor right =
      reshape(ordered(b, joined(joined(roles.batch, roles.contracted), roles.free_b)), {P, K, N});
  // Nothing to sum over: an elementwise product, not many matrices of one column.
  const Tensor y = roles.contracted.empty() ? mul(left, right) : matmul(left, right);
  return {reshape(y, shape), labels};
}

/// What the operands from `next` on and the output still need.
Labels needed(const std::vector<Named>& operands, std::size_t next, Labels output) {
  for (std::size_t i = next; i < operands.size(); ++i) output = joined(output, operands[i].labels);
  return output;
}

}  // namespace

Tensor einsum(const std::string& text, const std::vector<Tensor>& tensors) {
  Equation equation = parse(text);
  const int open = fit(equation, tensors);
  if (!equation.has_output) equation.output = implicit_output(equation);
  spell_out(equation.output, open);
  check_output(equation);
  std::vector<Named> operands;
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    check_floating("einsum", tensors[i]);
    check_same_dtype("einsum", tensors[0], tensors[i]);
    operands.push_back(without_repetitions(equation, {tensors[i], equation.operands[i]}));
  }
  broadcast_ones(equation, operands);
  Named all = operands[0];
  for (std::size_t i = 1; i < operands.size(); ++i) {
    all = product(equation, all, operands[i], needed(operands, i + 1, equation.output));
  }
  return ordered(summed(all, equation.output), equation.output);
}

}  // namespace heed
