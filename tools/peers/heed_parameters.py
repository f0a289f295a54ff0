"""How many weights heed's networks have, as heed counts them itself."""
import os
import subprocess
import tempfile

import works

# The networks of `heed bench`, by the keys of docs/config.md.
KEYS = {"tf": {"d_model": works.D, "heads": works.HEADS, "encoder_layers": works.LAYERS,
               "decoder_layers": works.LAYERS, "feed_forward": works.F, "norm": "pre",
               "tie": "all"}}
for work, hidden in works.HIDDEN.items():
    KEYS[work] = {"embedding": works.EMBEDDING, "hidden": hidden, "attention_size": hidden,
                  "readout_size": works.READOUT, "readout": "tanh"}


def write_text(folder):
    """Lines that have every word of the vocabulary, less heed's four symbols, once."""
    words = [f"w{i}" for i in range(works.VOCABULARY - 4)]
    lines = [" ".join(words[i:i + works.WORDS]) + "\n" for i in range(0, len(words), works.WORDS)]
    for name, part in (("train", lines), ("valid", lines[:1])):
        for side in ("src", "tgt"):
            with open(os.path.join(folder, f"{name}.{side}"), "w", encoding="utf-8") as file:
                file.writelines(part)


def ask(command, environment):
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False,
                          env=environment)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command[:2])} ended with {done.returncode}: "
                           + done.stderr.strip())
    return done.stdout


def heed_parameters(heed, network, environment):
    """Trains one step of a network of that size, and reads the sum of `heed info`."""
    with tempfile.TemporaryDirectory() as folder:
        write_text(folder)
        model = os.path.join(folder, "model")
        kind = ["transformer", "--shared-vocabulary"] if network == "tf" else ["rnn_search"]
        settings = [word for key, value in KEYS[network].items()
                    for word in ("--set", f"{key}={value}")]
        ask([heed, "train", "--data", folder, "--out", model, "--preset", "tiny", "--steps", "1",
             "--quiet", "--model", *kind, *settings], environment)
        return int(ask([heed, "info", model], environment).split()[-1])
