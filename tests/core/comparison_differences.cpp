#include "comparison.hpp"

namespace heed::test {

namespace {

const std::vector<KnownDifference> differences = {
    {".*:scalar:.*/error", 66,
     "A scalar has no axis: one that is named is an `IndexError`; PyTorch takes -1 and "
     "0."},
    {"squeeze/0:.*/error", 8,
     "`squeeze` of an axis whose size is not 1 is a `ShapeError`; PyTorch leaves the "
     "tensor as it is."},
    {"cat/.*:nothing:.*/error", 4,
     "`cat` takes tensors of one rank; PyTorch skips one of shape [0]."},
    {"masked_fill/.*:larger:.*/error", 10,
     "`masked_fill` broadcasts the mask to x, never x to the mask; PyTorch does both."},
    {"dropout/1:.*/error", 2, "`dropout` refuses p = 1, which leaves nothing."},
    {"(cross_entropy|nll_loss)/(weight,)?mean.*:(all_ignored|empty|empty_maps|none):.*", 74,
     "The mean of `cross_entropy` and `nll_loss` over no target, or over some whose "
     "weights add up to 0, is 0, so that a batch of padding changes nothing; PyTorch "
     "has NaN."},
    {"cross_entropy/none,.*:(large|one|special):.*", 61,
     "`cross_entropy` takes logits from their log-sum-exp, which is rounded: a loss is "
     "exact to the last place of the largest logit, PyTorch's to its own. A loss of 0 "
     "is +0, PyTorch's -0."},
    {"softmax/.*:special:.*/out/0", 6,
     "`softmax` and the losses take powers below the smallest normal number for 0: "
     "they stand beside exp(0) = 1 in a sum. PyTorch keeps them as denormal numbers, "
     "and so does `exp`."},
    {"(sigmoid|silu):beyond:float32/out/0", 2,
     "`sigmoid`, and with it `silu`, is 0 where it is below the smallest normal "
     "number; PyTorch has denormal ones."},
    {"gelu:(beyond|special):.*/out/0", 9,
     "`gelu` is exact in its tail, where PyTorch's 1 + erf(x / sqrt(2)) cancels to 0, "
     "and at infinity and the largest numbers, where PyTorch has NaN and inf in "
     "float32."},
    {"layer_norm/(plain|axes)?:(mean|one|special):.*", 78,
     "`layer_norm` takes the mean away before it scales: at a large mean it keeps the "
     "digits that PyTorch's x rstd - mean rstd loses, in the gradients too. A -0 stays "
     "-0."},
    {"logsumexp/last:infinite:.*/grad/0", 8,
     "The gradient of `logsumexp` over nothing but -inf is 0; PyTorch has NaN."},
    {"(abs|norm1.0/last|norminf/last|l1_loss/.*):special:.*/grad/[01]", 82,
     "The gradients of `abs` and `l1_loss`, and of `norm` with p = 1 and infinity, are "
     "NaN where x is; PyTorch has 0."},
    {"norm(0.5|2.0|2.5)/last:(special|large):.*", 50,
     "`norm` scales by its largest element: what is tiny has a norm and a gradient, "
     "where PyTorch's powers underflow to 0. An element of 0, and each where the norm "
     "overflows, gets gradient 0; PyTorch has NaN for p other than 1, 2 and infinity."},
    {"pow/-?0.5:special:.*", 8,
     "`pow` with -0.5, in the gradient of 0.5 too, follows IEEE 754 at -0 and -inf; "
     "PyTorch takes 1 / sqrt(x), which is -inf and NaN there."},
    {"rdiv/.*:special:.*", 19,
     "A number over a tensor is one division; PyTorch multiplies by 1 / x, which "
     "overflows where x is denormal, and gives NaN for 0 / x there."},
    {"sign:special:.*/out/0", 2, "`sign` of NaN is NaN; PyTorch has 0."},
    {"prod/last:(large|infinite):.*", 14,
     "`prod` multiplies in double, and the gradient of a factor is the product of the "
     "others: it is right where a factor is infinite or NaN, where PyTorch divides the "
     "product by it."},
    {"(mse_loss|l1_loss|kl_div)/.*:misfit:.*/error", 20,
     "A loss of two shapes is a `ShapeError`; PyTorch broadcasts them and warns, or "
     "not even that."},
    {"mse_loss/none:special:.*/grad/[01]", 4,
     "The gradient of `mse_loss` is doubled last: it overflows later than PyTorch's."},
    {"binary_cross_entropy/.*:edges:.*/grad/1", 30,
     "The gradient of `binary_cross_entropy` for the target is the slope of the loss, "
     "whose logarithms end at -100; PyTorch's is infinite."},
    {"binary_cross_entropy_with_logits/none:special:.*/out/0", 2,
     "`binary_cross_entropy_with_logits` keeps the digits of a small loss, which cancel "
     "in PyTorch's (1 - t) x - log sigmoid(x)."},
    {"kl_div/.*:special:.*", 68,
     "A target of probability 0 adds 0 to `kl_div` and to its gradients, whatever x is; "
     "PyTorch has NaN where x is -inf, and in the target's gradient."},
    {"(var[013]|std[01])/last:large:.*", 33,
     "`var` and `std` need their mean and their deviations in the element type: among "
     "the largest numbers they are inf, where PyTorch's running sums give 0 or NaN."},
    {"std[01]/last:special:.*", 28,
     "`std`, like `norm`, scales by its largest element: what is tiny has a deviation "
     "and a gradient, where PyTorch's squares underflow."},
    {"var3/.*/grad/0", 166,
     "The gradient of `var` over fewer elements than the correction is divided by 0, "
     "as the value is; PyTorch divides it by the negative number."},
    {"(sort|argsort)/(-1|0)(,falling)?:point:.*/error", 8,
     "A scalar has no axis: one that is named is an `IndexError`; PyTorch takes -1 and "
     "0."},
};

}  // namespace

std::vector<KnownDifference> known_differences() { return differences; }

}  // namespace heed::test
