#!/usr/bin/env python3
"""Writes the golden files of the tests: what PyTorch computes for operations, layers,
optimisers and models.

    python3 make_golden.py [FOLDER [NAME]...]    all files, or those named

Made with torch 2.13.0 (CPU, one thread) and safetensors 0.8.0; both are named in each file. What a
file holds is told in golden_file.py; the cases are in the files that are imported here.
"""
import os
import sys
import warnings

import torch

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "..", "tools", "python"))
from golden_attention import (make_attention, make_attention_bias, make_attention_options,
                              make_transformer_layers)
from golden_file import SEEDS, Golden
from golden_models import make_recurrent_models, make_transformer
from golden_operations import (make_cross_entropy, make_layers, make_norms, make_operations,
                               make_optim)
from golden_recurrent import make_gru, make_recurrent, make_recurrent_options, make_scores
from golden_rnn_search import make_paper_rnn_search, make_rnn_search

FILES = {
    "operations": make_operations, "layers": make_layers, "norms": make_norms,
    "cross_entropy": make_cross_entropy, "gru": make_gru, "recurrent": make_recurrent,
    "recurrent_options": make_recurrent_options, "scores": make_scores,
    "recurrent_models": make_recurrent_models, "rnn_search": make_rnn_search,
    "paper_rnn_search": make_paper_rnn_search, "attention": make_attention,
    "attention_options": make_attention_options, "attention_bias": make_attention_bias,
    "transformer_layers": make_transformer_layers, "transformer": make_transformer,
    "optim": make_optim}


def main():
    folder = sys.argv[1] if len(sys.argv) > 1 else HERE
    warnings.filterwarnings("ignore", message=".*nested.tensor")
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    named = sys.argv[2:]
    for name, make in FILES.items():
        if named and name not in named:
            continue
        golden = Golden()
        for seed in SEEDS:
            torch.manual_seed(seed)
            make(golden, seed)
        golden.save(folder, name)


if __name__ == "__main__":
    main()
