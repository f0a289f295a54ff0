#include "operations.hpp"

using namespace grade;
using course::Array;
using course::Node;
using course::Tensor;

namespace {

Values zipped(const Values& a, const Values& b, const std::function<double(double, double)>& f) {
  Values y = a;
  for (std::size_t i = 0; i < y.numbers.size(); ++i) y.numbers[i] = f(a.numbers[i], b.numbers[i]);
  return y;
}

Values plus(const Values& a, const Values& b) {
  return zipped(a, b, [](double x, double y) { return x + y; });
}

Values times(const Values& a, const Values& b) {
  return zipped(a, b, [](double x, double y) { return x * y; });
}

Values filled(const Values& like, double number) {
  return {like.shape, std::vector<double>(like.numbers.size(), number)};
}

Tensor variable_of(const Values& x) { return course::variable(contiguous_array(x)); }

/// A node that says where it was in the walk back, made without the learner's functions.
Tensor joined(const std::vector<Tensor>& inputs, std::function<void(const Array&)> spread) {
  return course::record(contiguous_array({{}, {0}}), inputs, std::move(spread));
}

bool listed_before(const std::vector<Node*>& nodes, const Tensor& a, const Tensor& b) {
  const auto first = std::find(nodes.begin(), nodes.end(), a.node.get());
  return first < std::find(nodes.begin(), nodes.end(), b.node.get());
}

/// Whether a result is freed when nobody holds it any longer.
void is_freed(const std::string& name, const Operation& f) {
  const Tensor x = variable_of(random({2}, 5));
  std::weak_ptr<Node> result;
  {
    const Tensor y = f({x, x});
    result = y.node;
    holds(
        y.node.use_count() == 1, name, "the result is owned by somebody else than its user",
        "`spread` has captured the result's own node, which owns `spread`: a circle that is never "
        "freed. Capture the numbers");
  }
  holds(result.expired(), name, "the result stays in memory when nobody holds it");
}

/// What is likely where `give`, or `backward`, leaves x without a gradient.
const char* const not_kept = "what is given stays in x.node->grad";
const char* const not_walked =
    "give y its gradient, then go through `order` from its end, where y is: a node spreads when "
    "all that comes to it has come";

/// `backward`, where a node without a way back is on the way.
void walk(const std::string& what, const Tensor& y, const Values& g) {
  try {
    course::backward(y, contiguous_array(g));
  } catch (const std::bad_function_call&) {
    fail(what, "throws bad_function_call",
         "a variable has no `spread`, it is where the way ends: pass over nodes without one");
  }
}

/// Whether `order` lists these tensors, each once and after its inputs, with y the last.
void lists(const std::string& what, const Tensor& y, const std::vector<Tensor>& all,
           const Tensor& fixed) {
  const std::vector<Node*> nodes = course::order(y);
  for (const Tensor& t : all) {
    const auto times = std::count(nodes.begin(), nodes.end(), t.node.get());
    holds(times > 0, what, "a node is missing",
          "go on to the inputs of each input, down to the variables; y itself is listed too");
    holds(times == 1, what, "a node is listed " + std::to_string(times) + " times",
          "a node that was met before is passed over: remember which were seen");
  }
  holds(std::count(nodes.begin(), nodes.end(), fixed.node.get()) == 0, what, "a constant is listed",
        "nodes without needs_grad are passed over");
  holds(nodes.front() != y.node.get(), what, "y is the first",
        "y is the last: a node is listed after its inputs, not before");
  for (const Tensor& user : all) {
    for (const auto& input : user.node->inputs) {
      holds(!input->needs_grad || listed_before(nodes, {input}, user), what,
            "a node is listed before one of its inputs",
            "list a node when all its inputs are listed, not when it is first met");
    }
  }
}

/// A node to which nothing has come has nothing to spread.
void spreads_once() {
  const Tensor x = variable_of(random({2}, 3));
  int spread = 0;
  const Tensor low = joined({x}, [&](const Array&) { ++spread; });
  const Tensor high = joined({low}, [](const Array&) {});
  course::backward(low, contiguous_array({{}, {1}}));
  same("times that a node spreads", spread, 1);
  course::backward(high, contiguous_array({{}, {1}}));
  same("times that a node spreads to which a gradient came once, in two walks", spread, 1,
       {{"no gradient comes to it in the second walk: pass over nodes whose grad is not defined",
         2}});
}

}  // namespace

EXERCISE("give", "tape.hpp") {
  const Values g = random({2, 3}, 1), h = random({2, 3}, 2);
  for (const bool strided : {false, true}) {
    const std::string what = strided ? "give of an array that does not lie row after row" : "give";
    const Tensor x = variable_of(filled(g, 0)), other = variable_of(filled(g, 0));
    const Array first = array_of(g, strided), second = array_of(h, strided);
    course::give(x, first);
    same_gradient(what + ": the first gradient of x", x, g, {}, 1e-9, not_kept);
    holds(x.grad().data != first.data, what + ": the first gradient of x",
          "it shares its numbers with the g that was given",
          "copy the first to arrive: else what is written to one later changes the other");
    course::give(other, first);
    course::give(x, second);
    same_gradient(what + ": the second gradient of x", x, plus(g, h),
                  {{"what comes later is added, it does not take the place of the first", h},
                   {"what comes later is not added: x may have been used twice", g}});
    const std::string shared =
        "the numbers of a gradient that has been given are written to: copy the first to arrive";
    same(what + ": the g that was given", first, g, {{shared, plus(g, h)}});
    same_gradient(what + ": the gradient of another x that was given the same g", other, g,
                  {{shared, plus(g, h)}});
    Tensor constant = course::constant(first);
    course::give(constant, second);
    holds(!constant.grad().defined(), what + " to a constant", "it has a gradient now",
          "where needs_grad is false nothing is to be kept");
  }
}

EXERCISE("order", "tape.hpp") {
  const Tensor x = variable_of(random({2}, 3)), z = variable_of(random({2}, 4));
  const Tensor fixed = course::constant(contiguous_array(random({2}, 5)));
  const auto nothing = [](const Array&) {};
  // x is used by a and by y, a by b and by y: a and x must wait for all of them.
  Tensor a = joined({x, fixed}, nothing), b = joined({a, z}, nothing);
  Tensor y = joined({x, a, b}, nothing);
  lists("order of y = f(x, a, b), b = f(a, z), a = f(x, constant)", y, {x, z, a, b, y}, fixed);
  // The same from the other side: what goes through the inputs from the last on errs here.
  a = joined({fixed, x}, nothing), b = joined({z, a}, nothing), y = joined({b, a, x}, nothing);
  lists("order of y = f(b, a, x), b = f(z, a), a = f(constant, x)", y, {x, z, a, b, y}, fixed);
  holds(course::order(fixed).empty(), "order of a constant", "it is not empty",
        "nodes without needs_grad are passed over, y too");
  // Each doubles the number of ways to x: only a walk that remembers comes to an end.
  Tensor doubled = x;
  for (int i = 0; i < 60; ++i) doubled = joined({doubled, doubled}, nothing);
  same("nodes in the order of 60 steps that use the one before twice",
       static_cast<double>(course::order(doubled).size()), 61);
}

EXERCISE("backward", "tape.hpp") {
  const Values g = random({2}, 6), h = random({2}, 7);
  {
    const Tensor x = variable_of(random({2}, 3));
    walk("backward of a variable itself", x, g);
    same_gradient("backward of a variable itself: its gradient", x, g,
                  {{"`backward` must start from the g that it is given", filled(g, 1)}}, 1e-9,
                  "give y its gradient first: here y is the variable itself");
  }
  const Tensor x = variable_of(random({2}, 3)), z = variable_of(random({2}, 4));
  // y = (x + z) + x: by addition alone, so that a gradient is a number of g.
  const Tensor sum = course::add(x, z), y = course::add(sum, x);
  const Array given = contiguous_array(g);
  course::backward(y, given);
  const std::string what = "backward of y = (x + z) + x: ";
  same_gradient(what + "d y / d z", z, g,
                {{"`backward` must start from the g that it is given", filled(g, 1)}}, 1e-9,
                not_walked);
  same_gradient(what + "d y / d x", x, plus(g, g),
                {{"x is used twice: both gradients are added", g}}, 1e-9, not_walked);
  same(what + "the g that was given", given, g);
  holds(!sum.grad().defined() && !y.grad().defined(), what + "afterwards",
        "x + z and y still hold a gradient",
        "what stands between is cleared, else the next `backward` spreads it a second time");
  walk(what + "once more", y, h);
  same_gradient("backward once more: d y / d z", z, plus(g, h),
                {{"the second call spreads the first one's gradient again: clear it before a node "
                  "spreads",
                  plus(plus(g, g), h)},
                 {"a variable keeps its gradient: the second call adds to it", h}});
  spreads_once();
  const Tensor constant = course::constant(given);
  walk("backward of constants", course::add(constant, constant), g);
  holds(!constant.grad().defined(), "backward of constants", "a constant has a gradient");
}

EXERCISE("mul", "tape.hpp") {
  const Operation mul = [](const std::vector<Tensor>& x) { return course::mul(x[0], x[1]); };
  for (const Case& one : cases("03_tape", "mul")) {
    const Values &a = one["a"], &b = one["b"], &g = one["g"];
    const auto of = [&](const char* name, const Values& own, const Values& other) -> Mistakes {
      return {{std::string("d (a b) to ") + name + " is the other factor", times(g, own)},
              {"the gradient that came, g, is a factor too", other},
              {"g must be multiplied with the other factor", g}};
    };
    operation(
        "mul", one, {"a", "b"}, mul,
        {{"y", {{"this is a sum", plus(a, b)}}}, {"da", of("a", a, b)}, {"db", of("b", b, a)}});
  }
  for (const Case& one : cases("03_tape", "twice")) {
    const Values ga = times(one["g"], one["a"]);
    operation("mul", one, {"a"},
              [](const std::vector<Tensor>& x) { return course::mul(x[0], x[0]); },
              {{"da", {{"a is both factors: give to each", ga}}}});
  }
  for (const Case& one : cases("03_tape", "diamond")) {
    operation("mul and add", one, {"a", "b"}, [](const std::vector<Tensor>& x) {
      return course::mul(course::add(x[0], x[1]), course::add(x[0], course::mul(x[0], x[1])));
    });
  }
  is_freed("mul", mul);
}

EXERCISE("tanh", "tape.hpp") {
  const Operation tanh = [](const std::vector<Tensor>& x) { return course::tanh(x[0]); };
  for (const Case& one : cases("03_tape", "tanh")) {
    const Values &a = one["a"], &g = one["g"], &y = one["y"];
    const auto with = [&](const Values& v, const std::function<double(double)>& f) {
      return zipped(v, g, [&](double x, double d) { return d * f(x); });
    };
    operation(
        "tanh", one, {"a"}, tanh,
        {{"da",
          {{"1 - tanh(x)^2: y is tanh(x), x is not", with(a, [](double v) { return 1 - v * v; })},
           {"y is tanh(x) already: 1 - y^2, without another tanh",
            with(y, [](double v) { return 1 - std::tanh(v) * std::tanh(v); })},
           {"the gradient that came, g, is a factor too",
            zipped(y, g, [](double v, double) { return 1 - v * v; })},
           {"the square is missing in 1 - y^2", with(y, [](double v) { return 1 - v; })},
           {"this is the derivative of a sigmoid", with(y, [](double v) { return v * (1 - v); })},
           {"tanh has a derivative: 1 - y^2", g}}}});
  }
  for (const Case& one : cases("03_tape", "shared")) {
    operation("tanh, used twice", one, {"a", "b"}, [](const std::vector<Tensor>& x) {
      const Tensor t = course::tanh(x[0]);
      return course::add(course::mul(t, x[0]), course::mul(t, x[1]));
    });
  }
  is_freed("tanh", tanh);
}

EXERCISE("sum", "tape.hpp") {
  const Operation sum = [](const std::vector<Tensor>& x) { return course::sum(x[0]); };
  for (const Case& one : cases("03_tape", "sum")) {
    const Values& a = one["a"];
    const double g = one["g"].numbers[0], n = static_cast<double>(a.numbers.size());
    Mistakes result = {{"this is the mean", {{}, {one["y"].numbers[0] / n}}},
                       {"the result is one number, of shape []", {{1}, one["y"].numbers}}};
    operation(
        "sum", one, {"a"}, sum,
        {{"y", result},
         {"da",
          {{"the gradient that came, g, is what each element receives", filled(a, 1)},
           {"each element counts whole: this is the gradient of a mean", filled(a, g / n)},
           {"the gradient has x's shape: one g for each element", {{}, {g}}},
           {"each element receives g itself, not g times the element", times(a, filled(a, g))}}}});
  }
  is_freed("sum", sum);
}
