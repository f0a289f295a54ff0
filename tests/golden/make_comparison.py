#!/usr/bin/env python3
"""Writes comparison.safetensors: what PyTorch computes for every operation, value and gradient, at
sizes 0 and 1, of scalars, along negative axes, broadcast, and at NaN, infinities, denormals, -0 and
ties; and where it raises.

    python3 make_comparison.py [FOLDER]

Made with torch 2.13.0 (CPU, one thread). tests/core/comparison_test.cpp has one row for each row
here, by its name, and walks the file; both take those of core/elementwise_rows.hpp from there. The
keys are ROW:CASE:PRECISION/..., with

    in/I       the inputs; shape/I where input I is expanded to a shape before it is used
    out/I      the outputs
    grad/I     the gradients of sum_I sum_i out_I[i] * direction[i % 5]
    error      there is no result: PyTorch raises

Inputs of layouts other than the dense one have the same numbers, so that the file has each case
once and the test lays them out.
"""
import os
import re
import sys
import zlib

import safetensors
import torch
import torch.nn.functional as F
from safetensors.torch import save_file

import comparison_selection
from comparison_cases import (PRECISIONS, ROWS, Expanded, above, compute, ids, inf, infinite, large,
                              left, mask, nan, one_operand, plain, reduction, right, row, rows,
                              special, stored_as, ties, wide)
from comparison_functions import more_reductions, piecewise
from comparison_losses import class_losses, last_layers, losses, pairwise_losses
from comparison_norms import norms
from comparison_recipes import limits, recipes

HERE = os.path.dirname(os.path.abspath(__file__))

# --- elementwise ----------------------------------------------------------------------------------


def heed_rows(rows):
    """Name, PyTorch's function and `takes int32` of each row of core/elementwise_rows.hpp."""
    with open(os.path.join(HERE, "../../core/elementwise_rows.hpp")) as file:
        body = re.search(rf"#define {rows}\(ROW\)(.*\\\n)+.*", file.read()).group(0)
    for name, takes in re.findall(r"ROW\((\w+), +(\w+)", body):
        yield name, getattr(torch, name, None) or getattr(F, name), takes == "arithmetic"


def two_operands(name, function, whole=False):
    torch.manual_seed(zlib.crc32(name.encode()))
    row(name, function, special=[left, right], broadcast=[above(2, 3), above(3)],
        outer=[above(2, 1), above(1, 3)], scalar=[above(), above(2, 3)], scalars=[above(), above()],
        empty=[above(0, 3), above(1, 3)], one=[above(1), above()], ties=[ties(4, 5), ties(4, 5)],
        ranks=[above(2, 1, 3), above(4, 1)], expanded=[Expanded(above(3, 1), 3, 4), above(3, 4)],
        misfit=[above(2, 3), above(4)], misfit0=[above(0), above(2)])
    if whole:
        row(name, function, whole=[torch.tensor([-3, 0, 7, 2**31 - 1], dtype=torch.int32),
                                   torch.tensor([5, 2, -1, 2], dtype=torch.int32)])


def comparison(name, function):
    two_operands(name, function, whole=True)
    row(name, function, bits=[mask(0, 0, 1, 1), mask(0, 1, 0, 1)])
    row(name + "/0.5", lambda x: function(x, 0.5), special=[special],
        whole=[torch.tensor([0, 1, -1], dtype=torch.int32)], bits=[mask(0, 1)], empty=[plain(0)])


def elementwise():
    for name, function, whole in heed_rows("HEED_BINARY_ROWS"):
        two_operands(name, function, whole)
    for name in ("eq", "ne", "lt", "le", "gt", "ge"):
        comparison(name, getattr(torch, name))
    for number in (49.0, 0.0, -1e-39, inf, nan):
        for name, function in (("add", lambda x, c: x + c), ("sub", lambda x, c: x - c),
                               ("rsub", lambda x, c: c - x), ("mul", lambda x, c: x * c),
                               ("div", lambda x, c: x / c), ("rdiv", lambda x, c: c / x)):
            one_operand(f"{name}/{number}", lambda x, f=function, c=number: f(x, c))
    for exponent in (0.0, 1.0, 2.0, 3.0, -1.0, -2.0, 0.5, -0.5, 2.5, inf, nan):
        one_operand(f"pow/{exponent}", lambda x, p=exponent: x**p)
    one_operand("neg", torch.neg, whole=True)
    for name, function, whole in heed_rows("HEED_UNARY_ROWS"):
        one_operand(name, function, whole)


def selections():
    for low, high in ((-1.0, 3.7), (0.0, 0.0), (-inf, inf)):
        one_operand(f"clamp/{low},{high}", lambda x, a=low, b=high: x.clamp(a, b))
    row("clamp/-1,4", lambda x: x.clamp(-1, 4), whole=[torch.tensor([-3, 0, 7], dtype=torch.int32)])
    choose = mask(1, 0, 1)
    row("where", torch.where, broadcast=[choose, plain(2, 3), plain(2, 1)],
        special=[mask(*[i % 2 for i in range(16)]), special, special],
        scalar=[mask(1)[0], plain(), plain(2)], empty=[mask(), plain(2, 0), plain(1)],
        misfit=[choose, plain(2), plain(3)])
    for value in (0.0, -0.0, -inf, nan, 2.5):
        row(f"masked_fill/{value}", lambda x, m, v=value: x.masked_fill(m, v),
            special=[special, mask(*[i % 2 for i in range(16)])], broadcast=[plain(2, 3), choose],
            scalar=[plain(), mask(1)[0]], empty=[plain(2, 0), mask()], misfit=[plain(2), choose],
            larger=[plain(1, 3), choose.expand(2, 3)])
    for diagonal in (0, 1, -2, 7):
        for name, function in (("tril", torch.tril), ("triu", torch.triu)):
            row(f"{name}/{diagonal}", lambda x, f=function, d=diagonal: f(x, d), special=[rows],
                batch=[plain(2, 4, 3)], empty=[plain(0, 3)], empty2=[plain(2, 3, 0)],
                one=[plain(1, 1)], vector=[plain(3)],
                expanded=[Expanded(plain(3, 1), 2, 3, 4)])
    bits = [mask(0, 0, 1, 1), mask(0, 1, 0, 1)]
    row("logical_and", torch.logical_and, bits=bits, outer=[mask(0, 1), mask(0, 1)[:, None]])
    row("logical_or", torch.logical_or, bits=bits, empty=[mask(), mask(1)])
    row("logical_not", torch.logical_not, bits=[bits[0]], scalar=[mask(1)[0]])


# --- reductions -----------------------------------------------------------------------------------

def variance(correction):
    return wide(lambda x, axes, keep: torch.var(x, axes, correction=correction, keepdim=keep))


def reductions():
    reduction("sum", wide(torch.sum))
    reduction("mean", wide(torch.mean))
    for correction in (0, 1, 3):
        reduction(f"var{correction}", variance(correction))
    reduction("max", wide(torch.amax))
    reduction("logsumexp", wide(torch.logsumexp))
    for p in (1.0, 2.0, 2.5, 0.5, inf):
        reduction(f"norm{p}", wide(lambda x, axes, keep, p=p: torch.linalg.vector_norm(
            x, p, dim=axes, keepdim=keep)))
    torch.manual_seed(7)
    for axis in (-1, 0, 1):
        more = dict(cube=[plain(2, 3, 4)], ties=[ties(2, 3, 4)], special=[rows], large=[large],
                    infinite=[infinite], one=[plain(1, 1)], empty=[plain(2, 0)],
                    empty0=[plain(0, 2)], vector=[plain(4)], scalar=[plain()],
                    expanded=[Expanded(plain(3, 1), 2, 3, 4)])
        row(f"argmax/{axis}", lambda x, a=axis: x.argmax(a), **more)
        row(f"cumsum/{axis}", lambda x, a=axis: x.cumsum(a), **more)
        row(f"softmax/{axis}", lambda x, a=axis: x.softmax(a), **more)
        row(f"log_softmax/{axis}", lambda x, a=axis: x.log_softmax(a), **more)
        row(f"sparsemax/{axis}", lambda x, a=axis: sparsemax(x, a), cube=more["cube"],
            ties=more["ties"], one=more["one"], vector=more["vector"], expanded=more["expanded"])
        row(f"topk/2,{axis}", lambda x, a=axis: x.topk(2, a), cube=more["cube"], one=more["one"],
            empty0=[plain(0, 3)], vector=more["vector"])
        row(f"topk/1,{axis},smallest", lambda x, a=axis: x.topk(1, a, largest=False),
            cube=more["cube"], one=more["one"], vector=more["vector"], scalar=more["scalar"])
    row("argmax/-1.keep", lambda x: x.argmax(-1, keepdim=True), cube=[plain(2, 3, 4)])
    row("topk/0,-1", lambda x: x.topk(0, -1), cube=[plain(2, 3)])
    row("topk/3,-1", lambda x: x.topk(3, -1), special=[torch.tensor([1, nan, inf, -inf, 0.5])])
    keep = mask([1, 0, 1, 1], [0, 0, 0, 0], [1, 1, 1, 1])
    for name in ("softmax", "log_softmax", "sparsemax"):
        row(f"{name}/keep", lambda x, k, f=name: kept(f, x, k), matrix=[plain(3, 4), keep],
            broadcast=[plain(2, 3, 4), keep], row=[plain(2, 4), keep[:1]],
            misfit=[plain(3, 3), keep])


def sparsemax(x, axis):
    """Martins and Astudillo 2016, Algorithm 1."""
    sorted_x = x.sort(axis, descending=True).values.movedim(axis, -1)
    place = torch.arange(1, sorted_x.shape[-1] + 1, dtype=x.dtype)
    total = sorted_x.cumsum(-1)
    support = (1 + place * sorted_x > total).sum(-1, keepdim=True)
    threshold = (total.gather(-1, support - 1) - 1) / support
    return (x.movedim(axis, -1) - threshold).relu().movedim(-1, axis)


def kept(name, x, keep):
    """Of the elements that are kept, the others being constant; a row that keeps none is 0."""
    masked = x.masked_fill(~keep, -1e30 if name == "sparsemax" else -inf)
    some = keep.any(-1, keepdim=True).expand_as(x)
    safe = torch.where(some, masked, torch.zeros_like(x))
    y = sparsemax(safe, -1) if name == "sparsemax" else getattr(torch, name)(safe, -1)
    return torch.where(some, torch.where(keep, y, y.detach()), torch.zeros_like(x))


# --- views, indexing, products ------------------------------------------------------------------


def views():
    torch.manual_seed(11)
    cases = dict(cube=[plain(2, 3, 4)], ones=[plain(1, 1, 1)], empty=[plain(2, 0, 4)],
                 expanded=[Expanded(plain(3, 1), 2, 3, 4)])
    small = dict(scalar=[plain()], vector=[plain(3)])
    for name, function in {
            "reshape/-1": lambda x: x.reshape(-1), "reshape/4,-1": lambda x: x.reshape(4, -1),
            "reshape/2,5": lambda x: x.reshape(2, 5), "reshape/1": lambda x: x.reshape(1),
            "transpose/0,-1": lambda x: x.transpose(0, -1),
            "transpose/1,1": lambda x: x.transpose(1, 1),
            "permute/-1,0,1": lambda x: x.permute(-1, 0, 1),
            "permute/0,0,1": lambda x: x.permute(0, 0, 1), "permute/": lambda x: x.permute(()),
            "slice/1,1,3": lambda x: x[:, 1:3], "slice/-1,-3,9,2": lambda x: x[..., -3:9:2],
            "slice/0,2,1": lambda x: x[2:1], "select/-1,-1": lambda x: x.select(-1, -1),
            "select/0,0": lambda x: x.select(0, 0), "select/1,5": lambda x: x.select(1, 5),
            "squeeze/0": lambda x: x.squeeze(0), "squeeze/-4": lambda x: x.squeeze(-4),
            "unsqueeze/-1": lambda x: x.unsqueeze(-1), "unsqueeze/0": lambda x: x.unsqueeze(0),
            "unsqueeze/5": lambda x: x.unsqueeze(5),
            "expand/5,2,3,4": lambda x: x.expand(5, 2, 3, 4), "expand/2": lambda x: x.expand(2),
            "flip/0,-1": lambda x: x.flip(0, -1), "flip/": lambda x: x.flip(()),
            "flip/1,1": lambda x: x.flip(1, 1), "split/2,-1": lambda x: x.split(2, -1),
            "split/3,0": lambda x: x.split(3, 0), "split/0,0": lambda x: x.split(0, 0),
            "clone/": lambda x: x.clone()}.items():
        row(name, function, **cases, **small)
    for axis in (0, -1, 2):
        pair = dict(pair=[plain(2, 3), plain(2, 3)], one=[plain(1, 1), plain(1, 1)],
                    empty=[plain(0, 3), plain(0, 3)], scalars=[plain(), plain()],
                    misfit=[plain(2, 3), plain(3, 2)], ranks=[plain(2, 3), plain(3)],
                    expanded=[Expanded(plain(3), 2, 3), plain(2, 3)])
        row(f"cat/{axis}", lambda a, b, d=axis: torch.cat((a, b), d), **pair,
            longer=[plain(2, 3), plain(4, 3)], nothing=[plain(2, 3), plain(0)],
            empty2=[plain(2, 3), plain(0, 3)])
        row(f"stack/{axis}", lambda a, b, d=axis: torch.stack((a, b), d), **pair)


def indexing():
    torch.manual_seed(12)
    index = ids([2, 0], [0, 0], [1, 2])
    for axis in (0, -1):
        row(f"gather/{axis}", lambda x, i, d=axis: x.gather(d, i), matrix=[plain(3, 3), index],
            special=[lambda t: rows(t)[:, :3], index], empty=[plain(3, 3), ids()[:, None]],
            ranks=[plain(3), index], beyond=[plain(3, 3), ids([0, 3])],
            below=[plain(3, 3), ids([-1])],
            larger=[plain(2, 2), index], vector=[plain(4), ids(3, 3, 0)],
            expanded=[Expanded(plain(1, 3), 3, 3), index])
        row(f"index_select/{axis}", lambda x, i, d=axis: x.index_select(d, i),
            cube=[plain(3, 2, 3), ids(2, 0, 2)], empty=[plain(3, 3), ids()],
            matrix=[plain(3, 3), index], beyond=[plain(3, 3), ids(3)], below=[plain(3, 3), ids(-1)],
            vector=[plain(3), ids(1, 1)], special=[lambda t: rows(t)[:4], ids(3, 0, 1)],
            expanded=[Expanded(plain(3, 1), 2, 3, 4), ids(1, 0)])
        row(f"scatter_add/{axis}", lambda x, i, s, d=axis: x.scatter_add(d, i, s),
            matrix=[plain(3, 3), index, plain(3, 2)], vector=[plain(3), ids(1, 1), plain(2)],
            empty=[plain(3, 3), ids()[:, None], plain(0, 1)],
            beyond=[plain(3, 3), ids([3]), plain(1, 1)], misfit=[plain(3, 3), index, plain(2, 2)],
            special=[lambda t: rows(t)[:3, :3], index, lambda t: rows(t)[3:6, :2]],
            expanded=[Expanded(plain(1, 3), 3, 3), index, Expanded(plain(3, 1), 3, 2)])
    for padding in (-1, 2):
        row(f"embedding/{padding}",
            lambda w, i, p=padding: F.embedding(i, w, None if p < 0 else p),
            matrix=[plain(4, 3), ids([1, 2], [3, 1])], scalar=[plain(4, 3), ids(1)[0]],
            empty=[plain(4, 3), ids()], beyond=[plain(4, 3), ids(4)], below=[plain(4, 3), ids(-1)],
            vector=[plain(4), ids(1)], special=[lambda t: rows(t)[:4], ids(0, 1, 2, 2, 3)],
            none=[plain(3, 0), ids(1, 2)], expanded=[Expanded(plain(3, 1), 3, 4), ids(1, 2)])


def products():
    torch.manual_seed(13)
    row("matmul/", torch.matmul, matrix=[plain(3, 4), plain(4, 2)], row=[plain(4), plain(4, 2)],
        column=[plain(3, 4), plain(4)], dot=[plain(4), plain(4)], one=[plain(1, 1), plain(1, 1)],
        batch=[plain(2, 3, 4), plain(2, 4, 5)], shared=[plain(2, 3, 4), plain(4, 5)],
        broadcast=[plain(2, 1, 3, 4), plain(5, 4, 2)], rows=[plain(4), plain(2, 4, 3)],
        columns=[plain(2, 3, 4), plain(4)], inner0=[plain(3, 0), plain(0, 2)],
        outer0=[plain(0, 4), plain(4, 2)], batch0=[plain(0, 3, 4), plain(4, 2)],
        dot0=[plain(0), plain(0)], scalar=[plain(), plain(3)], misfit=[plain(3, 4), plain(3, 4)],
        misfit3=[plain(2, 3, 4), plain(3, 4, 2)], special=[rows, lambda t: plain(4, 1).to(t).abs()],
        expanded=[Expanded(plain(3, 1), 3, 4), Expanded(plain(1, 2), 4, 2)])
    row("linear/bias", F.linear, matrix=[plain(3, 4), plain(2, 4), plain(2)],
        batch=[plain(2, 3, 4), plain(5, 4), plain(5)], vector=[plain(4), plain(2, 4), plain(2)],
        empty=[plain(0, 4), plain(2, 4), plain(2)], inner0=[plain(3, 0), plain(2, 0), plain(2)],
        misfit=[plain(3, 4), plain(2, 3), plain(2)], misfit1=[plain(3, 4), plain(2, 4), plain(3)],
        expanded=[Expanded(plain(4), 3, 4), Expanded(plain(2, 1), 2, 4), Expanded(plain(1), 2)])
    row("linear/", F.linear, matrix=[plain(3, 4), plain(2, 4)], one=[plain(1, 1), plain(1, 1)],
        special=[rows, lambda t: plain(1, 4).to(t).abs()], outer0=[plain(3, 4), plain(0, 4)])
    for equation, shapes in {
            "ij,jk->ik": ((2, 3), (3, 4)), "bshd,bthd->bhst": ((2, 3, 1, 2), (2, 4, 1, 2)),
            "ii->": ((3, 3),), "iij->ji": ((2, 2, 3),), "...i,i->...": ((2, 3, 4), (4,)),
            "i,j": ((2,), (3,)), ",": ((), ()), "ij->": ((2, 0),), "ij,ij->j": ((1, 3), (2, 3)),
            "ij,jk,k->i": ((2, 3), (3, 4), (4,)), "ij,jk": ((2, 0), (0, 3)), "ij->ik": ((2, 2),),
            "ij,jk->": ((2, 3), (2, 3)), "ba": ((2, 3),), "ij->ijj": ((2, 3),)}.items():
        row(f"einsum/{equation}", lambda *x, e=equation: torch.einsum(e, *x),
            plain=[plain(*shape) for shape in shapes])


# --- the file -------------------------------------------------------------------------------------


def main():
    folder = sys.argv[1] if len(sys.argv) > 1 else HERE
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    for family in (elementwise, selections, piecewise, reductions, more_reductions, views, indexing,
                   products, losses, class_losses, pairwise_losses, last_layers):
        family()
    norms(row)
    for family in (*comparison_selection.FAMILIES, limits, recipes):
        family(row)
    tensors = {}
    for name, (function, cases) in ROWS.items():
        for label, case in cases.items():
            whole = all(isinstance(x, torch.Tensor) and not x.is_floating_point() for x in case)
            for precision, dtype in PRECISIONS.items():
                if whole and precision == "float64":
                    continue
                tensors.update(compute(f"{name}:{label}:{precision}", function, case, dtype))
    path = os.path.join(folder, "comparison.safetensors")
    made_with = f"torch {torch.__version__}, safetensors {safetensors.__version__}"
    save_file({key: stored_as(tensor) for key, tensor in tensors.items()}, path,
              metadata={"made_with": made_with})
    print(f"{path}: {len(ROWS)} rows, {len(tensors)} tensors, {os.path.getsize(path)} bytes")


if __name__ == "__main__":
    main()
