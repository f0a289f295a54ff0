"""The Transformer and RNNsearch as one writes them in PyTorch for speed."""
import math

import torch
import torch.nn.functional as F
from torch import nn

import works

V, D = works.VOCABULARY, works.D


def split_heads(x):
    """[B, T, D] -> [B, H, T, K]."""
    return x.unflatten(2, (works.HEADS, -1)).transpose(1, 2)


class Attention(nn.Module):
    """Keys and values from one product, the queries with them where they read the same text."""

    def __init__(self, same):
        super().__init__()
        self.same = same
        self.queries = None if same else nn.Linear(D, D)
        self.others = nn.Linear(D, 3 * D if same else 2 * D)
        self.out = nn.Linear(D, D)

    def forward(self, x, source=None, keep=None, causal=False):
        if self.same:
            q, k, v = self.others(x).chunk(3, 2)
        else:
            q, (k, v) = self.queries(x), self.others(source).chunk(2, 2)
        y = F.scaled_dot_product_attention(*map(split_heads, (q, k, v)), attn_mask=keep,
                                           is_causal=causal)
        return self.out(y.transpose(1, 2).flatten(2))


class Layer(nn.Module):
    """Of the encoder; with `source`, of the decoder."""

    def __init__(self, decoder):
        super().__init__()
        self.attention = Attention(True)
        self.source_attention = Attention(False) if decoder else None
        self.norms = nn.ModuleList(nn.LayerNorm(D) for _ in range(3 if decoder else 2))
        self.inner, self.outer = nn.Linear(D, works.F), nn.Linear(works.F, D)
        self.dropout = nn.Dropout(works.DROPOUT)

    def forward(self, x, keep, source=None):
        decoder = source is not None
        x = x + self.dropout(self.attention(self.norms[0](x), keep=None if decoder else keep,
                                            causal=decoder))
        if decoder:
            x = x + self.dropout(self.source_attention(self.norms[1](x), source, keep))
        inner = self.dropout(F.relu(self.inner(self.norms[-1](x))))
        return x + self.dropout(self.outer(inner))


class Transformer(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(V, D, padding_idx=0)
        nn.init.normal_(self.embedding.weight, 0, D ** -0.5)
        self.bias = nn.Parameter(torch.zeros(V))
        self.encoder = nn.ModuleList(Layer(False) for _ in range(works.LAYERS))
        self.decoder = nn.ModuleList(Layer(True) for _ in range(works.LAYERS))
        self.encoder_norm, self.decoder_norm = nn.LayerNorm(D), nn.LayerNorm(D)
        self.dropout = nn.Dropout(works.DROPOUT)
        places = torch.arange(works.WORDS)[:, None]
        angles = places * 10000.0 ** (-torch.arange(0, D, 2) / D)
        self.register_buffer("places", torch.stack([angles.sin(), angles.cos()], 2).flatten(1))

    def embed(self, words):
        return self.dropout(self.embedding(words) * math.sqrt(D) + self.places[:words.shape[1]])

    def forward(self, source, keep, target):
        keep, x, y = keep[:, None, None], self.embed(source), self.embed(target)
        for layer in self.encoder:
            x = layer(x, keep)
        x = self.encoder_norm(x)
        for layer in self.decoder:
            y = layer(y, keep, x)
        return F.linear(self.decoder_norm(y), self.embedding.weight, self.bias)


class RNNsearch(nn.Module):
    """What does not depend on the state is multiplied for all words at once."""

    def __init__(self, n):
        super().__init__()
        E = works.EMBEDDING
        self.source_embedding = nn.Embedding(V, E, padding_idx=0)
        self.target_embedding = nn.Embedding(V, E, padding_idx=0)
        self.encoder = nn.GRU(E, n, batch_first=True, bidirectional=True)
        self.initial = nn.Linear(n, n)
        self.query, self.key = nn.Linear(n, n, bias=False), nn.Linear(2 * n, n, bias=False)
        self.energy = nn.Linear(n, 1, bias=False)
        self.cell = nn.GRUCell(E + 2 * n, n)
        self.readout = nn.Linear(3 * n + E, works.READOUT)
        self.generator = nn.Linear(works.READOUT, V)
        self.dropout = nn.Dropout(works.DROPOUT)

    def forward(self, source, keep, target):
        # All texts have one length: a packed sequence would only cost.
        annotations, last = self.encoder(self.dropout(self.source_embedding(source)))
        s, keys = torch.tanh(self.initial(last[1])), self.key(annotations)
        hidden = torch.zeros(keep.shape).masked_fill(~keep, -math.inf)
        words, steps = self.dropout(self.target_embedding(target)), []
        for word in words.unbind(1):
            e = self.energy(torch.tanh(keys + self.query(s)[:, None]))[..., 0] + hidden
            context = torch.bmm(e.softmax(1)[:, None], annotations)[:, 0]
            s = self.cell(torch.cat([word, context], 1), s)
            steps.append(torch.cat([s, word, context], 1))
        return self.generator(self.dropout(torch.tanh(self.readout(torch.stack(steps, 1)))))


def make(work):
    return RNNsearch(works.HIDDEN[work]) if work in works.HIDDEN else Transformer()
