"""Times decoding in CTranslate2, random weights: ctranslate2_peer.py WORK float32|int8 THREADS

For each batch the better of two ways to use the threads: all for one batch, or a batch each.
"""
import sys
import tempfile

import ctranslate2
import numpy as np
from ctranslate2.specs import TransformerSpec

import works
from measurement import report, time_steps

V, D, T = works.VOCABULARY, works.D, works.WORDS
random = np.random.default_rng(0)


def matrix(out, inputs):
    return (random.standard_normal((out, inputs)) * inputs ** -0.5).astype(np.float32)


def set_linear(spec, out, inputs):
    spec.weight, spec.bias = matrix(out, inputs), np.zeros(out, np.float32)


def set_norm(spec):
    spec.gamma, spec.beta = np.ones(D, np.float32), np.zeros(D, np.float32)


def set_layer(layer, decoder):
    set_norm(layer.self_attention.layer_norm)
    for linear, out in zip(layer.self_attention.linear, (3 * D, D)):
        set_linear(linear, out, D)
    if decoder:
        set_norm(layer.attention.layer_norm)
        for linear, out in zip(layer.attention.linear, (D, 2 * D, D)):
            set_linear(linear, out, D)
    set_norm(layer.ffn.layer_norm)
    set_linear(layer.ffn.linear_0, works.F, D)
    set_linear(layer.ffn.linear_1, D, works.F)


def make_model(folder):
    """Writes the Transformer of works.py by the converters' interface."""
    spec = TransformerSpec.from_config(works.LAYERS, works.HEADS, pre_norm=True)
    embedding = matrix(V, D)
    angles = np.arange(512)[:, None] * 10000.0 ** (-np.arange(0, D, 2) / D)
    places = np.stack([np.sin(angles), np.cos(angles)], 2).reshape(512, D).astype(np.float32)
    for side in (spec.encoder, spec.decoder):
        words = side.embeddings
        (words[0] if isinstance(words, list) else words).weight = embedding
        side.position_encodings.encodings, side.scale_embeddings = places, True
        set_norm(side.layer_norm)
        for layer in side.layer:
            set_layer(layer, side is spec.decoder)
    spec.decoder.projection.weight = embedding
    spec.decoder.projection.bias = np.zeros(V, np.float32)
    tokens = ["<unk>", "<s>", "</s>", *(f"w{i}" for i in range(V - 3))]
    spec.register_source_vocabulary(tokens)
    spec.register_target_vocabulary(tokens)
    parameters = count(spec, embedding)
    spec.validate()
    spec.optimize()
    spec.save(folder)
    return parameters


def count(spec, embedding):
    """Weights, one that is used in three places once; places are no weights."""
    values = [value for name, value in spec.variables().items() if isinstance(value, np.ndarray)
              and value.dtype == np.float32 and value.ndim and "encodings" not in name]
    tied = [value for value in values if value.shape == embedding.shape]
    return sum(value.size for value in values) - (len(tied) - 1) * embedding.size


def best_of(folder, kind, threads, work, B):
    """(times, sentences a second, settings) of the better use of the threads."""
    found, ways = [], [(1, threads)] if B == 1 or threads == 1 else [(1, threads), (threads, 1)]
    for workers, each in ways:
        translator = ctranslate2.Translator(folder, device="cpu", compute_type=kind,
                                            inter_threads=workers, intra_threads=each)
        texts = [[f"w{i}" for i in random.integers(0, V - 3, T)] for _ in range(B * workers)]
        step = lambda: translator.translate_batch(
            texts, max_batch_size=B, beam_size=works.BEAM[work], max_decoding_length=T,
            min_decoding_length=T)
        times = time_steps(step, seconds=1.0, least=3, warm=1)
        found.append((1e3 * len(texts) / times[0], times,
                      f"{workers} at a time, threads of each: {each}"))
        assert all(len(result.hypotheses[0]) == T for result in step())
    return max(found)


def main(work, kind, threads):
    with tempfile.TemporaryDirectory() as folder:
        parameters = make_model(folder)
        for B in works.DECODED[work]:
            speed, times, settings = best_of(folder, kind, int(threads), work, B)
            report(work, f"batch {B}", {"ctranslate2": ctranslate2.__version__}, times,
                   parameters=parameters, sentences_per_second=round(speed, 2), settings=settings)


if __name__ == "__main__":
    main(*sys.argv[1:])
