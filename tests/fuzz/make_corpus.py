#!/usr/bin/env python3
"""Writes the seeds of tests/fuzz/corpus: make_corpus.py HEED. Inputs that a fuzzer found stand
beside them under names of their own and are left alone."""

import json
import pathlib
import struct
import subprocess
import sys
import tempfile

CORPUS = pathlib.Path(__file__).parent / "corpus"
SMALL = {
    "rnn_search": ["embedding=2", "hidden=2", "attention_size=2", "readout_size=2"],
    "encoder_decoder": ["embedding=2", "hidden=2", "readout_size=2"],
    "transformer": ["d_model=4", "heads=2", "encoder_layers=1", "decoder_layers=1",
                    "feed_forward=3"],
}
FILES = ("config.json", "source.vocab", "target.vocab", "model.safetensors")


def write(target, name, content):
    folder = CORPUS / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)


def parts(folder, names, **changed):
    """The files of a folder as one input; a keyword, the name before the dot, replaces a file."""
    pieces = []
    for name in names:
        content = changed.get(name.split(".")[0], (folder / name).read_bytes())
        if content is not None:
            pieces.append(b"@@ " + name.encode() + b"\n" + content)
    return b"\n".join(pieces)


def tensors(header, data=b"", length=None):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + data


def entry(dtype, shape, begin, end):
    return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}


def safetensors():
    widths = {"F32": 4, "F64": 8, "F16": 2, "BF16": 2, "I32": 4, "I64": 8, "BOOL": 1}
    for dtype, width in widths.items():
        write("safetensors", "type-" + dtype, 
              tensors({"w": entry(dtype, [3], 0, 3 * width)}, bytes(3 * width)))
    seeds = {
        "empty": b"",
        "no-tensors": tensors({}),
        "scalar": tensors({"w": entry("F32", [], 0, 4)}, b"\0\0\x80?"),
        "zero-size": tensors({"w": entry("F32", [2, 0, 3], 0, 0)}),
        "metadata": tensors({"__metadata__": {"format": "pt", "a\"b": "\u202e\u0007"},
                             "w": entry("F32", [1], 0, 4)}, bytes(4)),
        "two": tensors({"b": entry("F32", [2, 1], 0, 8), "a": entry("I32", [1], 8, 12)}, bytes(12)),
        "padded": tensors(b'{"w": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}    ',
                          bytes(4)),
        "product-overflows": tensors({"w": entry("F32", [2, 2**64 - 2], 0, 4)}, bytes(4)),
        "shape-is-vast": tensors({"w": entry("F32", [2**31, 2**31], 0, 2**62 // 2)}, bytes(4)),
        "shape-with-zero-is-vast": tensors({"w": entry("F32", [2**62, 2**62, 0], 0, 0)}),
        "offsets-cross": tensors({"w": entry("F32", [1], 8, 4)}, bytes(8)),
        "overlap": tensors({"a": entry("F32", [2], 0, 8), "b": entry("F32", [2], 4, 12)},
                           bytes(12)),
        "gap": tensors({"a": entry("F32", [1], 0, 4), "b": entry("F32", [1], 8, 12)}, bytes(12)),
        "surplus": tensors({"a": entry("F32", [1], 0, 4)}, bytes(5)),
        "twice": tensors(b'{"w":{"dtype":"F32","shape":[0],"data_offsets":[0,0]},'
                         b'"w":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}}'),
        "length-is-vast": tensors({}, length=2**64 - 1),
        "length-is-signed": tensors({}, length=2**63),
        "not-utf8": tensors(b'{"\xff": {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]}}'),
        "control-names": tensors({"\u001b[31m\u009b\u202e": entry("F32", [0], 0, 0)}),
        "deep": tensors(b'{"w":' + b"[" * 2000 + b"]" * 2000 + b"}"),
        "float-offset": tensors(b'{"w":{"dtype":"F32","shape":[1.0],"data_offsets":[0,4e0]}}',
                                bytes(4)),
        "negative": tensors({"w": entry("F32", [-1], 0, 4)}, bytes(4)),
        "bool-of-2": tensors({"w": entry("BOOL", [1], 0, 1)}, b"\2"),
        "int64-too-large": tensors({"w": entry("I64", [1], 0, 8)}, b"\xff" * 7 + b"\x7f"),
    }
    for name, content in seeds.items():
        write("safetensors", name, content)


def config(folder):
    for name, content in {
        "whole": (folder / "config.json").read_text(),
        "empty": "",
        "object": "{}",
        "setting": "training.learning_rate=0.5",
        "setting-of-text": "data.train_source=a=\"b",
        "unknown": '{"d_modle": 4}',
        "number-is-vast": '{"hidden": 1e999, "embedding": 99999999999999999999}',
        "model-is-vast": '{"hidden": 1000000, "embedding": 1000000, "source_vocab": 100000, '
                         '"target_vocab": 100000}',
        "paths": '{"data": {"train_source": "\\u0000\\u001b\\"\\\\\\ud83d\\ude00"}}',
        "half-pair": '{"data": {"train_source": "\\ud83d"}}',
        "deep": "[" * 3000,
        "twice": '{"model": "transformer", "model": "rnn_search"}',
        "bom": '\ufeff{"hidden": 4}',
        "comment": '{"hidden": 4} // four',
        "minus-zero": '{"dropout": -0.0, "training": {"learning_rate": 1e-320}}',
        "search": '{"search": {"beam": 4, "length_penalty": "wu:0.6", "max_length_factor": 1.5}}',
        "penalty-is-vast": '{"search": {"length_penalty": "wu:1e999"}}',
        "setting-of-penalty": "search.length_penalty=wu:-0",
        "transformer": '{"model": "transformer", "d_model": 8, "heads": 2, "positions": "rotary", '
                       '"norm": "pre"}',
    }.items():
        write("config", name, content)


def texts():
    symbols = "<pad>\n<unk>\n<s>\n</s>\n"
    for name, content in {
        "symbols": symbols,
        "words": symbols + "a\nb\nc\n",
        "twice": symbols + "a\nb\na\n",
        "cut": symbols + "a",
        "empty-word": symbols + "a\n\nb\n",
        "order": "<unk>\n<pad>\n<s>\n</s>\n",
        "bom": "\ufeff" + symbols,
        "crlf": symbols.replace("\n", "\r\n") + "a\r\n",
        "controls": symbols + "a\u009bb\n\u202e\n\x7f\n",
        "nul": symbols + "a\0b\n",
        "overlong": symbols.encode() + b"\xc0\x80\n",
        "surrogate": symbols.encode() + b"\xed\xa0\x80\n",
        "spaces": symbols + "a b\n \n\u00a0\n",
        "empty": "",
    }.items():
        write("vocabulary", name, content)
    for name, content in {
        "plain": "a b c\nb a\n",
        "empty": "",
        "blank": "\n  \n\t\n",
        "no-end": "a\nb",
        "bom": "\ufeffa\n",
        "crlf": "a b\r\nc\r\n",
        "lone-cr": "a\rb\n",
        "separators": "a\u2028b\u0085c\u000bd\u000ce\n",
        "symbols": "<s> </s> <unk> <pad>\n",
        "nul": "a\0b\n",
        "utf16": b"\xff\xfea\0\n\0",
        "gzip": b"\x1f\x8b\x08\0\0\0\0\0",
        "overlong": b"a\n\xc0\x80\n",
        "cut-character": b"a \xf0\x9f\x98\n",
        "combining": "e\u0301 \U0001f468\u200d\U0001f469 \u202ea\u00a0b\n",
    }.items():
        write("text", name, content)


def model_folders(folders):
    for kind, folder in folders.items():
        write("model_folder", kind, parts(folder, FILES))
    folder = folders["rnn_search"]
    settings = json.loads((folder / "config.json").read_text())
    changed = lambda **keys: json.dumps({**settings, **keys}).encode()
    weights = (folder / "model.safetensors").read_bytes()
    for name, content in {
        "no-weights": parts(folder, FILES, model=None),
        "no-vocabulary": parts(folder, FILES, source=None),
        "empty-weights": parts(folder, FILES, model=tensors({})),
        "cut-weights": parts(folder, FILES, model=weights[:-4]),
        "nan": parts(folder, FILES, model=weights[:-4] + struct.pack("<f", float("nan"))),
        "largest": parts(folder, FILES, model=weights[:-4] + struct.pack("<f", 3e38)),
        "another-hidden": parts(folder, FILES, config=changed(hidden=3)),
        "another-kind": parts(folder, FILES, config=changed(model="encoder_decoder")),
        "newer": parts(folder, FILES, config=changed(version=999)),
        "claims-gigabytes": parts(folder, FILES, config=changed(hidden=8000, embedding=8000)),
        "more-rows": parts(folder, FILES, config=changed(source_vocab=1000000)),
        "nothing": b"",
    }.items():
        write("model_folder", name, content)


def checkpoints(folder):
    names = ("model.safetensors", "optimizer.safetensors", "state.json")
    state = (folder / "state.json").read_bytes()
    none = tensors({"w": entry("F32", [1], 0, 4)}, bytes(4))
    small = {"model": none, "optimizer": none}

    def with_state(old, new):
        return parts(folder, names, state=state.replace(old, new), **small)

    manifest = names + ("MANIFEST.json",)
    for name, content in {
        "whole": parts(folder, names, **small),
        "with-manifest": parts(folder, manifest),
        "manifest-of-others": parts(folder, manifest, **small),
        "no-state": parts(folder, names, state=None, **small),
        "empty-state": parts(folder, names, state=b"{}", **small),
        "newer": with_state(b'"version": 1', b'"version": 2'),
        "vast-step": with_state(b'"step": 2', b'"step": 9223372036854775807'),
        "no-weights": parts(folder, names, model=b"", optimizer=none),
        "fingerprint": with_state(b'"fingerprint": {',
                                  b'"fingerprint": {"a\\"b\\u001b": "\\\\\\"", '),
        "path-in-manifest": parts(folder, manifest, MANIFEST=b'{"version": 1, "files": '
                                  b'{"../a": {"size": 0, "sha256": ""}}}', **small),
        "nothing": b"",
    }.items():
        write("checkpoint", name, content)


def attention():
    for name, content in {
        "words": "bb!\nthe\ncar\n</s>\nla\nvoiture\n</s>\nla voiture\nattention\n",
        "script": "aaa\n</script><script>alert(1)</script>\n<!--\n]]>\n-->\n"
                  "<img src=x onerror=alert(1)>\n",
        "entities": "cca\n&amp;\n&#60;\n\"\n'\n\\\n\\u003c\n`${1}`\n",
        "controls": b"dda\n\x1b[31m\n\x07\n\xc2\x9b31m\n\x7f\n\x00\n\r\n\t\n",
        "bidi": "eea\n\u202e\u2066abc\n\u2028\n\u2029\n\ufeff\n\u200b\n",
        "not-utf8": b"bba\n\xff\xfe\n\xc0\x80\n\xed\xa0\x80\n\xf4\x90\x80\x80\n",
        "wide": "bba\n\u4e2d\u6587\n\U0001f468\u200d\U0001f469\u200d\U0001f467\n"
                "e\u0301\u0301\u0301\n",
        "prototype": "bba\n__proto__\nconstructor\n$&\n@STYLE@\n@DATA@\n",
        "empty": "",
    }.items():
        write("attention", name, content)


def main():
    with tempfile.TemporaryDirectory() as root:
        root = pathlib.Path(root)
        texts_of_training = {"train.src": "a b\nb a\n", "train.tgt": "b a\na b\n",
                             "valid.src": "a\n", "valid.tgt": "a\n"}
        for name, text in texts_of_training.items():
            (root / name).write_text(text)
        folders = {}
        for kind, settings in SMALL.items():
            folders[kind] = root / kind
            command = [sys.argv[1], "train", "--quiet", "--data", root, "--out", folders[kind],
                       "--model", kind, "--steps", "2"]
            for setting in settings:
                command += ["--set", setting]
            subprocess.run(command, check=True)
            config_file = root / kind / "config.json"
            config_file.write_text(config_file.read_text().replace(str(root), "text"))
        safetensors()
        config(folders["rnn_search"])
        texts()
        model_folders(folders)
        checkpoints(folders["rnn_search"] / "checkpoints" / "000002")
        attention()


if __name__ == "__main__":
    main()
