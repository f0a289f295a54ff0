#include "losses.hpp"

#include <algorithm>

#include "broadcast.hpp"
#include "elementwise.hpp"
#include "indexing.hpp"
#include "kernels/elementwise.hpp"
#include "kernels/indexing.hpp"
#include "kernels/products.hpp"
#include "kernels/reductions.hpp"
#include "kernels/rows.hpp"
#include "products.hpp"
#include "record.hpp"
#include "reductions.hpp"
#include "softmax.hpp"

namespace heed {

namespace {

void check_reduction(const char* operation, Reduction reduction) {
  if (reduction != Reduction::batchmean) return;
  throw ConfigError(std::string(operation) +
                    ": Reduction::batchmean is for kl_div; take mean, sum or none");
}

/// What to write where the classes are the last of three axes, or the target has an axis too many.
std::string how_to_fit(const Tensor& x, const Tensor& target) {
  if (x.rank() > 2 && target.shape() == x.shape().without(x.rank() - 1)) {
    return "; the classes are axis 1: write reshape(x, {-1, " + std::to_string(x.size(-1)) +
           "}) and reshape(target, {-1})";
  }
  if (x.rank() == 2 && target.shape() == Shape{x.size(0), 1}) return "; write squeeze(target, 1)";
  if (x.shape() == target.shape()) return "; a target is the id of a class, not its probabilities";
  return "";
}

/// Scores x [V], [N, V] or [N, V, ...], the id of a class for each [], [N] or [N, ...], and weights
/// of classes [V].
void check_classes(const char* operation, const Tensor& x, const Tensor& target,
                   const Tensor& weight, Reduction reduction) {
  check_floating(operation, x);
  check_reduction(operation, reduction);
  const bool fits =
      x.rank() > 0 && target.shape() == (x.rank() == 1 ? Shape{} : x.shape().without(1));
  if (!fits) {
    throw ShapeError(std::string(operation) + ": needs scores [N, V] and a target [N], " +
                     "[N, V, ...] and [N, ...], or [V] and [], got " + to_string(x.shape()) +
                     " and " + to_string(target.shape()) + how_to_fit(x, target));
  }
  check_dtype(operation, "the target", target, int32);
  if (!weight.defined()) return;
  const Shape classes{x.size(x.rank() == 1 ? 0 : 1)};
  check_dtype(operation, "the weight", weight, x.dtype());
  if (weight.shape() != classes) {
    throw ShapeError(std::string(operation) + ": needs a weight " + to_string(classes) +
                     ", one for each class, got " + to_string(weight.shape()));
  }
}

void check_cross_entropy(const Tensor& logits, const Tensor& target,
                         const CrossEntropyOptions& options) {
  check_classes("cross_entropy", logits, target, options.weight, options.reduction);
  if (!(options.label_smoothing >= 0 && options.label_smoothing <= 1)) {
    throw ConfigError("cross_entropy: label_smoothing must be in [0, 1], got " +
                      std::to_string(options.label_smoothing));
  }
}

/// Which targets are not ignored, [N] bool.
Array not_ignored(const Array& target, int64_t ignore) {
  return kernels::compare(kernels::Comparison::ne, target, static_cast<double>(ignore));
}

/// What `mean` divides by where so many targets count.
double mean_divisor(double count) { return std::max(1.0, count); }

/// The places of the targets that are not ignored; undefined where all count.
Array counting_places(const Array& target, int64_t ignore) {
  const Array places = kernels::true_places("linear_cross_entropy", not_ignored(target, ignore));
  return places.numel() == target.numel() ? Array() : places;
}

/// The scores [V] or [N, V, ...] of `count` targets as rows [count, V].
Tensor rows_of_classes(const Tensor& x, int64_t count) {
  if (x.rank() == 2) return x;
  if (x.rank() == 1) return unsqueeze(x, 0);
  Axes order{0};
  for (int axis = 2; axis < x.rank(); ++axis) order.push_back(axis);
  order.push_back(1);
  return reshape(permute(x, order), {count, x.size(1)});
}

// l_n = -(1 - s) log p_{n, t_n} - s / V sum_v log p_{n, v};
// dl_n/dx_n = p_n - (1 - s) onehot(t_n) - s / V
Tensor cross_entropy_of_rows(const Tensor& logits, const Tensor& target,
                             const CrossEntropyOptions& options) {
  const int64_t ignore = options.ignore_index, rows = logits.size(0);
  const double smoothing = options.label_smoothing;
  const bool reduced = options.reduction != Reduction::none;
  double divisor = 1;
  if (options.reduction == Reduction::mean) {
    const Array counts = not_ignored(target.array(), ignore).to(int32);
    divisor = mean_divisor(kernels::sum(counts, {0}, false).item());
  }
  Array lse;
  Array y = kernels::cross_entropy(logits.array(), target.array(), ignore, smoothing, lse);
  if (reduced) y = kernels::div(kernels::sum(y, {0}, false), divisor);
  return record("cross_entropy", y,
                wrt(logits, saved(logits, target, lse),
                    [=](const Array& g, const Array& x, const Array& ids, const Array& sums) {
                      const Array each = reduced ? kernels::div(g, divisor).expand({rows}) : g;
                      return kernels::cross_entropy_backward(each, x, ids, sums, ignore, smoothing);
                    }));
}

/// Losses of rows of log-probabilities [N, V], with a weight for each class and for each target.
class WeightedRows {
 public:
  WeightedRows(const Tensor& log_p, const Tensor& target, const Tensor& weight, int64_t ignore)
      : log_p_(log_p),
        ignored_(eq(target, static_cast<double>(ignore))),
        ids_(masked_fill(target, ignored_, 0)),
        of_classes_(weight.defined() ? weight.detach()
                                     : Tensor::ones({log_p.size(1)}, log_p.dtype())),
        of_targets_(masked_fill(index_select(of_classes_, 0, ids_), ignored_, 0)) {}

  /// -w_t log p_t
  Tensor of_target() const {
    const Tensor picked = squeeze(gather(log_p_, 1, unsqueeze(ids_, 1)), 1);
    return masked_fill(picked * -of_targets_, ignored_, 0);
  }
  /// -sum_v w_v log p_v
  Tensor of_all() const { return masked_fill(-sum(log_p_ * of_classes_, {1}), ignored_, 0); }

  Tensor reduced(const Tensor& losses, Reduction reduction) const {
    if (reduction == Reduction::none) return losses;
    if (reduction == Reduction::sum) return heed::sum(losses);
    const double total = heed::sum(of_targets_).item();
    return heed::sum(losses) / (total == 0 ? 1 : total);
  }

 private:
  const Tensor log_p_, ignored_, ids_, of_classes_, of_targets_;
};

// l_n = -(1 - s) w_{t_n} log p_{n, t_n} - s / V sum_v w_v log p_{n, v}
Tensor weighted_cross_entropy_of_rows(const Tensor& logits, const Tensor& target,
                                      const CrossEntropyOptions& options) {
  kernels::check_targets("cross_entropy", target.array(), options.ignore_index, logits.size(1));
  const double s = options.label_smoothing, V = static_cast<double>(logits.size(1));
  const WeightedRows rows(log_softmax(logits), target, options.weight, options.ignore_index);
  const Tensor losses =
      s == 0 ? rows.of_target() : rows.of_target() * (1 - s) + rows.of_all() * (s / V);
  return rows.reduced(losses, options.reduction);
}

}  // namespace

Tensor cross_entropy(const Tensor& logits, const Tensor& target, CrossEntropyOptions options) {
  check_cross_entropy(logits, target, options);
  const int64_t count = target.numel();
  const Tensor rows = rows_of_classes(logits, count), ids = reshape(target, {count});
  const Tensor y = options.weight.defined() ? weighted_cross_entropy_of_rows(rows, ids, options)
                                            : cross_entropy_of_rows(rows, ids, options);
  return options.reduction == Reduction::none ? reshape(y, target.shape()) : y;
}

// l_n = -w_{t_n} x_{n, t_n}
Tensor nll_loss(const Tensor& x, const Tensor& target, NllLossOptions options) {
  check_classes("nll_loss", x, target, options.weight, options.reduction);
  const int64_t count = target.numel();
  const Tensor log_p = rows_of_classes(x, count), ids = reshape(target, {count});
  kernels::check_targets("nll_loss", ids.array(), options.ignore_index, log_p.size(1));
  const WeightedRows rows(log_p, ids, options.weight, options.ignore_index);
  const Tensor y = rows.reduced(rows.of_target(), options.reduction);
  return options.reduction == Reduction::none ? reshape(y, target.shape()) : y;
}

namespace {

/// The loss of a last layer, and its gradients where they are wanted, from some rows after others.
/// Rows whose target is ignored, the padding of a text, are left out of everything.
class LossByRows {
 public:
  LossByRows(const Tensor& x, const Tensor& weight, const Tensor& target, const Tensor& bias,
             const CrossEntropyOptions& options)
      : weight_(weight.array()),
        bias_(bias.defined() ? bias.array() : Array()),
        options_(options),
        rows_(x.size(0)),
        places_(counting_places(target.array(), options.ignore_index)),
        x_(counting(x.array())),
        target_(counting(target.array())),
        losses_(Array::empty({x_.size(0)}, x.dtype())) {
    kernels::check_targets("cross_entropy", target.array(), options.ignore_index, weight.size(0));
    if (options.reduction == Reduction::mean) {
      divisor_ = mean_divisor(static_cast<double>(target_.numel()));
    }
    if (grad_enabled() && x.requires_grad()) x_gradient = Array::empty(x_.shape(), x.dtype());
    if (grad_enabled() && weight.requires_grad()) {
      weight_gradient = Array::zeros(weight.shape(), x.dtype());
    }
    if (grad_enabled() && bias.requires_grad()) {
      bias_gradient = Array::zeros(bias.shape(), x.dtype());
    }
  }

  Array run() {
    constexpr int64_t numbers = 1 << 22;  // logits that a cache holds
    constexpr int64_t least = 256;        // rows: products of fewer are thin
    const int64_t rows = x_.size(0), V = weight_.size(0);
    const int64_t some = std::max(least, V > 0 ? numbers / V : numbers);
    for (int64_t row = 0; row < rows; row += some) go_over(row, std::min(row + some, rows));
    if (places_.defined() && x_gradient.defined()) {
      const Array all = Array::zeros({rows_, x_.size(1)}, x_.dtype());
      kernels::index_add_into(all, 0, places_, x_gradient);
      x_gradient = all;
    }
    return kernels::div(kernels::sum(losses_, {0}, false), divisor_);
  }

  Array x_gradient, weight_gradient, bias_gradient;

 private:
  /// The rows that count.
  Array counting(const Array& all) const {
    if (!places_.defined()) return all;
    return kernels::index_select("linear_cross_entropy", all, 0, places_);
  }

  void go_over(int64_t begin, int64_t end) {
    const Array x = x_.slice(0, begin, end), target = target_.slice(0, begin, end);
    const Shape shape{end - begin, weight_.size(0)};
    const Array logits =
        bias_.defined() ? bias_.expand(shape).clone() : Array::empty(shape, x.dtype());
    kernels::matmul_into(logits, x, weight_.transpose(0, 1), bias_.defined());
    const int64_t ignore = options_.ignore_index;
    const double smoothing = options_.label_smoothing;
    Array lse;
    kernels::copy_into(losses_.slice(0, begin, end),
                       kernels::cross_entropy(logits, target, ignore, smoothing, lse));
    if (!x_gradient.defined() && !weight_gradient.defined() && !bias_gradient.defined()) return;
    const Array each = Array::full({end - begin}, 1 / divisor_, x.dtype());
    const Array& g = logits;  // from here on its gradient
    kernels::cross_entropy_backward_into(g, each, logits, target, lse, ignore, smoothing);
    if (x_gradient.defined()) {
      kernels::matmul_into(x_gradient.slice(0, begin, end), g, weight_, false);
    }
    if (weight_gradient.defined()) {
      kernels::matmul_into(weight_gradient, g.transpose(0, 1), x, true);
    }
    if (bias_gradient.defined()) kernels::add_into(bias_gradient, kernels::sum(g, {0}, false));
  }

  const Array weight_, bias_;
  const CrossEntropyOptions options_;
  const int64_t rows_;
  const Array places_, x_, target_;
  const Array losses_;
  double divisor_ = 1;
};

}  // namespace

// With the gradients of the logits at hand, those of the operands cost no second pass: the rule
// multiplies them by dL/dloss, a number.
Tensor linear_cross_entropy(const Tensor& x, const Tensor& weight, const Tensor& target,
                            const Tensor& bias, CrossEntropyOptions options) {
  check_linear(x, weight, bias);
  if (x.rank() != 2) {
    throw ShapeError("linear_cross_entropy: needs x [N, D] and a target [N], got " +
                     to_string(x.shape()) + " and " + to_string(target.shape()) +
                     "; write reshape(x, {-1, " + std::to_string(x.size(-1)) +
                     "}) and reshape(target, {-1})");
  }
  if (options.reduction == Reduction::none || options.weight.defined()) {
    return cross_entropy(linear(x, weight, bias), target, options);
  }
  check_cross_entropy(x, target, options);
  LossByRows loss(x, weight, target, bias, options);
  const Array y = loss.run();
  return record(
      "linear_cross_entropy", y,
      joint({&x, &weight, &bias}, saved(loss.x_gradient, loss.weight_gradient, loss.bias_gradient),
            [](const Array& g, const Array& to_x, const Array& to_weight, const Array& to_bias,
               Gradients& out) {
              const double factor = g.item();
              int input = 0;
              for (const Array* one : {&to_x, &to_weight, &to_bias}) {
                if (out.wants(input)) {
                  out.give(input, factor == 1 ? *one : kernels::mul(*one, factor));
                }
                ++input;
              }
            }));
}

}  // namespace heed
