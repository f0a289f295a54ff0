"""Golden files of the whole RNNsearch: as its twin in PyTorch computes it, and as the paper's
equations do."""
import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

import paper_rnn_search
from golden_file import PRECISIONS, call, random_weights, record
from golden_recurrent import gru_before, gru_step_before
from golden_training import PAD, loss_of, losses_of_training, parallel_batch


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
