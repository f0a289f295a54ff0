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


def rotation(p, K):
    """The matrix of RoFormer's eq. (15): blocks that turn features 2i, 2i + 1 by p 10000^(-2i/K)."""
    angles = [p * 10000 ** (-2 * i / K) for i in range(K // 2)]
    return torch.block_diag(*(torch.tensor([[math.cos(a), -math.sin(a)], [math.sin(a), math.cos(a)]],
                                           dtype=torch.float64) for a in angles))


def slopes(H):
    """ALiBi's slope of each head, by the paper's rule for numbers that are no power of two."""
    n = 2 ** int(math.log2(H))
    if n == H:
        return [2 ** (-8 * h / H) for h in range(1, H + 1)]
    return slopes(n) + slopes(2 * n)[0::2][:H - n]


class Attention(nn.MultiheadAttention):
    """torch.nn.MultiheadAttention with what it has not, by the papers' formulas: head by head, and
    with the vectors of each query and key written out. `kv_heads` (Shazeer 2019, Ainslie et al.
    2023), `window` (Beltagy et al. 2020); `positions`: relative (Shaw et al. 2018), rotary (Su et
    al. 2021), alibi (Press et al. 2022). Both texts start at place 0."""

    def __init__(self, D, heads, kv_heads=0, window=0, positions=None, distance=16):
        super().__init__(D, heads, batch_first=True)
        self.kv_heads, self.window, self.positions = kv_heads or heads, window, positions
        self.distance, K = distance, D // heads
        rows = D + 2 * self.kv_heads * K
        self.in_proj_weight = nn.Parameter(nn.init.xavier_uniform_(torch.empty(rows, D)))
        self.in_proj_bias = nn.Parameter(torch.zeros(rows))
        if positions == "relative":
            self.relative = nn.ParameterDict({
                name: nn.Parameter(nn.init.xavier_uniform_(torch.empty(2 * distance + 1, K)))
                for name in ("key", "value")})

    def forward(self, query, key, value, key_padding_mask=None, need_weights=True, attn_mask=None,
                average_attn_weights=True, is_causal=False):
        (B, T, D), S, H = query.shape, key.shape[1], self.num_heads
        K, like = D // H, query.dtype
        sizes = [D, self.kv_heads * K, self.kv_heads * K]
        q, k, v = (F.linear(x, w, b).split(K, 2) for x, w, b in zip(
            (query, key, value), self.in_proj_weight.split(sizes), self.in_proj_bias.split(sizes)))
        offsets = torch.arange(S) - torch.arange(T)[:, None]  # j - i
        hidden = torch.zeros(B, T, S, dtype=torch.bool)
        for mask in (attn_mask, None if key_padding_mask is None else key_padding_mask[:, None]):
            if mask is not None:
                hidden = hidden | (mask if mask.dtype == torch.bool else mask < 0)
        if self.window:
            hidden = hidden | (offsets.abs() > self.window)
        a_k = a_v = torch.zeros(T, S, K, dtype=like)
        if self.positions == "relative":  # Shaw's section 3.2
            rows = offsets.clamp(-self.distance, self.distance) + self.distance
            a_k, a_v = self.relative["key"][rows], self.relative["value"][rows]
        if self.positions == "rotary":
            R = torch.stack([rotation(p, K) for p in range(max(T, S))]).to(like)
            q = [torch.einsum("tkl,btl->btk", R[:T], head) for head in q]
            k = [torch.einsum("tkl,btl->btk", R[:S], head) for head in k]
        contexts, weights = [], []
        for h, q_h in enumerate(q):
            g = h * self.kv_heads // H
            e = (q_h[:, :, None] * (k[g][:, None] + a_k)).sum(3) / math.sqrt(K)  # Shaw's eq. (4)
            if self.positions == "alibi":
                e = e - slopes(H)[h] * offsets.abs()
            alpha = torch.softmax(e.masked_fill(hidden, -1e9), 2).masked_fill(hidden, 0)
            contexts.append((alpha[..., None] * (v[g][:, None] + a_v)).sum(2))  # Shaw's eq. (3)
            weights.append(alpha)
        return self.out_proj(torch.cat(contexts, 2)), torch.stack(weights, 1)


class Transformer(nn.Module):
    """Vaswani et al. 2017 around torch.nn.Transformer, with `Attention` in place of its own where
    that has not what the keys ask for. Attention and dropout as in evaluation."""

    required = ("d_model", "heads", "encoder_layers", "decoder_layers", "feed_forward")
    optional = ("norm", "activation", "positions", "tie", "max_length", "kv_heads",
                "window", "dropout", "attention_dropout")

    def __init__(self, config):
        super().__init__()
        c = Settings(config)
        V, W, D = c.size("source_vocab"), c.size("target_vocab"), c.size("d_model")
        if D % c.size("heads") != 0:
            raise Unsupported(f"d_model {D} is not divisible by heads {c.size('heads')}")
        activation = c.choice("activation", ["relu", "gelu", "swish"])
        self.source_embedding = nn.Embedding(V, D, PAD)
        self.target_embedding = nn.Embedding(W, D, PAD)
        self.max_length = math.inf
        self.positions = c.choice("positions",
                                  ["sinusoidal", "learned", "relative", "rotary", "alibi"])
        if self.positions == "learned":
            self.max_length = c.size("max_length", 512)
            self.source_positions = nn.Embedding(self.max_length, D)
            self.target_positions = nn.Embedding(self.max_length, D)
        self.transformer = nn.Transformer(
            D, c.size("heads"), c.size("encoder_layers"), c.size("decoder_layers"),
            c.size("feed_forward"), dropout=0.0,
            activation=F.silu if activation == "swish" else getattr(F, activation),
            norm_first=c.choice("norm", ["post", "pre"]) == "pre", batch_first=True)
        self.replace_attentions(c, D, c.size("heads"))
        self.generator = nn.Linear(D, W)
        tie = c.choice("tie", ["none", "target", "all"])
        if tie != "none":
            self.generator.weight = self.target_embedding.weight
        if tie == "all":
            if V != W:
                raise Unsupported(f"tie: all needs one vocabulary, there are {V} and {W} words")
            self.generator.weight = self.target_embedding.weight = self.source_embedding.weight

    def replace_attentions(self, c, D, heads):
        """Puts `Attention` where kv_heads, window or positions ask for it."""
        kv_heads, window = (c.config.get(key, 0) and c.size(key) for key in ("kv_heads", "window"))
        inside = self.positions in ("relative", "rotary", "alibi")
        if heads % (kv_heads or heads) != 0:
            raise Unsupported(f"heads {heads} are not divisible by kv_heads {kv_heads}")
        if self.positions == "rotary" and D // heads % 2 != 0:
            raise Unsupported(f"positions: rotary needs heads of even size, not {D // heads}")
        for layer in [*self.transformer.encoder.layers, *self.transformer.decoder.layers]:
            if kv_heads or window or inside:
                layer.self_attn = Attention(D, heads, kv_heads, window, inside and self.positions)
            if kv_heads and hasattr(layer, "multihead_attn"):
                layer.multihead_attn = Attention(D, heads, kv_heads)

    def embed(self, words, side):
        x = getattr(self, side + "_embedding")(words) * math.sqrt(self.transformer.d_model)
        length = words.shape[1]
        if length > self.max_length:
            raise Unsupported(f"max_length: a sentence has {length} tokens, end symbol included")
        if self.positions == "learned":
            return x + getattr(self, side + "_positions").weight[:length]
        return x + sinusoids(length, x.shape[2], x) if self.positions == "sinusoidal" else x

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
