"""heed's models written with PyTorch: torch modules and torch operations only.

Each class takes the keys of config.json, names its weights as docs/model-format.md does, and gives
the logits of the next words by teacher forcing:

    logits = twin(source, keep, target)    source [B, S], keep [B, S] (true = word), target [B, T]

so that `load_state_dict(strict=True)` and these few lines are what a model folder means. A new
architecture is a new class, entered in `TWINS`.
"""
from recurrent_twins import EncoderDecoder, RNNsearch, SourceAttention
from transformer_twin import Attention, Transformer
from twin_settings import BOS, EOS, PAD, UNK, Settings, Unsupported

__all__ = ["Attention", "BOS", "EOS", "EncoderDecoder", "PAD", "RNNsearch", "Settings",
           "SourceAttention", "TWINS", "Transformer", "UNK", "Unsupported"]

TWINS = {"rnn_search": RNNsearch, "encoder_decoder": EncoderDecoder, "transformer": Transformer}
