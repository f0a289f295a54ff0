"""What a row of the comparison with PyTorch is: its inputs at the edges, and what PyTorch makes of
them."""
import math
import zlib

import torch

DIRECTION = (1, -0.5, 2, 0.75, -1.25)
PRECISIONS = {"float32": torch.float32, "float64": torch.float64}
inf, nan = math.inf, math.nan


ROWS = {}


def row(name, function, **cases):
    """Adds cases; each is a list of inputs, and functions of the element type make some of them."""
    known = ROWS.setdefault(name, (function, {}))
    known[1].update(cases)


class Expanded:
    """A leaf that is expanded to a shape before the operation."""

    def __init__(self, leaf, *shape):
        self.leaf, self.shape = leaf, shape


def edge(dtype):
    """Denormal, smallest normal, and nearly the largest number."""
    return (1e-40, 1.5e-38, 3e38) if dtype == torch.float32 else (1e-310, 3e-308, 1.5e308)


def special(dtype):
    denormal, small, huge = edge(dtype)
    return torch.tensor([0.0, -0.0, 1, -1, 0.5, -2, 3.7, -9.25, inf, -inf, nan, denormal, -denormal,
                         small, huge, -huge], dtype=dtype)


def beyond(dtype):
    """Where functions of the exponential begin to overflow, underflow and saturate."""
    x = [-750, -740, -710, -708, -105, -103, -100, -90, -88, -87, -40, -20, -12, -6, -1e-5, 1e-5,
         6, 12, 20, 40, 88, 89, 709, 710]
    return torch.tensor(x, dtype=dtype)


def left(dtype):
    return special(dtype).repeat_interleave(16)


def right(dtype):
    return special(dtype).repeat(16)


def rows(dtype):
    """Rows of four for what reduces them."""
    denormal, small, huge = edge(dtype)
    return torch.tensor([[nan, 1, 2, 3], [1, 2, 3, nan], [nan, nan, nan, nan], [inf, 1, 2, 3],
                         [-inf, 1, 2, 3], [inf, -inf, 1, 2], [-inf, nan, -inf, inf],
                         [nan, -inf, -inf, -inf], [0.0, -0.0, 0.0, -0.0], [-0.0, -0.0, -0.0, -0.0],
                         [denormal, 0, -denormal, denormal], [small, small, 0, small],
                         [2, 1, 2, 2], [1, 1, 1, 1], [0, -90, -100, -740], [0, 0, 0, 5]],
                        dtype=dtype)


def infinite(dtype):
    return torch.tensor([[-inf, -inf, -inf, -inf], [inf, inf, 1, 2]], dtype=dtype)


def large(dtype):
    huge = edge(dtype)[2]
    return torch.tensor([[huge, 1, -huge, 2], [huge, huge, 1, 0], [-huge, -huge, -huge, -huge]],
                        dtype=dtype)


def plain(*shape):
    """Numbers that float32 has as well."""
    return torch.randn(shape).double()


def above(*shape):
    return plain(*shape).abs() + 0.25


def ties(*shape):
    return torch.randint(-1, 2, shape).double()


def ids(*values):
    return torch.tensor(values, dtype=torch.int64)


def mask(*values):
    return torch.tensor(values, dtype=torch.bool)


def inputs_of(case, dtype):
    """The leaves, and what the operation gets."""
    leaves, arguments = [], []
    for given in case:
        leaf = given.leaf if isinstance(given, Expanded) else given
        leaf = leaf(dtype) if callable(leaf) else leaf
        if leaf.is_floating_point():
            leaf = leaf.detach().to(dtype).clone().requires_grad_()
        leaves.append(leaf)
        arguments.append(leaf.expand(given.shape) if isinstance(given, Expanded) else leaf)
    return leaves, arguments


def directions(y):
    count = torch.arange(y.numel()) % len(DIRECTION)
    return torch.tensor(DIRECTION, dtype=y.dtype)[count].reshape(y.shape)


def compute(key, function, case, dtype):
    leaves, arguments = inputs_of(case, dtype)
    stored = {f"{key}/in/{i}": leaf for i, leaf in enumerate(leaves)}
    for i, given in enumerate(case):
        if isinstance(given, Expanded):
            stored[f"{key}/shape/{i}"] = torch.tensor(given.shape)
    try:
        y = function(*arguments)
        outputs = [y] if isinstance(y, torch.Tensor) else list(y)
        floating = [y for y in outputs if y.requires_grad]
        if floating:
            torch.autograd.backward(floating, [directions(y) for y in floating])
    except (RuntimeError, IndexError, ValueError) as error:
        print(f"{key}: {str(error).splitlines()[0][:100]}")
        stored[f"{key}/error"] = torch.zeros(0)
        return stored
    stored.update({f"{key}/out/{i}": y for i, y in enumerate(outputs)})
    stored.update({f"{key}/grad/{i}": leaf.grad for i, leaf in enumerate(leaves)
                   if leaf.is_floating_point() and leaf.grad is not None})
    return stored


def stored_as(tensor):
    tensor = tensor.detach()
    return (tensor.to(torch.int32) if tensor.dtype == torch.int64 else tensor).contiguous().clone()


def one_operand(name, function, whole=False):
    torch.manual_seed(zlib.crc32(name.encode()))
    with_number = dict(special=[special], empty=[plain(0)], expanded=[Expanded(plain(3, 1), 3, 4)])
    row(name, function, **with_number)
    if "/" in name:
        return
    row(name, function, beyond=[beyond], empty3=[plain(2, 0, 3)], one=[plain(1)],
        scalar=[plain()], matrix=[plain(3, 4)])
    if whole:
        row(name, function, whole=[torch.tensor([-3, 0, 7, 2**31 - 1, -2**31], dtype=torch.int32)])


AXES = {"all": None, "last": (-1,), "first": (0,), "middle": (-2,), "outer": (0, -1),
        "twice": (1, -2), "beyond": (3,), "below": (-4,)}


def reduction(name, function, scalars=True):
    """function(x, axes, keep)"""
    torch.manual_seed(zlib.crc32(name.encode()))
    for label, axes in AXES.items():
        for keep in (False, True):
            wrong = label in ("twice", "beyond", "below")
            if keep and wrong:
                continue
            of = lambda x, a=axes, k=keep: function(x, tuple(range(x.ndim)) if a is None else a, k)
            key = f"{name}/{label}{'.keep' if keep else ''}"
            row(key, of, cube=[plain(2, 3, 4)], empty=[plain(2, 0, 3)])
            if keep or wrong:
                continue
            row(key, of, ties=[ties(2, 3, 4)], ones=[plain(1, 1, 1)], empty0=[plain(0, 2, 3)],
                expanded=[Expanded(plain(1, 3, 1), 2, 3, 4)])
    for label, axes in (("all", None), ("last", (-1,))):
        of = lambda x, a=axes: function(x, tuple(range(x.ndim)) if a is None else a, False)
        if label == "last":
            row(f"{name}/last", of, special=[rows], large=[large], infinite=[infinite])
        row(f"{name}/{label}", of, scalar=[plain()], vector=[plain(5)], one=[plain(1)],
            none=[plain(0)])


def wide(function):
    """A torch function that takes no empty list of axes for a scalar."""
    return lambda x, axes, keep: function(x, axes, keep) if axes else function(x[None], (0,), False)
