"""Golden files of whole models that tools/python/torch_twins.py has."""
import torch

import torch_twins
from golden_file import call, random_weights, record
from golden_training import loss_of, losses_of_training, parallel_batch


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
