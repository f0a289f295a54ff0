#!/usr/bin/env python3
"""Writes result_types.txt: what PyTorch makes of operands of two element types, with axes and
without. A line is

    operation | type axes | type axes or a number | type of the result | values | gradients

    python3 tests/golden/make_result_types.py      needs PyTorch 2.13
"""
import os

import torch
import torch.nn.functional as F

TYPES = {"float32": torch.float32, "float64": torch.float64, "int32": torch.int32,
         "bool": torch.bool}
NAMES = {dtype: name for name, dtype in TYPES.items()} | {torch.int64: "int32"}
NUMBERS = {"True": True, "2": 2, "0.5": 0.5}
MASK = torch.tensor([True, False])

BINARY = {
    "add": torch.add, "sub": torch.sub, "mul": torch.mul, "div": torch.div, "pow": torch.pow,
    "minimum": torch.minimum, "maximum": torch.maximum, "eq": torch.eq, "lt": torch.lt,
    "logical_and": torch.logical_and, "where": lambda a, b: torch.where(MASK, a, b),
    "clamp_low": lambda a, b: torch.clamp(a, min=b),
    "clamp_both": lambda a, b: torch.clamp(a, b, b), "stack": lambda a, b: torch.stack([a, b]),
    "cat": lambda a, b: torch.cat([a, b]), "mse_loss": F.mse_loss, "l1_loss": F.l1_loss,
    "matmul": torch.matmul, "result_type": lambda a, b: torch.empty(0, dtype=torch.result_type(a, b)),
    "add_": lambda a, b: a.clone().add_(b), "sub_": lambda a, b: a.clone().sub_(b),
    "mul_": lambda a, b: a.clone().mul_(b), "div_": lambda a, b: a.clone().div_(b),
}
# Losses and joints of two shapes are another matter.
ONE_SHAPE = ("stack", "cat", "mse_loss", "l1_loss")
WITH_NUMBER = ("add", "sub", "mul", "div", "pow", "where", "result_type", "add_", "sub_", "mul_",
               "div_")
NUMBER_FIRST = {"rsub": lambda a, b: b - a, "rdiv": lambda a, b: b / a, "rpow": lambda a, b: b ** a}
UNARY = {name: getattr(torch, name) for name in """neg square abs sqrt exp log tanh sin cos log1p
    sigmoid relu sign round floor ceil sum mean prod amax amin var logical_not""".split()} | {
    "gelu": F.gelu, "silu": F.silu, "cumsum": lambda x: torch.cumsum(x, -1),
    "argmax": lambda x: torch.argmax(x, -1), "logsumexp": lambda x: torch.logsumexp(x, -1),
    "topk": lambda x: torch.topk(x, 1)[0], "sort": lambda x: torch.sort(x)[0],
    "softmax": lambda x: torch.softmax(x, -1)}


def operand(dtype, axes, first):
    values = [[3, 1], [2, 1]][0 if first else 1]
    x = torch.tensor(values if axes else values[0]).to(TYPES[dtype])
    return x.requires_grad_() if x.is_floating_point() else x


def numbers(x):
    return " ".join(repr(float(value)) for value in x.detach().double().flatten())


def line(operation, function, described, operands):
    head = " | ".join([operation, *described])
    refusals = (RuntimeError, IndexError, TypeError, NotImplementedError)
    try:
        y = function(*operands)
    except refusals:
        return f"{head} | refused"
    gradients = []
    if y.requires_grad:
        try:
            y.sum().backward()
        except refusals:  # of a bool, in pow and mse_loss, which forward are sound
            return " | ".join([head, NAMES[y.dtype], numbers(y)])
        gradients = [numbers(x.grad) if isinstance(x, torch.Tensor) and x.grad is not None else "-"
                     for x in operands]
    return " | ".join([head, NAMES[y.dtype], numbers(y), " ; ".join(gradients)]).rstrip()


def lines():
    every = [(dtype, axes) for dtype in TYPES for axes in (1, 0)]
    for operation, function in BINARY.items():
        for a, axes_a in every:
            for b, axes_b in every:
                if operation in ONE_SHAPE and axes_a != axes_b:
                    continue
                if operation == "cat" and not axes_a or operation == "matmul" and not (
                        axes_a and axes_b) or operation.endswith("_") and not axes_a:
                    continue
                with torch.set_grad_enabled(not operation.endswith("_")):
                    yield line(operation, function, [f"{a} {axes_a}", f"{b} {axes_b}"],
                               [operand(a, axes_a, True), operand(b, axes_b, False)])
    for operation in (*WITH_NUMBER, *NUMBER_FIRST):
        function = BINARY.get(operation) or NUMBER_FIRST[operation]
        for dtype, axes in every:
            for name, number in NUMBERS.items():
                if operation.endswith("_") and not axes:
                    continue
                with torch.set_grad_enabled(not operation.endswith("_")):
                    yield line(operation, function, [f"{dtype} {axes}", name],
                               [operand(dtype, axes, True), number])
    for operation, function in UNARY.items():
        for dtype in TYPES:
            yield line(operation, function, [f"{dtype} 1", "-"], [operand(dtype, 1, True)])


def main():
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "result_types.txt")
    with open(path, "w", encoding="utf-8") as out:
        out.write(f"# PyTorch {torch.__version__.split('+')[0]}: make_result_types.py\n")
        out.writelines(each + "\n" for each in lines())


if __name__ == "__main__":
    main()
