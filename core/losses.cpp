#include "losses.hpp"

#include <algorithm>

#include "broadcast.hpp"
#include "kernels/elementwise.hpp"
#include "kernels/reductions.hpp"
#include "kernels/rows.hpp"
#include "record.hpp"

namespace heed {

namespace {

void check_cross_entropy(const Tensor& logits, const Tensor& target,
                         const CrossEntropyOptions& options) {
  check_floating("cross_entropy", logits);
  check_dtype("cross_entropy", "the target", target, int32);
  if (logits.rank() != 2 || target.rank() != 1 || target.size(0) != logits.size(0)) {
    throw ShapeError("cross_entropy: needs logits [N, V] and target [N], got " +
                     to_string(logits.shape()) + " and " + to_string(target.shape()));
  }
  if (!(options.label_smoothing >= 0 && options.label_smoothing <= 1)) {
    throw ConfigError("cross_entropy: label_smoothing must be in [0, 1], got " +
                      std::to_string(options.label_smoothing));
  }
}

/// Number of targets that are not ignored, at least 1.
double counted(const Array& target, int64_t ignore) {
  const Array kept = kernels::compare(kernels::Comparison::ne, target, static_cast<double>(ignore));
  return std::max(1.0, kernels::sum(kept.to(int32), {0}, false).item());
}

}  // namespace

// l_n = -(1 - s) log p_{n, t_n} - s / V sum_v log p_{n, v};
// dl_n/dx_n = p_n - (1 - s) onehot(t_n) - s / V
Tensor cross_entropy(const Tensor& logits, const Tensor& target, CrossEntropyOptions options) {
  check_cross_entropy(logits, target, options);
  const int64_t ignore = options.ignore_index, rows = logits.size(0);
  const double smoothing = options.label_smoothing;
  const bool reduced = options.reduction != Reduction::none;
  const double divisor = options.reduction == Reduction::mean ? counted(target.array(), ignore) : 1;
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

}  // namespace heed
