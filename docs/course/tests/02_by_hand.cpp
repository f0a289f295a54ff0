#include "by_hand.hpp"

#include "grade.hpp"

using namespace grade;
using course::Gradients;
using course::Neuron;
using course::Pass;

namespace {

double of(const Case& one, const std::string& key) { return one[key].numbers.at(0); }

Neuron neuron_of(const Case& one) { return {of(one, "w1"), of(one, "w2"), of(one, "b")}; }

/// What heed's forward pass computed.
Pass pass_of(const Case& one) {
  return {of(one, "x1"), of(one, "x2"), of(one, "t"),   of(one, "a"),
          of(one, "h"),  of(one, "y"),  of(one, "loss")};
}

/// The link through tanh.
void check_a(const std::string& what, const Case& one, const Pass& p, double got) {
  const double h = of(one, "dh"), a = of(one, "da");
  const double again = 1 - std::tanh(p.h) * std::tanh(p.h);
  same(what + "a", got, a,
       {{"tanh has a derivative: 1 - h^2", h},
        {"h is tanh(a) already: 1 - h^2, without another tanh", h * again},
        {"the derivative of tanh is 1 - h^2 with h = tanh(a), not with a", h * (1 - p.a * p.a)},
        {"the square is missing in 1 - h^2", h * (1 - p.h)},
        {"the link to h is missing: d.h times 1 - h^2", 1 - p.h * p.h},
        {"the sign: 1 - h^2, not h^2 - 1", -a}});
}

/// The input that is used twice.
void check_x2(const std::string& what, const Case& one, const Neuron& n, const Pass& p,
              double got) {
  const double y = of(one, "dy"), a = of(one, "da");
  const double by_a = a * n.w2, by_y = y * p.h;
  same(what + "x2", got, of(one, "dx2"),
       {{"x2 is used twice: the way through y is missing", by_a},
        {"x2 is used twice: the way through a is missing", by_y},
        {"x2 is used twice: what comes on the two ways is added, not multiplied", by_a * by_y},
        {"the derivative of w2 x2 to x2 is the other factor, w2", a * p.x2 + by_y},
        {"the derivative of h x2 to x2 is the other factor, h", by_a + y * p.x2}});
}

}  // namespace

EXERCISE("forward", "by_hand.hpp") {
  for (const Case& one : cases("02_by_hand")) {
    const Neuron n = neuron_of(one);
    const Pass e = pass_of(one), p = course::forward(n, e.x1, e.x2, e.t);
    const std::string what = "forward, " + one.name + ": ";
    for (const auto& [name, got, expected] :
         {std::tuple{"x1", p.x1, e.x1}, {"x2", p.x2, e.x2}, {"t", p.t, e.t}}) {
      same(what + name, got, expected,
           {{"the way back needs the inputs too: keep them in the Pass", 0}});
    }
    same(what + "a", p.a, e.a,
         {{"b is missing", e.a - n.b},
          {"each weight has an input of its own: w1 x1 and w2 x2", n.w1 * e.x2 + n.w2 * e.x1 + n.b},
          {"this is h: a is the sum before tanh", e.h}});
    same(what + "h", p.h, e.h, {{"tanh is missing", e.a}});
    same(what + "y", p.y, e.y,
         {{"y = h x2: the factor x2 is missing", e.h},
          {"the neuron uses x2 twice, not x1", e.h * e.x1},
          {"y is made of h, not of a", e.a * e.x2}});
    const double d = e.y - e.t;
    same(what + "loss", p.loss, e.loss,
         {{"the square is halved", d * d},
          {"the difference is squared", d / 2},
          {"the difference is squared, and the square is halved", d},
          {"the halving stands outside of the square", d * d / 4}});
  }
}

EXERCISE("backward", "by_hand.hpp") {
  for (const Case& one : cases("02_by_hand")) {
    const Neuron n = neuron_of(one);
    const Pass p = pass_of(one);
    const Gradients d = course::backward(n, p);
    const std::string what = "backward, " + one.name + ": d loss / d ";
    const double y = of(one, "dy"), h = of(one, "dh"), a = of(one, "da");
    same(what + "y", d.y, y,
         {{"the sign: a larger y makes y - t larger", -y},
          {"the square brings a factor of 2, the halving takes it away", 2 * y},
          {"the square brings a factor of 2 that the halving takes away", y / 2},
          {"this is the loss, not its derivative", p.loss}});
    same(what + "h", d.h, h,
         {{"y = h x2: the derivative to h is x2", y},
          {"y = h x2: the derivative to h is the other factor, x2, not h", y * p.h},
          {"the link to y is missing: d.y times x2", p.x2},
          {"y = h x2: the factor is x2, not x1", y * p.x1}});
    check_a(what, one, p, d.a);
    const auto factor = [&](const char* name, double got, const char* mine, double own,
                            const char* other, double right) {
      same(what + name, got, of(one, "d" + std::string(name)),
           {{std::string("the derivative of ") + mine + " " + other + " to " + mine +
                 " is the other factor, " + other,
             a * own},
            {std::string("the link to a is missing: d.a times ") + other, right},
            {std::string("the factor ") + other + " is missing", a}});
    };
    factor("w1", d.w1, "w1", n.w1, "x1", p.x1);
    factor("w2", d.w2, "w2", n.w2, "x2", p.x2);
    same(what + "b", d.b, a,
         {{"b counts once in a: its gradient is d.a, whatever b is", a * n.b},
          {"the link to a is missing: d.a times 1", 1},
          {"nothing has arrived at b", 0}});
    factor("x1", d.x1, "x1", p.x1, "w1", n.w1);
    check_x2(what, one, n, p, d.x2);
  }
}
