"""RNNsearch as it is printed: "Neural machine translation by jointly learning to align and
translate", Bahdanau, Cho and Bengio 2014 (arXiv 1409.0473), appendix A.2, one sentence at a time,
without padding, masks, biases, or anything of torch.nn."""
import torch
from torch import sigmoid, tanh


def paper_weights(w, n, E):
    """The paper's matrices out of heed's weights, whose update gate is the paper's 1 - z: its rows
    have the other sign. Gates lie as r, z, candidate; inputs as [E y; c], read-outs as [s; c; E y]."""

    def gates(matrix):
        r, z, candidate = matrix.split(n)
        return candidate, -z, r

    def unit(inputs, states):
        p = {}
        p["W"], p["W_z"], p["W_r"] = gates(inputs)
        p["U"], p["U_z"], p["U_r"] = gates(states)
        return p

    forward = unit(w["encoder.weight_ih_l0"], w["encoder.weight_hh_l0"])
    backward = unit(w["encoder.weight_ih_l0_reverse"], w["encoder.weight_hh_l0_reverse"])
    of_words, of_context = w["decoder.cell.weight_ih"].split([E, 2 * n], dim=1)
    decoder = unit(of_words, w["decoder.cell.weight_hh"])
    decoder["C"], decoder["C_z"], decoder["C_r"] = gates(of_context)
    U_o, C_o, V_o = w["readout.weight"].split([n, 2 * n, E], dim=1)
    return forward, backward, decoder, U_o, V_o, C_o


def encoder_unit(p, h_before, Ex):
    z = sigmoid(p["W_z"] @ Ex + p["U_z"] @ h_before)
    r = sigmoid(p["W_r"] @ Ex + p["U_r"] @ h_before)
    candidate = tanh(p["W"] @ Ex + p["U"] @ (r * h_before))
    return (1 - z) * h_before + z * candidate


def decoder_unit(p, s_before, Ey, c):
    z = sigmoid(p["W_z"] @ Ey + p["U_z"] @ s_before + p["C_z"] @ c)
    r = sigmoid(p["W_r"] @ Ey + p["U_r"] @ s_before + p["C_r"] @ c)
    candidate = tanh(p["W"] @ Ey + p["U"] @ (r * s_before) + p["C"] @ c)
    return (1 - z) * s_before + z * candidate


def rnn_search(w, source, target):
    """source: S words; target: T words from <s> on -> logits [T, V], alpha [T, S]."""
    n, E = w["initial.weight"].shape[0], w["source_embedding.weight"].shape[1]
    forward, backward, decoder, U_o, V_o, C_o = paper_weights(w, n, E)
    W_a, U_a = w["attention.query.weight"], w["attention.key.weight"]
    v_a, W_s, W_o = w["attention.energy.weight"][0], w["initial.weight"], w["generator.weight"]

    # A.2.1
    x = w["source_embedding.weight"][source]
    S = len(source)
    ahead, back = [None] * S, [None] * S
    h = torch.zeros(n, dtype=x.dtype)
    for j in range(S):
        ahead[j] = h = encoder_unit(forward, h, x[j])
    h = torch.zeros(n, dtype=x.dtype)
    for j in reversed(range(S)):
        back[j] = h = encoder_unit(backward, h, x[j])
    annotations = [torch.cat([ahead[j], back[j]]) for j in range(S)]

    # A.2.2
    s = tanh(W_s @ back[0])
    logits, alphas = [], []
    for word in target:
        Ey = w["target_embedding.weight"][word]
        e = torch.stack([v_a @ tanh(W_a @ s + U_a @ h_j) for h_j in annotations])
        alpha = torch.exp(e) / torch.exp(e).sum()
        c = sum(alpha[j] * annotations[j] for j in range(S))
        pairs = U_o @ s + V_o @ Ey + C_o @ c
        t = torch.stack([torch.max(pairs[l], pairs[l + 1]) for l in range(0, len(pairs), 2)])
        s = decoder_unit(decoder, s, Ey, c)
        logits.append(W_o @ t)
        alphas.append(alpha)
    return torch.stack(logits), torch.stack(alphas)
