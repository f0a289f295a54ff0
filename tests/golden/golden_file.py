"""A golden file, how a case is recorded into it, and what most cases need: weights and masks.

Every case has three seeds. Its keys are

    CASE/SEED/input/NAME              inputs, and the directions that make a loss of an output
    CASE/SEED/weight/NAME             weights, float32
    CASE/SEED/{float32,float64}/output/NAME
    CASE/SEED/{float32,float64}/grad/NAME    gradients of the loss, of weights and of inputs

Each precision is computed in that precision from the same float32 numbers; where float32 is absent,
the float64 results stand for it. The loss of a layer is
sum(output * direction) * scale, that of a model its cross-entropy * scale; the scale is a power of
two that brings the largest element of every gradient to 0.1 or more.
"""
import math
import os

import safetensors
import torch
from safetensors.torch import save_file

SEEDS = (1, 2, 3)
PRECISIONS = {"float32": torch.float32, "float64": torch.float64}


class Golden:
    """Collects the tensors of one file."""

    def __init__(self):
        self.tensors = {}

    def put(self, *path_and_tensor):
        *path, tensor = path_and_tensor
        tensor = tensor.detach()
        if tensor.dtype == torch.int64:
            tensor = tensor.to(torch.int32)
        self.tensors["/".join(str(part) for part in path)] = tensor.contiguous().clone()

    def save(self, folder, name):
        made_with = f"torch {torch.__version__}, safetensors {safetensors.__version__}"
        path = os.path.join(folder, name + ".safetensors")
        save_file(self.tensors, path, metadata={"made_with": made_with})
        print(f"{path}: {len(self.tensors)} tensors, {os.path.getsize(path)} bytes")


def cast(tensors, dtype):
    """Floating tensors in another precision, as leaves that collect their gradients."""
    return {
        name: t.detach().to(dtype).requires_grad_() if t.is_floating_point() else t
        for name, t in tensors.items()
    }


def smallest_gradient(gradients):
    return min(g.abs().max().item() for g in gradients.values())


def record(golden, case, seed, inputs, weights, function, stored=("float32", "float64")):
    """Runs `function(inputs, weights) -> {name: output}` in both precisions and stores it all.

    The loss is the output "loss", or the sum of the outputs times random directions."""
    outputs = function(cast(inputs, torch.float64), cast(weights, torch.float64))
    direction = {}
    if "loss" not in outputs:
        direction = {name: torch.randn(y.shape) for name, y in outputs.items()}
    scale = 1.0
    results = {}
    for _ in range(2):  # the first round finds the scale
        for precision, dtype in PRECISIONS.items():
            x, w = cast(inputs, dtype), cast(weights, dtype)
            outputs = function(x, w)
            loss = outputs.get("loss")
            if loss is None:
                loss = sum((y * direction[name].to(dtype)).sum() for name, y in outputs.items())
            (loss * scale).backward()
            gradients = {k: t.grad for k, t in {**x, **w}.items()
                         if t.is_floating_point() and t.grad is not None}
            results[precision] = (outputs, gradients)
        if scale == 1.0:
            smallest = smallest_gradient(results["float64"][1])
            scale = 2.0 ** max(0, math.ceil(math.log2(0.1 / smallest)))
    for name, tensor in inputs.items():
        golden.put(case, seed, "input", name, tensor)
    for name, tensor in direction.items():
        golden.put(case, seed, "input", "direction." + name, tensor)
    golden.put(case, seed, "input", "scale", torch.tensor(scale, dtype=torch.float64))
    for name, tensor in weights.items():
        golden.put(case, seed, "weight", name, tensor)
    for precision in stored:
        outputs, gradients = results[precision]
        for name, tensor in outputs.items():
            golden.put(case, seed, precision, "output", name, tensor)
        for name, tensor in gradients.items():
            golden.put(case, seed, precision, "grad", name, tensor)


def random_weights(module, scale=0.5):
    return {name: torch.randn(p.shape) * scale for name, p in module.named_parameters()}


def call(module, weights, *arguments, **options):
    """The module with other weights, of any precision."""
    return torch.func.functional_call(module, weights, arguments, options)


def ragged(lengths, width):
    return torch.arange(width) < torch.tensor(lengths)[:, None]


def future(T):
    """The causal mask as PyTorch takes it: true where a position must not look."""
    return torch.ones(T, T, dtype=torch.bool).triu(1)
