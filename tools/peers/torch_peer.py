"""Times a training step or attention in PyTorch: torch_peer.py WORK eager|compiled|bf16 THREADS"""
import contextlib
import sys

import torch
import torch.nn.functional as F

import torch_networks
import works
from measurement import report, time_steps

VERSIONS = {"torch": torch.__version__}


def training(work, mode):
    B, T, V = works.BATCH[work], works.WORDS, works.VOCABULARY
    model = torch_networks.make(work).train()
    source, target, labels = (torch.randint(4, V, (B, T)) for _ in range(3))
    keep = torch.ones(B, T, dtype=torch.bool)
    parameters = list(model.parameters())
    optimizer = torch.optim.Adam(parameters, lr=works.RATE, fused=True)

    def loss_of(source, keep, target, labels):
        logits = model(source, keep, target).flatten(0, 1)
        return F.cross_entropy(logits, labels.flatten(), label_smoothing=works.SMOOTHING)

    loss_of = torch.compile(loss_of) if mode == "compiled" else loss_of
    half = torch.autocast("cpu", torch.bfloat16) if mode == "bf16" else contextlib.nullcontext()

    def step():
        optimizer.zero_grad(set_to_none=True)
        with half:
            loss = loss_of(source, keep, target, labels)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters, works.CLIP)
        optimizer.step()

    report(work, f"batch {B}", VERSIONS, time_steps(step),
           parameters=sum(p.numel() for p in parameters))


def attention():
    for T in works.LENGTHS:
        for causal in (False, True):
            shape = (works.TEXTS, works.ATTENTION_HEADS, T, works.HEAD)
            q, k, v = (torch.randn(shape, requires_grad=True) for _ in range(3))

            def step():
                q.grad = k.grad = v.grad = None
                F.scaled_dot_product_attention(q, k, v, is_causal=causal).sum().backward()

            report("attention", f"T {T}" + (" causal" if causal else ""), VERSIONS,
                   time_steps(step))


def main(work, mode, threads):
    torch.manual_seed(0)
    torch.set_num_threads(int(threads))
    if work == "attention":
        attention()
    else:
        training(work, mode)


if __name__ == "__main__":
    main(*sys.argv[1:])
