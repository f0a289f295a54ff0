// Every differentiable operation against central differences in float64: one row each, run on
// contiguous inputs, on strided and transposed ones, and on inputs that were broadcast.
#include <catch2/catch.hpp>
#include <functional>
#include <set>

#include "../../core/gradcheck.hpp"
#include "../../core/operations.hpp"
#include "../../core/record.hpp"
#include "gradient_rows.hpp"
#include "public_operations.hpp"

using namespace heed;

namespace {

using Row = test::GradientRow;
using test::Domain, test::Inputs;

Tensor ids(std::initializer_list<double> values, const Shape& shape) {
  return Tensor::of(values, shape, int32);
}

Tensor keep_3_5() {
  return gt(Tensor::of({1, 0, 1, 1, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1}, {3, 5}), 0.5);
}

const std::vector<Row> written_here = {
    {"add", {{{3, 5}}, {{3, 5}}}, [](const Inputs& x) { return x[0] + x[1]; }},
    {"add", {{{3, 5}}}, [](const Inputs& x) { return x[0] + 2.5; }},
    {"add", {{{3, 1, 5}}, {{7, 1}}}, [](const Inputs& x) { return x[0] + x[1]; }},
    {"add", {{{5}}}, [](const Inputs& x) { return x[0] + x[0]; }},
    {"add", {{{}}, {{2, 3}}}, [](const Inputs& x) { return x[0] + x[1]; }},
    {"sub", {{{3, 5}}, {{5}}}, [](const Inputs& x) { return x[0] - x[1]; }},
    {"sub", {{{3, 5}}}, [](const Inputs& x) { return 1.5 - x[0]; }},
    {"mul", {{{3, 5}}, {{3, 1}}}, [](const Inputs& x) { return x[0] * x[1]; }},
    {"mul", {{{7}}}, [](const Inputs& x) { return x[0] * x[0] * -1.25; }},
    {"div", {{{3, 5}}, {{5}, 0.5, 2}}, [](const Inputs& x) { return x[0] / x[1]; }},
    {"div", {{{3, 5}, 0.5, 2}}, [](const Inputs& x) { return 3.0 / x[0] + x[0] / 7.0; }},
    {"pow", {{{3, 5}, 0.5, 2}, {{5}}}, [](const Inputs& x) { return pow(x[0], x[1]); }},
    {"pow", {{{3, 5}, 0.5, 2}}, [](const Inputs& x) { return pow(x[0], 2.5); }},
    {"minimum", {{{3, 5}}, {{5}}}, [](const Inputs& x) { return minimum(x[0], x[1]); }},
    {"maximum", {{{3, 5}}, {{3, 1}}}, [](const Inputs& x) { return maximum(x[0], x[1]); }},
    {"neg", {{{3, 5}}}, [](const Inputs& x) { return -x[0]; }},
    {"square", {{{3, 5}}}, [](const Inputs& x) { return square(x[0]); }},
    {"sqrt", {{{3, 5}, 0.5, 3}}, [](const Inputs& x) { return sqrt(x[0]); }},
    {"exp", {{{3, 5}}}, [](const Inputs& x) { return exp(x[0]); }},
    {"log", {{{3, 5}, 0.5, 3}}, [](const Inputs& x) { return log(x[0]); }},
    {"tanh", {{{3, 5}}}, [](const Inputs& x) { return tanh(x[0]); }},
    {"sigmoid", {{{3, 5}}}, [](const Inputs& x) { return sigmoid(x[0]); }},
    {"relu", {{{3, 5}, 0.1, 2}}, [](const Inputs& x) { return relu(x[0] * x[0] - 1.0); }},
    {"gelu", {{{3, 5}, -4, 4}}, [](const Inputs& x) { return gelu(x[0]); }},
    {"silu", {{{3, 5}, -4, 4}}, [](const Inputs& x) { return silu(x[0]); }},
    {"abs", {{{3, 5}, 0.1, 2}}, [](const Inputs& x) { return abs(x[0]) + abs(-x[0]); }},
    {"clamp", {{{7, 5}}}, [](const Inputs& x) { return clamp(x[0], -0.77, 0.83); }},
    {"where", {{{3, 5}}, {{5}}}, [](const Inputs& x) { return where(keep_3_5(), x[0], x[1]); }},
    {"masked_fill", {{{3, 5}}}, [](const Inputs& x) { return masked_fill(x[0], keep_3_5(), 4); }},
    {"tril", {{{2, 5, 3}}}, [](const Inputs& x) { return tril(x[0], -1); }},
    {"triu", {{{2, 3, 5}}}, [](const Inputs& x) { return triu(x[0], 1); }},
    {"sum", {{{2, 3, 5}}}, [](const Inputs& x) { return sum(x[0]); }},
    {"sum", {{{2, 3, 5}}}, [](const Inputs& x) { return sum(x[0], {0, -1}, true); }},
    {"mean", {{{2, 3, 5}}}, [](const Inputs& x) { return mean(x[0], {1}); }},
    {"var", {{{2, 3, 5}}}, [](const Inputs& x) { return var(x[0], {0, 2}); }},
    {"var", {{{2, 3, 5}}}, [](const Inputs& x) { return var(x[0], {-1}, true, 0); }},
    {"max", {{{2, 3, 5}}}, [](const Inputs& x) { return max(x[0], {0, 2}); }},
    {"max", {{{7}}}, [](const Inputs& x) { return max(x[0], {}, true); }},
    {"logsumexp", {{{2, 3, 5}}}, [](const Inputs& x) { return logsumexp(x[0], {0, 1}); }},
    {"norm", {{{2, 3, 5}}}, [](const Inputs& x) { return norm(x[0]); }},
    {"norm", {{{3, 5}, 0.1, 2}}, [](const Inputs& x) { return norm(-x[0], 1, {1}, true); }},
    {"norm", {{{3, 5}, 0.1, 2}}, [](const Inputs& x) { return norm(-x[0], 2.5, {-2}); }},
    {"norm", {{{3, 5}, 0.1, 2}}, [](const Inputs& x) { return norm(x[0], 0.7, {0, 1}); }},
    {"norm", {{{3, 7}}}, [](const Inputs& x) { return norm(x[0], INFINITY, {1}); }},
    {"cumsum", {{{2, 3, 5}}}, [](const Inputs& x) { return cumsum(x[0], 1); }},
    {"cumsum", {{{2, 7}}}, [](const Inputs& x) { return cumsum(x[0], -1); }},
    {"softmax", {{{2, 3, 5}}}, [](const Inputs& x) { return softmax(x[0]); }},
    {"softmax", {{{2, 3, 5}}}, [](const Inputs& x) { return softmax(x[0], 1); }},
    {"softmax", {{{3, 5}}}, [](const Inputs& x) { return softmax(x[0], -1, keep_3_5()); }},
    {"sparsemax", {{{2, 3, 5}}}, [](const Inputs& x) { return sparsemax(x[0]); }},
    {"sparsemax", {{{7, 5}}}, [](const Inputs& x) { return sparsemax(x[0], 0); }},
    {"sparsemax", {{{3, 5}}}, [](const Inputs& x) { return sparsemax(x[0], -1, keep_3_5()); }},
    {"log_softmax", {{{2, 3, 5}}}, [](const Inputs& x) { return log_softmax(x[0], 0); }},
    {"log_softmax",
     {{{3, 5}}},
     [](const Inputs& x) {
       // Excluded elements are -inf: leave them out of the sum.
       const Tensor keep = keep_3_5();
       return masked_fill(log_softmax(x[0], -1, keep), logical_not(keep), 0);
     }},
    {"cross_entropy",
     {{{5, 7}}},
     [](const Inputs& x) {
       return cross_entropy(x[0], ids({3, -100, 0, 6, 3}, {5}), {.label_smoothing = 0.1});
     }},
    {"cross_entropy",
     {{{3, 7}}},
     [](const Inputs& x) {
       return cross_entropy(x[0], ids({1, 2, 6}, {3}),
                            {.ignore_index = 2, .reduction = Reduction::none});
     }},
    {"cross_entropy",
     {{{3, 7}}},
     [](const Inputs& x) {
       return cross_entropy(x[0], ids({1, 2, 6}, {3}), {.reduction = Reduction::sum});
     }},
    {"linear_cross_entropy",
     {{{5, 4}}, {{7, 4}}, {{7}}},
     [](const Inputs& x) {
       return linear_cross_entropy(x[0], x[1], ids({3, -100, 0, 6, 3}, {5}), x[2],
                                   {.label_smoothing = 0.1});
     }},
    {"linear_cross_entropy",
     {{{3, 4}}, {{7, 4}}},
     [](const Inputs& x) {
       return linear_cross_entropy(x[0], x[1], ids({1, 2, 6}, {3}), {},
                                   {.reduction = Reduction::sum});
     }},
    {"matmul", {{{3, 5}}, {{5, 7}}}, [](const Inputs& x) { return matmul(x[0], x[1]); }},
    {"matmul", {{{5}}, {{5, 7}}}, [](const Inputs& x) { return matmul(x[0], x[1]); }},
    {"matmul", {{{3, 5}}, {{5}}}, [](const Inputs& x) { return matmul(x[0], x[1]); }},
    {"matmul", {{{5}}, {{5}}}, [](const Inputs& x) { return matmul(x[0], x[1]); }},
    {"matmul", {{{2, 3, 5}}, {{5, 7}}}, [](const Inputs& x) { return matmul(x[0], x[1]); }},
    {"matmul", {{{2, 3, 5}}, {{2, 5, 7}}}, [](const Inputs& x) { return matmul(x[0], x[1]); }},
    {"matmul", {{{2, 1, 3, 5}}, {{3, 5, 2}}}, [](const Inputs& x) { return matmul(x[0], x[1]); }},
    {"matmul", {{{3, 3}}}, [](const Inputs& x) { return matmul(x[0], transpose(x[0], 0, 1)); }},
    {"einsum",
     {{{2, 3, 5}}, {{2, 5, 7}}},
     [](const Inputs& x) { return einsum("bij,bjk->kbi", x); }},
    {"einsum",
     {{{3, 5}}, {{5, 2}}, {{7, 3}}},
     [](const Inputs& x) { return einsum("ab, bc, da", x); }},
    {"einsum",
     {{{3, 5, 3}}, {{2, 1, 5}}},
     [](const Inputs& x) { return einsum("iji,...j->j...", x); }},
    {"einsum", {{{3, 5}}, {{7}}}, [](const Inputs& x) { return einsum("ij,k->ikj", x); }},
    {"einsum", {{{3, 5}}}, [](const Inputs& x) { return einsum("ij,ij->i", {x[0], x[0]}); }},
    {"linear",
     {{{2, 3, 5}}, {{7, 5}}, {{7}}},
     [](const Inputs& x) { return linear(x[0], x[1], x[2]); }},
    {"linear", {{{3, 5}}, {{7, 5}}}, [](const Inputs& x) { return linear(x[0], x[1]); }},
    {"reshape", {{{2, 3, 5}}}, [](const Inputs& x) { return reshape(x[0], {5, -1}); }},
    {"transpose", {{{2, 3, 5}}}, [](const Inputs& x) { return transpose(x[0], 0, -1); }},
    {"permute", {{{2, 3, 5}}}, [](const Inputs& x) { return permute(x[0], {-1, 0, 1}); }},
    {"slice", {{{7, 5}}}, [](const Inputs& x) { return slice(x[0], 0, 1, 6, 2); }},
    {"slice",
     {{{7, 3}}},
     [](const Inputs& x) { return slice(x[0], 0, 0, 3) * slice(x[0], 0, 2, 5) + sum(x[0]); }},
    {"select", {{{2, 3, 5}}}, [](const Inputs& x) { return select(x[0], 1, -1); }},
    {"expand", {{{3, 1}}}, [](const Inputs& x) { return expand(x[0], {2, 3, 5}); }},
    {"squeeze", {{{3, 1, 5}}}, [](const Inputs& x) { return squeeze(x[0], 1); }},
    {"unsqueeze", {{{3, 5}}}, [](const Inputs& x) { return unsqueeze(x[0], -1); }},
    {"split",
     {{{7, 2}}},
     [](const Inputs& x) {
       const std::vector<Tensor> parts = split(x[0], 3, 0);
       return parts[0] * parts[1] + sum(parts[2]);
     }},
    {"cat", {{{2, 3}}, {{2, 5}}}, [](const Inputs& x) { return cat({x[0], x[1], x[0]}, 1); }},
    {"stack", {{{2, 3}}, {{2, 3}}}, [](const Inputs& x) { return stack({x[0], x[1]}, 1); }},
    {"flip", {{{2, 3, 5}}}, [](const Inputs& x) { return flip(x[0], {0, -1}); }},
    {"expand", {{{3, 1, 2}}}, [](const Inputs& x) { return expand(x[0], {5, -1, 4, -1}); }},
    {"repeat", {{{2, 3}}}, [](const Inputs& x) { return repeat(x[0], {2, 1, 3}); }},
    {"repeat", {{{2, 3}}}, [](const Inputs& x) { return repeat(x[0], {5, 2}); }},
    {"pad", {{{2, 3, 5}}}, [](const Inputs& x) { return pad(x[0], {1, 2, -1, 1}, 0.5); }},
    {"chunk",
     {{{7, 2}}},
     [](const Inputs& x) {
       const std::vector<Tensor> parts = chunk(x[0], 3);
       return parts[0] * parts[1] + sum(parts[2]);
     }},
    {"select", {{{3, 2, 5}}}, [](const Inputs& x) { return x[0][1] * x[0][-1]; }},
    {"index",
     {{{3, 5, 2}}},
     [](const Inputs& x) { return index(x[0], {ids({0, 2, 0}, {3, 1}), ids({-1, 4, 1}, {3})}); }},
    {"index",
     {{{3, 5, 2}}},
     [](const Inputs& x) { return index(x[0], {keep_3_5()}) + x[0][0][1]; }},
    {"masked_select", {{{3, 5}}}, [](const Inputs& x) { return masked_select(x[0], keep_3_5()); }},
    {"masked_select", {{{5}}}, [](const Inputs& x) { return masked_select(x[0], keep_3_5()); }},
    {"sort", {{{3, 7}}}, [](const Inputs& x) { return sort(x[0]).values; }},
    {"sort", {{{5, 3}}}, [](const Inputs& x) { return sort(x[0], 0, true).values; }},
    {"topk", {{{3, 7}}}, [](const Inputs& x) { return topk(x[0], 3).values; }},
    {"topk", {{{2, 5, 3}}}, [](const Inputs& x) { return topk(x[0], 2, 1, false).values; }},
    {"gather",
     {{{3, 5}}},
     [](const Inputs& x) { return gather(x[0], 1, ids({0, 4, 4, 2, 1, 1}, {3, 2})); }},
    {"index_select",
     {{{3, 5}}},
     [](const Inputs& x) { return index_select(x[0], 1, ids({4, 0, 4}, {3})); }},
    {"embedding",
     {{{7, 3}}},
     [](const Inputs& x) { return embedding(x[0], ids({1, 6, 1, 0, 2, 2}, {2, 3})); }},
    {"scatter_add",
     {{{3, 5}}, {{2, 5}}},
     [](const Inputs& x) {
       return scatter_add(x[0], 0, ids({0, 2, 2, 1, 0, 0, 1, 2, 0, 0}, {2, 5}), x[1]);
     }},
    {"dropout",
     {{{7, 5}}},
     [](const Inputs& x) {
       manual_seed(3);
       return dropout(x[0], 0.3);
     }},
    {"dropout_relu",
     {{{7, 5}}},
     [](const Inputs& x) {
       manual_seed(3);
       return dropout_relu(x[0], 0.3);
     }},
    {"add_dropout",
     {{{7, 5}}, {{7, 5}}},
     [](const Inputs& x) {
       manual_seed(3);
       return add_dropout(x[0], x[1], 0.3);
     }},
    {"clone", {{{3, 5}}}, [](const Inputs& x) { return x[0].clone() * x[0]; }},
    {"to", {{{3, 5}}}, [](const Inputs& x) { return x[0].to(float64) * x[0]; }},
};

const std::vector<Row>& table() {
  static const std::vector<Row> rows = [] {
    std::vector<Row> all = written_here;
    for (const auto& more : {test::elementwise_gradient_rows(), test::loss_gradient_rows()}) {
      all.insert(all.end(), more.begin(), more.end());
    }
    return all;
  }();
  return rows;
}

Tensor draw(const Domain& domain) {
  return Tensor::rand(domain.shape, float64) * (domain.high - domain.low) + domain.low;
}

/// The same numbers in memory laid out backwards, with gaps between the elements.
Tensor scattered(const Tensor& x) {
  if (x.rank() == 0) return x;
  Axes backwards;
  Shape wide;
  for (int axis = x.rank() - 1; axis >= 0; --axis) {
    backwards.push_back(axis);
    wide.push_back(x.size(axis) * (axis == 0 ? 2 : 1));
  }
  const Array memory = Array::full(wide, 99, float64);
  Tensor view(memory.slice(-1, 0, wide.back(), 2).permute(backwards));
  view.copy_(x);
  return view;
}

std::string check(const Row& row, const Inputs& inputs) {
  return gradcheck([&](const Inputs& x) { return row.call(x); }, inputs).message;
}

}  // namespace

TEST_CASE("every operation's gradient agrees with central differences") {
  manual_seed(11);
  for (const Row& row : table()) {
    CAPTURE(row.name);
    Inputs inputs, strided;
    for (const Domain& domain : row.domains) {
      inputs.push_back(draw(domain));
      strided.push_back(scattered(inputs.back()));
      CHECK((strided.back().rank() == 0 || strided.back().numel() < 2 ||
             !strided.back().array().is_contiguous()));
    }
    CHECK(check(row, inputs) == "");
    CHECK(check(row, strided) == "");
  }
}

TEST_CASE("every operation's gradient agrees where its inputs were broadcast") {
  manual_seed(12);
  for (const Row& row : table()) {
    CAPTURE(row.name);
    // Ties make a maximum's derivative undefined: its own rows broadcast without them.
    if (row.name == "max" || row.name == "min") continue;
    Inputs small;
    std::vector<Shape> shapes;
    for (const Domain& domain : row.domains) {
      const Tensor full = draw(domain);
      shapes.push_back(full.shape());
      small.push_back(full.rank() ? slice(full, 0, 0, 1).clone() : full);
    }
    const Row broadcast{row.name, {}, [&](const Inputs& x) {
                          Inputs full;
                          for (std::size_t i = 0; i < x.size(); ++i) {
                            full.push_back(expand(x[i], shapes[i]));
                          }
                          return row.call(full);
                        }};
    CHECK(check(broadcast, small) == "");
  }
}

TEST_CASE("every operation of the public headers has a row in the gradient table") {
  const std::set<std::string> without_gradient = {
      "eq",         "ne",          "lt",      "le",      "gt",         "ge",  "logical_and",
      "logical_or", "logical_not", "argmax",  "argmin",  "any",        "all", "isnan",
      "isfinite",   "nonzero",     "one_hot", "argsort", "multinomial"};
  std::set<std::string> rows;
  for (const Row& row : table()) rows.insert(row.name);
  for (const std::string& name : heed::test::public_operations()) {
    CAPTURE(name);
    CHECK((rows.count(name) == 1 || without_gradient.count(name) == 1));
  }
}

TEST_CASE("the gradient check refuses a rule that is wrong by 0.05 percent") {
  manual_seed(13);
  const auto slightly_wrong = [](const Inputs& x) {
    return record("slightly_wrong", (x[0] * x[0]).array(),
                  wrt(x[0], saved(x[0]), [](const Array& g, const Array& base) {
                    return (Tensor(g) * Tensor(base) * 2.001).array();
                  }));
  };
  const Tensor x = Tensor::rand({3, 5}, float64) + 0.5;
  const GradcheckResult result = gradcheck(slightly_wrong, {x});
  CHECK_FALSE(result.ok);
  CHECK_THAT(result.message, Catch::Contains("input 0, element ["));
}

TEST_CASE("the gradient check refuses float32 and says why") {
  CHECK_THROWS_WITH(gradcheck([](const Inputs& x) { return x[0]; }, {Tensor::ones({2})}),
                    Catch::Contains("float64"));
}
