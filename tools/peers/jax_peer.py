"""Times a training step in JAX: jax_peer.py WORK jit THREADS

The step is compiled as one, its weights and moments are donated, optax updates them.
"""
import os
import sys

import works

if __name__ == "__main__":  # XLA takes as many threads as this process may use cores
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:int(sys.argv[3])])

import jax
import jax.numpy as jnp
import optax

from measurement import report, time_steps

V, D, T = works.VOCABULARY, works.D, works.WORDS


class Weights:
    """Draws them."""

    def __init__(self):
        self.key = jax.random.key(0)

    def matrix(self, out, inputs):
        """[inputs, out], as x @ W reads it."""
        self.key, key = jax.random.split(self.key)
        return jax.random.normal(key, (inputs, out)) * inputs ** -0.5

    def linear(self, out, inputs):
        return self.matrix(out, inputs), jnp.zeros(out)

    def norm(self):
        return jnp.ones(D), jnp.zeros(D)

    def gru(self, n, inputs):
        return {"x": self.linear(3 * n, inputs), "h": self.linear(3 * n, n)}


def linear(x, weights):
    return x @ weights[0] + weights[1]


class Dropout:
    """With a key of its own at each place."""

    def __init__(self, key, places):
        self.keys = iter(jax.random.split(key, places))

    def __call__(self, x):
        keep = jax.random.bernoulli(next(self.keys), 1 - works.DROPOUT, x.shape)
        return jnp.where(keep, x / (1 - works.DROPOUT), 0)


# --- the Transformer ------------------------------------------------------------------------------


def transformer_weights():
    w = Weights()

    def layer(decoder):
        own = {"qkv": w.linear(3 * D, D), "out": w.linear(D, D), "inner": w.linear(works.F, D),
               "outer": w.linear(D, works.F), "norms": [w.norm() for _ in range(2 + decoder)]}
        if decoder:
            own.update(q=w.linear(D, D), kv=w.linear(2 * D, D), source_out=w.linear(D, D))
        return own

    return {"embedding": w.matrix(D, V), "bias": jnp.zeros(V), "norms": [w.norm(), w.norm()],
            "encoder": [layer(False) for _ in range(works.LAYERS)],
            "decoder": [layer(True) for _ in range(works.LAYERS)]}


def norm(x, weights):
    x = x - x.mean(-1, keepdims=True)
    return x * jax.lax.rsqrt((x * x).mean(-1, keepdims=True) + 1e-5) * weights[0] + weights[1]


def attention(q, k, v, keep):
    B, n = q.shape[:2]
    q, k, v = (x.reshape(B, -1, works.HEADS, D // works.HEADS) for x in (q, k, v))
    e = jnp.einsum("bthk,bshk->bhts", q, k) * (D // works.HEADS) ** -0.5
    alpha = jax.nn.softmax(jnp.where(keep, e, -1e9), -1)
    return jnp.einsum("bhts,bshk->bthk", alpha, v).reshape(B, n, D)


def transformer(w, source, keep, target, key):
    drop, keep = Dropout(key, 64), keep[:, None, None]
    angles = jnp.arange(T)[:, None] * 10000.0 ** (-jnp.arange(0, D, 2) / D)
    places = jnp.stack([jnp.sin(angles), jnp.cos(angles)], 2).reshape(T, D)
    embed = lambda words: drop(w["embedding"][words] * D ** 0.5 + places)
    forward = lambda x, l: x + drop(linear(drop(jax.nn.relu(
        linear(norm(x, l["norms"][-1]), l["inner"]))), l["outer"]))

    def itself(x, l, keep):
        q, k, v = jnp.split(linear(norm(x, l["norms"][0]), l["qkv"]), 3, -1)
        return x + drop(linear(attention(q, k, v, keep), l["out"]))

    x, y = embed(source), embed(target)
    for l in w["encoder"]:
        x = forward(itself(x, l, keep), l)
    x = norm(x, w["norms"][0])
    for l in w["decoder"]:
        y = itself(y, l, jnp.tril(jnp.ones((T, T), bool)))
        k, v = jnp.split(linear(x, l["kv"]), 2, -1)
        asked = attention(linear(norm(y, l["norms"][1]), l["q"]), k, v, keep)
        y = forward(y + drop(linear(asked, l["source_out"])), l)
    return norm(y, w["norms"][1]) @ w["embedding"].T + w["bias"]


# --- RNNsearch ------------------------------------------------------------------------------------


def rnn_search_weights(n):
    w, E = Weights(), works.EMBEDDING
    return {"source": w.matrix(E, V), "target": w.matrix(E, V), "forward": w.gru(n, E),
            "backward": w.gru(n, E), "initial": w.linear(n, n), "query": w.matrix(n, n),
            "key": w.matrix(n, 2 * n), "energy": w.matrix(1, n)[:, 0], "cell": w.gru(n, E + 2 * n),
            "readout": w.linear(works.READOUT, 3 * n + E),
            "generator": w.linear(V, works.READOUT)}


def gru(x, h, w):
    """The next state; x: W x + b, of the three gates."""
    (x_r, x_z, x_n), (h_r, h_z, h_n) = (jnp.split(a, 3, -1) for a in (x, linear(h, w["h"])))
    r, z = jax.nn.sigmoid(x_r + h_r), jax.nn.sigmoid(x_z + h_z)
    return (1 - z) * jnp.tanh(x_n + r * h_n) + z * h


def rnn_search(w, source, keep, target, key):
    drop, E = Dropout(key, 4), works.EMBEDDING
    start = jnp.zeros((source.shape[0], w["initial"][1].shape[0]))

    def read(x, gates, reverse):
        def step(h, x):
            h = gru(x, h, gates)
            return h, h
        return jax.lax.scan(step, start, linear(x, gates["x"]), reverse=reverse)

    x = drop(w["source"][source]).swapaxes(0, 1)  # [S, B, E]
    _, ahead = read(x, w["forward"], False)
    last, back = read(x, w["backward"], True)
    annotations = jnp.concatenate([ahead, back], -1).swapaxes(0, 1)  # [B, S, 2n]
    keys, words = annotations @ w["key"], drop(w["target"][target]).swapaxes(0, 1)
    gates, bias = w["cell"]["x"]

    def step(s, inputs):
        word, of_word = inputs
        e = jnp.tanh(keys + (s @ w["query"])[:, None]) @ w["energy"]
        alpha = jax.nn.softmax(jnp.where(keep, e, -1e9), -1)
        context = jnp.einsum("bs,bsd->bd", alpha, annotations)
        s = gru(of_word + context @ gates[E:], s, w["cell"])
        return s, jnp.concatenate([s, word, context], -1)

    s = jnp.tanh(linear(last, w["initial"]))
    _, steps = jax.lax.scan(step, s, (words, words @ gates[:E] + bias))
    t = drop(jnp.tanh(linear(steps, w["readout"])))
    return linear(t, w["generator"]).swapaxes(0, 1)


# --- a step ---------------------------------------------------------------------------------------


def main(work):
    net = rnn_search if work in works.HIDDEN else transformer
    weights = rnn_search_weights(works.HIDDEN[work]) if net is rnn_search else transformer_weights()
    optimizer = optax.chain(optax.clip_by_global_norm(works.CLIP), optax.adam(works.RATE))

    def loss_of(weights, source, keep, target, labels, key):
        log_p = jax.nn.log_softmax(net(weights, source, keep, target, key))
        gold = jnp.take_along_axis(log_p, labels[..., None], -1).mean()
        return -(1 - works.SMOOTHING) * gold - works.SMOOTHING * log_p.mean()

    def update(weights, moments, i, *texts):
        key = jax.random.key(i)
        loss, gradients = jax.value_and_grad(loss_of)(weights, *texts, key)
        changes, moments = optimizer.update(gradients, moments)
        return optax.apply_updates(weights, changes), moments, loss

    B = works.BATCH[work]
    source, target, labels = (jax.random.randint(jax.random.key(i), (B, T), 4, V)
                              for i in range(3))
    texts, update = (source, jnp.ones((B, T), bool), target, labels), jax.jit(
        update, donate_argnums=(0, 1))
    state = [weights, optimizer.init(weights), 0]

    def step():
        weights, moments, loss = update(state[0], state[1], state[2], *texts)
        state[:] = weights, moments, state[2] + 1
        jax.block_until_ready((weights, moments, loss))

    parameters = sum(leaf.size for leaf in jax.tree.leaves(weights))
    report(work, f"batch {B}", {"jax": jax.__version__, "optax": optax.__version__},
           time_steps(step), parameters=parameters)


if __name__ == "__main__":
    main(sys.argv[1])
