#include "matmul.hpp"

#include "operations.hpp"

using namespace grade;
using course::Array;
using course::Shape;
using course::Tensor;

namespace {

int64_t rows(const Values& x) { return x.shape[x.shape.size() - 2]; }
int64_t columns(const Values& x) { return x.shape.back(); }

Values turned(const Values& x) {
  Values y = x;
  const int64_t M = rows(x), N = columns(x);
  std::swap(y.shape[y.shape.size() - 2], y.shape.back());
  for (std::size_t i = 0; i < x.numbers.size(); ++i) {
    const int64_t rest = static_cast<int64_t>(i) % (M * N), first = static_cast<int64_t>(i) - rest;
    y.numbers[first + rest % N * M + rest / N] = x.numbers[i];
  }
  return y;
}

/// Every matrix of a times the one of b; one of both may have fewer axes in front.
Values product(const Values& a, const Values& b) {
  const int64_t M = rows(a), K = columns(a), N = columns(b);
  Values c{a.shape.size() < b.shape.size() ? b.shape : a.shape, {}};
  c.shape[c.shape.size() - 2] = M;
  c.shape.back() = N;
  c.numbers.assign(count(c.shape), 0);
  const int64_t batch = M * N ? count(c.shape) / (M * N) : 0;
  const int64_t of_a = static_cast<int64_t>(a.numbers.size()), of_b = b.numbers.size();
  for (int64_t i = 0; i < batch; ++i) {
    for (int64_t place = 0; place < M * K * N; ++place) {
      const int64_t m = place / (K * N), k = place / N % K, n = place % N;
      c.numbers[(i * M + m) * N + n] +=
          a.numbers[(i * M * K + m * K + k) % of_a] * b.numbers[(i * K * N + k * N + n) % of_b];
    }
  }
  return c;
}

Values plus(const Values& a, const Values& b) {
  Values y = a;
  for (std::size_t i = 0; i < y.numbers.size(); ++i) y.numbers[i] += b.numbers[i];
  return y;
}

/// What is read where an array's numbers are taken for rows that lie one after the other.
Values misread(const Array& a) {
  Values x{a.shape, {}};
  for (int64_t i = 0; i < count(a.shape); ++i) x.numbers.push_back((*a.data)[a.offset + i]);
  return x;
}

/// c as it is after its numbers, wrongly taken to lie row after row, grew by `more`.
Values miswritten(const Values& c, const Values& more) {
  const Array a = strided_array(c);
  for (int64_t i = 0; i < count(c.shape); ++i) (*a.data)[a.offset + i] += more.numbers[i];
  return values_of("c", a);
}

/// The elements of an array as they are when its offset is lost.
Values without_offset(Array a) {
  a.offset = 0;
  return values_of("an array", a);
}

/// c with a[m, K - 1] b[K - 1, n] in place of the sum over k.
Values last_term(const Values& a, const Values& b, const Values& c) {
  const int64_t K = columns(a), N = columns(b);
  Values y = c;
  for (int64_t i = 0; K > 0 && i < count(c.shape); ++i) {
    y.numbers[i] = a.numbers[i / N * K + K - 1] * b.numbers[(K - 1) * N + i % N];
  }
  return y;
}

/// Mistakes of the way back of y = a b, by what they give.
MistakesOf mistakes_of(const Case& one) {
  const Values &a = one["a"], &b = one["b"], &g = one["g"];
  const bool square = a.shape == b.shape && rows(a) == columns(a);
  MistakesOf known;
  const std::string summed =
      "its axes in front were stretched: the gradient is summed over them, by `broadcast_to` of "
      "tensors";
  if (count(g.shape) && a.shape.size() != b.shape.size()) {
    known["da"].push_back({summed, product(g, turned(b))});
    known["db"].push_back({summed, product(turned(a), g)});
  }
  if (square) {
    known["y"] = {{"a b, not b a", product(b, a)},
                  {"the columns of b, not its rows: b[k, n]", product(a, turned(b))}};
    known["da"] = {{"d a = g b^T: b is not transposed", product(g, b)},
                   {"d a = g b^T, in this order", product(turned(b), g)},
                   {"this is d b: d a = g b^T", product(turned(a), g)},
                   {"d a = g b^T: this is its transpose", turned(product(g, turned(b)))}};
    known["db"] = {{"d b = a^T g: a is not transposed", product(a, g)},
                   {"d b = a^T g, in this order", product(g, turned(a))},
                   {"this is d a: d b = a^T g", product(g, turned(b))},
                   {"d b = a^T g: this is its transpose", turned(product(turned(a), g))}};
  }
  return known;
}

/// matmul must not take these.
void refuses(const Shape& a, const Shape& b) {
  const std::string what = "matmul of " + text(a) + " and " + text(b);
  const Tensor x = course::constant(contiguous_array(random(a, 1)));
  const Tensor z = course::constant(contiguous_array(random(b, 2)));
  Shape got;
  try {
    got = course::matmul(x, z).shape();
  } catch (const std::invalid_argument& error) {
    const std::string says = error.what();
    const bool front = a.size() > 2;  // then `broadcast_shape` may have thrown
    holds(front || (says.find(text(a)) != says.npos && says.find(text(b)) != says.npos), what,
          "the error says \"" + says + "\"", "name both shapes in it: to_string(shape)");
    return;
  }
  fail(what, "it returns " + text(got) + ", expected an std::invalid_argument",
       "compare the last size of a with the last but one of b, before anything is computed");
}

/// M, K and N of the products.
const std::vector<Shape> sizes = {{3, 3, 3}, {2, 3, 5}, {5, 2, 3}, {1, 4, 1},
                                  {1, 1, 1}, {0, 3, 2}, {2, 0, 3}, {2, 3, 0}};

void add_mistakes_of_squares(const Values& a, const Values& b, const Values& c, Mistakes& known) {
  known.push_back({"the columns of b, not its rows: b[k, n]", plus(c, product(a, turned(b)))});
  known.push_back({"c[m, n], not c[n, m]", plus(c, turned(product(a, b)))});
  known.push_back({"a b, not b a", plus(c, product(b, a))});
  known.push_back({"the rows of a, not its columns: a[m, k]", plus(c, product(turned(a), b))});
}

/// Mistakes of c += a b, for x and y that hold a and b. Bits 1, 2 and 4 of `kinds` say which of a,
/// b and c do not lie row after row.
Mistakes mistakes_of_sum(const Array& x, const Array& y, const Values& c, int kinds) {
  const Values a = values_of("a", x), b = values_of("b", y);
  Mistakes known = {
      {"the product is added to what c holds already", product(a, b)},
      {"`+=`, not `=`: of the sum over k only the last term is left", last_term(a, b, c)}};
  const std::string as_if = " as if its rows lay one after the other";
  if (kinds & 1) {
    known.push_back({"use a.strides: a is read" + as_if, plus(c, product(misread(x), b))});
    known.push_back(
        {"a.data begins before a: its first element is number a.offset, as in "
         "`numbers(a)`",
         plus(c, product(without_offset(x), b))});
  }
  if (kinds & 2) {
    known.push_back({"use b.strides: b is read" + as_if, plus(c, product(a, misread(y)))});
    known.push_back(
        {"b.data begins before b: its first element is number b.offset, as in "
         "`numbers(b)`",
         plus(c, product(a, without_offset(y)))});
  }
  if (kinds & 4) {
    known.push_back({"use c.strides: c is written" + as_if, miswritten(c, product(a, b))});
  }
  if (a.shape == b.shape && rows(a) == columns(a)) add_mistakes_of_squares(a, b, c, known);
  return known;
}

/// c += a b, with a, b and c as `kinds` says.
void check_sum(const Values& a, const Values& b, const Values& c, int kinds) {
  const Array x = array_of(a, kinds & 1), y = array_of(b, kinds & 2), z = array_of(c, kinds & 4);
  std::string what = "add_product of " + text(a.shape) + " and " + text(b.shape);
  for (const auto& [bit, name] : {std::pair{1, "a"}, {2, "b"}, {4, "c"}}) {
    if (kinds & bit) what += std::string(", ") + name + " does not lie row after row";
  }
  const std::vector<double> before = *z.data;
  course::add_product(x, y, z);
  Mistakes known = mistakes_of_sum(x, y, c, kinds);
  known.push_back({*z.data == before
                       ? "c does not change: write into c itself, which shares its numbers; "
                         "`contiguous` may give a copy"
                       : "c.data begins before c: its first element is number c.offset, as in "
                         "`numbers(c)`",
                   c});
  same(what, z, plus(c, product(a, b)), known);
}

}  // namespace

EXERCISE("add_product", "matmul.hpp") {
  for (const Shape& size : sizes) {
    const int64_t M = size[0], K = size[1], N = size[2];
    for (int kinds = 0; kinds < 8; ++kinds) {
      check_sum(random({M, K}, 1), random({K, N}, 2), random({M, N}, 3), kinds);
    }
  }
}

EXERCISE("batched_product", "matmul.hpp") {
  for (const char* kind : {"square", "same"}) {
    for (const Case& one : cases("05_products", kind)) {
      operation(
          "batched_product", one, {"a", "b"},
          [](const std::vector<Tensor>& x) { return course::batched_product(x[0], x[1]); },
          mistakes_of(one));
    }
  }
}

EXERCISE("matmul", "matmul.hpp") {
  for (const Case& one : cases("05_products")) {
    operation(
        "matmul", one, {"a", "b"},
        [](const std::vector<Tensor>& x) { return course::matmul(x[0], x[1]); }, mistakes_of(one));
  }
  refuses({2, 3}, {2, 3});
  refuses({2, 3}, {4, 5});
  refuses({3}, {3, 2});
  refuses({2, 3}, {3});
  refuses({2, 2, 3}, {3, 3, 4});
}
