#!/usr/bin/env python3
"""Writes the golden files of the tests: what PyTorch computes for operations, layers,
optimisers and models.

    python3 make_golden.py [FOLDER [NAME]...]    all files, or those named

Made with torch 2.13.0 (CPU, one thread) and safetensors 0.8.0; both are named in each file. Every
case has three seeds. Its keys are

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
import sys
import warnings

import safetensors
import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
sys.path.insert(0, os.path.join(ROOT, "tools", "python"))
import paper_rnn_search
import torch_twins

SEEDS = (1, 2, 3)
PRECISIONS = {"float32": torch.float32, "float64": torch.float64}
PAD, BOS, EOS = 0, 2, 3


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


# --- operations -----------------------------------------------------------------------------------

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


# --- layers ---------------------------------------------------------------------------------------


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


# --- recurrent ------------------------------------------------------------------------------------


def gru_step_before(x, h, w_ih, w_hh, b_ih, b_hh):
    """A GRU's step with the reset gate before the product, as in Cho et al. 2014."""
    n = h.shape[1]
    gates = x @ w_ih.T + b_ih
    r = torch.sigmoid(gates[:, :n] + h @ w_hh[:n].T + b_hh[:n])
    z = torch.sigmoid(gates[:, n:2 * n] + h @ w_hh[n:2 * n].T + b_hh[n:2 * n])
    c = torch.tanh(gates[:, 2 * n:] + (r * h) @ w_hh[2 * n:].T + b_hh[2 * n:])
    return (1 - z) * c + z * h


def gru_before(x, lengths, h0, weights, layers, directions):
    """The same over sequences: each sentence by itself, so that no mask is needed."""
    outputs, last = [], []
    for b, length in enumerate(lengths.tolist()):
        layer_input, states = x[b, :length], []
        for layer in range(layers):
            halves = []
            for direction in range(directions):
                suffix = f"_l{layer}" + ("_reverse" if direction else "")
                w = [weights[name + suffix] for name in
                     ("weight_ih", "weight_hh", "bias_ih", "bias_hh")]
                h = h0[layer * directions + direction, b:b + 1]
                steps = range(length)[::-1] if direction else range(length)
                half = [None] * length
                for t in steps:
                    h = half[t] = gru_step_before(layer_input[t:t + 1], h, *w)
                halves.append(torch.cat(half))
                states.append(h)
            layer_input = torch.cat(halves, 1)
        outputs.append(F.pad(layer_input, (0, 0, 0, x.shape[1] - length)))
        last.append(torch.cat(states))
    return {"output": torch.stack(outputs), "last": torch.stack(last, 1)}


def gru_after(module, weights, x, lengths, h0):
    # Packing sorts the sentences by length; the result comes back in their order.
    packed = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
    output, last = call(module, weights, packed, h0)
    return {"output": pad_packed_sequence(output, batch_first=True, total_length=x.shape[1])[0],
            "last": last}


def make_gru(golden, seed):
    B, S, I, n = 3, 7, 5, 11
    lengths = torch.tensor([5, 7, 2])
    for layers in (1, 2):
        for directions in (1, 2):
            module = nn.GRU(I, n, layers, batch_first=True, bidirectional=directions == 2)
            weights = random_weights(module)
            inputs = {"x": torch.randn(B, S, I), "lengths": lengths,
                      "h0": torch.randn(layers * directions, B, n)}
            case = f"layers_{layers}_directions_{directions}"
            record(golden, case, seed, inputs, weights,
                   lambda i, w: gru_after(module, w, i["x"], i["lengths"], i["h0"]))
            record(golden, case + "_before", seed, inputs, weights,
                   lambda i, w: gru_before(i["x"], i["lengths"], i["h0"], w, layers, directions))
    cell = nn.GRUCell(I, n)
    weights, inputs = random_weights(cell), {"x": torch.randn(B, I), "h": torch.randn(B, n)}
    record(golden, "cell", seed, inputs, weights,
           lambda i, w: {"h": call(cell, w, i["x"], i["h"])})
    record(golden, "cell_before", seed, inputs, weights,
           lambda i, w: {"h": gru_step_before(i["x"], i["h"], w["weight_ih"], w["weight_hh"],
                                              w["bias_ih"], w["bias_hh"])})


def make_recurrent(golden, seed):
    """LSTM and the plain net: layers, directions, ragged lengths, first states, cells."""
    B, S, I, n = 3, 7, 5, 11
    lengths = torch.tensor([5, 7, 2])

    def sequence(module, i, w, first):
        packed = pack_padded_sequence(i["x"], i["lengths"], batch_first=True, enforce_sorted=False)
        output, last = call(module, w, packed, first)
        output = pad_packed_sequence(output, batch_first=True, total_length=S)[0]
        if isinstance(last, tuple):
            return {"output": output, "last": last[0], "last_cell": last[1]}
        return {"output": output, "last": last}

    for layers, directions in ((1, 1), (1, 2), (2, 2)):
        sizes = dict(batch_first=True, bidirectional=directions == 2)
        states = {name: torch.randn(layers * directions, B, n) for name in ("h0", "c0")}
        inputs = {"x": torch.randn(B, S, I), "lengths": lengths, "h0": states["h0"]}
        case = f"layers_{layers}_directions_{directions}"
        lstm = nn.LSTM(I, n, layers, **sizes)
        record(golden, "lstm_" + case, seed, {**inputs, "c0": states["c0"]}, random_weights(lstm),
               lambda i, w: sequence(lstm, i, w, (i["h0"], i["c0"])), ["float64"])
        for function in ("tanh", "relu"):
            rnn = nn.RNN(I, n, layers, nonlinearity=function, **sizes)
            record(golden, f"rnn_{function}_{case}", seed, inputs, random_weights(rnn),
                   lambda i, w: sequence(rnn, i, w, i["h0"]), ["float64"])
    inputs = {name: torch.randn(B, size) for name, size in (("x", I), ("h", n), ("c", n))}
    cell = nn.LSTMCell(I, n)
    record(golden, "lstm_cell", seed, inputs, random_weights(cell),
           lambda i, w: dict(zip("hc", call(cell, w, i["x"], (i["h"], i["c"])))))
    del inputs["c"]
    for function in ("tanh", "relu"):
        cell = nn.RNNCell(I, n, nonlinearity=function)
        record(golden, "rnn_cell_" + function, seed, inputs, random_weights(cell),
               lambda i, w: {"h": call(cell, w, i["x"], i["h"])})


# --- the family of scores -------------------------------------------------------------------------

SCORES = {
    "additive": {}, "concat": {"attention": "concat"}, "dot": {"attention": "dot"},
    "scaled": {"attention": "scaled"}, "general": {"attention": "general"},
    "location": {"attention": "location", "max_length": 17},
    "sparsemax": {"attention_normaliser": "sparsemax"}, "coverage": {"coverage": True},
    "concat_coverage": {"attention": "concat", "coverage": True},
    "monotonic": {"attention_window": 2},
    "predictive": {"attention": "general", "attention_window": 2,
                   "attention_local": "predictive"}}


def make_scores(golden, seed):
    n, A = 11, 13
    for case, options in SCORES.items():
        attention = torch_twins.SourceAttention(
            torch_twins.Settings({"attention_size": A, **options}), n)
        record(golden, case, seed,
               {"s": torch.randn(3, n), "annotations": torch.randn(3, 7, 2 * n),
                "keep": ragged([7, 2, 5], 7), "attended": torch.rand(3, 7)},
               random_weights(attention),
               lambda i, w: dict(zip(("context", "weights"),
                                     call(attention, w, i["s"], i["annotations"], i["keep"], 3,
                                          i["attended"] if attention.tells
                                          else i["attended"].detach()))), ["float64"])


def make_recurrent_models(golden, seed):
    sizes = dict(source_vocab=23, target_vocab=17, embedding=7, hidden=11, attention_size=13,
                 readout_size=5)
    for case, options in (
            ("encoder_decoder_gru", {}), ("encoder_decoder_lstm", dict(cell="lstm")),
            ("encoder_decoder_rnn", dict(cell="rnn", encoder_layers=2, decoder_layers=2)),
            ("encoder_decoder_feeding", dict(cell="lstm", decoder_layers=3, input_feeding=True)),
            ("rnn_search_lstm", dict(cell="lstm", encoder_layers=2, decoder_layers=2)),
            ("rnn_search_rnn", dict(cell="rnn", input_feeding=True, attention="general")),
            ("rnn_search_coverage", dict(attention="concat", coverage=True, attention_window=3,
                                         attention_local="predictive", input_feeding=True))):
        kind = (torch_twins.EncoderDecoder if case.startswith("encoder_decoder")
                else torch_twins.RNNsearch)
        model = kind({**sizes, **options})
        weights = random_weights(model)
        inputs = parallel_batch(23, 17, [7, 2, 5], [3, 5, 1])

        def forward(i, w):
            keep = torch.arange(i["source"].shape[1]) < i["lengths"][:, None]
            logits = call(model, w, i["source"], keep, i["target"])
            return {"logits": logits, "loss": loss_of(logits, i["labels"])}

        record(golden, case, seed, inputs, weights, forward, ["float64"])
        model.double()
        losses = losses_of_training(
            model, weights, lambda: forward(inputs, dict(model.named_parameters()))["loss"])
        golden.put(case, seed, "float64", "output", "losses", losses)


# --- the whole model ------------------------------------------------------------------------------


class AdditiveAttention(nn.Module):
    """e = energy tanh(query s + key h), softmax over the kept words, c = sum alpha h."""

    def __init__(self, query, key, size):
        super().__init__()
        self.query = nn.Linear(query, size, bias=False)
        self.key = nn.Linear(key, size, bias=False)
        self.energy = nn.Linear(size, 1, bias=False)

    def forward(self, s, annotations, keep):
        e = self.energy(torch.tanh(self.query(s)[:, None] + self.key(annotations)))[..., 0]
        alpha = torch.softmax(e.masked_fill(~keep, -torch.inf), dim=1)
        return torch.einsum("bs,bsc->bc", alpha, annotations), alpha


class Decoder(nn.Module):
    def __init__(self, E, n):
        super().__init__()
        self.cell = nn.GRUCell(E + 2 * n, n)


class RNNsearch(nn.Module):
    """Bahdanau, Cho, Bengio 2014, appendix A, with the state update of torch.nn.GRU and a read-out
    that takes the new state. `before` puts the reset gates before the products."""

    def __init__(self, source_vocab, target_vocab, E, n, A, L, readout, layers, before):
        super().__init__()
        self.readout_kind, self.layers, self.before = readout, layers, before
        self.source_embedding = nn.Embedding(source_vocab, E)
        self.target_embedding = nn.Embedding(target_vocab, E)
        self.encoder = nn.GRU(E, n, layers, batch_first=True, bidirectional=True)
        self.initial = nn.Linear(n, n)
        self.attention = AdditiveAttention(n, 2 * n, A)
        self.decoder = Decoder(E, n)
        self.readout = nn.Linear(n + 2 * n + E, 2 * L if readout == "maxout" else L)
        self.generator = nn.Linear(L, target_vocab)

    def encode(self, source, lengths):
        x = self.source_embedding(source)
        if self.before:
            h0 = x.new_zeros(2 * self.layers, len(x), self.encoder.hidden_size)
            weights = dict(self.encoder.named_parameters())
            result = gru_before(x, lengths, h0, weights, self.layers, 2)
            return result["output"], result["last"]
        packed = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
        output, last = self.encoder(packed)
        return pad_packed_sequence(output, batch_first=True, total_length=x.shape[1])[0], last

    def step(self, x, s):
        cell = self.decoder.cell
        if self.before:
            return gru_step_before(x, s, cell.weight_ih, cell.weight_hh, cell.bias_ih, cell.bias_hh)
        return cell(x, s)

    def forward(self, source, lengths, target):
        keep = torch.arange(source.shape[1]) < lengths[:, None]
        annotations, last = self.encode(source, lengths)
        s = torch.tanh(self.initial(last[-1]))  # the backward state at the first word
        logits, alphas = [], []
        for y in self.target_embedding(target).unbind(1):
            c, alpha = self.attention(s, annotations, keep)
            s = self.step(torch.cat([y, c], 1), s)
            t = self.readout(torch.cat([s, c, y], 1))
            if self.readout_kind == "maxout":
                t = t.view(len(t), -1, 2).amax(2)
            else:
                t = torch.tanh(t)
            logits.append(self.generator(t))
            alphas.append(alpha)
        return torch.stack(logits, 1), torch.stack(alphas, 1)


def sentences(vocabulary, lengths, width):
    """Random words ended by EOS and padded; `lengths` count the EOS."""
    words = torch.full((len(lengths), width), PAD)
    for row, length in zip(words, lengths):
        row[:length - 1] = torch.randint(4, vocabulary, (length - 1,))
        row[length - 1] = EOS
    return words


def parallel_batch(V, W, source_lengths, target_lengths):
    """Random pairs of sentences: source, what the decoder is fed, what it should say."""
    labels = sentences(W, target_lengths, max(target_lengths))
    bos, said = torch.full((len(labels), 1), BOS), labels[:, :-1]
    return {"source": sentences(V, source_lengths, max(source_lengths)),
            "lengths": torch.tensor(source_lengths),
            "target": torch.cat([bos, said.masked_fill(said == EOS, PAD)], 1), "labels": labels}


def loss_of(logits, labels):
    return F.cross_entropy(logits.flatten(0, 1), labels.flatten(), ignore_index=PAD,
                           label_smoothing=0.1)


def losses_of_training(model, weights, loss, steps=10):
    """The losses of some steps of Adam from these weights."""
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.copy_(weights[name])
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    losses = []
    for _ in range(steps):
        optimizer.zero_grad()
        losses.append(loss())
        losses[-1].backward()
        optimizer.step()
    return torch.stack(losses)


def make_rnn_search(golden, seed):
    V, W, E, n, A, L = 23, 29, 7, 11, 13, 5
    for case, options in (("maxout", ("maxout", 1, False)), ("tanh", ("tanh", 1, False)),
                          ("maxout_before", ("maxout", 1, True)),
                          ("maxout_layers_2", ("maxout", 2, False))):
        model = RNNsearch(V, W, E, n, A, L, *options)
        weights = random_weights(model)
        inputs = parallel_batch(V, W, [7, 2, 5], [3, 5, 1])

        def forward(i, w):
            logits, alphas = call(model, w, i["source"], i["lengths"], i["target"])
            return {"logits": logits, "weights": alphas, "loss": loss_of(logits, i["labels"])}

        record(golden, case, seed, inputs, weights, forward)
        for precision, dtype in PRECISIONS.items():
            model.to(dtype)
            losses = losses_of_training(model, weights, lambda: loss_of(
                model(inputs["source"], inputs["lengths"], inputs["target"])[0], inputs["labels"]))
            golden.put(case, seed, precision, "output", "losses", losses)


def make_paper_rnn_search(golden, seed):
    """The equations of the paper, of one sentence after the other; no bias has a gradient there."""
    V, W, E, n, A, L = 23, 29, 7, 11, 13, 5
    shapes = RNNsearch(V, W, E, n, A, L, "maxout", 1, True)
    weights = {name: weight if "bias" not in name else torch.zeros_like(weight)
               for name, weight in random_weights(shapes).items()}
    inputs = parallel_batch(V, W, [7, 2, 5], [3, 5, 1])

    def forward(i, w):
        logits, alphas = [], []
        for source, length, target, labels in zip(
                i["source"], i["lengths"], i["target"], i["labels"]):
            words = int((labels != PAD).sum())
            one, alpha = paper_rnn_search.rnn_search(w, source[:length], target[:words])
            rows, columns = len(target) - words, len(source) - int(length)
            logits.append(F.pad(one, (0, 0, 0, rows)))
            alphas.append(F.pad(alpha, (0, columns, 0, rows)))
        logits = torch.stack(logits)
        return {"logits": logits, "weights": torch.stack(alphas),
                "loss": loss_of(logits, i["labels"])}

    record(golden, "as_printed", seed, inputs, weights, forward, stored=("float64",))


# --- multi-head attention and the Transformer -----------------------------------------------------


def ragged(lengths, width):
    return torch.arange(width) < torch.tensor(lengths)[:, None]


def future(T):
    """The causal mask as PyTorch takes it: true where a position must not look."""
    return torch.ones(T, T, dtype=torch.bool).triu(1)


def make_attention(golden, seed):
    B, S, T, H, K = 2, 7, 11, 3, 5
    D = H * K
    module = nn.MultiheadAttention(D, H, batch_first=True)

    def attend(w, query, key, value, keep, mask=None):
        context, weights = call(module, w, query, key, value, key_padding_mask=~keep,
                                attn_mask=mask, average_attn_weights=False)
        return {"context": context, "weights": weights}

    x, memory = torch.randn(B, T, D), torch.randn(B, S, D)
    here, there = ragged([11, 3], T), ragged([2, 7], S)
    cases = {
        "self": ({"x": x, "keep": here},
                 lambda i, w: attend(w, i["x"], i["x"], i["x"], i["keep"])),
        "self_causal": ({"x": x, "keep": here},
                        lambda i, w: attend(w, i["x"], i["x"], i["x"], i["keep"], future(T))),
        "cross": ({"x": x, "memory": memory, "keep": there},
                  lambda i, w: attend(w, i["x"], i["memory"], i["memory"], i["keep"])),
        "key_and_value": ({"x": x, "key": memory, "value": torch.randn(B, S, D), "keep": there},
                          lambda i, w: attend(w, i["x"], i["key"], i["value"], i["keep"]))}
    for case, (inputs, function) in cases.items():
        record(golden, case, seed, inputs, random_weights(module), function, ["float64"])


# What torch.nn.MultiheadAttention has not, as tests/layers/golden_test.cpp names it; then whether it
# is causal, and the arguments of `torch_twins.Attention`.
ATTENTION_OPTIONS = {
    "grouped": (False, dict(D=12, heads=6, kv_heads=2)),
    "multi_query": (True, dict(D=12, heads=6, kv_heads=1)),
    "window": (False, dict(D=12, heads=3, window=2)),
    "window_causal": (True, dict(D=12, heads=3, window=2)),
    "relative": (False, dict(D=12, heads=3, positions="relative", distance=2)),
    "relative_causal": (True, dict(D=12, heads=3, positions="relative", distance=2)),
    "rotary": (False, dict(D=12, heads=3, positions="rotary")),
    "alibi": (False, dict(D=12, heads=3, positions="alibi")),
    "alibi_causal": (True, dict(D=12, heads=6, kv_heads=3, positions="alibi")),
    "rotary_grouped_window": (True, dict(D=24, heads=6, kv_heads=2, window=3,
                                         positions="rotary")),
    "relative_grouped_window": (False, dict(D=12, heads=6, kv_heads=3, window=4,
                                            positions="relative", distance=3)),
}


def check_against_torch(module, weights, x, mask):
    """Grouped queries are those of torch.nn.functional.scaled_dot_product_attention."""
    D, E, heads = x.shape[2], module.kv_heads * module.head_dim, module.head_dim
    w = cast(weights, torch.float64)
    q, k, v = (part.unflatten(2, (-1, heads)).transpose(1, 2) for part in F.linear(
        x.double(), w["in_proj_weight"], w["in_proj_bias"]).split([D, E, E], 2))
    context = F.scaled_dot_product_attention(q, k, v, ~mask[:, None], enable_gqa=True)
    context = F.linear(context.transpose(1, 2).flatten(2), w["out_proj.weight"],
                       w["out_proj.bias"])
    ours = call(module, w, x.double(), x.double(), x.double(), attn_mask=mask)[0]
    torch.testing.assert_close(ours, context, rtol=1e-12, atol=1e-12)


def make_attention_options(golden, seed):
    B, S, T = 2, 5, 7
    here, there = ragged([7, 3], T), ragged([2, 5], S)
    for case, (causal, options) in ATTENTION_OPTIONS.items():
        module = torch_twins.Attention(**options)
        weights, mask = random_weights(module), future(T) if causal else None
        x = torch.randn(B, T, options["D"])
        record(golden, case, seed, {"x": x, "keep": here}, weights,
               lambda i, w: dict(zip(("context", "weights"), call(
                   module, w, i["x"], i["x"], i["x"], key_padding_mask=~i["keep"],
                   attn_mask=mask))), ["float64"])
        if set(options) == {"D", "heads", "kv_heads"}:
            hidden = ~here[:, None] | (future(T) if causal else torch.zeros(T, T, dtype=torch.bool))
            check_against_torch(module, weights, x, hidden)
    module = torch_twins.Attention(12, 6, kv_heads=2)
    record(golden, "grouped_cross", seed,
           {"x": torch.randn(B, T, 12), "memory": torch.randn(B, S, 12), "keep": there},
           random_weights(module),
           lambda i, w: dict(zip(("context", "weights"), call(
               module, w, i["x"], i["memory"], i["memory"], key_padding_mask=~i["keep"]))),
           ["float64"])


def make_transformer_layers(golden, seed):
    B, S, T, H, K, inner = 2, 7, 11, 3, 5, 13
    D = H * K
    x, memory = torch.randn(B, T, D), torch.randn(B, S, D)
    here, there = ragged([5, 11], T), ragged([7, 2], S)
    for case, activation, pre in (("post_relu", F.relu, False), ("pre_gelu", F.gelu, True),
                                  ("post_swish", F.silu, False), ("pre_relu", F.relu, True)):
        sizes = dict(dim_feedforward=inner, dropout=0.0, activation=activation, batch_first=True,
                     norm_first=pre)
        encoder = nn.TransformerEncoderLayer(D, H, **sizes)
        record(golden, "encoder_" + case, seed, {"x": x, "keep": here}, random_weights(encoder),
               lambda i, w: {"y": call(encoder, w, i["x"], src_key_padding_mask=~i["keep"])},
               ["float64"])
        decoder = nn.TransformerDecoderLayer(D, H, **sizes)
        record(golden, "decoder_" + case, seed,
               {"x": x, "memory": memory, "keep": here, "memory_keep": there},
               random_weights(decoder),
               lambda i, w: {"y": call(decoder, w, i["x"], i["memory"], tgt_mask=future(T),
                                       tgt_key_padding_mask=~i["keep"],
                                       memory_key_padding_mask=~i["memory_keep"])}, ["float64"])


def make_transformer(golden, seed):
    sizes = dict(d_model=10, heads=2, encoder_layers=2, decoder_layers=3, feed_forward=7,
                 max_length=19)
    for tie, positions, norm, activation in (
            ("none", "sinusoidal", "post", "relu"), ("target", "learned", "pre", "gelu"),
            ("all", "sinusoidal", "pre", "swish"), ("all", "learned", "post", "relu")):
        V, W = 23, 23 if tie == "all" else 17
        model = torch_twins.Transformer(dict(
            sizes, source_vocab=V, target_vocab=W, tie=tie, positions=positions, norm=norm,
            activation=activation))
        weights = random_weights(model)
        inputs = parallel_batch(V, W, [11, 3, 5], [2, 13, 7])

        def keep(i):
            return torch.arange(i["source"].shape[1]) < i["lengths"][:, None]

        def forward(i, w):
            logits = call(model, w, i["source"], keep(i), i["target"])
            return {"logits": logits, "loss": loss_of(logits, i["labels"])}

        case = f"{tie}_{positions}_{norm}_{activation}"
        record(golden, case, seed, inputs, weights, forward, ["float64"])
        model.double()
        losses = losses_of_training(model, weights, lambda: loss_of(
            model(inputs["source"], keep(inputs), inputs["target"]), inputs["labels"]))
        golden.put(case, seed, "float64", "output", "losses", losses)


# --- optimisers -----------------------------------------------------------------------------------


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


def main():
    folder = sys.argv[1] if len(sys.argv) > 1 else os.path.dirname(os.path.abspath(__file__))
    warnings.filterwarnings("ignore", message=".*nested.tensor")
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    named = sys.argv[2:]
    for name, make in {"operations": make_operations, "layers": make_layers,
                       "cross_entropy": make_cross_entropy, "gru": make_gru,
                       "recurrent": make_recurrent, "scores": make_scores,
                       "recurrent_models": make_recurrent_models,
                       "rnn_search": make_rnn_search,
                       "paper_rnn_search": make_paper_rnn_search, "attention": make_attention,
                       "attention_options": make_attention_options,
                       "transformer_layers": make_transformer_layers,
                       "transformer": make_transformer, "optim": make_optim}.items():
        if named and name not in named:
            continue
        golden = Golden()
        for seed in SEEDS:
            torch.manual_seed(seed)
            make(golden, seed)
        golden.save(folder, name)


if __name__ == "__main__":
    main()
