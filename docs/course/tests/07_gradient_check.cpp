#include "gradient_check.hpp"

#include "arrays.hpp"

using namespace grade;
using course::Array;
using course::Report;
using course::Shape;
using course::Tensor;
using Tensors = std::vector<Tensor>;

namespace {

Values combined(const Values& a, const Values& b, const std::function<double(double, double)>& f) {
  Values y = a;
  for (std::size_t i = 0; i < y.numbers.size(); ++i) y.numbers[i] = f(a.numbers[i], b.numbers[i]);
  return y;
}

double total(const Values& x) {
  double sum = 0;
  for (double number : x.numbers) sum += number;
  return sum;
}

/// y = f of each element of x, and its way back: gradient(g, x, element).
Tensor planted(const Tensor& x, double (*f)(double),
               const std::function<double(double g, double x, int64_t element)>& gradient) {
  const Values v = values_of("x", x.value());
  const Values y = combined(v, v, [&](double a, double) { return f(a); });
  return course::record(contiguous_array(y), {x}, [=](const Array& g) {
    const Values d = values_of("g", g);
    Values back = v;
    for (std::size_t i = 0; i < v.numbers.size(); ++i) {
      back.numbers[i] = gradient(d.numbers[i], v.numbers[i], static_cast<int64_t>(i));
    }
    course::give(x, contiguous_array(back));
  });
}

double cube(double x) { return x * x * x; }
double cube_derivative(double g, double x, int64_t) { return g * 3 * x * x; }
double tanh_of(double x) { return std::tanh(x); }
double tanh_derivative(double x) { return 1 - std::tanh(x) * std::tanh(x); }

Tensor cubes(const Tensors& x) { return planted(x[0], cube, cube_derivative); }

Report check(const course::Function& f, const std::vector<Values>& inputs, const Values& g,
             bool strided = false) {
  std::vector<Array> arrays;
  for (const Values& x : inputs) arrays.push_back(array_of(x, strided));
  const Report report = course::check_gradients(f, arrays, array_of(g, strided));
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    same("check_gradients: input " + std::to_string(i) + " afterwards", arrays[i], inputs[i], {},
         0);
  }
  return report;
}

std::string error_of(const Report& report) {
  return "the error it reports is " + std::to_string(report.error);
}

/// A function whose gradient is right.
void accepts(const std::string& which, const course::Function& f, const std::vector<Values>& inputs,
             const Values& g, const std::string& likely) {
  for (const bool strided : {false, true}) {
    const Report report = check(f, inputs, g, strided);
    holds(report.error < 1e-5,
          "check_gradients of " + which + ", which is right" +
              (strided ? ", of arrays that do not lie row after row" : ""),
          error_of(report),
          strided ? "take a copy of each input: then elements are counted row after row" : likely);
  }
}

/// A function whose gradient is wrong in one place.
void finds(const std::string& which, const course::Function& f, const std::vector<Values>& inputs,
           const Values& g, double at_least, const std::string& likely) {
  const std::string what = "check_gradients of " + which;
  const Report report = check(f, inputs, g);
  holds(!(report.error < at_least), what, error_of(report) + ", and the gradient is wrong", likely);
}

const Values x = random({3, 5}, 6), z = random({5, 2}, 7), g = random({3, 5}, 8);
const char* const all =
    "compare every element of every input, and keep the largest error, not the last";

/// A tanh of one of two inputs, whose gradient is wrong in one element.
course::Function one_of_many(std::size_t input, int64_t wrong, double by = 0.01) {
  return [=](const Tensors& t) {
    return planted(t[input], tanh_of, [=](double d, double v, int64_t element) {
      return d * tanh_derivative(v) + (element == wrong ? by : 0);
    });
  };
}

bool near(double a, double b) { return std::abs(a - b) < 1e-5; }

/// What is likely where the report of x^3 finds an error: by the numbers that it has compared.
std::string wrong_in_cubes(const Report& report) {
  const int64_t element = report.element;
  if (report.input != 0 || element < 0 || element >= count(x.shape)) {
    return "there is one input, number 0, and elements are counted from 0";
  }
  const double right = cube_derivative(g.numbers[element], x.numbers[element], 0);
  const bool backward = near(report.backward, right), difference = near(report.difference, right);
  if (backward && difference) {
    return "both derivatives in the report are right, and so near each other: the error is "
           "|backward - difference| / max(1, |backward|, |difference|)";
  }
  if (near(report.backward, cube_derivative(1, x.numbers[element], 0))) {
    return "backward must start from the same g as `difference`: here it starts from ones";
  }
  if (backward) {
    return "backward in the report is right, difference is not: hand the element, g and `step` on "
           "to `difference`";
  }
  if (difference) {
    return "difference in the report is right, backward is not: it is the element's number in the "
           "gradient of this input";
  }
  return "the report must hold both derivatives of one element: of the one with the worst error";
}

/// The first function, of which every number is known.
void accepts_cubes() {
  const Report report = check(cubes, {x}, g);
  holds(report.error < 1e-5, "check_gradients of x^3, which is right", error_of(report),
        wrong_in_cubes(report));
  accepts("x^3", cubes, {x}, g, "");
}

/// With a step of 0.25 the difference of g x^3 is not g 3 x^2 but g (3 x^2 + step^2).
void takes_the_step() {
  const double step = 0.25;
  const Report report =
      course::check_gradients(cubes, {contiguous_array(x)}, contiguous_array(g), step);
  const std::string what = "check_gradients of x^3 with a step of 0.25: ";
  const int64_t element = report.element;
  holds(report.error >= 1e-5, what + "the report", error_of(report) + ", expected about 0.06",
        "`step` is not used: hand it on to `difference`");
  holds(element >= 0 && element < count(x.shape), what + "the element",
        "it is " + std::to_string(element) + " of 15");
  const double v = x.numbers[element], weight = g.numbers[element];
  same(what + "the difference", report.difference, weight * (3 * v * v + step * step),
       {{"the step is doubled", weight * (3 * v * v + 4 * step * step)},
        {"the step is halved", weight * (3 * v * v + step * step / 4)}},
       1e-7);
}

void accepts_what_is_right() {
  accepts_cubes();
  accepts(
      "x z of matrices", [](const Tensors& t) { return course::matmul(t[0], t[1]); }, {x, z},
      random({3, 2}, 9),
      "with two inputs: backward and difference must be of the same element of the same input");
  accepts(
      "softmax", [](const Tensors& t) { return course::softmax(t[0]); }, {x}, g,
      "here each number of y depends on many of x: all of g y is summed, and one x moves at a "
      "time");
  accepts("x of no elements", cubes, {random({0, 5}, 1)}, random({0, 5}, 2), "");
  accepts(
      "a function that does not use its second input", cubes, {x, z}, g,
      "where no gradient arrives the derivative is 0, and here the difference is 0 too: nothing "
      "may be left of the first input's, and 0 is divided by max(1, ...), not by 0");
  accepts(
      "a million times x^3", [](const Tensors& t) { return course::scale(cubes(t), 1e6); }, {x}, g,
      "divide by max(1, |backward|, |difference|): large derivatives have larger differences");
  const Tensor thousand = course::constant(contiguous_array({{}, {1000}}));
  accepts(
      "x / 10^9 + 1000", [&](const Tensors& t) { return course::scale(t[0], 1e-9) + thousand; },
      {x}, g, "divide by max(1, ...): a derivative of nearly 0 has only rounding to compare");
}

void finds_wrong_formulas() {
  finds(
      "a tanh whose derivative is said to be 1 - x^2",
      [](const Tensors& t) {
        return planted(t[0], tanh_of, [](double d, double v, int64_t) { return d * (1 - v * v); });
      },
      {x}, g, 1e-3, all);
  finds(
      "a tanh whose derivative is said to be 1 - y",
      [](const Tensors& t) {
        return planted(t[0], tanh_of,
                       [](double d, double v, int64_t) { return d * (1 - std::tanh(v)); });
      },
      {x}, g, 1e-3, all);
  finds(
      "a tanh whose derivative is said to be 1",
      [](const Tensors& t) {
        return planted(t[0], tanh_of, [](double d, double, int64_t) { return d; });
      },
      {x}, random({3, 5}, 8), 1e-3, all);
  finds(
      "a softmax that gives back 0, which is right for a g of ones",
      [](const Tensors& t) {
        const Tensor y = course::constant(course::softmax(t[0].value()));
        return course::record(y.value(), {t[0]}, [in = t[0]](const Array& d) {
          course::give(in, contiguous_array({d.shape, std::vector<double>(count(d.shape), 0)}));
        });
      },
      {x}, g, 1e-3, "both sides must use the g that is given: a bare sum does not see this one");
}

void finds_what_is_missing() {
  finds("a tanh of the second input, wrong in element 0", one_of_many(1, 0), {z, x}, g, 1e-3,
        "compare every element of every input, not of the first input alone");
  finds("a tanh whose gradient is 0.01 too small in element 0", one_of_many(0, 0, -0.01), {x}, g,
        1e-3, "a derivative that is too small is wrong too: take the absolute value");
  finds(
      "a function that never gives its second input a gradient",
      [](const Tensors& t) {
        const Tensor y = course::matmul(t[0], course::constant(t[1].value()));
        return course::record(y.value(), {y, t[1]}, [y](const Array& d) { course::give(y, d); });
      },
      {x, z}, random({3, 2}, 9), 1e-3,
      "a gradient that has not arrived is 0, and is compared like any other");
}

void finds_one_element_of_many() {
  for (const int64_t element : {0, 7, 14}) {
    finds("a tanh that is wrong in element " + std::to_string(element) + " of 15",
          one_of_many(0, element), {x}, g, 1e-3, all);
    finds("a tanh of the second input, wrong in element " + std::to_string(element) + " of 15",
          one_of_many(1, element), {z, x}, g, 1e-3, all);
  }
  finds(
      "a tanh whose gradient is no number in one element",
      [](const Tensors& t) {
        return planted(t[0], tanh_of, [](double d, double v, int64_t element) {
          return element == 4 ? std::nan("") : d * tanh_derivative(v);
        });
      },
      {x}, g, 1e-3, "a comparison with NaN is false: an error that is no number is infinite");
}

/// The report names the input, the element and both numbers.
void says_where() {
  const Report report = check(one_of_many(1, 7), {z, x}, g);
  const std::string what = "the report of a tanh of the second input, wrong in element 7: ";
  const double right = g.numbers[7] * tanh_derivative(x.numbers[7]);
  same(what + "input", static_cast<double>(report.input), 1,
       {{"inputs are counted from 0: the second is 1", 2}});
  same(what + "element", static_cast<double>(report.element), 7);
  same(what + "difference", report.difference, right,
       {{"backward and difference have changed places", right + 0.01}}, 1e-7);
  same(what + "backward", report.backward, right + 0.01, {}, 1e-7);
  same(what + "error", report.error, 0.01,
       {{"it is divided by max(1, |backward|, |difference|), never by less than 1",
         0.01 / std::max(std::abs(right), std::abs(right + 0.01))}},
       1e-6);
}

/// What comes of each mistake in the difference of g z^3 at one element.
std::vector<std::pair<std::string, double>> mistakes_of_difference(const Values& of,
                                                                   const Values& by,
                                                                   int64_t element, double step) {
  const double v = of.numbers[element], weight = by.numbers[element];
  const double up = weight * (cube(v + step) - cube(v)), down = weight * (cube(v) - cube(v - step));
  double every = 0;
  for (std::size_t i = 0; i < of.numbers.size(); ++i) {
    const double w = of.numbers[i];
    every += by.numbers[i] * (cube(w + step) - cube(w - step)) / (2 * step);
  }
  const std::string stays = "the number is not put back before the second point is taken";
  const std::string one_side = "it goes to one side only: step up and step down";
  return {{stays, up / (2 * step)},
          {stays, down / (2 * step)},
          {one_side, up / step},
          {one_side, down / step},
          {"the two points are 2 step apart: divide by that", (up + down) / step},
          {"it is not divided by the distance, 2 step", up + down},
          {"the sign: F(x + step) comes first", -(up + down) / (2 * step)},
          {"all elements are moved, it must be one", every},
          {"another input is moved: `input` says which one", 0},
          {"`step` is not used", weight * 3 * v * v},
          {"g is left out: the number is the sum of g y", (up + down) / (2 * step) / weight}};
}

}  // namespace

EXERCISE("weighted", "gradient_check.hpp") {
  for (const Shape& shape : {Shape{2, 3}, Shape{}, Shape{4}, Shape{0, 3}}) {
    for (const bool strided : {false, true}) {
      const Values y = random(shape, 1), g = random(shape, 2);
      const double wanted = total(combined(y, g, [](double a, double b) { return a * b; }));
      const double n = static_cast<double>(count(shape));
      same("weighted of " + text(shape),
           course::weighted(course::constant(array_of(y, strided)), array_of(g, strided)), wanted,
           {{"y is summed without g: errors of two elements can then hide each other", total(y)},
            {"this is the sum of g alone", total(g)},
            {"the sum of g y, not their mean", n ? wanted / n : 0},
            {"g y summed, not squared",
             total(combined(y, g, [](double a, double b) { return a * a * b * b; }))}});
    }
  }
}

EXERCISE("difference", "gradient_check.hpp") {
  // Of x^3 the difference is not the derivative, and each way to take it gives another number.
  const Values x = random({2, 3}, 3), z = random({2, 3}, 4), g = random({2, 3}, 5);
  const double step = 0.25;
  const course::Function f = [](const Tensors& t) { return planted(t[1], cube, cube_derivative); };
  for (const bool strided : {false, true}) {
    const std::vector<Array> inputs = {array_of(x, strided), array_of(z, strided)};
    for (const int64_t element : {0, 1, 5}) {
      const std::string what = "difference of y = z^3 at element " + std::to_string(element) +
                               " of z" +
                               (strided ? ", whose elements do not lie row after row" : "");
      const double v = z.numbers[element], weight = g.numbers[element];
      const double right = weight * (cube(v + step) - cube(v - step)) / (2 * step);
      const auto now = [&] {
        return course::difference(f, inputs, 1, element, array_of(g, strided), step);
      };
      const double first = now();
      for (std::size_t i = 0; i < 2; ++i) {
        holds(values_of("", inputs[i]).numbers == (i ? z : x).numbers, what,
              "the inputs are other numbers afterwards",
              "put the number back, or change it in a copy");
      }
      same(what, first, right, mistakes_of_difference(z, g, element, step), 1e-8);
      same("the same once more: " + what, now(), right, {}, 1e-8);
    }
  }
}

EXERCISE("check_gradients", "gradient_check.hpp") {
  accepts_what_is_right();
  finds_wrong_formulas();
  finds_what_is_missing();
  finds_one_element_of_many();
  says_where();
  takes_the_step();
}
