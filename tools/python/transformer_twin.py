"""The Transformer written with PyTorch."""
import math

import torch
import torch.nn.functional as F
from torch import nn

from twin_settings import PAD, Settings, Unsupported


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
