// Rows of the losses in comparison_losses.py.
#include "comparison.hpp"

namespace heed::test {

namespace {

using Rows = std::vector<ComparedRow>;

const std::pair<const char*, Reduction> reductions[] = {{"mean", Reduction::mean},
                                                        {"sum", Reduction::sum},
                                                        {"none", Reduction::none},
                                                        {"batchmean", Reduction::batchmean}};

void add_class_losses(Rows& rows, const std::string& name, Reduction reduction) {
  add_row(rows, "nll_loss/" + name,
          [=](const Inputs& x) { return nll_loss(x[0], x[1], {.reduction = reduction}); });
  add_row(rows, "nll_loss/weight," + name, [=](const Inputs& x) {
    return nll_loss(x[0], x[1], {.weight = x[2], .reduction = reduction});
  });
  for (const auto& [label, smoothing] : {std::pair{"0.0", 0.0}, {"0.1", 0.1}}) {
    add_row(rows, "cross_entropy/weight," + name + "," + label,
            [=, s = smoothing](const Inputs& x) {
              return cross_entropy(x[0], x[1],
                                   {.weight = x[2], .label_smoothing = s, .reduction = reduction});
            });
  }
}

using Pairwise = Tensor (*)(const Tensor&, const Tensor&, Reduction);

void add_pairwise_losses(Rows& rows, const std::string& name, Reduction reduction) {
  const std::pair<const char*, Pairwise> losses[] = {
      {"mse_loss/", mse_loss},
      {"l1_loss/", l1_loss},
      {"binary_cross_entropy/", binary_cross_entropy},
      {"binary_cross_entropy_with_logits/", [](const Tensor& x, const Tensor& t, Reduction r) {
         return binary_cross_entropy_with_logits(x, t, r);
       }}};
  for (const auto& [prefix, loss] : losses) {
    add_row(rows, prefix + name,
            [=, loss = loss](const Inputs& x) { return loss(x[0], x[1], reduction); });
  }
  add_row(rows, "binary_cross_entropy_with_logits/pos_weight," + name, [=](const Inputs& x) {
    return binary_cross_entropy_with_logits(x[0], x[1], reduction, x[2]);
  });
}

}  // namespace

std::vector<ComparedRow> compared_loss_rows() {
  Rows rows;
  for (const auto& [name, reduction] : reductions) {
    const std::string label = name;
    if (reduction != Reduction::batchmean) {
      add_class_losses(rows, label, reduction);
      add_pairwise_losses(rows, label, reduction);
    }
    add_row(rows, "kl_div/" + label,
            [r = reduction](const Inputs& x) { return kl_div(x[0], x[1], r); });
    add_row(rows, "kl_div/" + label + ",log",
            [r = reduction](const Inputs& x) { return kl_div(x[0], x[1], r, true); });
  }
  return rows;
}

}  // namespace heed::test
