#include "training.hpp"

#include "operations.hpp"

using namespace grade;
using course::Array;
using course::Shape;
using course::Tensor;

namespace {

Values combined(const Values& a, const Values& b, const std::function<double(double, double)>& f) {
  Values y = a;
  for (std::size_t i = 0; i < y.numbers.size(); ++i) y.numbers[i] = f(a.numbers[i], b.numbers[i]);
  return y;
}

Values scaled(const Values& a, double factor) {
  return combined(a, a, [=](double x, double) { return x * factor; });
}

/// Mistakes of the way back of an embedding.
Mistakes mistakes_of_rows(const Case& one) {
  const Values &weight = one["weight"], &g = one["g"];
  const std::vector<int64_t> ids = one.ids("ids");
  const std::size_t D = weight.shape[1];
  Values last = scaled(weight, 0), first = last, in_order = last, mean = one["dweight"];
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const bool seen = std::find(ids.begin(), ids.begin() + i, ids[i]) != ids.begin() + i;
    const double times = static_cast<double>(std::count(ids.begin(), ids.end(), ids[i]));
    for (std::size_t d = 0; d < D; ++d) {
      last.numbers[ids[i] * D + d] = g.numbers[i * D + d];
      if (!seen) first.numbers[ids[i] * D + d] = g.numbers[i * D + d];
      if (!seen) mean.numbers[ids[i] * D + d] /= times;
      if (i * D + d < in_order.numbers.size()) in_order.numbers[i * D + d] += g.numbers[i * D + d];
    }
  }
  return {{"a row that was read twice receives the sum of both, not the last one", last},
          {"a row that was read twice receives the sum of both, not the first one", first},
          {"the sum of what comes back to a row, not its mean", mean},
          {"row i of g belongs to row ids[i] of the weight, not to row i", in_order}};
}

/// x W where x W^T is meant, with the bias, for a square W.
Values not_transposed(const Case& one) {
  Values y = one["y"];
  const int64_t n = one["weight"].shape[0];
  for (int64_t place = 0; place < count(y.shape); ++place) {
    double sum = one["bias"].numbers[place % n];
    for (int64_t k = 0; k < n; ++k) {
      sum += one["x"].numbers[place / n * n + k] * one["weight"].numbers[k * n + place % n];
    }
    y.numbers[place] = sum;
  }
  return y;
}

MistakesOf mistakes_of_linear(const Case& one) {
  Mistakes result;
  if (one.name == "linear: square") {
    result.push_back({"x W^T: the weight [O, I] is not transposed", not_transposed(one)});
  }
  if (one.has("bias")) {
    const Values &b = one["bias"], &y = one["y"];
    const int64_t n = b.shape[0];
    Values without = y, twice = y;
    for (std::size_t i = 0; i < y.numbers.size(); ++i) {
      without.numbers[i] -= b.numbers[i % n];
      twice.numbers[i] += b.numbers[i % n];
    }
    result.push_back({"the bias is missing", without});
    result.push_back({"the bias is added twice", twice});
  }
  Values flat = one["y"];
  flat.shape = {flat.shape.back() ? count(flat.shape) / flat.shape.back() : 0, flat.shape.back()};
  result.push_back({"the axes in front come back: [..., O], not [rows, O]", flat});
  return {{"y", result}};
}

struct Clipped {
  std::vector<Values> before, after;
  double limit, length;
};

Clipped clipped_of(const Case& one) {
  return {{one["a"], one["b"]},
          {one["ca"], one["cb"]},
          one["limit"].numbers[0],
          one["length"].numbers[0]};
}

double squares(const Values& x) {
  double sum = 0;
  for (double number : x.numbers) sum += number * number;
  return sum;
}

Mistakes mistakes_of_clip(const Clipped& c, std::size_t i) {
  const Values& g = c.before[i];
  const double own = std::sqrt(squares(g)), all = squares(c.before[0]) + squares(c.before[1]);
  double sum = 0;
  for (const Values& x : c.before) {
    for (double number : x.numbers) sum += std::abs(number);
  }
  return {
      {"gradients that are short enough stay as they are", scaled(g, c.limit / (c.length + 1e-6))},
      {"the factor is limit / (length + 1e-6), as heed and PyTorch have it",
       scaled(g, c.limit / c.length)},
      {"the factor is limit / (length + 1e-6), not 1 / length", scaled(g, 1 / (c.length + 1e-6))},
      {"one length of all gradients together, not one for each",
       scaled(g, std::min(1.0, c.limit / (own + 1e-6)))},
      {"one length of all gradients together, not one for each",
       scaled(g, std::min(1.0, c.limit / own))},
      {"one factor for all numbers: each is cut by itself",
       combined(g, g, [&](double x, double) { return std::clamp(x, -c.limit, c.limit); })},
      {"the length is the root of the sum of squares", scaled(g, c.limit / (all + 1e-6))},
      {"the length is the root of the sum of squares, not the sum of sizes",
       scaled(g, std::min(1.0, c.limit / (sum + 1e-6)))},
      {"the gradients are not changed: put the shorter ones into p.node->grad", g},
      {"the gradients are divided by the factor", scaled(g, (c.length + 1e-6) / c.limit)}};
}

/// One number's way through Adam, with one thing wrong.
struct Variant {
  std::string says;
  bool correct = true, root = true, square = true, inside = false, fresh = false, up = false,
       first = false, plain = false, swapped = false;
};

/// Weight number k of `key` after `steps` steps.
double moved(const Case& one, const std::string& key, std::size_t k, int steps, const Variant& w) {
  const std::vector<double>& o = one["options"].numbers;
  const double b1 = w.swapped ? o[2] : o[1], b2 = w.swapped ? o[1] : o[2], e = o[3];
  double x = one[key + "0"].numbers[k], m = 0, v = 0;
  for (int t = 1; t <= steps; ++t) {
    const double g = one["g" + key + std::to_string(t)].numbers[k];
    if (w.fresh) m = v = 0;
    m = b1 * m + (1 - b1) * g;
    v = b2 * v + (1 - b2) * (w.square ? g * g : g);
    const int count = w.first ? 1 : t;
    const double mean = w.correct ? m / (1 - std::pow(b1, count)) : m;
    const double size = w.correct ? v / (1 - std::pow(b2, count)) : v;
    double by = mean / (w.inside ? std::sqrt(size + e) : w.root ? std::sqrt(size) + e : size + e);
    if (w.plain) by = g;
    x -= (w.up ? -1 : 1) * o[0] * by;
  }
  return x;
}

Mistakes mistakes_of_adam(const Case& one, const std::string& key, int steps) {
  const Variant known[] = {
      {.says = "m and v are not divided by 1 - beta^t: the first steps are of a wrong size",
       .correct = false},
      {.says = "the root is missing: m / (sqrt(v) + epsilon)", .root = false},
      {.says = "v is the mean of g^2, not of g", .square = false},
      {.says = "epsilon stands outside of the root: sqrt(v) + epsilon", .inside = true},
      {.says = "m and v are kept from step to step: here they begin anew", .fresh = true},
      {.says = "the sign: weights go against their gradient", .up = true},
      {.says = "t grows with each step: here it is always 1", .first = true},
      {.says = "the weight moves by m / sqrt(v), not by the gradient itself", .plain = true},
      {.says = "beta1 belongs to m and beta2 to v", .swapped = true}};
  Mistakes mistakes;
  const Values before = one[key + std::to_string(steps - 1)];
  for (const Variant& variant : known) {
    Values x = before;
    for (std::size_t k = 0; k < x.numbers.size(); ++k)
      x.numbers[k] = moved(one, key, k, steps, variant);
    mistakes.push_back({variant.says, x});
  }
  mistakes.push_back({"the weight has not moved: write into the numbers of the parameter", before});
  mistakes.push_back({"t counts from 1: with 0 the first step is 0 / 0",
                      combined(before, before, [](double, double) { return std::nan(""); })});
  return mistakes;
}

/// How three parameters move by Adam where not all of them have a gradient in each step.
enum class Sparse { right, zeros_skipped, counted, missing_is_zero, own_steps };

/// The gradient of a parameter in a step, counted from 1; none where empty.
Values sparse_gradient(std::size_t parameter, int step) {
  if (parameter == 1 && step == 2) return {};
  Values g = random({2, 2}, 40 + 3 * static_cast<uint64_t>(step) + parameter);
  if (step == 3) g.numbers[0] = g.numbers[1] = 0;
  return g;
}

/// The three parameters after `steps` steps, each of them 1 at first.
std::vector<Values> sparse_adam(Sparse kind, int steps) {
  const double rate = 0.1, b1 = 0.9, b2 = 0.999;
  const std::vector<double> ones(4, 1), zeros(4, 0);
  std::vector<std::vector<double>> w(3, ones), m(3, zeros), v(3, zeros);
  std::vector<int> own(3, 0);
  for (int t = 1; t <= steps; ++t) {
    std::size_t with_gradient = 0;
    for (std::size_t i = 0; i < 3; ++i) {
      std::vector<double> g = sparse_gradient(i, t).numbers;
      if (g.empty() && kind == Sparse::missing_is_zero) g = zeros;
      if (g.empty()) continue;
      const std::size_t slot = kind == Sparse::counted ? with_gradient++ : i;
      const int counted = kind == Sparse::own_steps ? ++own[i] : t;
      for (std::size_t k = 0; k < g.size(); ++k) {
        if (g[k] == 0 && kind == Sparse::zeros_skipped) continue;
        m[slot][k] = b1 * m[slot][k] + (1 - b1) * g[k];
        v[slot][k] = b2 * v[slot][k] + (1 - b2) * g[k] * g[k];
        w[i][k] -= rate * m[slot][k] / (1 - std::pow(b1, counted)) /
                   (std::sqrt(v[slot][k] / (1 - std::pow(b2, counted))) + 1e-8);
      }
    }
  }
  return {{{2, 2}, w[0]}, {{2, 2}, w[1]}, {{2, 2}, w[2]}};
}

/// Adam where a parameter lacks its gradient beside others, and a row has gradients of 0.
void steps_without() {
  const std::pair<Sparse, std::string> known[] = {
      {Sparse::zeros_skipped,
       "a gradient of 0 counts too: m and v shrink, and the weight moves on by m"},
      {Sparse::counted,
       "m and v of another parameter: take them by the place among all parameters, not among those "
       "that have a gradient in this step"},
      {Sparse::missing_is_zero,
       "a parameter without a gradient stays, with its m and v: none is not a gradient of 0"},
      {Sparse::own_steps, "t counts the steps of all, also those that a parameter sits out"}};
  std::vector<Tensor> w;
  for (int i = 0; i < 3; ++i) {
    w.push_back(course::variable(contiguous_array({{2, 2}, std::vector<double>(4, 1)})));
  }
  course::Adam adam{w, 0.1};
  for (int step = 1; step <= 4; ++step) {
    for (std::size_t i = 0; i < w.size(); ++i) {
      const Values g = sparse_gradient(i, step);
      w[i].node->grad = g.numbers.empty() ? Array{} : contiguous_array(g);
    }
    adam.step();
    for (std::size_t i = 0; i < w.size(); ++i) {
      Mistakes mistakes;
      for (const auto& [kind, says] : known) {
        mistakes.push_back({says, sparse_adam(kind, step)[i]});
      }
      same(
          "Adam of three parameters, the second without a gradient in step 2, rows of 0 in step "
          "3: parameter " +
              std::to_string(i) + " after step " + std::to_string(step),
          w[i].value(), sparse_adam(Sparse::right, step)[i], mistakes);
    }
  }
}

/// Two parameters whose gradients are one array, which the caller holds as well.
void clips_shared() {
  const Values g{{2}, {3, 4}};
  const double factor = 1 / (std::sqrt(50) + 1e-6);
  const std::string shared =
      "gradients may share their numbers: put a new array into p.node->grad, made by `map`, and "
      "write nothing into the one that is there";
  const Array given = contiguous_array(g);
  std::vector<Tensor> parameters;
  for (int i = 0; i < 2; ++i) {
    parameters.push_back(course::variable(contiguous_array(scaled(g, 0))));
    parameters.back().node->grad = given;
  }
  course::clip(parameters, 1);
  const std::string what = "clip of two gradients that are one array: ";
  for (const Tensor& p : parameters) {
    same(what + "a gradient", p.grad(), scaled(g, factor), {{shared, scaled(g, factor * factor)}});
  }
  same(what + "the array that was given", given, g, {{shared, scaled(g, factor)}});
}

}  // namespace

EXERCISE("embedding", "training.hpp") {
  for (const Case& one : cases("08_training", "embedding")) {
    std::vector<int64_t> ids;
    operation(
        "embedding", one, {"weight"},
        [&](const std::vector<Tensor>& x) {
          ids = one.ids("ids");
          return course::embedding(ids, x[0]);
        },
        {{"dweight", mistakes_of_rows(one)}}, 1e-9, "",
        [&] { std::fill(ids.begin(), ids.end(), 0); });
  }
}

EXERCISE("linear", "training.hpp") {
  for (const Case& one : cases("08_training", "linear")) {
    std::vector<std::string> inputs = {"x", "weight"};
    if (one.has("bias")) inputs.push_back("bias");
    operation(
        "linear", one, inputs,
        [&](const std::vector<Tensor>& v) {
          try {
            return v.size() > 2 ? course::linear(v[0], v[1], v[2]) : course::linear(v[0], v[1]);
          } catch (const std::invalid_argument& error) {
            fail("linear (" + one.name + ") of x " + text(v[0].shape()) + " and W " +
                     text(v[1].shape()),
                 std::string("it throws: ") + error.what(),
                 "make one matrix [rows, I] of all axes in front, and W [O, I] is transposed");
          }
        },
        mistakes_of_linear(one));
  }
}

EXERCISE("clip", "training.hpp") {
  for (const Case& one : cases("08_training", "clip")) {
    const Clipped c = clipped_of(one);
    for (const bool strided : {false, true}) {
      std::vector<Tensor> parameters;
      for (const Values& g : c.before) {
        parameters.push_back(course::variable(contiguous_array(scaled(g, 0))));
        parameters.back().node->grad = array_of(g, strided);
      }
      parameters.insert(parameters.begin() + 1, course::variable(contiguous_array({{}, {0}})));
      const std::string what = one.name + ", limit " + std::to_string(c.limit) +
                               (strided ? ", gradients that do not lie row after row" : "");
      const double length = course::clip(parameters, c.limit);
      for (const std::size_t i : {0, 1}) {
        holds(parameters[2 * i].grad().defined(), what, "a gradient is gone");
        same(what + ": gradient " + std::to_string(i), parameters[2 * i].grad(), c.after[i],
             mistakes_of_clip(c, i));
      }
      same(what + ": the length it returns", length, c.length,
           {{"return the length that the gradients had before", std::min(c.length, c.limit)},
            {"the length is the root of the sum of squares", c.length * c.length}});
      holds(!parameters[1].grad().defined(), what, "a parameter that had no gradient has one now",
            "pass over what is not defined");
    }
  }
  clips_shared();
}

EXERCISE("Adam::step", "training.hpp") {
  for (const Case& one : cases("08_training", "Adam")) {
    for (const bool strided : {false, true}) {
      const std::vector<double>& o = one["options"].numbers;
      // The third never receives a gradient.
      const std::vector<Tensor> w = {course::variable(contiguous_array(one["a0"])),
                                     course::variable(contiguous_array(one["b0"])),
                                     course::variable(contiguous_array(one["b0"]))};
      course::Adam adam{{w[0], w[1]}, o[0], o[1], o[2], o[3]};
      for (int step = 1; step <= 4; ++step) {
        const std::string t = std::to_string(step);
        w[0].node->grad = array_of(one["ga" + t], strided);
        w[1].node->grad = array_of(one["gb" + t], strided);
        adam.step();
        const std::string what = one.name + ", step " + t + ": ";
        same(what + "the first parameter", w[0].value(), one["a" + t],
             mistakes_of_adam(one, "a", step));
        same(what + "the second parameter", w[1].value(), one["b" + t],
             mistakes_of_adam(one, "b", step));
        same(what + "the gradient", w[0].grad(), one["ga" + t]);
        adam.zero_grad();
      }
      course::Adam idle{{w[2]}, o[0]};
      idle.step();
      same("a parameter to which no gradient has come", w[2].value(), one["b0"]);
    }
  }
  steps_without();
}
