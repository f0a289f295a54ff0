"""heed and PyTorch agree on model folders that PyTorch wrote, and a wrong weight is seen.

    python3 parity_test.py HEED [TEST]...    HEED: the command; TEST: RNNsearch, Transformer, ...
"""
import contextlib
import io
import json
import os
import random
import subprocess
import sys
import tempfile
import unittest
import warnings

import torch

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "tools"))
import parity
import torch_twins

HEED = ""

RNN_SEARCH = {"model": "rnn_search", "embedding": 7, "hidden": 11, "attention_size": 13,
              "readout_size": 5}
RNN_SEARCHES = {
    "after": {},
    "before": {"reset": "before"},
    "paper": {"reset": "before", "readout_state": "previous"},
    "tanh": {"readout": "tanh"},
    "layers": {"encoder_layers": 2},
    "layers_before": {"encoder_layers": 3, "reset": "before", "readout": "tanh"},
    "lstm": {"cell": "lstm", "encoder_layers": 2, "decoder_layers": 2},
    "rnn": {"cell": "rnn", "decoder_layers": 3},
    "input_feeding": {"input_feeding": True, "decoder_layers": 2},
    **{score: {"attention": score} for score in ("dot", "general", "concat", "scaled")},
    "location": {"attention": "location", "max_length": 31},
    "sparsemax": {"attention_normaliser": "sparsemax"},
    "monotonic": {"attention_window": 2, "attention": "general"},
    "predictive": {"attention_window": 3, "attention_local": "predictive"},
    "coverage": {"coverage": True},
    "all_at_once": {"cell": "lstm", "attention": "concat", "coverage": True, "input_feeding": True,
                    "attention_normaliser": "sparsemax", "attention_window": 3,
                    "attention_local": "predictive", "decoder_layers": 2, "readout": "tanh"},
}
ENCODER_DECODER = {"model": "encoder_decoder", "embedding": 7, "hidden": 11, "readout_size": 5}
ENCODER_DECODERS = {
    "gru": {},
    "before": {"reset": "before", "encoder_layers": 2},
    "lstm": {"cell": "lstm", "decoder_layers": 2},
    "rnn": {"cell": "rnn", "encoder_layers": 2, "decoder_layers": 3, "readout": "tanh"},
    "input_feeding": {"cell": "lstm", "input_feeding": True},
}
TRANSFORMER = {"model": "transformer", "d_model": 40, "heads": 5, "encoder_layers": 2,
               "decoder_layers": 3, "feed_forward": 23}
TRANSFORMERS = {
    "post": {},
    "pre": {"norm": "pre"},
    "gelu": {"activation": "gelu", "encoder_layers": 3, "decoder_layers": 1},
    "swish": {"activation": "swish", "norm": "pre", "heads": 8},
    "learned": {"positions": "learned", "max_length": 19},
    "odd": {"d_model": 35, "heads": 5, "positions": "sinusoidal"},
    "tie_target": {"tie": "target"},
    "tie_target_learned": {"tie": "target", "positions": "learned", "max_length": 512},
    "tie_all": {"tie": "all"},
    "tie_all_pre": {"tie": "all", "norm": "pre", "activation": "gelu", "heads": 1},
    "multi_query": {"kv_heads": 1},
    "grouped_query": {"heads": 10, "kv_heads": 2},
    "window": {"window": 2},
    "relative": {"positions": "relative"},
    "rotary": {"positions": "rotary"},
    "alibi": {"positions": "alibi"},
    "alibi_heads": {"positions": "alibi", "heads": 8, "window": 5, "norm": "pre"},
    "rotary_grouped_window": {"positions": "rotary", "heads": 10, "kv_heads": 5, "window": 3,
                              "norm": "pre", "tie": "target"},
    "relative_multi_query_window": {"positions": "relative", "kv_heads": 1, "window": 17,
                                    "tie": "all"},
}


def random_state(config):
    """Weights of a random twin: large enough that every one of them matters, also deep down."""
    twin = torch_twins.TWINS[config["model"]](config)
    for name, parameter in twin.named_parameters():
        mean = 1.0 if "norm" in name and name.endswith(".weight") else 0.0
        torch.nn.init.normal_(parameter, mean, 0.3)
    return {name: tensor.clone() for name, tensor in twin.state_dict().items()}


def write_lines(path, lines):
    with open(path, "w", encoding="utf-8") as file:
        file.writelines(line + "\n" for line in lines)


def run(*arguments):
    """parity.main, with what it printed."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
        try:
            status = parity.main([str(word) for word in arguments])
        except SystemExit as end:
            status = end.code
    return status, out.getvalue()


class Folder(unittest.TestCase):
    """A folder for the files of a test, with a text of `WORDS` and unknown words."""

    kind = {}
    vocabularies = (17, 23)

    def setUp(self):
        torch.manual_seed(7)
        self.random = random.Random(5)
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def path(self, name):
        return os.path.join(self.folder.name, name)

    def write_text(self, vocabularies):
        """Sentences of one to nine words, a long one, one empty on each side, some words unknown."""
        def sentence(letter, size):
            return " ".join(f"{letter}{self.random.randrange(size)}"
                            for _ in range(self.random.randint(1, 9)))
        pairs = [(sentence("s", vocabularies[0]), sentence("t", vocabularies[1]))
                 for _ in range(41)]
        pairs.append((" ".join(["s1", "s2"] * 9), " ".join(["t1", "t2", "t3"] * 6)))
        pairs += [("", "t1 t2"), ("s3", ""), ("s1  s2 <s> </s>", "t0 <pad>")]
        write_lines(self.path("text"), ["\t".join(pair) for pair in pairs])
        write_lines(self.path("src"), [source for source, _ in pairs])
        write_lines(self.path("ref"), [target for _, target in pairs])

    def make(self, variant, name="m", save=torch.save):
        """A random model folder, written by parity.py from a state dict."""
        config = {**self.kind, **variant}
        shared = config.get("tie") == "all"
        sizes = (23, 23) if shared else self.vocabularies
        config.update(source_vocab=sizes[0], target_vocab=sizes[1])
        state = random_state(config)
        for side, letter, size in zip(("source", "target"), "st", sizes):
            write_lines(self.path(f"{name}.{side}"),
                        parity.SYMBOLS + [f"{letter}{i}" for i in range(size - 4)])
        with open(self.path(name + ".json"), "w", encoding="utf-8") as file:
            json.dump({**self.kind, **variant}, file)
        suffix = ".pt" if save is torch.save else ".safetensors"
        save(state, self.path(name + suffix))
        self.write_text(sizes)
        return ("--write", self.path(name), "--state", self.path(name + suffix),
                "--config", self.path(name + ".json"), "--source-vocab",
                self.path(name + ".source"), "--target-vocab", self.path(name + ".target"))

    def write(self, variant, name="m"):
        status, out = run(*self.make(variant, name))
        self.assertEqual(status, 0, out)

    def compare(self, *more):
        return run(self.path("m"), "--text", self.path("text"), "--heed", HEED, *more)

    def both_sides(self):
        """What heed says of the folder, and the twin that it should agree with."""
        pairs = parity.read_pairs(parity.parse(["m", "--text", self.path("text")]))
        return (parity.run_heed(HEED, self.path("m"), pairs), parity.Model(self.path("m")), pairs)

    def differs(self, ours, model, pairs):
        theirs = parity.run_twin(model, pairs, 32)
        with contextlib.redirect_stdout(io.StringIO()) as out:
            equal = parity.compare(ours, theirs, 1e-4, 1e-4)
        return not equal, out.getvalue()


class Agreement:
    """What holds for every architecture; `variants` and the weights to change are its own."""

    variants = {}

    def test_every_variant_agrees(self):
        for name, variant in self.variants.items():
            with self.subTest(name):
                self.write(variant, name)
                status, out = run(self.path(name), "--text", self.path("text"), "--heed", HEED)
                print(f"{self.kind['model']} {name}:\n{out}", end="")
                self.assertEqual(status, 0, out)
                self.assertEqual(out.count("(within"), 3)

    def test_scores_of_a_folder_made_elsewhere_are_those_of_torch(self):
        self.write({})
        _, model, pairs = self.both_sides()
        theirs = parity.run_twin(model, pairs, 32).log_probabilities
        done = subprocess.run([HEED, "score", self.path("m"), "--src", self.path("src"), "--ref",
                               self.path("ref"), "--quiet"], capture_output=True, text=True,
                              check=True)
        ours = [float(line.split("\t")[0]) for line in done.stdout.splitlines()]
        self.assertEqual(len(ours), len(theirs))
        for a, b in zip(ours, theirs):
            self.assertLessEqual(abs(a - b), 2e-5 * abs(b))

    def test_characters_and_two_files_agree(self):
        self.write({"tokenizer": "char"})
        status, out = run(self.path("m"), "--src", self.path("src"), "--ref", self.path("ref"),
                          "--heed", HEED, "--batch", "5")
        self.assertEqual(status, 0, out)

    def test_a_safetensors_state_gives_the_folder_of_a_pt_state(self):
        self.write({})
        torch.manual_seed(7)
        status, out = run(*self.make({}, "other", lambda s, f: parity.write_safetensors(f, s)))
        self.assertEqual(status, 0, out)
        for file in ("model.safetensors", "config.json", "source.vocab", "target.vocab"):
            self.assertEqual(parity.read_bytes(self.path("m/" + file)),
                             parity.read_bytes(self.path("other/" + file)))

    def test_one_changed_weight_is_seen(self):
        self.write({})
        ours, model, pairs = self.both_sides()
        self.assertFalse(self.differs(ours, model, pairs)[0])
        for name, parameter in model.twin.named_parameters():
            if name not in self.changed:
                continue
            with self.subTest(name):
                kept = parameter.data.clone()
                parameter.data.view(-1)[-1] += 0.1
                differs, out = self.differs(ours, model, pairs)
                parameter.data.copy_(kept)
                self.assertTrue(differs, out)

    def test_swapped_blocks_of_a_weight_are_seen(self):
        self.write({})
        ours, model, pairs = self.both_sides()
        weights = dict(model.twin.named_parameters())
        for name, blocks in self.blocks.items():
            with self.subTest(name):
                kept = weights[name].data.clone()
                parts = list(kept.chunk(blocks))
                weights[name].data.copy_(torch.cat([parts[1], parts[0], *parts[2:]]))
                differs, out = self.differs(ours, model, pairs)
                weights[name].data.copy_(kept)
                self.assertTrue(differs, out)
        self.assertFalse(self.differs(ours, model, pairs)[0])

    def test_a_wrong_gradient_alone_is_seen_with_its_place(self):
        self.write({})
        ours, model, pairs = self.both_sides()
        gradient = ours.gradients[self.changed[0]]
        gradient.view(-1)[-1] += 2e-3 * gradient.abs().max()
        differs, out = self.differs(ours, model, pairs)
        last = ", ".join(str(size - 1) for size in gradient.shape)
        self.assertTrue(differs)
        self.assertIn(f"at {self.changed[0]}[{last}] (MORE THAN", out)
        self.assertEqual(out.count("(within"), 2)

    def test_weights_that_are_missing_or_too_many_are_refused(self):
        self.write({})
        file = self.path("m/model.safetensors")
        state = parity.read_safetensors(file)[0]
        name = self.changed[0]
        parity.write_safetensors(file, {k: t for k, t in state.items() if k != name})
        status, out = self.compare()
        self.assertEqual((status, out.count("\n")), (3, 1), out)
        self.assertIn(name, out)
        parity.write_safetensors(file, {**state, "more.weight": state[name]})
        status, out = self.compare()
        self.assertEqual((status, out.count("\n")), (3, 1), out)
        self.assertIn("more.weight", out)

    def test_broken_folders_and_wrong_flags_are_refused_in_one_line(self):
        arguments = self.make({})
        self.assertEqual(run(*arguments)[0], 0)
        status, out = run(*arguments)
        self.assertEqual((status, out.count("\n")), (2, 1), out)
        self.assertIn("exists already", out)
        self.assertEqual(self.compare("--write", self.path("n"))[0], 2)
        self.assertEqual(run(self.path("m"))[0], 2)
        for file, text in (("config.json", '{"model": "rnn_serch"}'), ("config.json", "{"),
                           ("source.vocab", "a\nb\n"), ("model.safetensors", "x" * 50)):
            with self.subTest(file + text[:9]):
                kept = parity.read_bytes(self.path("m/" + file))
                with open(self.path("m/" + file), "w", encoding="utf-8") as broken:
                    broken.write(text)
                status, out = self.compare()
                self.assertEqual((status, out.count("\n")), (3, 1), out)
                self.assertIn(file, out)
                with open(self.path("m/" + file), "wb") as whole:
                    whole.write(kept)
        self.assertEqual(self.compare()[0], 0)


class RNNsearch(Agreement, Folder):
    kind, variants = RNN_SEARCH, RNN_SEARCHES
    changed = ("decoder.cell.weight_hh", "encoder.weight_ih_l0_reverse", "attention.key.weight",
               "attention.energy.weight", "initial.bias", "readout.weight", "generator.weight",
               "target_embedding.weight")
    blocks = {"encoder.weight_ih_l0": 3, "encoder.weight_hh_l0_reverse": 3, "encoder.bias_hh_l0": 3,
              "decoder.cell.weight_ih": 3, "decoder.cell.bias_ih": 3, "readout.weight": 2}


class EncoderDecoder(Agreement, Folder):
    kind, variants = ENCODER_DECODER, ENCODER_DECODERS
    changed = ("decoder.cell.weight_hh", "encoder.weight_ih_l0_reverse", "initial.bias",
               "readout.weight", "generator.weight", "source_embedding.weight")
    blocks = {"encoder.weight_hh_l0": 3, "decoder.cell.weight_ih": 3, "readout.weight": 2}


class Transformer(Agreement, Folder):
    kind, variants = TRANSFORMER, TRANSFORMERS
    changed = ("transformer.decoder.layers.1.multihead_attn.in_proj_weight",
               "transformer.encoder.layers.0.self_attn.out_proj.weight",
               "transformer.encoder.layers.1.linear2.bias",
               "transformer.decoder.layers.2.norm3.weight", "transformer.encoder.norm.bias",
               "transformer.decoder.norm.weight", "generator.bias", "source_embedding.weight")
    blocks = {"transformer.encoder.layers.0.self_attn.in_proj_weight": 3,
              "transformer.decoder.layers.0.multihead_attn.in_proj_weight": 3,
              "transformer.decoder.layers.2.self_attn.in_proj_bias": 3}

    def test_duplicates_of_tied_weights_are_taken_if_they_are_equal(self):
        self.write({"tie": "target"})
        file = self.path("m/model.safetensors")
        state = parity.read_safetensors(file)[0]
        self.assertNotIn("generator.weight", state)
        state["generator.weight"] = state["target_embedding.weight"].clone()
        parity.write_safetensors(file, state)
        self.assertEqual(self.compare()[0], 0)
        state["generator.weight"][0, 0] += 1
        parity.write_safetensors(file, state)
        status, out = self.compare()
        self.assertEqual((status, out.count("\n")), (3, 1), out)
        self.assertIn("tied", out)


if __name__ == "__main__":
    HEED = sys.argv.pop(1)
    warnings.filterwarnings("ignore", message=".*nested.tensor")
    torch.set_num_threads(1)  # the tests run beside others, on small tensors
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    unittest.main()
