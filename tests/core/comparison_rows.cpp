// One row for each operation and choice of arguments in make_comparison.py.
#include <cmath>

#include "../../core/elementwise_rows.hpp"
#include "../../layers/norm.hpp"
#include "comparison.hpp"

namespace heed::test {

namespace {

using Rows = std::vector<ComparedRow>;

struct Named {
  const char* name;
  double value;
};

using One = Tensor (*)(const Tensor&);
using Two = Tensor (*)(const Tensor&, const Tensor&);
using WithNumber = Tensor (*)(const Tensor&, double);

void add_elementwise(Rows& rows) {
#define HEED_NAMED(name, ...) {#name, name},
  const std::pair<const char*, One> ones[] = {HEED_UNARY_ROWS(HEED_NAMED){"neg", neg},
                                              {"logical_not", logical_not},
                                              {"isnan", isnan},
                                              {"isfinite", isfinite}};
  for (const auto& [name, f] : ones) {
    add_row(rows, name, [f = f](const Inputs& x) { return f(x[0]); });
  }
  const std::pair<const char*, Two> twos[] = {HEED_BINARY_ROWS(HEED_NAMED){"eq", eq},
                                              {"ne", ne},
                                              {"lt", lt},
                                              {"le", le},
                                              {"gt", gt},
                                              {"ge", ge},
                                              {"logical_and", logical_and},
                                              {"logical_or", logical_or}};
  for (const auto& [name, f] : twos) {
    add_row(rows, name, [f = f](const Inputs& x) { return f(x[0], x[1]); });
  }
#undef HEED_NAMED
  add_row(rows, "where", [](const Inputs& x) { return where(x[0], x[1], x[2]); });
}

void add_with_numbers(Rows& rows) {
  const std::pair<const char*, WithNumber> comparisons[] = {{"eq/0.5", eq}, {"ne/0.5", ne},
                                                            {"lt/0.5", lt}, {"le/0.5", le},
                                                            {"gt/0.5", gt}, {"ge/0.5", ge}};
  for (const auto& [name, f] : comparisons) {
    add_row(rows, name, [f = f](const Inputs& x) { return f(x[0], 0.5); });
  }
  const std::pair<const char*, WithNumber> arithmetic[] = {
      {"add/", [](const Tensor& x, double c) { return x + c; }},
      {"sub/", [](const Tensor& x, double c) { return x - c; }},
      {"rsub/", [](const Tensor& x, double c) { return c - x; }},
      {"mul/", [](const Tensor& x, double c) { return x * c; }},
      {"div/", [](const Tensor& x, double c) { return x / c; }},
      {"rdiv/", [](const Tensor& x, double c) { return c / x; }}};
  for (const Named& number : {Named{"49.0", 49}, Named{"0.0", 0}, Named{"-1e-39", -1e-39},
                              Named{"inf", INFINITY}, Named{"nan", NAN}}) {
    for (const auto& [name, f] : arithmetic) {
      add_row(rows, std::string(name) + number.name,
              [f = f, c = number.value](const Inputs& x) { return f(x[0], c); });
    }
  }
}

void add_limits_and_powers(Rows& rows) {
  for (const Named& p :
       {Named{"0.0", 0}, Named{"1.0", 1}, Named{"2.0", 2}, Named{"3.0", 3}, Named{"-1.0", -1},
        Named{"-2.0", -2}, Named{"0.5", 0.5}, Named{"-0.5", -0.5}, Named{"2.5", 2.5},
        Named{"inf", INFINITY}, Named{"nan", NAN}}) {
    add_row(rows, std::string("pow/") + p.name,
            [p = p.value](const Inputs& x) { return pow(x[0], p); });
  }
  for (const Named& value : {Named{"0.0", 0}, Named{"-0.0", -0.0}, Named{"-inf", -INFINITY},
                             Named{"nan", NAN}, Named{"2.5", 2.5}}) {
    add_row(rows, std::string("masked_fill/") + value.name,
            [v = value.value](const Inputs& x) { return masked_fill(x[0], x[1], v); });
  }
  add_row(rows, "clamp/-1.0,3.7", [](const Inputs& x) { return clamp(x[0], -1, 3.7); });
  add_row(rows, "clamp/0.0,0.0", [](const Inputs& x) { return clamp(x[0], 0, 0); });
  add_row(rows, "clamp/-inf,inf", [](const Inputs& x) { return clamp(x[0], -INFINITY, INFINITY); });
  add_row(rows, "clamp/-1,4", [](const Inputs& x) { return clamp(x[0], -1, 4); });
  for (const int64_t d : {0, 1, -2, 7}) {
    add_row(rows, "tril/" + std::to_string(d), [d](const Inputs& x) { return tril(x[0], d); });
    add_row(rows, "triu/" + std::to_string(d), [d](const Inputs& x) { return triu(x[0], d); });
  }
}

void add_piecewise(Rows& rows) {
  add_row(rows, "softplus/1.0,20.0", [](const Inputs& x) { return softplus(x[0]); });
  add_row(rows, "softplus/2.5,3.0", [](const Inputs& x) { return softplus(x[0], 2.5, 3); });
  add_row(rows, "leaky_relu/0.01", [](const Inputs& x) { return leaky_relu(x[0]); });
  add_row(rows, "leaky_relu/-1.5", [](const Inputs& x) { return leaky_relu(x[0], -1.5); });
  add_row(rows, "clamp/tensors", [](const Inputs& x) { return clamp(x[0], x[1], x[2]); });
  add_row(rows, "clamp/low", [](const Inputs& x) { return clamp(x[0], x[1], {}); });
  add_row(rows, "clamp/high", [](const Inputs& x) { return clamp(x[0], {}, x[1]); });
  add_row(rows, "clamp_min/2", [](const Inputs& x) { return clamp_min(x[0], 2); });
  add_row(rows, "clamp_max/2", [](const Inputs& x) { return clamp_max(x[0], 2); });
  for (const Named& n : {Named{"0.5", 0.5}, Named{"-inf", -INFINITY}, Named{"nan", NAN}}) {
    add_row(rows, std::string("clamp_min/") + n.name,
            [limit = n.value](const Inputs& x) { return clamp_min(x[0], limit); });
    add_row(rows, std::string("clamp_max/") + n.name,
            [limit = n.value](const Inputs& x) { return clamp_max(x[0], limit); });
  }
}

using Reduction = std::function<Tensor(const Tensor&, const Axes&, bool)>;

void add_reduction(Rows& rows, const std::string& name, const Reduction& f) {
  const std::pair<const char*, Axes> choices[] = {
      {"all", {}},        {"last", {-1}},     {"first", {0}},  {"middle", {-2}},
      {"outer", {0, -1}}, {"twice", {1, -2}}, {"beyond", {3}}, {"below", {-4}}};
  for (const auto& [label, axes] : choices) {
    for (const bool keep : {false, true}) {
      if (keep && (axes == Axes{1, -2} || axes == Axes{3} || axes == Axes{-4})) continue;
      add_row(rows, name + "/" + label + (keep ? ".keep" : ""),
              [f, axes = axes, keep](const Inputs& x) { return f(x[0], axes, keep); });
    }
  }
}

void add_reductions(Rows& rows) {
  add_reduction(rows, "sum", sum);
  add_reduction(rows, "mean", mean);
  for (const auto& [name, f] : {std::pair<const char*, Reduction>{"max", max},
                                {"min", min},
                                {"prod", prod},
                                {"any", any},
                                {"all", all}}) {
    add_reduction(rows, name, f);
  }
  for (const int correction : {0, 1}) {
    add_reduction(rows, "std" + std::to_string(correction),
                  [=](const Tensor& x, const Axes& axes, bool keep) {
                    return heed::std(x, axes, keep, correction);
                  });
  }
  add_reduction(rows, "logsumexp", logsumexp);
  for (const int correction : {0, 1, 3}) {
    add_reduction(rows, "var" + std::to_string(correction),
                  [=](const Tensor& x, const Axes& axes, bool keep) {
                    return var(x, axes, keep, correction);
                  });
  }
  for (const Named& p : {Named{"1.0", 1}, Named{"2.0", 2}, Named{"2.5", 2.5}, Named{"0.5", 0.5},
                         Named{"inf", INFINITY}}) {
    add_reduction(rows, std::string("norm") + p.name,
                  [p = p.value](const Tensor& x, const Axes& axes, bool keep) {
                    return norm(x, p, axes, keep);
                  });
  }
}

std::vector<Tensor> both(const TopK& found) { return {found.values, found.indices}; }

void add_along_axes(Rows& rows) {
  for (const int64_t a : {-1, 0, 1}) {
    const std::string axis = std::to_string(a);
    add_row(rows, "argmax/" + axis, [a](const Inputs& x) { return argmax(x[0], a); });
    add_row(rows, "argmin/" + axis, [a](const Inputs& x) { return argmin(x[0], a); });
    add_row(rows, "cumsum/" + axis, [a](const Inputs& x) { return cumsum(x[0], a); });
    add_row(rows, "softmax/" + axis, [a](const Inputs& x) { return softmax(x[0], a); });
    add_row(rows, "log_softmax/" + axis, [a](const Inputs& x) { return log_softmax(x[0], a); });
    add_row(rows, "sparsemax/" + axis, [a](const Inputs& x) { return sparsemax(x[0], a); });
    rows.push_back({"topk/2," + axis, [a](const Inputs& x) { return both(topk(x[0], 2, a)); }});
    rows.push_back({"topk/1," + axis + ",smallest",
                    [a](const Inputs& x) { return both(topk(x[0], 1, a, false)); }});
  }
  add_row(rows, "argmax/-1.keep", [](const Inputs& x) { return argmax(x[0], -1, true); });
  add_row(rows, "argmin/-1.keep", [](const Inputs& x) { return argmin(x[0], -1, true); });
  rows.push_back({"topk/0,-1", [](const Inputs& x) { return both(topk(x[0], 0, -1)); }});
  rows.push_back({"topk/3,-1", [](const Inputs& x) { return both(topk(x[0], 3, -1)); }});
  add_row(rows, "softmax/keep", [](const Inputs& x) { return softmax(x[0], -1, x[1]); });
  add_row(rows, "log_softmax/keep", [](const Inputs& x) { return log_softmax(x[0], -1, x[1]); });
  add_row(rows, "sparsemax/keep", [](const Inputs& x) { return sparsemax(x[0], -1, x[1]); });
}

const std::pair<const char*, One> views[] = {
    {"reshape/-1", [](const Tensor& x) { return reshape(x, {-1}); }},
    {"reshape/4,-1",
     [](const Tensor& x) {
       return reshape(x, {4, -1});
     }},
    {"reshape/2,5",
     [](const Tensor& x) {
       return reshape(x, {2, 5});
     }},
    {"reshape/1", [](const Tensor& x) { return reshape(x, {1}); }},
    {"transpose/0,-1", [](const Tensor& x) { return transpose(x, 0, -1); }},
    {"transpose/1,1", [](const Tensor& x) { return transpose(x, 1, 1); }},
    {"permute/-1,0,1",
     [](const Tensor& x) {
       return permute(x, {-1, 0, 1});
     }},
    {"permute/0,0,1",
     [](const Tensor& x) {
       return permute(x, {0, 0, 1});
     }},
    {"permute/", [](const Tensor& x) { return permute(x, {}); }},
    {"slice/1,1,3", [](const Tensor& x) { return slice(x, 1, 1, 3); }},
    {"slice/-1,-3,9,2", [](const Tensor& x) { return slice(x, -1, -3, 9, 2); }},
    {"slice/0,2,1", [](const Tensor& x) { return slice(x, 0, 2, 1); }},
    {"select/-1,-1", [](const Tensor& x) { return select(x, -1, -1); }},
    {"select/0,0", [](const Tensor& x) { return select(x, 0, 0); }},
    {"select/1,5", [](const Tensor& x) { return select(x, 1, 5); }},
    {"squeeze/0", [](const Tensor& x) { return squeeze(x, 0); }},
    {"squeeze/-4", [](const Tensor& x) { return squeeze(x, -4); }},
    {"unsqueeze/-1", [](const Tensor& x) { return unsqueeze(x, -1); }},
    {"unsqueeze/0", [](const Tensor& x) { return unsqueeze(x, 0); }},
    {"unsqueeze/5", [](const Tensor& x) { return unsqueeze(x, 5); }},
    {"expand/5,2,3,4",
     [](const Tensor& x) {
       return expand(x, {5, 2, 3, 4});
     }},
    {"expand/2", [](const Tensor& x) { return expand(x, {2}); }},
    {"flip/0,-1",
     [](const Tensor& x) {
       return flip(x, {0, -1});
     }},
    {"flip/", [](const Tensor& x) { return flip(x, {}); }},
    {"flip/1,1",
     [](const Tensor& x) {
       return flip(x, {1, 1});
     }},
    {"clone/", [](const Tensor& x) { return x.clone(); }},
    {"to/float64", [](const Tensor& x) { return x.to(float64); }},
    {"to/float32", [](const Tensor& x) { return x.to(float32); }},
    {"dropout/0", [](const Tensor& x) { return dropout(x, 0); }},
    {"dropout/-0.5", [](const Tensor& x) { return dropout(x, -0.5); }},
    {"dropout/1", [](const Tensor& x) { return dropout(x, 1); }},
    {"dropout_relu/0", [](const Tensor& x) { return dropout_relu(x, 0); }},
    {"add_dropout/0", [](const Tensor& x) { return add_dropout(x, x, 0); }}};

void add_views(Rows& rows) {
  for (const auto& [name, f] : views) {
    add_row(rows, name, [f = f](const Inputs& x) { return f(x[0]); });
  }
  rows.push_back({"split/2,-1", [](const Inputs& x) { return split(x[0], 2, -1); }});
  rows.push_back({"split/3,0", [](const Inputs& x) { return split(x[0], 3, 0); }});
  rows.push_back({"split/0,0", [](const Inputs& x) { return split(x[0], 0, 0); }});
  for (const int64_t a : {0, -1, 2}) {
    const std::string axis = std::to_string(a);
    add_row(rows, "cat/" + axis, [a](const Inputs& x) { return cat(x, a); });
    add_row(rows, "stack/" + axis, [a](const Inputs& x) { return stack(x, a); });
  }
}

void add_indexing(Rows& rows) {
  for (const int64_t a : {0, -1}) {
    const std::string axis = std::to_string(a);
    add_row(rows, "gather/" + axis, [a](const Inputs& x) { return gather(x[0], a, x[1]); });
    add_row(rows, "index_select/" + axis,
            [a](const Inputs& x) { return index_select(x[0], a, x[1]); });
    add_row(rows, "scatter_add/" + axis,
            [a](const Inputs& x) { return scatter_add(x[0], a, x[1], x[2]); });
  }
  add_row(rows, "embedding/-1", [](const Inputs& x) { return embedding(x[0], x[1]); });
  add_row(rows, "embedding/2", [](const Inputs& x) { return embedding(x[0], x[1], 2); });
}

void add_products_and_losses(Rows& rows) {
  add_row(rows, "matmul/", [](const Inputs& x) { return matmul(x[0], x[1]); });
  add_row(rows, "linear/", [](const Inputs& x) { return linear(x[0], x[1]); });
  add_row(rows, "linear/bias", [](const Inputs& x) { return linear(x[0], x[1], x[2]); });
  for (const char* equation :
       {"ij,jk->ik", "bshd,bthd->bhst", "ii->", "iij->ji", "...i,i->...", "i,j", ",", "ij->",
        "ij,ij->j", "ij,jk,k->i", "ij,jk", "ij->ik", "ij,jk->", "ba", "ij->ijj"}) {
    add_row(rows, std::string("einsum/") + equation,
            [equation](const Inputs& x) { return einsum(equation, x); });
  }
  const std::pair<const char*, heed::Reduction> reductions[] = {{"mean", heed::Reduction::mean},
                                                                {"sum", heed::Reduction::sum},
                                                                {"none", heed::Reduction::none}};
  for (const auto& [name, reduction] : reductions) {
    for (const Named& s : {Named{"0.0", 0}, Named{"0.1", 0.1}, Named{"1.0", 1}}) {
      const CrossEntropyOptions options{.label_smoothing = s.value, .reduction = reduction};
      add_row(rows, std::string("cross_entropy/") + name + "," + s.name,
              [options](const Inputs& x) { return cross_entropy(x[0], x[1], options); });
    }
  }
  for (const auto& [name, reduction] : reductions) {
    const CrossEntropyOptions options{.label_smoothing = 0.1, .reduction = reduction};
    add_row(rows, std::string("linear_cross_entropy/") + name, [options](const Inputs& x) {
      return linear_cross_entropy(x[0], x[1], x[2], x[3], options);
    });
  }
  add_row(rows, "layer_norm/", [](const Inputs& x) { return layer_norm(x[0], x[1], x[2]); });
  add_row(rows, "layer_norm/plain", [](const Inputs& x) { return layer_norm(x[0]); });
  add_row(rows, "layer_norm/axes",
          [](const Inputs& x) { return layer_norm(x[0], x[1].shape(), x[1], x[2]); });
  add_row(rows, "rms_norm/", [](const Inputs& x) { return rms_norm(x[0], x[1]); });
  add_row(rows, "rms_norm/plain", [](const Inputs& x) { return rms_norm(x[0]); });
  for (const Named& s : {Named{"0.5", 0.5}, Named{"0", 0}}) {
    add_row(rows, std::string("rms_norm/") + s.name,
            [eps = s.value](const Inputs& x) { return rms_norm(x[0], x[1].shape(), x[1], eps); });
  }
}

}  // namespace

std::vector<ComparedRow> compared_rows() {
  Rows rows;
  add_elementwise(rows);
  add_with_numbers(rows);
  add_limits_and_powers(rows);
  add_piecewise(rows);
  add_reductions(rows);
  add_along_axes(rows);
  add_views(rows);
  add_indexing(rows);
  add_products_and_losses(rows);
  add_selection_rows(rows);
  for (const Recipe& recipe : recipes()) add_row(rows, "recipe." + recipe.name + "/", recipe.call);
  for (ComparedRow& row : compared_loss_rows()) rows.push_back(std::move(row));
  return rows;
}

}  // namespace heed::test
