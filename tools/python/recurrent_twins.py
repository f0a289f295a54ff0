"""The recurrent models written with PyTorch: RNNsearch and the encoder-decoder."""
import math

import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from twin_settings import PAD, Settings, Unsupported


def gru_step_before(x, h, w_ih, w_hh, b_ih, b_hh):
    """A GRU's step with the reset gate before the product, as in Cho et al. 2014."""
    x_r, x_z, x_n = F.linear(x, w_ih, b_ih).chunk(3, 1)
    u_r, u_z, u_n = w_hh.chunk(3)
    b_r, b_z, b_n = b_hh.chunk(3)
    r = torch.sigmoid(x_r + F.linear(h, u_r, b_r))
    z = torch.sigmoid(x_z + F.linear(h, u_z, b_z))
    return (1 - z) * torch.tanh(x_n + F.linear(r * h, u_n, b_n)) + z * h


LAYERS = {"gru": nn.GRU, "lstm": nn.LSTM, "rnn": nn.RNN}
CELLS = {"gru": nn.GRUCell, "lstm": nn.LSTMCell, "rnn": nn.RNNCell}


def run_before(encoder, x, keep, suffix):
    """One direction of one layer of a GRU whose reset gates come first; padding keeps the state."""
    weights = [getattr(encoder, name + suffix)
               for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")]
    h, states = x.new_zeros(len(x), encoder.hidden_size), [None] * x.shape[1]
    order = range(x.shape[1])
    for t in reversed(order) if suffix.endswith("reverse") else order:
        word = keep[:, t, None]
        h = torch.where(word, gru_step_before(x[:, t], h, *weights), h)
        states[t] = h * word
    return torch.stack(states, 1), h


def encode(encoder, reset, x, keep):
    """x [B, S, E], keep [B, S] -> states of the top layer [B, S, 2n], its last ones [2, B, n]."""
    if reset == "after":
        packed = pack_padded_sequence(x, keep.sum(1), batch_first=True, enforce_sorted=False)
        output, last = encoder(packed)
        last = last[0] if isinstance(last, tuple) else last
        return pad_packed_sequence(output, batch_first=True, total_length=x.shape[1])[0], last[-2:]
    for layer in range(encoder.num_layers):
        forward, last_forward = run_before(encoder, x, keep, f"_l{layer}")
        backward, last_backward = run_before(encoder, x, keep, f"_l{layer}_reverse")
        x = torch.cat([forward, backward], 2)
    return x, torch.stack([last_forward, last_backward])


def first_state(cell, s0):
    return (s0, torch.zeros_like(s0)) if isinstance(cell, nn.LSTMCell) else s0


def step(cell, reset, x, state):
    """The next state of a cell; an LSTM's is (h, c)."""
    if reset == "after":
        return cell(x, state)
    return gru_step_before(x, state, cell.weight_ih, cell.weight_hh, cell.bias_ih, cell.bias_hh)


def hidden(state):
    return state[0] if isinstance(state, tuple) else state


def sparsemax(e):
    """Martins and Astudillo 2016, Algorithm 1, for the last axis."""
    z = e.sort(dim=-1, descending=True)[0]
    sums = z.cumsum(-1)
    k = torch.arange(1, e.shape[-1] + 1).to(e)
    size = (1 + k * z > sums).sum(-1, keepdim=True)
    threshold = (sums.gather(-1, size - 1) - 1) / size
    return (e - threshold).clamp(min=0)


class SourceAttention(nn.Module):
    """Scores, weights and context: s [B, n], annotations [B, S, 2n], keep [B, S], the number i of
    the step and the sum of the weights so far [B, S] -> context [B, 2n], alpha [B, S]."""

    def __init__(self, c, n):
        super().__init__()
        self.n = n
        self.score = c.choice("attention",
                              ["additive", "dot", "general", "concat", "location", "scaled"])
        self.sparse = c.choice("attention_normaliser", ["softmax", "sparsemax"]) == "sparsemax"
        self.window = c.config.get("attention_window", 0)
        predictive = c.choice("attention_local", ["monotonic", "predictive"]) == "predictive"
        if predictive and not self.window:
            raise Unsupported("attention_local: predictive needs attention_window")
        self.tells = c.choice("coverage", [False, True])
        if self.tells and self.score not in ("additive", "concat"):
            raise Unsupported("coverage: needs attention additive or concat")
        A = c.size("attention_size")
        linear = lambda inputs, outputs: nn.Linear(inputs, outputs, bias=False)
        if self.score == "additive":
            self.query = linear(n, A)
        if self.score in ("additive", "concat", "general"):
            inputs = 3 * n if self.score == "concat" else 2 * n
            self.key = linear(inputs, n if self.score == "general" else A)
        if self.score in ("additive", "concat"):
            self.energy = linear(A, 1)
        if self.score == "location":
            self.location = linear(n, c.size("max_length", 512))
        if self.tells:
            self.coverage = linear(1, A)
        if predictive:
            self.position, self.position_energy = linear(n, A), linear(A, 1)

    def scores(self, s, h, attended):
        if self.score in ("dot", "scaled"):
            e = torch.einsum("bn,bsn->bs", s, h[..., :self.n] + h[..., self.n:])
            return e / math.sqrt(self.n) if self.score == "scaled" else e
        if self.score == "general":
            return torch.einsum("bn,nc,bsc->bs", s, self.key.weight, h)
        if self.score == "location":
            return self.location(s)[:, :h.shape[1]]
        if self.score == "concat":
            inner = self.key(torch.cat([s[:, None].expand(-1, h.shape[1], -1), h], 2))
        else:
            inner = self.query(s)[:, None] + self.key(h)
        if self.tells:
            inner = inner + self.coverage(attended[..., None])
        return self.energy(torch.tanh(inner))[..., 0]

    def forward(self, s, annotations, keep, i, attended):
        near, damping = keep, 1
        j = torch.arange(keep.shape[1]).to(s)
        length = keep.sum(1, keepdim=True).to(s)
        if self.window and hasattr(self, "position"):
            p = length * torch.sigmoid(self.position_energy(torch.tanh(self.position(s))))
            near = keep & ((j - p).abs() <= self.window)
            sigma = self.window / 2
            damping = torch.exp(-(j - p) ** 2 / (2 * sigma ** 2))
        elif self.window:
            near = keep & ((j - (length - 1).clamp(max=i)).abs() <= self.window)
        e = self.scores(s, annotations, attended)
        if self.sparse:  # far below all others is out of the support
            alpha = sparsemax(torch.where(near, e, e.detach().min(1, keepdim=True)[0] - 2))
        else:
            alpha = torch.softmax(e.masked_fill(~near, -math.inf), 1)
        alpha = alpha * damping
        return torch.einsum("bs,bsc->bc", alpha, annotations), alpha


class Recurrent(nn.Module):
    """What RNNsearch and the encoder-decoder have in common; a subclass gives the contexts."""

    required = ("embedding", "hidden", "readout_size")
    optional = ("cell", "encoder_layers", "decoder_layers", "input_feeding", "readout",
                "readout_state", "reset", "dropout")

    def __init__(self, config):
        super().__init__()
        c = Settings(config)
        V, W = c.size("source_vocab"), c.size("target_vocab")
        E, n, L = c.size("embedding"), c.size("hidden"), c.size("readout_size")
        kind = c.choice("cell", ["gru", "lstm", "rnn"])
        self.reset = c.choice("reset", ["after", "before"])
        if self.reset == "before" and kind != "gru":
            raise Unsupported("reset: before is a GRU's")
        self.maxout = c.choice("readout", ["maxout", "tanh"]) == "maxout"
        self.reads_new = c.choice("readout_state", ["new", "previous"]) == "new"
        self.feeds = c.choice("input_feeding", [False, True])
        self.source_embedding = nn.Embedding(V, E, PAD)
        self.target_embedding = nn.Embedding(W, E, PAD)
        self.encoder = LAYERS[kind](E, n, c.size("encoder_layers", 1), batch_first=True,
                                    bidirectional=True)
        self.initial = nn.Linear(n, n)
        self.add_attention(c, n)
        more = {str(k): CELLS[kind](n, n) for k in range(1, c.size("decoder_layers", 1))}
        self.decoder = nn.ModuleDict({"cell": CELLS[kind](E + 2 * n + (L if self.feeds else 0), n)})
        if more:
            self.decoder["layers"] = nn.ModuleDict(more)
        self.readout = nn.Linear(3 * n + E, 2 * L if self.maxout else L)
        self.generator = nn.Linear(L, W)

    def add_attention(self, c, n):
        pass

    def decode(self, states, x):
        """The states of all layers one word on."""
        cells = [self.decoder["cell"], *(self.decoder["layers"].values() if len(states) > 1 else [])]
        new = []
        for cell, state in zip(cells, states):
            new.append(step(cell, self.reset, x, state))
            x = hidden(new[-1])
        return new

    def forward(self, source, keep, target):
        annotations, last = encode(self.encoder, self.reset, self.source_embedding(source), keep)
        s0 = torch.tanh(self.initial(last[1]))  # the backward state at the first word
        layers = 1 + (len(self.decoder["layers"]) if "layers" in self.decoder else 0)
        states = [first_state(self.decoder["cell"], s0)] * layers
        attended, t, words = torch.zeros_like(annotations[..., 0]), None, []
        for i, y in enumerate(self.target_embedding(target).unbind(1)):
            s = hidden(states[-1])
            context, alpha = self.context(s, annotations, last, keep, i, attended)
            attended = attended + alpha
            if self.feeds and t is None:
                t = y.new_zeros(len(y), self.generator.in_features)
            states = self.decode(states, torch.cat([y, context] + [t] * self.feeds, 1))
            if self.reads_new:
                s = hidden(states[-1])
            t = self.readout(torch.cat([s, context, y], 1))
            t = t.unflatten(1, (-1, 2)).amax(2) if self.maxout else torch.tanh(t)
            words.append(t)
        return self.generator(torch.stack(words, 1))

    @staticmethod
    def ties(config):
        return {}


class RNNsearch(Recurrent):
    """Bahdanau, Cho, Bengio 2014, with PyTorch's state update."""

    required = (*Recurrent.required, "attention_size")
    optional = (*Recurrent.optional, "attention", "attention_normaliser", "attention_window",
                "attention_local", "coverage", "max_length")

    def add_attention(self, c, n):
        self.attention = SourceAttention(c, n)

    def context(self, s, annotations, last, keep, i, attended):
        return self.attention(s, annotations, keep, i, attended)


class EncoderDecoder(Recurrent):
    """Cho et al. 2014: the ends of the source, at every step."""

    def context(self, s, annotations, last, keep, i, attended):
        return torch.cat([last[0], last[1]], 1), torch.zeros_like(attended)
