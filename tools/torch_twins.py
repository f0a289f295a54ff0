"""heed's models written with PyTorch: torch modules and torch operations only.

Each class takes the keys of config.json, names its weights as docs/model-format.md does, and gives
the logits of the next words by teacher forcing:

    logits = twin(source, keep, target)    source [B, S], keep [B, S] (true = word), target [B, T]

so that `load_state_dict(strict=True)` and these few lines are what a model folder means. A new
architecture is a new class, entered in `TWINS`.
"""
import math

import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

PAD, UNK, BOS, EOS = range(4)


class Unsupported(Exception):
    """A setting of config.json that has no twin here, or a wrong one."""


class Settings:
    """The keys of a config.json, checked, with heed's defaults."""

    def __init__(self, config):
        self.config = config

    def size(self, key, default=None):
        value = self.config.get(key, default)
        if value is None:
            raise Unsupported(f'has no "{key}"')
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise Unsupported(f"{key}: expects an integer of at least 1, got {value!r}")
        return value

    def choice(self, key, allowed):
        """The first of `allowed` is the default."""
        value = self.config.get(key, allowed[0])
        if value not in allowed:
            raise Unsupported(f"{key}: {value!r} has no twin in PyTorch here; there are: "
                              + ", ".join(str(name) for name in allowed))
        return value


# --- RNNsearch ------------------------------------------------------------------------------------


def gru_step_before(x, h, w_ih, w_hh, b_ih, b_hh):
    """A GRU's step with the reset gate before the product, as in Cho et al. 2014."""
    x_r, x_z, x_n = F.linear(x, w_ih, b_ih).chunk(3, 1)
    u_r, u_z, u_n = w_hh.chunk(3)
    b_r, b_z, b_n = b_hh.chunk(3)
    r = torch.sigmoid(x_r + F.linear(h, u_r, b_r))
    z = torch.sigmoid(x_z + F.linear(h, u_z, b_z))
    return (1 - z) * torch.tanh(x_n + F.linear(r * h, u_n, b_n)) + z * h


class Encoder(nn.GRU):
    """A bidirectional GRU over padded sentences: x [B, S, E], keep [B, S] -> [B, S, 2n]."""

    def __init__(self, E, n, layers, reset):
        super().__init__(E, n, layers, batch_first=True, bidirectional=True)
        self.reset = reset

    def forward(self, x, keep):
        if self.reset == "after":
            packed = pack_padded_sequence(x, keep.sum(1), batch_first=True, enforce_sorted=False)
            output, _ = super().forward(packed)
            return pad_packed_sequence(output, batch_first=True, total_length=x.shape[1])[0]
        for layer in range(self.num_layers):
            x = torch.cat([self.run(x, keep, f"_l{layer}"),
                           self.run(x, keep, f"_l{layer}_reverse")], 2)
        return x

    def run(self, x, keep, suffix):
        """One direction of one layer; padding keeps the state and gives 0."""
        weights = [getattr(self, name + suffix)
                   for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")]
        h, states = x.new_zeros(len(x), self.hidden_size), [None] * x.shape[1]
        order = range(x.shape[1])
        for t in reversed(order) if suffix.endswith("reverse") else order:
            word = keep[:, t, None]
            h = torch.where(word, gru_step_before(x[:, t], h, *weights), h)
            states[t] = h * word
        return torch.stack(states, 1)


class Cell(nn.GRUCell):
    def __init__(self, size, n, reset):
        super().__init__(size, n)
        self.reset = reset

    def forward(self, x, h):
        if self.reset == "after":
            return super().forward(x, h)
        return gru_step_before(x, h, self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh)


class Additive(nn.Module):
    """e = energy tanh(query s + key h), softmax over the words, c = sum alpha h."""

    def __init__(self, query, key, size):
        super().__init__()
        self.query = nn.Linear(query, size, bias=False)
        self.key = nn.Linear(key, size, bias=False)
        self.energy = nn.Linear(size, 1, bias=False)

    def forward(self, s, annotations, keep):
        e = self.energy(torch.tanh(self.query(s)[:, None] + self.key(annotations)))[..., 0]
        alpha = torch.softmax(e.masked_fill(~keep, -math.inf), 1)
        return torch.einsum("bs,bsc->bc", alpha, annotations)


class RNNsearch(nn.Module):
    """Bahdanau, Cho, Bengio 2014, with PyTorch's state update and a read-out of the new state."""

    required = ("embedding", "hidden", "attention_size", "readout_size")
    optional = ("encoder_layers", "readout", "reset", "dropout")

    def __init__(self, config):
        super().__init__()
        c = Settings(config)
        for key, value in (("cell", "gru"), ("attention", "additive"), ("decoder_layers", 1),
                           ("attention_normaliser", "softmax"), ("attention_window", 0),
                           ("coverage", False), ("input_feeding", False)):
            c.choice(key, [value])
        V, W = c.size("source_vocab"), c.size("target_vocab")
        E, n = c.size("embedding"), c.size("hidden")
        A, L = c.size("attention_size"), c.size("readout_size")
        reset = c.choice("reset", ["after", "before"])
        self.maxout = c.choice("readout", ["maxout", "tanh"]) == "maxout"
        self.source_embedding = nn.Embedding(V, E, PAD)
        self.target_embedding = nn.Embedding(W, E, PAD)
        self.encoder = Encoder(E, n, c.size("encoder_layers", 1), reset)
        self.initial = nn.Linear(n, n)
        self.attention = Additive(n, 2 * n, A)
        self.decoder = nn.ModuleDict({"cell": Cell(E + 2 * n, n, reset)})
        self.readout = nn.Linear(3 * n + E, 2 * L if self.maxout else L)
        self.generator = nn.Linear(L, W)

    def forward(self, source, keep, target):
        annotations = self.encoder(self.source_embedding(source), keep)
        n = self.initial.in_features
        s = torch.tanh(self.initial(annotations[:, 0, n:]))  # the backward state at the first word
        words = []
        for y in self.target_embedding(target).unbind(1):
            context = self.attention(s, annotations, keep)
            s = self.decoder["cell"](torch.cat([y, context], 1), s)
            words.append(torch.cat([s, context, y], 1))
        t = self.readout(torch.stack(words, 1))
        t = t.unflatten(2, (-1, 2)).amax(3) if self.maxout else torch.tanh(t)
        return self.generator(t)

    @staticmethod
    def ties(config):
        return {}


# --- Transformer ----------------------------------------------------------------------------------


def sinusoids(length, D, like):
    """PE[p, 2i] = sin(p / 10000^(2i/D)), PE[p, 2i+1] = cos of the same; [length, D]."""
    p = torch.arange(length, dtype=torch.float64)[:, None]
    angles = p / 10000 ** (torch.arange(0, D, 2, dtype=torch.float64) / D)
    table = torch.stack([torch.sin(angles), torch.cos(angles)], 2).flatten(1)
    return table[:, :D].to(like)


class Transformer(nn.Module):
    """Vaswani et al. 2017 around torch.nn.Transformer. Attention and dropout as in evaluation."""

    required = ("d_model", "heads", "encoder_layers", "decoder_layers", "feed_forward")
    optional = ("norm", "activation", "positions", "tie", "max_length", "dropout",
                "attention_dropout")

    def __init__(self, config):
        super().__init__()
        c = Settings(config)
        V, W, D = c.size("source_vocab"), c.size("target_vocab"), c.size("d_model")
        if D % c.size("heads") != 0:
            raise Unsupported(f"d_model {D} is not divisible by heads {c.size('heads')}")
        if c.config.get("kv_heads", 0) not in (0, c.size("heads")):
            raise Unsupported("kv_heads: torch.nn.Transformer has none")
        c.choice("window", [0])
        activation = c.choice("activation", ["relu", "gelu", "swish"])
        self.source_embedding = nn.Embedding(V, D, PAD)
        self.target_embedding = nn.Embedding(W, D, PAD)
        self.max_length = math.inf
        if c.choice("positions", ["sinusoidal", "learned"]) == "learned":
            self.max_length = c.size("max_length", 512)
            self.source_positions = nn.Embedding(self.max_length, D)
            self.target_positions = nn.Embedding(self.max_length, D)
        self.transformer = nn.Transformer(
            D, c.size("heads"), c.size("encoder_layers"), c.size("decoder_layers"),
            c.size("feed_forward"), dropout=0.0,
            activation=F.silu if activation == "swish" else getattr(F, activation),
            norm_first=c.choice("norm", ["post", "pre"]) == "pre", batch_first=True)
        self.generator = nn.Linear(D, W)
        tie = c.choice("tie", ["none", "target", "all"])
        if tie != "none":
            self.generator.weight = self.target_embedding.weight
        if tie == "all":
            if V != W:
                raise Unsupported(f"tie: all needs one vocabulary, there are {V} and {W} words")
            self.generator.weight = self.target_embedding.weight = self.source_embedding.weight

    def embed(self, words, side):
        x = getattr(self, side + "_embedding")(words) * math.sqrt(self.transformer.d_model)
        length = words.shape[1]
        if length > self.max_length:
            raise Unsupported(f"max_length: a sentence has {length} tokens, end symbol included")
        if self.max_length < math.inf:
            return x + getattr(self, side + "_positions").weight[:length]
        return x + sinusoids(length, x.shape[2], x)

    def forward(self, source, keep, target):
        T = target.shape[1]
        future = torch.ones(T, T, dtype=torch.bool).triu(1)
        return self.generator(self.transformer(
            self.embed(source, "source"), self.embed(target, "target"), tgt_mask=future,
            src_key_padding_mask=~keep, memory_key_padding_mask=~keep))

    @staticmethod
    def ties(config):
        """The name under which heed stores a tied weight -> its other names."""
        return {"target": {"target_embedding.weight": ["generator.weight"]},
                "all": {"source_embedding.weight": ["target_embedding.weight", "generator.weight"]},
                }.get(config.get("tie"), {})


TWINS = {"rnn_search": RNNsearch, "transformer": Transformer}
