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
    optional = ("cell", "encoder_layers", "decoder_layers", "input_feeding", "readout", "reset",
                "dropout")

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
            context, alpha = self.context(hidden(states[-1]), annotations, last, keep, i, attended)
            attended = attended + alpha
            if self.feeds and t is None:
                t = y.new_zeros(len(y), self.generator.in_features)
            states = self.decode(states, torch.cat([y, context] + [t] * self.feeds, 1))
            t = self.readout(torch.cat([hidden(states[-1]), context, y], 1))
            t = t.unflatten(1, (-1, 2)).amax(2) if self.maxout else torch.tanh(t)
            words.append(t)
        return self.generator(torch.stack(words, 1))

    @staticmethod
    def ties(config):
        return {}


class RNNsearch(Recurrent):
    """Bahdanau, Cho, Bengio 2014, with PyTorch's state update and a read-out of the new state."""

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


TWINS = {"rnn_search": RNNsearch, "encoder_decoder": EncoderDecoder, "transformer": Transformer}
