// What changes a tensor in place: +=, -=, *=, /= and their names.
#include <catch2/catch.hpp>

#include "../../core/error.hpp"
#include "../../core/operations.hpp"

using namespace heed;

namespace {

using Values = std::vector<double>;

Tensor numbers(std::initializer_list<double> values) {
  return Tensor::of(values, {static_cast<int64_t>(values.size())}, float64);
}

bool all_equal(const Tensor& a, const Tensor& b) {
  return a.shape() == b.shape() && a.dtype() == b.dtype() &&
         sum(eq(a, b).to(int32)).item() == static_cast<double>(a.numel());
}

}  // namespace

TEST_CASE("an assignment operator changes every handle of a tensor") {
  Tensor x = numbers({1, 2, 4});
  const Tensor same = x, y = numbers({2, 4, 8});
  x += y;
  CHECK(same.to_vector<double>() == Values{3, 6, 12});
  x -= numbers({1});
  CHECK(same.to_vector<double>() == Values{2, 5, 11});
  x *= y;
  CHECK(same.to_vector<double>() == Values{4, 20, 88});
  x /= y;
  CHECK(same.to_vector<double>() == Values{2, 5, 11});
  ((x += 1) *= 3) -= 0.5;
  x /= 2;
  CHECK(same.to_vector<double>() == Values{4.25, 8.75, 17.75});
  CHECK(x.sub_(y, 0.5).to_vector<double>() == Values{3.25, 6.75, 13.75});
}

TEST_CASE("an assignment gives the bits of the operation, on views as well") {
  manual_seed(8);
  for (const DType dtype : {float32, float64, int32}) {
    Tensor memory = (Tensor::rand({5, 7, 4}) * 100.0).to(dtype);
    const Tensor y = (Tensor::rand({4, 1, 5}) * 100.0 + 1.0).to(dtype);
    Tensor x = permute(memory, {2, 1, 0});
    for (int which = 0; which < (dtype == int32 ? 3 : 4); ++which) {
      const Tensor wanted = which == 0 ? x + y : which == 1 ? x - y : which == 2 ? x * y : x / y;
      if (which == 0) x += y;
      if (which == 1) x -= y;
      if (which == 2) x *= y;
      if (which == 3) x /= y;
      CHECK(all_equal(x, wanted));
      CHECK(memory.at({1, 2, 3}) == wanted.at({3, 2, 1}));
    }
  }
}

TEST_CASE("an assignment of a number gives the bits of the operation, on views as well") {
  manual_seed(9);
  for (const DType dtype : {float32, float64}) {
    Tensor x = transpose(Tensor::randn({5, 7}, dtype), 0, 1);
    for (int which = 0; which < 4; ++which) {
      const Tensor wanted = which == 0   ? x + 0.7
                            : which == 1 ? x - 1.3
                            : which == 2 ? x * 1.1
                                         : x / 0.3;
      if (which == 0) x += 0.7;
      if (which == 1) x -= 1.3;
      if (which == 2) x *= 1.1;
      if (which == 3) x /= 0.3;
      CHECK(all_equal(x, wanted));
    }
  }
  Tensor whole = Tensor::arange(3, int32);
  ((whole += 5) -= 2) *= 3;
  CHECK(whole.to_vector<int32_t>() == std::vector<int32_t>{9, 12, 15});
}

TEST_CASE("a part of a tensor is changed through its index") {
  Tensor x = Tensor::zeros({3, 2}, float64);
  x[1] += 2;
  x[-1][0] -= 1;
  x[0].copy_(numbers({7, 8}));
  CHECK(x.to_vector<double>() == Values{7, 8, 2, 2, -1, 0});
  x += x[1];
  CHECK(x.to_vector<double>() == Values{9, 10, 4, 4, 1, 2});
  x *= x;
  CHECK(x.to_vector<double>() == Values{81, 100, 16, 16, 1, 4});
}

TEST_CASE("an assignment to a result says which operation to write instead") {
  const Tensor w = numbers({1, 2}).set_requires_grad();
  Tensor loss = sum(w * 2.0);
  CHECK_THROWS_WITH(loss += sum(w), Catch::Contains("add_") && Catch::Contains("result of sum") &&
                                        Catch::Contains("write x = x + y"));
  CHECK_THROWS_WITH(loss -= 1, Catch::Contains("write x = x - y"));
  CHECK_THROWS_WITH(loss *= 0.5, Catch::Contains("write x = x * y"));
  CHECK_THROWS_WITH(loss /= 4, Catch::Contains("write x = x / y"));
  Tensor total = Tensor::scalar(0, float64);
  CHECK_THROWS_WITH(total += loss, Catch::Contains("write x = x + y, or detach() the operand"));
  CHECK_THROWS_WITH(total *= loss, Catch::Contains("write x = x * y, or detach() the operand"));
  total += loss.detach();
  CHECK(total.item() == 6);
  total = total + loss;
  CHECK(total.requires_grad());
}

TEST_CASE("an assignment to a leaf needs NoGrad, and is seen by what saved the numbers") {
  Tensor w = numbers({1, 2}).set_requires_grad(), factor = numbers({3, 4});
  CHECK_THROWS_WITH(w -= 0.5, Catch::Contains("under NoGrad only"));
  {
    const NoGrad no_grad;
    w -= w * 0.5;
  }
  CHECK(w.to_vector<double>() == Values{0.5, 1});
  for (const auto change :
       {+[](Tensor& x) { x += 1; }, +[](Tensor& x) { x -= 1; }, +[](Tensor& x) { x *= 2; },
        +[](Tensor& x) { x /= 2; }, +[](Tensor& x) { x *= Tensor(x); },
        +[](Tensor& x) { x /= Tensor(x); }}) {
    const Tensor y = sum(w * factor);
    change(factor);
    CHECK_THROWS_WITH(y.backward(), Catch::Contains("changed in place"));
  }
}

TEST_CASE("an assignment refuses types, shapes and expanded tensors") {
  Tensor x = Tensor::ones({2, 3}), whole = Tensor::ones({2}, int32);
  CHECK_THROWS_WITH(whole += 0.5,
                    "add_: the result is float32, which can't be put into int32; write x = x + y");
  CHECK_THROWS_WITH(whole += x[0][0], Catch::Contains("float32, which can't be put into int32"));
  CHECK_THROWS_WITH(whole /= 2, Catch::Contains("float32, which can't be put into int32"));
  CHECK_THROWS_WITH(whole /= whole, Catch::Contains("write x = x / y"));
  CHECK_THROWS_WITH(whole.add_(whole, 0.5), Catch::Contains("0.5 is no int32"));
  CHECK_THROWS_WITH(whole += 3000000000, Catch::Contains("3e+09 is no int32"));
  Tensor bits = gt(x, 0.5);
  CHECK_THROWS_WITH(bits += 1, Catch::Contains("int32, which can't be put into bool"));
  CHECK_THROWS_WITH(bits -= bits, Catch::Contains("logical_or"));
  CHECK_THROWS_WITH(x -= bits, Catch::Contains("logical_or"));
  CHECK_THROWS_AS(bits *= 1, TypeError);
  CHECK_THROWS_AS(x *= Tensor::ones({2, 2}), ShapeError);
  CHECK_THROWS_AS(x /= Tensor::ones({4, 2, 3}), ShapeError);
  Tensor rows = expand(Tensor::ones({1, 2}), {3, 2});
  CHECK_THROWS_WITH(rows += 1, Catch::Contains("clone()"));
  CHECK_THROWS_AS(rows /= 2, ShapeError);
  CHECK_THROWS_AS(rows *= rows, ShapeError);
  Tensor none;
  CHECK_THROWS_WITH(none += 1, Catch::Contains("undefined"));
}

TEST_CASE("an assignment computes in the common element type and rounds to the tensor's own") {
  Tensor x = Tensor::of({1, 2}), whole = Tensor::of({3, 4}, {2}, int32);
  const Tensor mask = eq(whole, 4);
  x += whole;
  CHECK(x.to_vector<float>() == std::vector<float>{4, 6});
  x *= numbers({1 + 1e-12, 0.5});
  CHECK(x.dtype() == float32);
  CHECK(x.to_vector<float>() == std::vector<float>{4, 3});
  x *= mask;
  CHECK(x.to_vector<float>() == std::vector<float>{0, 3});
  whole *= mask;
  whole -= Tensor(whole);  // clang warns of the plain one
  whole += mask;
  CHECK(whole.to_vector<int32_t>() == std::vector<int32_t>{0, 1});
  Tensor bits = mask.clone();
  bits += eq(whole, 0);
  CHECK(bits.to_vector<bool>() == std::vector<bool>{true, true});
  bits *= mask;
  CHECK(bits.to_vector<bool>() == std::vector<bool>{false, true});
}

TEST_CASE("bools are added by the factors 0 and 1 alone") {
  Tensor bits = Tensor::of({0, 1}, {2}, boolean);
  const Tensor all = Tensor::ones({2}, boolean);
  for (const double factor : {0.5, 2.0, -1.0, static_cast<double>(NAN)}) {
    CHECK_THROWS_AS(bits.add_(all, factor), TypeError);
  }
  CHECK_THROWS_WITH(bits.add_(all, 0.5), Catch::Contains("add_: 0.5 is no bool"));
  CHECK(bits.add_(all, 0).to_vector<bool>() == std::vector<bool>{false, true});
  CHECK(bits.add_(all, 1).to_vector<bool>() == std::vector<bool>{true, true});
}

TEST_CASE("the least int32 is a factor as well though it has no negative") {
  constexpr int32_t least = INT32_MIN;
  Tensor x = Tensor::of({1, 2, -1}, {3}, int32);
  const Tensor y = Tensor::of({1, 2, 3}, {3}, int32);
  CHECK(x.sub_(y, least).to_vector<int32_t>() == std::vector<int32_t>{INT32_MIN + 1, 2, INT32_MAX});
  CHECK_THROWS_WITH(x.sub_(y, 2147483648.0), Catch::Contains("sub_: 2147483648 is no int32"));
  CHECK_THROWS_AS(x.sub_(2147483648), TypeError);
  CHECK_THROWS_AS(x - 2147483648, TypeError);
}

TEST_CASE("a number that does not fit in place is answered with a type that has it") {
  Tensor bits = Tensor::ones({2}, boolean), whole = Tensor::ones({2}, int32);
  CHECK_THROWS_WITH(bits.fill_(2), "fill_: 2 is no bool; write x = x.to(int32) before");
  CHECK_THROWS_WITH(whole.fill_(0.5), "fill_: 0.5 is no int32; write x = x.to(float32) before");
  CHECK_THROWS_WITH(whole += 3000000000, Catch::Contains("write x = x.to(float64) before"));
}
