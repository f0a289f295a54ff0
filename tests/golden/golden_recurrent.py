"""Golden files of recurrent layers and of the family of attention scores."""
import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

import torch_twins
from golden_file import call, ragged, random_weights, record


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


def make_recurrent_options(golden, seed):
    """Nets without biases, from first states of zeros, and of one sequence without a batch."""
    B, S, I, n = 2, 5, 3, 7
    kinds = {"gru": (nn.GRU, nn.GRUCell), "lstm": (nn.LSTM, nn.LSTMCell),
             "rnn": (nn.RNN, nn.RNNCell)}

    def sequence(module, w, x, first=None):
        output, last = call(module, w, x, first)
        h, *c = last if isinstance(last, tuple) else (last,)
        return {"output": output, "last": h, **({"last_cell": c[0]} if c else {})}

    def step(module, w, x, *first):
        state = call(module, w, x, *first)
        return dict(zip("hc", state)) if isinstance(state, tuple) else {"h": state}

    def state(i):
        return (i["h"], i["c"]) if "c" in i else i["h"]

    for kind, (layers, cell) in kinds.items():
        names = "hc" if kind == "lstm" else "h"
        for case, x, first, bias in (("no_bias", (B, S, I), (4, B, n), False),
                                     ("alone", (S, I), (4, n), True)):
            module = layers(I, n, 2, bias=bias, batch_first=True, bidirectional=True)
            inputs = {"x": torch.randn(x)}
            if case == "alone":
                inputs.update({name: torch.randn(first) for name in names})
            record(golden, f"{kind}_{case}", seed, inputs, random_weights(module),
                   lambda i, w: sequence(module, w, i["x"], state(i) if "h" in i else None),
                   ["float64"])
        for case, x, first, bias in (("no_bias", (B, I), (B, n), False),
                                     ("alone", (I,), (n,), True)):
            module = cell(I, n, bias=bias)
            inputs = {"x": torch.randn(x), **{name: torch.randn(first) for name in names}}
            record(golden, f"{kind}_cell_{case}", seed, inputs, random_weights(module),
                   lambda i, w: {**step(module, w, i["x"], state(i)),
                                 **{"start_" + name: y
                                    for name, y in step(module, w, i["x"]).items()}}, ["float64"])


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
