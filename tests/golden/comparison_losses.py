"""Rows of the comparison with PyTorch: losses, and what stands before them."""
import torch
import torch.nn.functional as F

from comparison_cases import (ROWS, Expanded, ids, infinite, large, mask, nan, plain, row, rows,
                              special, ties)

REDUCTIONS = ("mean", "sum", "none")


def losses():
    torch.manual_seed(14)
    target = ids(1, 0, 3, 2)
    for reduction_name in ("mean", "sum", "none"):
        for smoothing in (0.0, 0.1, 1.0):
            row(f"cross_entropy/{reduction_name},{smoothing}",
                lambda x, t, r=reduction_name, s=smoothing: F.cross_entropy(
                    x, t, reduction=r, label_smoothing=s, ignore_index=-100),
                matrix=[plain(4, 4), target], ignored=[plain(4, 4), ids(1, -100, -100, 2)],
                all_ignored=[plain(2, 3), ids(-100, -100)], one=[plain(1, 1), ids(0)],
                empty=[plain(0, 3), ids()], beyond=[plain(1, 3), ids(3)],
                below=[plain(1, 3), ids(-1)], misfit=[plain(2, 3), ids(1)],
                expanded=[Expanded(plain(1, 4), 4, 4), target])
            if reduction_name == "none":
                row(f"cross_entropy/none,{smoothing}",
                    ROWS[f"cross_entropy/none,{smoothing}"][0],
                    special=[rows, ids(*[i % 4 for i in range(16)])],
                    special1=[rows, ids(*[(i + 1) % 4 for i in range(16)])],
                    infinite=[infinite, ids(1, 2)], large=[large, ids(0, 1, 2)])
    row("layer_norm/", lambda x, w, b: F.layer_norm(x, x.shape[-1:], w, b),
        matrix=[plain(3, 4), plain(4), plain(4)], vector=[plain(4), plain(4), plain(4)],
        one=[plain(2, 1), plain(1), plain(1)], empty=[plain(0, 4), plain(4), plain(4)],
        misfit=[plain(3, 4), plain(3), plain(3)], mean=[plain(2, 8) + 4096, plain(8), plain(8)],
        expanded=[Expanded(plain(4), 3, 4), Expanded(plain(1), 4), plain(4)])
    row("layer_norm/plain", lambda x: F.layer_norm(x, x.shape[-1:]), special=[rows],
        infinite=[infinite], matrix=[plain(2, 3, 4)], scalar=[plain()])
    row("dropout/0", lambda x: F.dropout(x, 0.0), matrix=[plain(2, 3)], special=[special])
    row("dropout/-0.5", lambda x: F.dropout(x, -0.5), matrix=[plain(2, 3)])
    row("dropout/1", lambda x: F.dropout(x, 1.0), matrix=[plain(2, 3)])
    row("dropout_relu/0", lambda x: F.dropout(F.relu(x), 0.0), matrix=[plain(2, 3)],
        special=[special])
    row("add_dropout/0", lambda x: x + F.dropout(x, 0.0), matrix=[plain(2, 3)], special=[special])
    row("to/float64", lambda x: x.to(torch.float64), special=[special], whole=[ids(1, 2)])
    row("to/float32", lambda x: x.to(torch.float32), special=[special], bits=[mask(0, 1)])


def last_layers():
    torch.manual_seed(19)
    target = ids(1, 0, 3, 2)
    for reduction_name in ("mean", "sum", "none"):
        row(f"linear_cross_entropy/{reduction_name}",
            lambda x, w, t, b, r=reduction_name: F.cross_entropy(
                F.linear(x, w, b), t, reduction=r, label_smoothing=0.1),
            matrix=[plain(4, 3), plain(5, 3), target, plain(5)],
            ignored=[plain(4, 3), plain(5, 3), ids(1, -100, -100, 2), plain(5)],
            one=[plain(1, 1), plain(2, 1), ids(0), plain(2)],
            beyond=[plain(1, 3), plain(2, 3), ids(2), plain(2)],
            misfit=[plain(2, 3), plain(4, 2), ids(1, 1), plain(4)],
            expanded=[Expanded(plain(1, 3), 4, 3), plain(4, 3), target, Expanded(plain(1), 4)])


def log_p(*shape):
    """Logarithms of probabilities along the axis of classes, on which they are no constraint."""
    return torch.log_softmax(plain(*shape), 1 if len(shape) > 1 else 0)


def class_losses():
    torch.manual_seed(31)
    target, weight = ids(1, 0, 3, 2), plain(4).abs()
    more = dict(vector=[plain(5), ids(2)[0]], maps=[plain(2, 3, 4), ids([1, 0, 2, 1], [2, 2, 0, 1])],
                pictures=[plain(2, 3, 2, 2), ids([[1, 0], [2, -100]], [[0, 0], [1, 2]])],
                empty_maps=[plain(2, 3, 0), ids([], [])], misfit3=[plain(2, 4, 3), ids([1, 0], [2, 1])],
                misfit1=[plain(3), ids(1)], scalar=[plain(), ids(0)[0]])
    weighted = dict(matrix=[plain(4, 4), target, weight],
                    ignored=[plain(4, 4), ids(1, -100, -100, 2), weight],
                    all_ignored=[plain(2, 4), ids(-100, -100), weight],
                    vector=[plain(4), ids(2)[0], weight], empty=[plain(0, 4), ids(), weight],
                    maps=[plain(2, 4, 3), ids([1, 3, 2], [0, 0, -100]), weight],
                    beyond=[plain(1, 4), ids(4), weight], misfit_weight=[plain(2, 3), ids(1, 1), weight],
                    none=[plain(2, 4), ids(0, 1), weight * 0],
                    expanded=[Expanded(plain(1, 4), 4, 4), target, Expanded(plain(1), 4)])
    for reduction in REDUCTIONS:
        row(f"cross_entropy/{reduction},0.1", ROWS[f"cross_entropy/{reduction},0.1"][0], **more)
        for smoothing in (0.0, 0.1):
            row(f"cross_entropy/weight,{reduction},{smoothing}",
                lambda x, t, w, r=reduction, s=smoothing: F.cross_entropy(
                    x, t, weight=w.detach(), reduction=r, label_smoothing=s), **weighted)
        row(f"nll_loss/{reduction}", lambda x, t, r=reduction: F.nll_loss(x, t, reduction=r), **more,
            matrix=[log_p(4, 4), target], one=[log_p(1, 1), ids(0)], empty=[plain(0, 3), ids()],
            ignored=[log_p(4, 4), ids(1, -100, -100, 2)], all_ignored=[log_p(2, 3), ids(-100, -100)],
            beyond=[plain(1, 3), ids(3)], below=[plain(1, 3), ids(-1)])
        row(f"nll_loss/weight,{reduction}", lambda x, t, w, r=reduction: F.nll_loss(
            x, t, weight=w.detach(), reduction=r), **weighted)
    row("nll_loss/none", ROWS["nll_loss/none"][0], special=[rows, ids(*[i % 4 for i in range(16)])],
        infinite=[infinite, ids(1, -100)], large=[large, ids(0, 1, 2)])


def pair(first, second, special_second):
    """Cases of two operands of one shape, made by functions of a shape."""
    return dict(matrix=[first(3, 4), second(3, 4)], scalar=[first(), second()],
                cube=[first(2, 1, 3), second(2, 1, 3)], one=[first(1), second(1)],
                empty=[first(0, 3), second(0, 3)], special=[special, special_second],
                expanded=[Expanded(first(3, 1), 3, 4), Expanded(second(4), 3, 4)])


def probabilities(*shape):
    return torch.rand(shape).double()


def pairwise_losses():
    torch.manual_seed(32)
    plain_pair = pair(plain, plain, lambda t: special(t).roll(3))
    ones = torch.tensor([0, 1, 0.5, 1, 0, 1, 0.25, 0, 1, 0, 1, 0, 1, 0, 1, 0]).double()
    edges = [torch.tensor([0, 1, 0, 1, 1e-30, 0.5, 1]).double(),
             torch.tensor([0, 1, 0.25, 0.25, 1, 1, 0]).double()]
    chance = pair(probabilities, probabilities, ones)
    del chance["special"]
    divergence = pair(plain, probabilities, ones)
    logarithms = pair(plain, plain, lambda t: special(t).roll(3))
    for r in REDUCTIONS:
        row(f"mse_loss/{r}", lambda x, t, r=r: F.mse_loss(x, t, reduction=r), **plain_pair,
            misfit=[plain(3, 1), plain(3)])
        row(f"l1_loss/{r}", lambda x, t, r=r: F.l1_loss(x, t, reduction=r), **plain_pair,
            ties=[ties(4, 5), ties(4, 5)], misfit=[plain(3), plain(2, 3)])
        row(f"binary_cross_entropy/{r}", lambda x, t, r=r: F.binary_cross_entropy(x, t, reduction=r),
            **chance, edges=edges, outside=[plain(2) + 3, probabilities(2)],
            outside1=[torch.tensor([0.5, nan]), probabilities(2)], misfit=[
                probabilities(3, 1), probabilities(3)])
        row(f"binary_cross_entropy_with_logits/{r}",
            lambda x, t, r=r: F.binary_cross_entropy_with_logits(x, t, reduction=r),
            **pair(plain, probabilities, ones), misfit=[plain(3, 1), probabilities(3)])
        row(f"binary_cross_entropy_with_logits/pos_weight,{r}",
            lambda x, t, w, r=r: F.binary_cross_entropy_with_logits(
                x, t, reduction=r, pos_weight=w.detach()),
            matrix=[plain(3, 4), probabilities(3, 4), plain(4).abs()],
            scalar=[plain(), probabilities(), plain().abs()],
            misfit=[plain(3, 4), probabilities(3, 4), plain(3).abs()])
    for r in (*REDUCTIONS, "batchmean"):
        row(f"kl_div/{r}", lambda x, t, r=r: F.kl_div(x, t, reduction=r), **divergence,
            misfit=[plain(3, 1), probabilities(3)])
        row(f"kl_div/{r},log", lambda x, t, r=r: F.kl_div(x, t, reduction=r, log_target=True),
            **logarithms)
