"""Who is timed: heed and its peers, what each needs, and how it is started."""
import importlib.util
import os
import shutil
import sys
from collections import namedtuple

import libtorch_peer
import works

HERE = os.path.dirname(os.path.abspath(__file__))

# `same`: computes in float32 as heed does; `needs`: modules; `install`: arguments of pip.
Peer = namedtuple("Peer", "name label works program mode needs install same")

TRAINING, DECODING = list(works.BATCH), list(works.BEAM)
TORCH = ["torch"]
PEERS = [
    Peer("torch", "PyTorch", [*TRAINING, "attention"], "torch_peer.py", "eager", TORCH, "torch",
         True),
    Peer("torch-compile", "compiled", TRAINING, "torch_peer.py", "compiled", TORCH, "torch", True),
    Peer("torch-bf16", "bfloat16", TRAINING, "torch_peer.py", "bf16", TORCH, "torch", False),
    Peer("jax", "JAX", TRAINING, "jax_peer.py", "jit", ["jax", "optax"], "jax optax", True),
    Peer("ctranslate2", "CTranslate2", DECODING, "ctranslate2_peer.py", "float32",
         ["ctranslate2", "numpy"], "ctranslate2 numpy", True),
    Peer("ctranslate2-int8", "CTranslate2 int8", DECODING, "ctranslate2_peer.py", "int8",
         ["ctranslate2", "numpy"], "ctranslate2 numpy", False),
    Peer("libtorch", "libtorch", ["autograd"], "libtorch_autograd.cpp", None, TORCH, "torch", True),
]
BY_NAME = {peer.name: peer for peer in PEERS}

# What holds OpenBLAS to kernels or a cache that are not this machine's.
REMOVED = ["OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"]


def environment(threads):
    """That of whatever is timed."""
    own = {key: value for key, value in os.environ.items() if key not in REMOVED}
    return {**own, "OMP_NUM_THREADS": str(threads)}


def missing(peer):
    """Why this peer can't run here, with what would help; empty: it can."""
    absent = [name for name in peer.needs if importlib.util.find_spec(name) is None]
    if absent:
        return f"{peer.name}: no {' '.join(absent)}: {sys.executable} -m pip install {peer.install}"
    if peer.mode in (None, "compiled") and not libtorch_peer.compiler():
        return f"{peer.name}: no C++ compiler: apt-get install g++, or name it in CXX"
    return ""


def commands(heed, peers, threads, built):
    """name -> work -> words of a command; `built`: libtorch's program, or empty."""
    found = {"heed": lambda work: [heed, "bench", work, "--json", "--threads", str(threads)]}
    for peer in peers:
        if peer.mode is None:
            found[peer.name] = lambda work: [built, str(threads)]
        else:
            found[peer.name] = lambda work, peer=peer: [
                sys.executable, os.path.join(HERE, peer.program), work, peer.mode, str(threads)]
    return found


def find_heed(path):
    """`path` if it is a program, or the command of the usual builds, or of PATH; None."""
    if path:
        return path if os.path.isfile(path) and os.access(path, os.X_OK) else None
    root = os.path.dirname(os.path.dirname(HERE))
    for build in ("build", "build/release", "build/dev"):
        candidate = os.path.join(root, build, "heed")
        if os.access(candidate, os.X_OK):
            return candidate
    return shutil.which("heed")
