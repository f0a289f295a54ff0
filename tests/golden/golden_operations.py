"""Golden files of operations, layers without recurrence or heads, losses and optimisers."""
import math

import torch
import torch.nn.functional as F
from torch import nn

from golden_file import PRECISIONS, call, ragged, random_weights, record
from golden_rnn_search import AdditiveAttention

EINSUMS = {
    "product": ("ij,jk->ik", (3, 5), (5, 7)),
    "heads": ("bshd,bthd->bhst", (2, 3, 5, 7), (2, 11, 5, 7)),
    "implicit": ("bca,cAd", (2, 3, 5), (3, 7, 11)),
    "chain": ("ab,bc,cd,a->d", (3, 5), (5, 7), (7, 2), (3,)),
    "bilinear": ("bi,oij,bj->bo", (3, 5), (7, 5, 2), (3, 2)),
    "trace": ("ii->", (5, 5)),
    "diagonals": ("iji,jkj->jik", (3, 5, 3), (5, 2, 5)),
    "ellipsis": ("...ij,j...->i...", (2, 1, 3, 5), (5, 7)),
    "elementwise": ("ab,ab,b->ba", (3, 5), (3, 5), (5,)),
    "ones": ("ij,ij->j", (1, 5), (7, 5)),
    "transpose": ("ijk->kij", (2, 3, 5)),
}
NORMS = {"norm1": 1, "norm2": 2, "norm2.5": 2.5, "norm0.5": 0.5, "norminf": math.inf}


def make_operations(golden, seed):
    for case, (equation, *shapes) in EINSUMS.items():
        inputs = {str(i): torch.randn(shape) for i, shape in enumerate(shapes)}
        record(golden, "einsum." + case, seed, inputs, {},
               lambda i, w, equation=equation: {"y": torch.einsum(equation, *i.values())})
    x = torch.randn(2, 7, 5)
    for case, k, axis, largest in (("largest", 3, 1, True), ("smallest", 2, -1, False)):
        record(golden, "topk." + case, seed, {"x": x}, {}, lambda i, w, k=k, axis=axis,
               largest=largest: {"y": i["x"].topk(k, axis, largest).values})
        golden.put("topk." + case, seed, "input", "indices", x.topk(k, axis, largest).indices)
    for case, p in NORMS.items():
        with_zero = x.clone()
        with_zero[0, 2, 3] = 0
        with_zero[1, 4] = 0
        record(golden, case, seed, {"x": with_zero}, {}, lambda i, w, p=p: {
            "all": torch.linalg.vector_norm(i["x"], p),
            "last": torch.linalg.vector_norm(i["x"], p, dim=-1),
            "two": torch.linalg.vector_norm(i["x"], p, dim=(0, 2), keepdim=True)})
    record(golden, "ordered", seed, {"x": x}, {}, lambda i, w: {
        "cumsum": i["x"].cumsum(1), "cumsum.last": i["x"].cumsum(-1),
        "tril": i["x"].tril(), "tril.above": i["x"].tril(2), "triu.below": i["x"].triu(-3),
        "flip": i["x"].flip(0, -1)})


def make_layers(golden, seed):
    linear = nn.Linear(5, 7)
    record(golden, "linear", seed, {"x": torch.randn(3, 2, 5)}, random_weights(linear),
           lambda i, w: {"y": call(linear, w, i["x"])})

    norm = nn.LayerNorm(11)
    record(golden, "layer_norm", seed, {"x": torch.randn(3, 7, 11) * 2 + 0.5},
           {"weight": torch.randn(11), "bias": torch.randn(11)},
           lambda i, w: {"y": call(norm, w, i["x"])})

    padding = 3
    ids = torch.randint(0, 13, (5, 7))
    ids[1, 2] = ids[4, 6] = padding
    for case, module in (("embedding", nn.Embedding(13, 5)),
                         ("embedding_padding", nn.Embedding(13, 5, padding_idx=padding))):
        record(golden, case, seed, {"ids": ids}, {"weight": torch.randn(13, 5)},
               lambda i, w, module=module: {"y": call(module, w, i["ids"])})

    attention = AdditiveAttention(11, 14, 13)
    keep = torch.arange(7) < torch.tensor([[7], [2], [5]])
    record(golden, "additive_attention", seed,
           {"s": torch.randn(3, 11), "annotations": torch.randn(3, 7, 14), "keep": keep},
           random_weights(attention),
           lambda i, w: dict(zip(("context", "weights"),
                                 call(attention, w, i["s"], i["annotations"], i["keep"]))))


def make_norms(golden, seed):
    """Norms of several axes and without weights; the words of a text as one vector."""
    x = torch.randn(3, 7, 11) * 2 + 0.5
    norms = {
        "layer_norm_axes": nn.LayerNorm([7, 11]),
        "layer_norm_no_bias": nn.LayerNorm(11, eps=0.1, bias=False),
        "layer_norm_plain": nn.LayerNorm([7, 11], eps=0.1, elementwise_affine=False),
        "rms_norm": nn.RMSNorm(11),
        "rms_norm_axes": nn.RMSNorm([7, 11], eps=0.1),
        "rms_norm_plain": nn.RMSNorm(11, elementwise_affine=False)}
    for case, norm in norms.items():
        weights = {name: torch.randn(p.shape) for name, p in norm.named_parameters()}
        record(golden, case, seed, {"x": x}, weights,
               lambda i, w, norm=norm: {"y": call(norm, w, i["x"])}, ["float64"])

    def pooled(i):
        keep = i["keep"][:, :, None]
        return {"mean": i["x"].masked_fill(~keep, 0).sum(1) / keep.sum(1),
                "max": i["x"].masked_fill(~keep, -math.inf).amax(1)}

    record(golden, "pooling", seed, {"x": x, "keep": ragged([7, 2, 5], 7)}, {},
           lambda i, w: pooled(i), ["float64"])


def make_cross_entropy(golden, seed):
    target = torch.randint(0, 13, (17,))
    target[2] = target[11] = 5
    for smoothing in (0.0, 0.1):
        for reduction in ("mean", "sum", "none"):
            case = f"{reduction}_{'smoothed' if smoothing else 'plain'}"
            record(golden, case, seed, {"logits": torch.randn(17, 13) * 3, "target": target}, {},
                   lambda i, w, s=smoothing, r=reduction: {
                       "y": F.cross_entropy(i["logits"], i["target"], ignore_index=5,
                                            label_smoothing=s, reduction=r)})


def make_optim(golden, seed):
    cases = {
        "sgd": (torch.optim.SGD, dict(lr=0.1)),
        "sgd_momentum": (torch.optim.SGD, dict(lr=0.1, momentum=0.9)),
        "sgd_dampening": (torch.optim.SGD, dict(lr=0.1, momentum=0.9, dampening=0.3)),
        "sgd_nesterov": (torch.optim.SGD, dict(lr=0.1, momentum=0.9, nesterov=True)),
        "sgd_decay": (torch.optim.SGD, dict(lr=0.1, momentum=0.9, weight_decay=0.03)),
        "adam": (torch.optim.Adam, dict(lr=0.01)),
        "adam_betas": (torch.optim.Adam, dict(lr=0.01, betas=(0.8, 0.98), eps=1e-3)),
        "adam_decay": (torch.optim.Adam, dict(lr=0.01, weight_decay=0.03)),
        "adamw": (torch.optim.AdamW, dict(lr=0.01)),
        "adamw_decay": (torch.optim.AdamW, dict(lr=0.01, weight_decay=0.3)),
        "adadelta": (torch.optim.Adadelta, dict(lr=1.0, rho=0.95, eps=1e-6)),
        "adadelta_decay": (torch.optim.Adadelta, dict(lr=0.5, rho=0.9, eps=1e-4,
                                                      weight_decay=0.03)),
    }
    steps, shapes = 20, {"w": (3, 5), "b": (7,)}
    for case, (optimizer_class, options) in cases.items():
        start = {name: torch.randn(shape) for name, shape in shapes.items()}
        gradients = {name: torch.randn(steps, *shape) for name, shape in shapes.items()}
        for name in shapes:
            golden.put(case, seed, "weight", name, start[name])
            golden.put(case, seed, "input", "grad." + name, gradients[name])
        for precision, dtype in PRECISIONS.items():
            parameters = {name: nn.Parameter(t.to(dtype).clone()) for name, t in start.items()}
            optimizer = optimizer_class(parameters.values(), **options)
            history = {name: [] for name in shapes}
            for step in range(steps):
                for name, parameter in parameters.items():
                    parameter.grad = gradients[name][step].to(dtype)
                optimizer.step()
                for name, parameter in parameters.items():
                    history[name].append(parameter.detach().clone())
            for name in shapes:
                golden.put(case, seed, precision, "output", name, torch.stack(history[name]))
