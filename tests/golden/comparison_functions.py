"""Rows of the comparison with PyTorch: functions with one formula here and another there, and
reductions."""
import torch
import torch.nn.functional as F

from comparison_cases import (ROWS, Expanded, beyond, ids, infinite, large, mask, one_operand, plain,
                              reduction, row, rows, special, ties, wide)


def piecewise():
    torch.manual_seed(23)
    for name in ("isnan", "isfinite"):
        one_operand(name, getattr(torch, name), whole=True)
        row(name, getattr(torch, name), bits=[mask(0, 1)])
    for name, function in (("softplus/1.0,20.0", F.softplus),
                           ("softplus/2.5,3.0", lambda x: F.softplus(x, 2.5, 3.0)),
                           ("leaky_relu/0.01", F.leaky_relu),
                           ("leaky_relu/-1.5", lambda x: F.leaky_relu(x, -1.5))):
        one_operand(name, function)
        row(name, function, beyond=[beyond], one=[plain(1)], scalar=[plain()], matrix=[plain(3, 4)])
    shifted = [lambda t: special(t).roll(3), lambda t: special(t).roll(7)]
    whole = torch.tensor([-3, 0, 7, 2**31 - 1, -2**31], dtype=torch.int32)
    row("clamp/tensors", torch.clamp, broadcast=[plain(2, 3), plain(3) - 0.5, plain(2, 1) + 0.5],
        special=[special, *shifted], ties=[ties(6, 5), ties(6, 5), ties(6, 5)],
        scalar=[plain(), plain(3) - 1, plain() + 1], empty=[plain(0, 3), plain(3), plain()],
        whole=[whole, torch.tensor(-1, dtype=torch.int32), torch.tensor(5, dtype=torch.int32)],
        misfit=[plain(2, 3), plain(2), plain(3)], one=[plain(1), plain(1), plain()],
        expanded=[Expanded(plain(3, 1), 3, 4), Expanded(plain(1), 4), plain(3, 1)])
    for name, function in (("low", lambda x, limit: torch.clamp(x, min=limit)),
                           ("high", lambda x, limit: torch.clamp(x, max=limit))):
        row(f"clamp/{name}", function, special=[special, shifted[0]], ties=[ties(6, 5), ties(5)],
            whole=[whole, torch.tensor(-1, dtype=torch.int32)], larger=[plain(3), plain(2, 3)])


def product(x, axes, keep):
    """Over several axes, which torch.prod does not take."""
    x.sum(axes)  # raises for axes that are wrong
    for axis in sorted((axis % max(1, x.ndim) for axis in axes), reverse=True):
        x = x.prod(axis, keepdim=keep)
    return x


def more_reductions():
    reduction("min", wide(torch.amin))
    reduction("prod", wide(product))
    for correction in (0, 1):
        reduction(f"std{correction}", wide(
            lambda x, axes, keep, c=correction: torch.std(x, axes, correction=c, keepdim=keep)))
    for name in ("any", "all"):
        reduction(name, wide(getattr(torch, name)))
        for label in ("all", "last", "first"):
            row(f"{name}/{label}", ROWS[f"{name}/{label}"][0],
                bits=[mask([0, 0, 1], [0, 1, 1])], none1=[mask([], [])], whole=[ids([0, 0], [3, 0])])
    torch.manual_seed(24)
    row("prod/last", ROWS["prod/last"][0], zeros=[torch.tensor(
        [[2.0, 0, 3, -0.5], [0, 0, 3, 2], [-0.0, 0, 0, 0], [1, 2, 3, -4]])])
    row("std1/last", ROWS["std1/last"][0], constant=[torch.ones(2, 3)])
    for axis in (-1, 0, 1):
        row(f"argmin/{axis}", lambda x, a=axis: x.argmin(a), cube=[plain(2, 3, 4)],
            ties=[ties(2, 3, 4)], special=[rows], large=[large], infinite=[infinite],
            one=[plain(1, 1)], empty=[plain(2, 0)], empty0=[plain(0, 2)], vector=[plain(4)],
            scalar=[plain()], expanded=[Expanded(plain(3, 1), 2, 3, 4)])
    row("argmin/-1.keep", lambda x: x.argmin(-1, keepdim=True), cube=[plain(2, 3, 4)])
