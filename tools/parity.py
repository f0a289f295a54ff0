#!/usr/bin/env python3
"""Compares a model folder with its twin in PyTorch, or writes a folder from PyTorch's weights.

    python3 tools/parity.py MODEL --text FILE             FILE: lines of SOURCE TAB TARGET
    python3 tools/parity.py MODEL --src FILE --ref FILE
    python3 tools/parity.py --write MODEL --state FILE.pt|.safetensors --config FILE.json
                            --source-vocab FILE --target-vocab FILE

The twin (torch_twins.py) takes the folder's weights by load_state_dict(strict=True). Both compute in
float64; heed's numbers come from `heed score --gradients --float64`. Compared are the log-probability of
each sentence, the loss (all of them, negated and summed), and its gradient for every weight.

Exit codes: 0 equal within the tolerances, 1 not, 2 usage, 3 bad text or model folder.
Needs torch 1.13 or later and nothing else.
"""
import argparse
import json
import math
import os
import subprocess
import sys
import tempfile
import warnings
from collections import namedtuple

try:
    import torch
except ImportError:
    print("parity: error: needs torch (apt-get install python3-torch)", file=sys.stderr)
    sys.exit(2)

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "python"))
import tensor_files
from torch_twins import BOS, EOS, PAD, TWINS, UNK, Unsupported

SYMBOLS = ["<pad>", "<unk>", "<s>", "</s>"]
CONSTANTS = {"format": "heed", "version": 1, "pad": PAD, "unk": UNK, "bos": BOS, "eos": EOS}


class Fault(Exception):
    """What ends the program with one line on stderr."""

    def __init__(self, message, status=3):
        super().__init__(message)
        self.status = status


# --- files ----------------------------------------------------------------------------------------


def read_bytes(path):
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        raise Fault(f"{path}: {error.strerror}") from None


def read_lines(path):
    """Lines as heed reads them: LF ends one, the CR of CRLF and a byte order mark are dropped."""
    try:
        text = read_bytes(path).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Fault(f"{path}: not UTF-8: {error}") from None
    lines = text.split("\n")
    if not lines[-1]:
        lines.pop()
    return [line[:-1] if line.endswith("\r") else line for line in lines]


def read_json(path):
    try:
        value = json.loads(read_bytes(path))
    except ValueError as error:
        raise Fault(f"{path}: not JSON: {error}") from None
    if not isinstance(value, dict):
        raise Fault(f"{path}: expects an object")
    return value


def read_vocabulary(path):
    tokens = read_lines(path)
    if tokens[:4] != SYMBOLS:
        raise Fault(f"{path}: the first four tokens are not {' '.join(SYMBOLS)}")
    if len(set(tokens)) != len(tokens):
        raise Fault(f"{path}: a token comes twice")
    return tokens


def read_safetensors(path):
    """The tensors of a file by their names, and its metadata."""
    try:
        return tensor_files.parse(read_bytes(path))
    except ValueError as error:
        raise Fault(f"{path}: no safetensors file of floating numbers: {error}") from None


def write_safetensors(path, tensors):
    """Writes tensors as float32."""
    with open(path, "wb") as file:
        file.write(tensor_files.to_bytes(tensors))


# --- a model folder -------------------------------------------------------------------------------


def make_twin(config, path):
    """The twin of a config.json, in float64, freshly initialised."""
    kind = config.get("model")
    if kind not in TWINS:
        raise Fault(f"{path}: model: {kind!r} has no twin; there are: {', '.join(TWINS)}")
    try:
        return TWINS[kind](config).double()
    except Unsupported as error:
        raise Fault(f"{path}: {error}") from None


def load_state(twin, ties, state, path):
    """Loads a state dict strictly; what heed stores once stands under all its names in torch."""
    state = dict(state)
    for stored, others in ties.items():
        present = [name for name in [stored, *others] if name in state]
        for name in present[1:]:
            if not torch.equal(state[name], state[present[0]]):
                raise Fault(f"{path}: {name} and {present[0]} are tied and differ")
        if present:
            state.update({name: state[present[0]] for name in [stored, *others]})
    try:
        twin.load_state_dict(state, strict=True)
    except (RuntimeError, TypeError) as error:
        raise Fault(f"{path}: {' '.join(str(error).split())}") from None


class Model:
    """A model folder as PyTorch sees it: `twin`, and sentences as ids."""

    def __init__(self, folder):
        path = os.path.join(folder, "config.json")
        self.config = read_json(path)
        for key, value in CONSTANTS.items():
            if self.config.get(key, value) != value:
                raise Fault(f"{path}: {key}: expects {value!r}, got {self.config[key]!r}")
        self.tokenizer = self.config.get("tokenizer", "word")
        if self.tokenizer not in ("word", "char"):
            raise Fault(f"{path}: tokenizer: {self.tokenizer!r} can't be compared; there are: "
                        "word, char")
        self.words = {}
        for side in ("source", "target"):
            name = os.path.join(folder, side + ".vocab")
            tokens = read_vocabulary(name)
            if len(tokens) != self.config.get(side + "_vocab"):
                raise Fault(f"{name}: {len(tokens)} tokens, {side}_vocab of config.json says "
                            f"{self.config.get(side + '_vocab')}")
            self.words[side] = {token: id for id, token in enumerate(tokens) if id >= 4}
        self.twin = make_twin(self.config, path)
        weights = os.path.join(folder, "model.safetensors")
        load_state(self.twin, self.twin.ties(self.config), read_safetensors(weights)[0], weights)

    def encode(self, line, side):
        if self.config.get("data", {}).get("lowercase", False):
            line = line.lower()
        tokens = line if self.tokenizer == "char" else [t for t in line.split(" ") if t]
        return [self.words[side].get(token, UNK) for token in tokens] + [EOS]


def padded(sentences):
    width = max(map(len, sentences))
    return torch.tensor([ids + [PAD] * (width - len(ids)) for ids in sentences])


# --- both sides -----------------------------------------------------------------------------------


# Log-probability and number of tokens of each sentence, the loss, and its gradients by name.
Result = namedtuple("Result", "log_probabilities tokens loss gradients")


def run_twin(model, pairs, batch):
    source = [model.encode(line, "source") for line, _ in pairs]
    target = [model.encode(line, "target") for _, line in pairs]
    log_probabilities = [0.0] * len(pairs)
    order = sorted(range(len(pairs)), key=lambda i: (len(target[i]), len(source[i])))
    model.twin.zero_grad()
    for first in range(0, len(order), batch):
        numbers = order[first:first + batch]
        x, y = padded([source[i] for i in numbers]), padded([target[i] for i in numbers])
        y_in = padded([[BOS] + target[i][:-1] for i in numbers])
        keep = torch.arange(x.shape[1]) < torch.tensor([[len(source[i])] for i in numbers])
        p = torch.log_softmax(model.twin(x, keep, y_in), 2).gather(2, y[..., None])[..., 0]
        sums = p.masked_fill(y == PAD, 0).sum(1)
        (-sums.sum()).backward()
        for i, value in zip(numbers, sums.tolist()):
            log_probabilities[i] = value
    return Result(log_probabilities, [len(ids) for ids in target], -math.fsum(log_probabilities),
                  {name: p.grad for name, p in model.twin.named_parameters()})


def run_heed(heed, folder, pairs):
    with tempfile.TemporaryDirectory() as work:
        files = [os.path.join(work, name) for name in ("src", "ref", "gradients.safetensors")]
        for path, side in zip(files, zip(*pairs)):
            with open(path, "w", encoding="utf-8", newline="\n") as file:
                file.writelines(line + "\n" for line in side)
        try:
            done = subprocess.run(
                [heed, "score", folder, "--src", files[0], "--ref", files[1], "--gradients",
                 files[2], "--float64", "--quiet"], capture_output=True, encoding="utf-8", check=False)
        except OSError as error:
            raise Fault(f"{heed}: {error.strerror}; build heed or name it with --heed", 2) from None
        if done.returncode != 0:
            raise Fault(f"heed score ended with {done.returncode}: {done.stderr.strip()}")
        gradients, metadata = read_safetensors(files[2])
    rows = [line.split("\t") for line in done.stdout.splitlines()]
    return Result([float(row[0]) for row in rows], [int(row[1]) for row in rows],
                  float(metadata["loss"]), gradients)


# --- the comparison -------------------------------------------------------------------------------


def largest(differences):
    """The largest of (difference, place); what is no number is larger than all."""
    return max(((math.inf if math.isnan(value) else value, place) for value, place in differences),
               key=lambda pair: pair[0])


def gradient_difference(name, ours, theirs, floor):
    """Relative to the tensor's largest value, but no smaller one than `floor`."""
    if ours.shape != theirs.shape:
        return math.inf, f"{name} is {list(ours.shape)}, in PyTorch {list(theirs.shape)}"
    difference = (ours.double() - theirs).abs().nan_to_num(math.inf).flatten()
    if not len(difference):
        return 0.0, name
    index = rest = int(difference.argmax())
    place = []
    for size in reversed(theirs.shape):
        place.insert(0, rest % size)
        rest //= size
    scale = max(theirs.abs().max().item(), floor)
    return difference[index].item() / scale if scale > 0 else 0.0, f"{name}{place}"


def compare(ours, theirs, tolerance, gradient_tolerance):
    """Prints the largest differences; true if all lie within the tolerances."""
    if ours.tokens != theirs.tokens:
        print(f"tokens: heed has {ours.tokens}, PyTorch {theirs.tokens}")
        return False
    missing = set(ours.gradients) ^ set(theirs.gradients)
    if missing:
        print("gradients: only one side has " + ", ".join(sorted(missing)))
        return False
    # Near probability 1 a logarithm loses its relative precision: it is compared with 1 at least.
    words = largest((abs(a - b) / max(1.0, abs(b)), f"sentence {i}") for i, (a, b)
                    in enumerate(zip(ours.log_probabilities, theirs.log_probabilities), 1))
    loss = largest([(abs(ours.loss - theirs.loss) / max(1.0, abs(theirs.loss)),
                     f"{theirs.loss:.9g}")])
    # Rounding hides a gradient a thousand times smaller than the others.
    floor = 1e-3 * max(g.abs().max().item() for g in theirs.gradients.values() if g.numel())
    gradients = largest(gradient_difference(name, ours.gradients[name], g, floor)
                        for name, g in theirs.gradients.items())
    equal = True
    for kind, (value, place), limit in (("log-probabilities", words, tolerance),
                                        ("loss", loss, tolerance),
                                        ("gradients", gradients, gradient_tolerance)):
        equal = equal and value <= limit
        print(f"{kind:<18}largest relative difference {value:.1e} at {place} "
              f"({'within' if value <= limit else 'MORE THAN'} {limit:g})")
    return equal


# --- a folder from PyTorch's weights --------------------------------------------------------------


def minimal_config(config, twin, sizes):
    """What a folder made elsewhere must say, and the variants that were named."""
    result = {"format": "heed", "version": 1, "model": config["model"], **sizes, **CONSTANTS,
              "tokenizer": config.get("tokenizer", "word")}
    for key in (*twin.required, *twin.optional):
        if key in config:
            result[key] = config[key]
    return result


def read_state(path):
    if path.endswith(".safetensors"):
        return read_safetensors(path)[0]
    read_bytes(path)
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch.load raises whatever its readers meet
        raise Fault(f"{path}: torch.load: {' '.join(str(error).split())[:300]}") from None
    if not isinstance(state, dict) or not all(isinstance(t, torch.Tensor) for t in state.values()):
        raise Fault(f"{path}: expects a state dict: names and tensors")
    return state


def write_folder(options):
    if os.path.lexists(options.write):
        raise Fault(f"{options.write} exists already; choose another name", 2)
    config = read_json(options.config)
    vocabularies = {"source": options.source_vocab, "target": options.target_vocab}
    sizes = {f"{side}_vocab": len(read_vocabulary(path)) for side, path in vocabularies.items()}
    twin = make_twin({**config, **sizes}, options.config)
    state = read_state(options.state)
    ties = twin.ties(config)
    load_state(twin, ties, state, options.state)
    os.makedirs(options.write)
    for side, path in vocabularies.items():
        with open(os.path.join(options.write, side + ".vocab"), "wb") as file:
            file.write("".join(token + "\n" for token in read_vocabulary(path)).encode())
    with open(os.path.join(options.write, "config.json"), "w", encoding="utf-8") as file:
        json.dump(minimal_config(config, twin, sizes), file, indent=2)
        file.write("\n")
    # named_parameters has a tied weight once, under the name by which heed stores it.
    write_safetensors(os.path.join(options.write, "model.safetensors"),
                      dict(twin.named_parameters()))
    return 0


# --- the command line -----------------------------------------------------------------------------


def read_pairs(options):
    if options.text:
        pairs = [tuple(line.split("\t")) for line in read_lines(options.text)]
        for number, pair in enumerate(pairs, 1):
            if len(pair) != 2:
                raise Fault(f"{options.text}:{number}: expects SOURCE TAB TARGET")
    else:
        source, target = read_lines(options.src), read_lines(options.ref)
        if len(source) != len(target):
            raise Fault(f"{options.src} has {len(source)} lines, {options.ref} {len(target)}")
        pairs = list(zip(source, target))
    if not pairs:
        raise Fault(f"{options.text or options.src}: 0 lines")
    return pairs


def parse(arguments):
    built = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "build", "heed")
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter,
        usage="parity.py MODEL --text FILE | MODEL --src FILE --ref FILE | --write MODEL ...")
    add = parser.add_argument
    add("model", metavar="MODEL", nargs="?", help="a model folder")
    add("--text", metavar="FILE", help="sentences and their translations, SOURCE TAB TARGET")
    add("--src", metavar="FILE", help="sentences, with --ref")
    add("--ref", metavar="FILE", help="their translations")
    add("--heed", metavar="PATH", default=os.path.normpath(built),
        help="the heed command (default %(default)s)")
    add("--tolerance", type=float, default=1e-11, metavar="X",
        help="of log-probabilities and the loss, relative (default %(default)s)")
    add("--gradient-tolerance", type=float, default=1e-8, metavar="X",
        help="of gradients, relative to the tensor's largest value (default %(default)s)")
    add("--batch", type=int, default=32, metavar="N", help="sentences at a time")
    add("--write", metavar="MODEL", help="write this folder instead of comparing")
    for flag, text in (("--state", "state dict of the twin, .pt or .safetensors"),
                       ("--config", "its architecture by the keys of config.json"),
                       ("--source-vocab", "one token a line"), ("--target-vocab", "the same")):
        add(flag, metavar="FILE", help=text)
    options = parser.parse_args(arguments)
    parts = (options.state, options.config, options.source_vocab, options.target_vocab)
    if options.write:
        if options.model or options.text or options.src or options.ref:
            parser.error("--write compares nothing: it takes no MODEL and no text")
        if not all(parts):
            parser.error("--write needs --state, --config, --source-vocab and --target-vocab")
    elif not options.model or bool(options.text) == bool(options.src or options.ref) or (
            bool(options.src) != bool(options.ref)) or any(parts) or options.batch < 1:
        parser.error("expects MODEL and either --text or both --src and --ref")
    return options


def main(arguments=None):
    options = parse(arguments)
    warnings.filterwarnings("ignore", message=".*nested.tensor")
    try:
        if options.write:
            return write_folder(options)
        pairs = read_pairs(options)
        model = Model(options.model)
        theirs = run_twin(model, pairs, options.batch)
        ours = run_heed(options.heed, options.model, pairs)
        return 0 if compare(ours, theirs, options.tolerance, options.gradient_tolerance) else 1
    except (Fault, Unsupported) as error:
        print(f"parity: error: {error}", file=sys.stderr)
        return getattr(error, "status", 3)


if __name__ == "__main__":
    sys.exit(main())
