// Operands of two element types, and everything that differs from PyTorch there.
#include <catch2/catch.hpp>
#include <fstream>
#include <functional>
#include <map>
#include <set>
#include <sstream>

#include "../../core/error.hpp"
#include "../../core/operations.hpp"

using namespace heed;
using Catch::Matchers::Contains;

namespace {

using Operands = std::vector<Tensor>;
using Operation = std::function<Tensor(const Operands&)>;

Tensor mask() { return Tensor::from(std::vector<bool>{true, false}); }

template <class F>
Operation two(F f) {
  return [f](const Operands& x) { return f(x[0], x[1]); };
}

template <class F>
Operation in_place(F f) {
  return [f](const Operands& x) {
    Tensor y = x[0].detach().clone();
    f(y, x[1].detach());
    return y;
  };
}

/// Of two tensors.
std::map<std::string, Operation> operations_of_two() {
  using T = const Tensor&;
  return {
      {"add", two([](T a, T b) { return a + b; })},
      {"sub", two([](T a, T b) { return a - b; })},
      {"mul", two([](T a, T b) { return a * b; })},
      {"div", two([](T a, T b) { return a / b; })},
      {"pow", two([](T a, T b) { return pow(a, b); })},
      {"minimum", two([](T a, T b) { return minimum(a, b); })},
      {"maximum", two([](T a, T b) { return maximum(a, b); })},
      {"eq", two([](T a, T b) { return a == b; })},
      {"lt", two([](T a, T b) { return a < b; })},
      {"logical_and", two([](T a, T b) { return logical_and(a, b); })},
      {"where", two([](T a, T b) { return where(mask(), a, b); })},
      {"clamp_low", two([](T a, T b) { return clamp(a, b, {}); })},
      {"clamp_both", two([](T a, T b) { return clamp(a, b, b); })},
      {"stack", two([](T a, T b) {
         return stack({a, b});
       })},
      {"cat", two([](T a, T b) {
         return cat({a, b});
       })},
      {"mse_loss", two([](T a, T b) { return mse_loss(a, b); })},
      {"l1_loss", two([](T a, T b) { return l1_loss(a, b); })},
      {"matmul", two([](T a, T b) { return matmul(a, b); })},
      {"result_type", two([](T a, T b) { return Tensor::empty({0}, result_type(a, b)); })},
      {"add_", in_place([](Tensor& a, T b) { a += b; })},
      {"sub_", in_place([](Tensor& a, T b) { a -= b; })},
      {"mul_", in_place([](Tensor& a, T b) { a *= b; })},
      {"div_", in_place([](Tensor& a, T b) { a /= b; })},
  };
}

/// Of a tensor and a number.
Tensor with_number(const std::string& operation, const Tensor& x, Scalar number) {
  if (operation == "result_type") return Tensor::empty({0}, result_type(x, number));
  if (operation == "add") return x + number;
  if (operation == "sub") return x - number;
  if (operation == "mul") return x * number;
  if (operation == "div") return x / number;
  if (operation == "pow") return pow(x, number);
  if (operation == "where") return where(mask(), x, number);
  if (operation == "rsub") return number - x;
  if (operation == "rdiv") return number / x;
  if (operation == "rpow") return pow(number, x);
  Tensor y = x.detach().clone();
  if (operation == "add_") return y += number;
  if (operation == "sub_") return y -= number;
  if (operation == "mul_") return y *= number;
  REQUIRE(operation == "div_");
  return y /= number;
}

using One = Tensor (*)(const Tensor&);
std::map<std::string, One> operations_of_one() {
  std::map<std::string, One> all;
  const std::pair<const char*, One> by_name[] = {{"neg", neg},
                                                 {"square", square},
                                                 {"abs", abs},
                                                 {"sqrt", sqrt},
                                                 {"exp", exp},
                                                 {"log", log},
                                                 {"tanh", tanh},
                                                 {"sin", sin},
                                                 {"cos", cos},
                                                 {"log1p", log1p},
                                                 {"sigmoid", sigmoid},
                                                 {"relu", relu},
                                                 {"sign", sign},
                                                 {"round", round},
                                                 {"floor", floor},
                                                 {"ceil", ceil},
                                                 {"gelu", gelu},
                                                 {"silu", silu},
                                                 {"logical_not", logical_not}};
  for (const auto& [name, operation] : by_name) all[name] = operation;
  using T = const Tensor&;
  all["sum"] = [](T x) { return sum(x); };
  all["mean"] = [](T x) { return mean(x); };
  all["prod"] = [](T x) { return prod(x); };
  all["amax"] = [](T x) { return max(x); };
  all["amin"] = [](T x) { return min(x); };
  all["var"] = [](T x) { return var(x); };
  all["cumsum"] = [](T x) { return cumsum(x, -1); };
  all["argmax"] = [](T x) { return argmax(x, -1); };
  all["logsumexp"] = [](T x) { return logsumexp(x, -1); };
  all["topk"] = [](T x) { return topk(x, 1).values; };
  all["sort"] = [](T x) { return sort(x).values; };
  all["softmax"] = [](T x) { return softmax(x); };
  return all;
}

DType dtype_named(const std::string& name) {
  for (const DType dtype : {float32, float64, int32, boolean}) {
    if (to_string(dtype) == name) return dtype;
  }
  FAIL("no element type: " << name);
  return float32;
}

/// `float32 1`: [3, 1] as the first operand, [2, 1] as the second; `float32 0`: 3 and 2.
Tensor operand(const std::string& described, bool first) {
  const std::size_t space = described.find(' ');
  const DType dtype = dtype_named(described.substr(0, space));
  const double value = first ? 3 : 2;
  Tensor x = described.back() == '1' ? Tensor::of({value, 1}) : Tensor::scalar(value);
  x = x.to(dtype);
  if (is_floating(dtype)) x.set_requires_grad();
  return x;
}

std::vector<std::string> fields(const std::string& line, const std::string& separator) {
  std::vector<std::string> parts;
  std::size_t start = 0;
  for (std::size_t end; (end = line.find(separator, start)) != std::string::npos;) {
    parts.push_back(line.substr(start, end - start));
    start = end + separator.size();
  }
  parts.push_back(line.substr(start));
  return parts;
}

void check_numbers(const Tensor& got, const std::string& wanted) {
  const std::vector<double> numbers = got.to(float64).to_vector<double>();
  std::istringstream in(wanted);
  for (const double number : numbers) {
    double one = 0;
    REQUIRE(in >> one);
    // 1e-7 of 1: the gradient of tanh, 1 - y * y, is small and as exact as y.
    CHECK(number == Approx(one).epsilon(2e-7).margin(1e-7));
  }
  double more = 0;
  CHECK_FALSE(in >> more);
}

Tensor computed(const std::vector<std::string>& row, const Operands& x) {
  static const auto twos = operations_of_two();
  static const auto ones = operations_of_one();
  if (row[2] == "-") return ones.at(row[0])(x[0]);
  if (row[2] == "True") return with_number(row[0], x[0], true);
  if (row[2] == "2") return with_number(row[0], x[0], 2);
  if (row[2] == "0.5") return with_number(row[0], x[0], 0.5);
  return twos.at(row[0])(x);
}

/// What docs/pytorch.md lists: what heed refuses and PyTorch does not.
bool refused_here(const std::vector<std::string>& row) {
  const bool boolean_first = row[1].rfind("bool", 0) == 0;
  const bool both = boolean_first && (row[2] == "True" || row[2].rfind("bool", 0) == 0);
  if (row[2] == "-") return boolean_first && (row[0] == "square" || row[0] == "sign");
  if (row[0] == "matmul") return row[1] == "int32 1" && row[2] == "int32 1";
  return both && (row[0] == "clamp_low" || (row[0] == "pow" && row[2] == "True"));
}

void check_gradients(const std::vector<std::string>& row, const Tensor& y, const Operands& x) {
  sum(y).backward();
  const std::vector<std::string> wanted = fields(row[5], " ; ");
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (!x[i].requires_grad()) continue;
    CHECK(x[i].grad().dtype() == x[i].dtype());
    check_numbers(x[i].grad(), wanted.at(i));
  }
}

void check_row(const std::vector<std::string>& row) {
  Operands x = {operand(row[1], true)};
  if (row[2].find(' ') != std::string::npos) x.push_back(operand(row[2], false));
  if (row[3] == "refused" || refused_here(row)) {
    CHECK_THROWS_AS(computed(row, x), TypeError);
    return;
  }
  const Tensor y = computed(row, x);
  CHECK(to_string(y.dtype()) == row[3]);
  check_numbers(y, row.size() > 4 ? row[4] : "");
  if (row.size() > 5) check_gradients(row, y, x);
}

}  // namespace

TEST_CASE("operands of all pairs of element types and ranks give PyTorch's type and numbers") {
  std::ifstream file(HEED_SOURCE_DIR "/tests/golden/result_types.txt");
  REQUIRE(file);
  std::set<std::string> operations;
  for (std::string line; std::getline(file, line);) {
    if (line[0] == '#') continue;
    INFO(line);
    const std::vector<std::string> row = fields(line, " | ");
    check_row(row);
    operations.insert(row[0]);
  }
  CHECK(operations.size() == 57);
}

TEST_CASE("an element type is promoted to the smallest that has both, and cast downwards alone") {
  CHECK(promote_types(boolean, int32) == int32);
  CHECK(promote_types(int32, float32) == float32);
  CHECK(promote_types(float64, float32) == float64);
  CHECK(promote_types(boolean, boolean) == boolean);
  CHECK(can_cast(float64, float32));
  CHECK(can_cast(boolean, int32));
  CHECK_FALSE(can_cast(float32, int32));
  CHECK_FALSE(can_cast(int32, boolean));
  const Tensor row = Tensor::ones({2}), wide = Tensor::ones({}, float64);
  CHECK(result_type({row, wide, Tensor(), Tensor::ones({1}, int32)}) == float32);
  CHECK(result_type({wide, Tensor(), Tensor::ones({1}, int32)}) == float64);
  CHECK(result_type({Tensor()}) == boolean);
  CHECK(clamp(row, Tensor::zeros({}, float64), Tensor::ones({}, float64)).dtype() == float32);
  CHECK(clamp(row.to(int32), Tensor(), wide).dtype() == float64);
}

TEST_CASE("a number beside a tensor fits, or is named with the operation") {
  const Tensor whole = Tensor::of({-1, -5}, {2}, int32);
  Tensor mask = whole > -2;
  constexpr int32_t least = INT32_MIN;
  CHECK((whole - least).to_vector<int32_t>() == std::vector<int32_t>{INT32_MAX, INT32_MAX - 4});
  CHECK((whole.clone() -= least).to_vector<int32_t>() == (whole - least).to_vector<int32_t>());
  CHECK_THROWS_WITH(whole + 3000000000, Contains("add: 3e+09 is no int32"));
  CHECK_THROWS_WITH(3000000000 - whole, Contains("sub: 3e+09 is no int32"));
  CHECK_THROWS_WITH(whole.clone() -= 3000000000, Contains("sub_: 3e+09 is no int32"));
  CHECK_THROWS_WITH(whole.clone().sub_(whole, 0.5), Contains("sub_: 0.5 is no int32"));
  CHECK_THROWS_WITH(where(mask, whole, 3000000000), Contains("where: 3e+09 is no int32"));
  CHECK_THROWS_WITH(pow(3000000000, whole), Contains("pow: 3e+09 is no int32"));
  CHECK_THROWS_WITH(clamp(whole, -3000000000, 0), Contains("clamp: -3e+09 is no int32"));
  CHECK_THROWS_WITH(clamp(whole, 5, 2), "clamp: low 5 is above high 2");
  CHECK_THROWS_WITH(clamp(whole, NAN, 1), "clamp: a limit is NaN");
  CHECK_THROWS_AS(mask.add_(2), TypeError);
  CHECK(where(mask, 7, whole).to_vector<int32_t>() == std::vector<int32_t>{7, -5});
  CHECK(where(mask, 0.5, whole).to_vector<float>() == std::vector<float>{0.5, -5});
}

TEST_CASE("sums and products of whole numbers are exact or refused") {
  const Tensor x = Tensor::of({3, 0, 5, 7}, {2, 2}, int32);
  CHECK(prod(x, 1).to_vector<int32_t>() == std::vector<int32_t>{0, 35});
  CHECK(cumsum(x, 0).to_vector<int32_t>() == std::vector<int32_t>{3, 0, 8, 7});
  CHECK(sum(x > 2, 0).to_vector<int32_t>() == std::vector<int32_t>{2, 1});
  const Tensor many = Tensor::full({70000}, 30000, int32);
  CHECK(sum(many).item() == 2100000000);
  CHECK_THROWS_WITH(sum(many + 1000),
                    "sum: 2.17e+09 is more than int32 holds; convert with "
                    ".to(float64)");
  CHECK_THROWS_AS(sum(-many - 1000), NumericError);
  CHECK_THROWS_AS(prod(many), NumericError);
  CHECK_THROWS_AS(cumsum(many + 1000, 0), NumericError);
  CHECK(prod(cat({many, Tensor::zeros({1}, int32)})).item() == 0);
  CHECK(prod(Tensor::zeros({0}, int32)).item() == 1);
}

TEST_CASE("whole numbers have a largest and an order, and powers") {
  const Tensor x = Tensor::of({3, -1, 3, 2}, {4}, int32);
  CHECK(max(x).item() == 3);
  CHECK(min(x, 0, true).to_vector<int32_t>() == std::vector<int32_t>{-1});
  CHECK(argmax(x, 0).item() == 0);
  CHECK(argmin(x, 0).item() == 1);
  CHECK(topk(x, 2).indices.to_vector<int32_t>() == std::vector<int32_t>{0, 2});
  CHECK(sort(x).values.to_vector<int32_t>() == std::vector<int32_t>{-1, 2, 3, 3});
  CHECK(max(x > 2).dtype() == boolean);
  CHECK(min(x > 2).item() == 0);
  const Tensor power = Tensor::of({2, -3, -1, 31}, {4}, int32);
  CHECK(pow(x, power).to_vector<int32_t>() == std::vector<int32_t>{9, -1, 0, INT32_MIN});
  CHECK(relu(x).to_vector<int32_t>() == std::vector<int32_t>{3, 0, 3, 2});
}

TEST_CASE("a real number less the least int32 is what it is") {
  const Tensor x = Tensor::from(std::vector<int32_t>{INT32_MIN, 3});
  CHECK((0.5 - x).to_vector<float>() == std::vector<float>{2147483648.0f, -2.5f});
  CHECK((0.5 - x).dtype() == float32);
  CHECK((1 - Tensor::from(std::vector<int32_t>{3})).to_vector<int32_t>() ==
        std::vector<int32_t>{-2});
}

TEST_CASE("bools are added in place unless the factor is 0") {
  Tensor x = Tensor::of({0, 1}, {2}, boolean);
  x.add_(Tensor::of({1, 1}, {2}, boolean), 0);
  CHECK_FALSE(x.array().to_vector<bool>()[0]);
  x.add_(Tensor::of({1, 1}, {2}, boolean));
  CHECK(x.array().to_vector<bool>()[0]);
}
