// Operations against PyTorch, values and gradients in float32 and float64; and what they refuse.
#include <functional>

#include "../../core/error.hpp"
#include "../../core/parallel.hpp"
#include "../golden.hpp"

using namespace heed;
using namespace heed::test;

namespace {

struct EinsumCase {
  const char* name;
  const char* equation;
  int operands;
};
const EinsumCase einsums[] = {
    {"product", "ij,jk->ik", 2},         {"heads", "bshd,bthd->bhst", 2},
    {"implicit", "bca,cAd", 2},          {"chain", "ab,bc,cd,a->d", 4},
    {"bilinear", "bi,oij,bj->bo", 3},    {"trace", "ii->", 1},
    {"diagonals", "iji,jkj->jik", 2},    {"ellipsis", "...ij,j...->i...", 2},
    {"elementwise", "ab,ab,b->ba", 3},   {"ones", "ij,ij->j", 2},
    {"transpose", " i j k -> k i j ", 1}};

struct NormCase {
  const char* name;
  double p;
};
const NormCase norms[] = {
    {"norm1", 1}, {"norm2", 2}, {"norm2.5", 2.5}, {"norm0.5", 0.5}, {"norminf", INFINITY}};

}  // namespace

TEST_CASE("einsum gives PyTorch's values and gradients") {
  Golden golden("operations");
  for (const EinsumCase& one : einsums) {
    for_each_seed(golden, std::string("einsum.") + one.name, [&](GoldenCase& c) {
      std::vector<Tensor> operands;
      for (int i = 0; i < one.operands; ++i) operands.push_back(c.input(std::to_string(i)));
      c.check_output("y", einsum(one.equation, operands)).backward();
      for (int i = 0; i < one.operands; ++i) {
        c.check_gradient(std::to_string(i), operands[static_cast<std::size_t>(i)]);
      }
    });
  }
}

TEST_CASE("topk gives PyTorch's values, indices and gradients") {
  Golden golden("operations");
  const auto check = [&](const char* name, const std::function<TopK(const Tensor&)>& find) {
    for_each_seed(golden, name, [&](GoldenCase& c) {
      const Tensor x = c.input("x");
      const TopK found = find(x);
      c.check_output("y", found.values).backward();
      c.check_gradient("x", x);
      CHECK(found.indices.to_vector<int32_t>() == c.input("indices").to_vector<int32_t>());
      CHECK_FALSE(found.indices.requires_grad());
    });
  };
  check("topk.largest", [](const Tensor& x) { return topk(x, 3, 1); });
  check("topk.smallest", [](const Tensor& x) { return topk(x, 2, -1, false); });
}

TEST_CASE("norm gives PyTorch's values and gradients, also at zero") {
  Golden golden("operations");
  for (const NormCase& one : norms) {
    for_each_seed(golden, one.name, [&](GoldenCase& c) {
      const Tensor x = c.input("x");
      const Tensor loss = c.check_output("all", norm(x, one.p)) +
                          c.check_output("last", norm(x, one.p, {-1})) +
                          c.check_output("two", norm(x, one.p, {0, 2}, true));
      loss.backward();
      c.check_gradient("x", x);
    });
  }
}

TEST_CASE("cumsum, tril, triu and flip give PyTorch's values and gradients") {
  Golden golden("operations");
  for_each_seed(golden, "ordered", [&](GoldenCase& c) {
    const Tensor x = c.input("x");
    const Tensor loss =
        c.check_output("cumsum", cumsum(x, 1)) + c.check_output("cumsum.last", cumsum(x, -1)) +
        c.check_output("tril", tril(x)) + c.check_output("tril.above", tril(x, 2)) +
        c.check_output("triu.below", triu(x, -3)) + c.check_output("flip", flip(x, {0, -1}));
    loss.backward();
    c.check_gradient("x", x);
  });
}

TEST_CASE("einsum refuses what does not fit, with the equation and the sizes") {
  const Tensor a = Tensor::ones({2, 3}), b = Tensor::ones({5, 7});
  CHECK_THROWS_WITH(einsum("ij,jk->ik", {a, b}),
                    "einsum \"ij,jk->ik\": j is 3 in operand 0 but 5 in operand 1");
  CHECK_THROWS_WITH(einsum("ij->i", {a, b}), "einsum \"ij->i\": names 1 operands, got 2");
  CHECK_THROWS_WITH(einsum("ijk->i", {a}),
                    "einsum \"ijk->i\": names 3 axes of operand 0, which is [2, 3]");
  CHECK_THROWS_WITH(einsum("i->i", {a}), Catch::Contains("names 1 axes of operand 0"));
  CHECK_THROWS_WITH(einsum("i...jk->i", {a}), Catch::Contains("names 3 axes of operand 0"));
  CHECK_THROWS_WITH(einsum("ii->i", {a}), Catch::Contains("i is 2 and 3 in one operand"));
  CHECK_THROWS_WITH(einsum("ij->ik", {a}),
                    "einsum \"ij->ik\": the output names k, which no operand has");
  CHECK_THROWS_WITH(einsum("ij->ii", {a}), Catch::Contains("the output names i twice"));
  for (const char* equation : {"i1->i", "ij->i->j", "ij->i,j", "i.j", "......", "ij-", "i\nj"}) {
    CAPTURE(equation);
    CHECK_THROWS_AS(einsum(equation, {a}), ConfigError);
  }
  CHECK_THROWS_AS(einsum("", {}), ShapeError);
  CHECK_THROWS_AS(einsum("abcde,fghij->abcdefghij",
                         {Tensor::ones({1, 1, 1, 1, 1}), Tensor::ones({1, 1, 1, 1, 1})}),
                  ShapeError);
  CHECK_THROWS_AS(einsum("ij,ij->ij", {a, a.to(float64)}), TypeError);
  CHECK_THROWS_AS(einsum("ij->ji", {a.to(int32)}), TypeError);
}

TEST_CASE("einsum takes scalars and axes without an element") {
  CHECK(einsum(",", {Tensor::scalar(3), Tensor::scalar(5)}).item() == 15);
  CHECK(einsum("...,i", {Tensor::scalar(3), Tensor::ones({2})}).shape() == Shape{2});
  const Tensor y = einsum("ij,jk->ik", {Tensor::ones({2, 0}), Tensor::ones({0, 3})});
  CHECK(y.to_vector<float>() == std::vector<float>(6, 0));
  CHECK(einsum("ii->i", {Tensor::ones({0, 0})}).shape() == Shape{0});
}

TEST_CASE("topk takes the first of equal elements first, and NaN as the largest") {
  const Tensor x = Tensor::of({2, 7, NAN, 7, 2, 7}, {6});
  CHECK(topk(x, 6).indices.to_vector<int32_t>() == std::vector<int32_t>{2, 1, 3, 5, 0, 4});
  CHECK(topk(x, 6, 0, false).indices.to_vector<int32_t>() ==
        std::vector<int32_t>{0, 4, 1, 3, 5, 2});
  CHECK(topk(x, 0).values.shape() == Shape{0});
  CHECK_THROWS_WITH(topk(x, 7), "topk: k is 7, but axis 0 of [6] has 6 elements");
  CHECK_THROWS_AS(topk(x, -1), IndexError);
  CHECK_THROWS_AS(topk(x, 1, 1), IndexError);
  CHECK_THROWS_AS(topk(Tensor::ones({3}, boolean), 1), TypeError);
}

TEST_CASE("norm refuses a p that is none, and a maximum over nothing") {
  const Tensor x = Tensor::ones({0, 3});
  CHECK(norm(x).item() == 0);
  CHECK_THROWS_AS(norm(x, INFINITY, {0}), ShapeError);
  for (const double p : {0.0, -1.0, static_cast<double>(NAN)}) {
    CHECK_THROWS_AS(norm(x, p), ConfigError);
  }
  CHECK_THROWS_AS(norm(Tensor::ones({2}, int32)), TypeError);
  CHECK_THROWS_AS(norm(Tensor::ones({2, 2}), 2, {1, -1}), ShapeError);
}

TEST_CASE("a running sum is added in double") {
  const Tensor x = Tensor::full({1 << 20}, 0.1);
  const double last = cumsum(x, 0).at({(1 << 20) - 1});
  CHECK(last == Approx(0.1 * (1 << 20)).epsilon(1e-7));
  CHECK_THROWS_AS(cumsum(x, 1), IndexError);
  CHECK(cumsum(Tensor::ones({3, 0, 2}), 1).shape() == Shape{3, 0, 2});
}

TEST_CASE("triangles reach any diagonal, and what they drop is 0 even if it was NaN") {
  const Tensor x = Tensor::full({2, 3}, NAN);
  for (const int64_t far : {int64_t{100}, INT64_MAX}) {
    CHECK(triu(x, far).to_vector<float>() == std::vector<float>(6, 0));
    CHECK(tril(x, -far).to_vector<float>() == std::vector<float>(6, 0));
    CHECK(tril(Tensor::ones({2, 3}), far).to_vector<float>() == std::vector<float>(6, 1));
  }
  CHECK_THROWS_WITH(tril(Tensor::ones({3})), "tril: needs x [..., R, C], got [3]");
}

TEST_CASE("flip takes any element type and no axis twice") {
  const Tensor x = Tensor::of({1, 2, 3, 4, 5, 6}, {2, 3}, int32);
  CHECK(flip(x, {1}).to_vector<int32_t>() == std::vector<int32_t>{3, 2, 1, 6, 5, 4});
  CHECK(flip(flip(x, {0, 1}), {0, 1}).to_vector<int32_t>() == x.to_vector<int32_t>());
  CHECK(flip(x, {}).to_vector<int32_t>() == x.to_vector<int32_t>());
  CHECK(flip(gt(x, 3), {0}).to_vector<bool>() ==
        std::vector<bool>{true, true, true, false, false, false});
  CHECK_THROWS_AS(flip(x, {1, -1}), ShapeError);
  CHECK_THROWS_AS(flip(x, {2}), IndexError);
  CHECK(flip(Tensor::ones({0, 2}), {0}).shape() == Shape{0, 2});
}

TEST_CASE("ordered operations have the same bits for one thread and two") {
  manual_seed(5);
  const Tensor x = Tensor::randn({67, 41, 311});
  std::vector<std::vector<float>> results;
  for (const int count : {1, 2}) {
    set_threads(count);
    std::vector<float> all;
    for (const Tensor& y : {cumsum(x, 0), cumsum(x, 1), cumsum(x, 2), topk(x, 5, 1).values,
                            einsum("abc,dbc->ad", {x, x}), norm(x, 2.5, {0})}) {
      const std::vector<float> part = y.to_vector<float>();
      all.insert(all.end(), part.begin(), part.end());
    }
    results.push_back(std::move(all));
  }
  set_threads(2);
  CHECK(results[0] == results[1]);
}
