"""What is timed, and how large the networks are: those of `heed bench`, for every peer.

Vocabulary 8,000; sources and targets of 16 words without padding, but with the mask that a text
with padding needs. The Transformer: 3 + 3 layers with norms first, D 256, F 1,024, 8 heads, one
matrix for both embeddings and the last layer. RNNsearch: embedding 256, a GRU in each direction,
hidden and attention 256 or 512, a tanh read-out of 256. Dropout 0.1, label smoothing 0.1, gradients
clipped at 1, Adam.
"""
VOCABULARY, WORDS = 8000, 16
D, F, HEADS, LAYERS = 256, 1024, 8, 3
EMBEDDING = READOUT = 256
DROPOUT, SMOOTHING, CLIP, RATE = 0.1, 0.1, 1.0, 1e-4

# The sentences of a training step.
BATCH = {"tf_small": 64, "tf_big": 256, "rnn_small": 64, "rnn_big": 256}
HIDDEN = {"rnn_small": 256, "rnn_big": 512}

BEAM = {"decode_greedy": 1, "decode_beam5": 5, "decode_one": 1}
DECODED = {"decode_greedy": [32, 64, 128, 256, 512], "decode_beam5": [32, 64, 128, 256],
           "decode_one": [1]}

# Attention: texts, heads, and the size of one; the lengths.
TEXTS, ATTENTION_HEADS, HEAD, LENGTHS = 4, 8, 32, [128, 1024, 4096]

WORKS = [*BATCH, *BEAM, "attention", "autograd"]


def network(work):
    """Which network a work has, by the name that counts of parameters go by; None: none."""
    if work.startswith("tf") or work.startswith("decode"):
        return "tf"
    return work if work in HIDDEN else None
