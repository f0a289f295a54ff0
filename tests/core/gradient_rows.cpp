// Rows of the gradient table: functions of elements and reductions, and losses.
#include "gradient_rows.hpp"

namespace heed::test {

namespace {

Tensor ids(std::initializer_list<double> values, const Shape& shape) {
  return Tensor::of(values, shape, int32);
}

const Tensor& class_weight() {
  static const Tensor weight = Tensor::of({0.5, 2, 0, 1.25, 3}, {5}, float64);
  return weight;
}

const std::vector<GradientRow> of_elements = {
    {"sin", {{{3, 5}, -9, 9}}, [](const Inputs& x) { return sin(x[0]); }},
    {"cos", {{{3, 5}, -9, 9}}, [](const Inputs& x) { return cos(x[0]); }},
    {"log1p", {{{3, 5}, -0.5, 2}}, [](const Inputs& x) { return log1p(x[0]); }},
    {"expm1", {{{3, 5}, -2, 2}}, [](const Inputs& x) { return expm1(x[0]); }},
    {"clamp_min", {{{7, 5}}}, [](const Inputs& x) { return clamp_min(x[0], -0.77); }},
    {"clamp_max", {{{7, 5}}}, [](const Inputs& x) { return clamp_max(x[0], 0.83); }},
    {"sign", {{{3, 5}, 0.1, 2}}, [](const Inputs& x) { return sign(-x[0]) * x[0]; }},
    {"round", {{{3, 5}, 0.6, 1.4}}, [](const Inputs& x) { return round(x[0]) * x[0]; }},
    {"floor", {{{3, 5}, 2.1, 2.9}}, [](const Inputs& x) { return floor(x[0]) * x[0]; }},
    {"ceil", {{{3, 5}, 2.1, 2.9}}, [](const Inputs& x) { return ceil(x[0]) * x[0]; }},
    {"softplus", {{{3, 5}, -9, 9}}, [](const Inputs& x) { return softplus(x[0]); }},
    {"softplus", {{{3, 5}, 1.1, 2}}, [](const Inputs& x) { return softplus(x[0], 2.5, 2); }},
    {"leaky_relu",
     {{{3, 5}, 0.1, 2}},
     [](const Inputs& x) { return leaky_relu(x[0], 0.3) * leaky_relu(-x[0]); }},
    {"clamp",
     {{{3, 5}}, {{5}, -1, -0.5}, {{3, 1}, 0.5, 1}},
     [](const Inputs& x) { return clamp(x[0], x[1], x[2]); }},
    {"clamp", {{{7}}, {{7}, -1, 1}}, [](const Inputs& x) { return clamp(x[0], x[1], {}); }},
    {"std",
     {{{2, 3, 5}}},
     [](const Inputs& x) {
       return heed::std(x[0], {0, 2});
     }},
    {"std", {{{2, 3, 5}}}, [](const Inputs& x) { return heed::std(x[0], {-1}, true, 0); }},
    {"prod",
     {{{2, 3, 5}}},
     [](const Inputs& x) {
       return prod(x[0], {0, 2});
     }},
    {"prod", {{{2, 3, 5}}}, [](const Inputs& x) { return prod(x[0], {1}, true); }},
    {"prod", {{{7}}}, [](const Inputs& x) { return prod(x[0]); }},
    {"min",
     {{{2, 3, 5}}},
     [](const Inputs& x) {
       return min(x[0], {0, 2});
     }},
    {"min", {{{7}}}, [](const Inputs& x) { return min(x[0], {}, true); }},
};

const std::vector<GradientRow> of_losses = {
    {"cross_entropy", {{{5}}}, [](const Inputs& x) { return cross_entropy(x[0], ids({3}, {})); }},
    {"cross_entropy",
     {{{2, 5, 3}}},
     [](const Inputs& x) {
       return cross_entropy(x[0], ids({3, -100, 0, 4, 1, 1}, {2, 3}),
                            {.weight = class_weight(), .label_smoothing = 0.1});
     }},
    {"nll_loss",
     {{{2, 5, 3}}},
     [](const Inputs& x) {
       return nll_loss(x[0], ids({3, -100, 0, 4, 1, 1}, {2, 3}), {.weight = class_weight()});
     }},
    {"nll_loss",
     {{{3, 5}}},
     [](const Inputs& x) {
       return nll_loss(x[0], ids({1, 2, 4}, {3}),
                       {.ignore_index = 2, .reduction = Reduction::none});
     }},
    {"mse_loss", {{{3, 5}}, {{3, 5}}}, [](const Inputs& x) { return mse_loss(x[0], x[1]); }},
    {"l1_loss",
     {{{3, 5}}, {{3, 5}}},
     [](const Inputs& x) { return l1_loss(x[0], x[1], Reduction::sum); }},
    {"binary_cross_entropy",
     {{{3, 5}, 0.1, 0.9}, {{3, 5}, 0, 1}},
     [](const Inputs& x) { return binary_cross_entropy(x[0], x[1]); }},
    {"binary_cross_entropy_with_logits",
     {{{3, 5}, -9, 9}, {{3, 5}, 0, 1}},
     [](const Inputs& x) {
       return binary_cross_entropy_with_logits(x[0], x[1], Reduction::mean, class_weight());
     }},
    {"kl_div",
     {{{3, 5}}, {{3, 5}, 0.1, 1}},
     [](const Inputs& x) { return kl_div(x[0], x[1], Reduction::batchmean); }},
    {"kl_div",
     {{{3, 5}}, {{3, 5}}},
     [](const Inputs& x) { return kl_div(x[0], x[1], Reduction::none, true); }},
};

}  // namespace

std::vector<GradientRow> elementwise_gradient_rows() { return of_elements; }
std::vector<GradientRow> loss_gradient_rows() { return of_losses; }

}  // namespace heed::test
