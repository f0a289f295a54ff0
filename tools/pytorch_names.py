#!/usr/bin/env python3
"""Writes docs/pytorch-names.md: which names of PyTorch heed has, by its headers, and which not.

    python3 tools/pytorch_names.py [--check]    write the page, or compare it with the headers
"""
import os
import re
import sys
import textwrap

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
PAGE = os.path.join(ROOT, "docs", "pytorch-names.md")

# PyTorch's names that recurrent and attention models use, by where they stand there.
NAMES = {
    "torch: making tensors": """arange empty empty_like eye from_numpy full full_like linspace
        manual_seed multinomial normal ones ones_like rand rand_like randint randn randn_like
        randperm tensor zeros zeros_like""",
    "torch: elementwise": """abs add allclose ceil clamp clamp_max clamp_min cos div erf exp expm1
        floor fmod isclose isfinite isinf isnan lerp log log1p log2 logical_and logical_not
        logical_or maximum minimum mul neg pow reciprocal remainder round rsqrt sigmoid sign sin
        sqrt square sub tan tanh where eq ge gt le lt ne""",
    "torch: reductions and order": """all amax amin any argmax argmin argsort cummax cumprod cumsum
        logsumexp max mean median min norm prod sort std sum topk unique var""",
    "torch: products": "baddbmm bmm cdist dot einsum matmul mm mv outer tensordot",
    "torch: shapes and indices": """broadcast_to cat chunk diagonal expand flatten flip gather
        index_add index_put_ index_select masked_fill masked_fill_ masked_select movedim nonzero
        permute repeat repeat_interleave reshape roll scatter scatter_add select slice split squeeze
        stack swapaxes take_along_dim tile transpose tril triu unbind unfold unsqueeze view""",
    "torch: element types": "can_cast promote_types result_type",
    "torch.autograd": """autocast backward checkpoint detach detect_anomaly enable_grad grad
        gradcheck hessian jacobian no_grad register_hook retain_grad vmap""",
    "torch.nn.functional": """binary_cross_entropy binary_cross_entropy_with_logits conv1d
        cosine_similarity cross_entropy ctc_loss dropout elu embedding gelu glu gumbel_softmax
        huber_loss kl_div l1_loss layer_norm leaky_relu linear log_softmax logsigmoid mse_loss
        nll_loss normalize one_hot pad relu rms_norm scaled_dot_product_attention silu smooth_l1_loss
        softmax softplus""",
    "torch.nn": """BCELoss BCEWithLogitsLoss BatchNorm1d Bilinear Conv1d CrossEntropyLoss Dropout
        Embedding EmbeddingBag GRU GRUCell Identity KLDivLoss L1Loss LSTM LSTMCell LayerNorm Linear
        MSELoss Module ModuleDict ModuleList MultiheadAttention NLLLoss Parameter ParameterList
        RMSNorm RNN RNNCell ReLU Sequential SmoothL1Loss Softmax Tanh Transformer
        TransformerDecoder TransformerDecoderLayer TransformerEncoder TransformerEncoderLayer""",
    "torch.nn.init and torch.nn.utils": """clip_grad_norm_ clip_grad_value_ constant_
        kaiming_normal_ kaiming_uniform_ normal_ orthogonal_ pack_padded_sequence pad_sequence
        parameters_to_vector trunc_normal_ uniform_ weight_norm xavier_normal_ xavier_uniform_
        zeros_""",
    "torch.optim": """Adadelta Adagrad Adam AdamW LBFGS Optimizer RMSprop SGD betas param_groups
        lr_scheduler.CosineAnnealingLR lr_scheduler.ExponentialLR lr_scheduler.LambdaLR
        lr_scheduler.LinearLR lr_scheduler.ReduceLROnPlateau lr_scheduler.StepLR
        swa_utils.AveragedModel""",
    "torch.utils.data": "DataLoader Dataset RandomSampler Subset random_split",
    "torch.nn.Module": """eval load_state_dict named_parameters parameters register_buffer
        requires_grad_ state_dict to train zero_grad""",
    "torch": "load save set_num_threads",
    "safetensors.torch": "load_file load_model save_file save_model",
}

# Under another name, or written otherwise.
OTHERWISE = {
    "dropout": "`Dropout`, the layer; `dropout(x, p)` drops always",
    "embedding": "embedding(weight, ids)",
    "Transformer": "`TransformerEncoder`, `TransformerDecoder`; `Transformer` has embeddings too",
    "zero_grad": "optimizer.zero_grad()",
    "amax": "max(x, axes)",
    "amin": "min(x, axes)",
    "argmax": "`argmax(x, axis)`; of all elements `argmax(reshape(x, {-1}), 0)`",
    "argmin": "`argmin(x, axis)`; of all elements `argmin(reshape(x, {-1}), 0)`",
    "betas": "`Adam(parameters(net), {.beta1 = 0.9, .beta2 = 0.98})`",
    "autocast": "ProductPrecision",
    "AveragedModel": "`StateAverage`, `ExponentialMovingAverage`",
    "backward": "loss.backward()",
    "Bilinear": "`einsum`, `GeneralScore`",
    "BCELoss": "binary_cross_entropy",
    "BCEWithLogitsLoss": "binary_cross_entropy_with_logits",
    "bmm": "matmul",
    "broadcast_to": "expand",
    "clamp": "`clamp(x, low, high)`; with one number `clamp_min(x, low)`, `clamp_max(x, high)`; "
             "tensors as there, `clamp(x, low, {})`",
    "clip_grad_norm_": "clip_grad_norm",
    "clip_grad_value_": "clip_grad_value",
    "CrossEntropyLoss": "cross_entropy",
    "CosineAnnealingLR": "Schedule::cosine",
    "Dataset": "any type with `size()` and `operator[]`",
    "detach": "x.detach()",
    "detect_anomaly": "DetectAnomaly",
    "dot": "sum(x * y)",
    "Dropout": "`Dropout(p)`, whose p has no default",
    "EmbeddingBag": "`masked_mean` of an embedding",
    "enable_grad": "EnableGrad",
    "ExponentialLR": "Schedule::exponential",
    "flatten": "reshape(x, {-1})",
    "from_numpy": "Tensor::from",
    "index_add": "scatter_add",
    "KLDivLoss": "kl_div",
    "L1Loss": "l1_loss",
    "LambdaLR": "`set_learning_rate` in the loop",
    "LinearLR": "Schedule::constant(warmup)",
    "load_file": "load_tensors",
    "load_model": "load(path, model)",
    "masked_fill_": "`x.copy_(masked_fill(x, mask, number))`",
    "max": "`max(x, axes)`, values alone; places are `argmax(x, axis)`, and the larger of two "
           "tensors is `maximum(a, b)`",
    "min": "`min(x, axes)`, values alone; places are `argmin(x, axis)`, and the smaller of two "
           "tensors is `minimum(a, b)`",
    "mm": "matmul",
    "Module": "a struct with `members`",
    "ModuleDict": "a struct with `members`",
    "ModuleList": "std::vector",
    "movedim": "permute",
    "MSELoss": "mse_loss",
    "MultiheadAttention": "`MultiHeadAttention`, of batches: `unsqueeze(x, 0)` of a single text",
    "mv": "matmul",
    "NLLLoss": "nll_loss",
    "no_grad": "NoGrad",
    "normal": "`Tensor::randn(shape) * deviation + mean`",
    "outer": "einsum",
    "pack_padded_sequence": "keep masks; no packing is needed",
    "param_groups": "`ParameterGroup`: parameters with an lr and weight_decay of their own",
    "ParameterList": "std::vector",
    "ReduceLROnPlateau": "`Trainer` with `schedule = plateau`",
    "register_buffer": "Buffer",
    "register_hook": "x.register_hook(f)",
    "ReLU": "relu",
    "permute": "`permute(x, {0, 2, 1})`, axes in a list",
    "repeat": "`repeat(x, {2, 1})`, numbers in a list",
    "reshape": "`reshape(x, {2, -1})`, sizes in a list, of one too: `reshape(x, {-1})`",
    "expand": "`expand(x, {2, -1})`, sizes in a list",
    "repeat_interleave": "index_select",
    "requires_grad_": "`freeze`, `unfreeze`",
    "save_file": "save_tensors",
    "save_model": "save(path, model)",
    "set_num_threads": "set_threads",
    "Softmax": "softmax",
    "std": "`heed::std(x)`; with `using namespace heed` the name alone may be the standard "
           "library's",
    "StepLR": "Schedule::step",
    "swapaxes": "transpose",
    "take_along_dim": "gather",
    "Tanh": "tanh",
    "tensor": "`Tensor::of`, `Tensor::from`",
    "tile": "repeat",
    "unbind": "x[i]",
    "unique": "a `std::set` of ids",
    "view": "reshape",
}
for name in """constant kaiming_normal kaiming_uniform normal orthogonal trunc_normal uniform
        xavier_normal xavier_uniform zeros""".split():
    OTHERWISE[name + "_"] = "init::" + name

for name in """TransformerDecoder TransformerDecoderLayer TransformerEncoder
        TransformerEncoderLayer""".split():
    OTHERWISE[name] = f"`{name}`, of batches: `unsqueeze(x, 0)` of a single text"
for name, call in {
        "arange": "5", "empty": "{2, 3}", "eye": "3", "full": "{2, 3}, number",
        "linspace": "0, 1, 5", "ones": "{2, 3}", "rand": "{2, 3}", "randint": "0, 9, {2, 3}", "randn": "{2, 3}",
        "randperm": "5", "zeros": "{2, 3}"}.items():
    OTHERWISE[name] = f"Tensor::{name}({call})"

# What is left out, and why or what to write. The code is compiled and compared with PyTorch by
# tests/core/comparison_recipes.cpp.
ABSENT = {
    "allclose": "`all(c).item()`, c as for isclose",
    "Adagrad": "`Adam`, `Adadelta`",
    "baddbmm": "`x + matmul(y, z)`",
    "BatchNorm1d": "a text would depend on its neighbours",
    "Conv1d": "it is for recurrence and attention",
    "conv1d": "it is for recurrence and attention",
    "cdist": "`norm(unsqueeze(x, -2) - unsqueeze(y, -3), 2, -1)`",
    "cosine_similarity": "`sum(x / clamp_min(norm(x, 2, -1, true), 1e-8) * "
                         "(y / clamp_min(norm(y, 2, -1, true), 1e-8)), -1)`",
    "ctc_loss": "no model here aligns by it",
    "cummax": "rare in models",
    "cumprod": "rare in models; a loop of products, and `stack`",
    "diagonal": '`einsum("ii->i", {x})`',
    "elu": "`where(x < 0, expm1(clamp_max(x, 0)), x)`",
    "erf": "`gelu` has it inside",
    "fmod": "rare in models",
    "glu": "`x * sigmoid(y)` of two halves",
    "gumbel_softmax": "noise by hand: `-log(-log(Tensor::rand(shape)))`",
    "hessian": "gradients are of first order",
    "huber_loss": "the mean of `clamp_max(d, 1) * (d - clamp_max(d, 1) / 2)`, `d = abs(x - y)`",
    "index_put_": "x[mask] = y is `x.copy_(where(mask, y, x))`, x[i] = y is `x[i].copy_(y)`",
    "isclose": "`logical_or(x == y, logical_and(isfinite(y), "
               "abs(x - y) <= 1e-8 + 1e-5 * abs(y)))`",
    "isinf": "`abs(x) == INFINITY`",
    "jacobian": "`grad` of each output",
    "LBFGS": "batches are drawn anew each step",
    "lerp": "`x * (1 - z) + y * z`",
    "log2": "`log(x) / std::log(2.0)`",
    "logsigmoid": "`-softplus(-x, 1, INFINITY)`",
    "median": "`sort`",
    "normalize": "`x / clamp_min(norm(x, 2, -1, true), 1e-12)`",
    "parameters_to_vector": "`cat` of reshaped `parameters(model)`",
    "random_split": "`Tensor::randperm`",
    "RandomSampler": "`DataLoader` with `.shuffle = true`",
    "reciprocal": "`1 / x`",
    "remainder": "rare in models",
    "RMSprop": "`Adam`",
    "roll": "`cat` of two slices",
    "retain_grad": "`x.register_hook(f)`, or `grad({loss}, {x})`",
    "rsqrt": "`1 / sqrt(x)`",
    "scatter": "`scatter_add`, `where`",
    "SmoothL1Loss": "smooth_l1_loss, above",
    "smooth_l1_loss": "as huber_loss",
    "Subset": "a std::vector of the items wanted",
    "tan": "`sin(x) / cos(x)`",
    "tensordot": "`einsum`",
    "unfold": "`stack` of slices",
    "vmap": "operations take any leading axes",
    "weight_norm": "a weight is a weight from the start",
}


DECLARATION = re.compile(
    r"^ {0,2}(?!return\b|else\b|throw\b|delete\b|using\b)"
    r"(?:[A-Za-z_][\w:<>*&, ]*[ &*])([a-z]\w*)\(", re.MULTILINE)


TYPE = re.compile(r"^ {0,2}(?:struct|class) (?:\[\[nodiscard\]\] )?([A-Z]\w*)", re.MULTILINE)


def public_headers():
    """What heed.hpp includes, and what these do."""
    todo, seen = [os.path.join(ROOT, "heed.hpp")], set()
    while todo:
        path = os.path.normpath(todo.pop())
        if path in seen or "kernels" in path or "loops" in path:
            continue
        seen.add(path)
        with open(path, encoding="utf-8") as header:
            text = header.read()
        yield re.sub(r"//.*", "", text)
        todo += [os.path.join(os.path.dirname(path), included)
                 for included in re.findall(r'^#include "([^"]+)"', text, re.MULTILINE)]


def declared():
    """The names of functions, structs and classes in heed's public headers."""
    names = set()
    for text in public_headers():
        names.update(TYPE.findall(text))
        names.update(DECLARATION.findall(text))
    return names


def written(how):
    """The names of heed in what is to be written: called, qualified, capitalised, or alone."""
    pieces = re.findall(r"`([^`]*)`", how) if "`" in how else [how] if is_code(how) else []
    for piece in pieces:
        piece = re.sub(r'"[^"]*"', "", piece)
        if re.fullmatch(r"\w+", piece):
            yield piece
        for name in re.findall(r"([A-Za-z_][\w:]*)\(|\b([A-Z]\w+)|(\w+::\w+)", piece):
            name = next(filter(None, name))
            if not name.startswith("std::") and name != "INFINITY":
                yield name.split("::")[-1]


def unknown(names):
    """What the tables say of heed that no header has."""
    return sorted({name for how in (*OTHERWISE.values(), *ABSENT.values())
                   for name in written(how) if name not in names})


def found(name, names):
    """How heed writes it, or None."""
    last = name.split(".")[-1]
    if last in OTHERWISE:
        return OTHERWISE[last]
    for same in (last, last.rstrip("_")):
        if same in names:
            return same
    return None


def is_code(how):
    """Is it what is written, and not words about it?"""
    return "`" not in how and (" " not in how or "(" in how)


def code(how):
    return f"`{how}`" if is_code(how) else how


def page():
    names = declared()
    if unknown(names):
        sys.exit("named here, but in no header: " + " ".join(unknown(names)))
    lines = ["# PyTorch's names in heed", "",
             "What a PyTorch user of recurrent and attention models reaches for, and its name here.",
             "A name alone is the same in heed: a function, a layer or a method. Made from the headers by",
             "`tools/pytorch_names.py`, which a test runs; [pytorch.md](pytorch.md) says how heed's behaviour",
             "differs. In what is to be written instead, x, y and z are PyTorch's arguments in its order, and",
             "the axis is the last. The formulas for what heed has not, but for those that draw or write in",
             "place, are tested: PyTorch's values and gradients, at 0 and far from it too. INFINITY is of",
             "`<cmath>`, which heed.hpp brings.", ""]
    unexplained = []
    for place, listed in NAMES.items():
        lines += [f"## {place}", ""]
        same, other, absent = [], [], []
        for name in listed.split():
            how = found(name, names)
            if how == name:
                same.append(f"`{name}`")
            elif how is not None:
                other.append((name, how))
            elif name.split(".")[-1] in ABSENT:
                absent.append((name, ABSENT[name.split(".")[-1]]))
            else:
                unexplained.append(name)
        if same:
            lines += textwrap.wrap("The same: " + ", ".join(same) + ".", 100) + [""]
        if other:
            lines += ["| PyTorch | heed |", "|---|---|"]
            lines += [f"| `{name}` | {code(how)} |" for name, how in other] + [""]
        if absent:
            lines += ["| not in heed | because, or instead |", "|---|---|"]
            lines += [f"| `{name}` | {why} |" for name, why in absent] + [""]
    if unexplained:
        sys.exit("neither in the headers nor explained: " + " ".join(unexplained))
    return "\n".join(lines).rstrip() + "\n"


def main():
    text = page()
    if "--check" not in sys.argv[1:]:
        with open(PAGE, "w", encoding="utf-8") as out:
            out.write(text)
        return
    with open(PAGE, encoding="utf-8") as written:
        if written.read() != text:
            sys.exit("docs/pytorch-names.md is not what the headers say: run tools/pytorch_names.py")


if __name__ == "__main__":
    main()
