"""The rows of make_comparison.py for limits that are numbers, and for what docs/pytorch-names.md says
to write where heed has no operation of a name."""
import torch
import torch.nn.functional as F

from comparison_cases import beyond, inf, left, nan, plain, right, special


def limits(row):
    torch.manual_seed(51)
    whole = torch.tensor([-3, 0, 7, 2**31 - 1, -2**31], dtype=torch.int32)
    for name in ("clamp_min", "clamp_max"):
        for limit in (2, 0.5, -inf, nan):
            row(f"{name}/{limit}", lambda x, f=getattr(torch, name), n=limit: f(x, n),
                special=[special], empty=[plain(2, 0)], scalar=[plain()], matrix=[plain(3, 4)])
        row(f"{name}/2", getattr(torch, name), whole=[whole])
        row(f"{name}/0.5", getattr(torch, name), whole=[whole])


def numbers(*values):
    return lambda dtype: torch.tensor(values, dtype=dtype)


def elementwise(row):
    halves = numbers(0.0, 0.5, 1, -2, 0.25, 1e-5, 3)
    ends = numbers(3.7, -1, 1e30, 1e-30, 2, 7, -1e15), numbers(1.0, 1, 1, 1e30, 2, -7, 1e15)
    row("recipe.lerp/", torch.lerp, special=[*ends, halves],
        matrix=[plain(3, 4), plain(3, 4), plain(3, 4)])
    row("recipe.glu/", lambda x, y: F.glu(torch.cat((x, y), -1)), matrix=[plain(3, 4), plain(3, 4)],
        special=[numbers(1.0, -2, 1e30, 5, 1e-30, nan), numbers(0.0, 40, -20, inf, 1e-5, 1)])
    row("recipe.isinf/", torch.isinf, special=[special])
    row("recipe.isclose/", torch.isclose, special=[left, right],
        near=[numbers(1.0, 1, 1, 1e30, 0), numbers(1.000001, 1.0001, 0.999999, 1.000001e30, 1e-9)])
    row("recipe.logsigmoid/", F.logsigmoid, special=[numbers(
        -inf, -1e30, -710, -100, -88, -20.5, -19, -6, -1e-5, 0, 1e-5, 6, 12, 20.5, 40, 80, nan)])
    finite = lambda dtype: special(dtype)[special(dtype).isfinite()]
    row("recipe.elu/", F.elu, special=[finite], beyond=[beyond], matrix=[plain(3, 4)])
    for name in ("log2", "reciprocal", "rsqrt", "tan"):
        row(f"recipe.{name}/", getattr(torch, name), special=[special], matrix=[plain(3, 4)])
    huber = lambda x, y: F.huber_loss(x, y, reduction="none")
    row("recipe.huber_loss/", huber, special=[left, right], matrix=[plain(3, 4), plain(3, 4)])


def recipes(row):
    torch.manual_seed(52)
    elementwise(row)
    vectors = numbers([3.0, 4], [0, 0], [0, -0.0], [1e15, -1e15], [nan, 1], [1e-6, 1e-6], [1, 0])
    row("recipe.normalize/", lambda x: F.normalize(x, dim=-1), special=[vectors],
        tiny=[numbers([1e-13, 0.0], [0, 3])], cube=[plain(2, 3, 5)])
    others = numbers([1.0, 2], [1, 2], [0, 0], [1e15, 1e14], [1, 1], [1e-6, -1e-6], [0, 1])
    row("recipe.cosine_similarity/", lambda x, y: F.cosine_similarity(x, y, dim=-1),
        special=[vectors, others], cube=[plain(2, 3, 5), plain(2, 3, 5)])
    row("recipe.cdist/", torch.cdist, matrix=[plain(3, 4), plain(5, 4)],
        batch=[plain(2, 3, 4), plain(2, 5, 4)],
        equal=[numbers([0.0, 1], [2, 3]), numbers([0.0, 1], [2, 4])])
    row("recipe.baddbmm/", torch.baddbmm, batch=[plain(2, 3, 5), plain(2, 3, 4), plain(2, 4, 5)])
    row("recipe.diagonal/", torch.diagonal, matrix=[plain(3, 3)])
    row("recipe.dot/", torch.dot, vectors=[plain(5), plain(5)], empty=[plain(0), plain(0)])
