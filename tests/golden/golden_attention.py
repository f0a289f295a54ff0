"""Golden files of multi-head attention and of the Transformer's layers."""
import torch
import torch.nn.functional as F
from torch import nn

import torch_twins
from golden_file import call, cast, future, ragged, random_weights, record


def make_attention(golden, seed):
    B, S, T, H, K = 2, 7, 11, 3, 5
    D = H * K
    module = nn.MultiheadAttention(D, H, batch_first=True)

    def attend(w, query, key, value, keep, mask=None):
        context, weights = call(module, w, query, key, value, key_padding_mask=~keep,
                                attn_mask=mask, average_attn_weights=False)
        return {"context": context, "weights": weights}

    x, memory = torch.randn(B, T, D), torch.randn(B, S, D)
    here, there = ragged([11, 3], T), ragged([2, 7], S)
    cases = {
        "self": ({"x": x, "keep": here},
                 lambda i, w: attend(w, i["x"], i["x"], i["x"], i["keep"])),
        "self_causal": ({"x": x, "keep": here},
                        lambda i, w: attend(w, i["x"], i["x"], i["x"], i["keep"], future(T))),
        "cross": ({"x": x, "memory": memory, "keep": there},
                  lambda i, w: attend(w, i["x"], i["memory"], i["memory"], i["keep"])),
        "key_and_value": ({"x": x, "key": memory, "value": torch.randn(B, S, D), "keep": there},
                          lambda i, w: attend(w, i["x"], i["key"], i["value"], i["keep"]))}
    for case, (inputs, function) in cases.items():
        record(golden, case, seed, inputs, random_weights(module), function, ["float64"])


# What torch.nn.MultiheadAttention has not, as tests/layers/golden_test.cpp names it; then whether it
# is causal, and the arguments of `torch_twins.Attention`.
ATTENTION_OPTIONS = {
    "grouped": (False, dict(D=12, heads=6, kv_heads=2)),
    "multi_query": (True, dict(D=12, heads=6, kv_heads=1)),
    "window": (False, dict(D=12, heads=3, window=2)),
    "window_causal": (True, dict(D=12, heads=3, window=2)),
    "relative": (False, dict(D=12, heads=3, positions="relative", distance=2)),
    "relative_causal": (True, dict(D=12, heads=3, positions="relative", distance=2)),
    "rotary": (False, dict(D=12, heads=3, positions="rotary")),
    "alibi": (False, dict(D=12, heads=3, positions="alibi")),
    "alibi_causal": (True, dict(D=12, heads=6, kv_heads=3, positions="alibi")),
    "rotary_grouped_window": (True, dict(D=24, heads=6, kv_heads=2, window=3,
                                         positions="rotary")),
    "relative_grouped_window": (False, dict(D=12, heads=6, kv_heads=3, window=4,
                                            positions="relative", distance=3)),
}


def check_against_torch(module, weights, x, mask):
    """Grouped queries are those of torch.nn.functional.scaled_dot_product_attention."""
    D, E, heads = x.shape[2], module.kv_heads * module.head_dim, module.head_dim
    w = cast(weights, torch.float64)
    q, k, v = (part.unflatten(2, (-1, heads)).transpose(1, 2) for part in F.linear(
        x.double(), w["in_proj_weight"], w["in_proj_bias"]).split([D, E, E], 2))
    context = F.scaled_dot_product_attention(q, k, v, ~mask[:, None], enable_gqa=True)
    context = F.linear(context.transpose(1, 2).flatten(2), w["out_proj.weight"],
                       w["out_proj.bias"])
    ours = call(module, w, x.double(), x.double(), x.double(), attn_mask=mask)[0]
    torch.testing.assert_close(ours, context, rtol=1e-12, atol=1e-12)


def make_attention_options(golden, seed):
    B, S, T = 2, 5, 7
    here, there = ragged([7, 3], T), ragged([2, 5], S)
    for case, (causal, options) in ATTENTION_OPTIONS.items():
        module = torch_twins.Attention(**options)
        weights, mask = random_weights(module), future(T) if causal else None
        x = torch.randn(B, T, options["D"])
        record(golden, case, seed, {"x": x, "keep": here}, weights,
               lambda i, w: dict(zip(("context", "weights"), call(
                   module, w, i["x"], i["x"], i["x"], key_padding_mask=~i["keep"],
                   attn_mask=mask))), ["float64"])
        if set(options) == {"D", "heads", "kv_heads"}:
            hidden = ~here[:, None] | (future(T) if causal else torch.zeros(T, T, dtype=torch.bool))
            check_against_torch(module, weights, x, hidden)
    module = torch_twins.Attention(12, 6, kv_heads=2)
    record(golden, "grouped_cross", seed,
           {"x": torch.randn(B, T, 12), "memory": torch.randn(B, S, 12), "keep": there},
           random_weights(module),
           lambda i, w: dict(zip(("context", "weights"), call(
               module, w, i["x"], i["memory"], i["memory"], key_padding_mask=~i["keep"]))),
           ["float64"])


def make_attention_bias(golden, seed):
    """Scores with numbers added, other scales, leading axes that broadcast, no biases."""
    B, H, S, T, K = 2, 3, 4, 9, 5
    D = H * K

    def attend(case, query, key, value, bias, scale=None):
        record(golden, case, seed, {"query": query, "key": key, "value": value, "bias": bias}, {},
               lambda i, _: {"context": F.scaled_dot_product_attention(
                   i["query"], i["key"], i["value"], attn_mask=i["bias"], scale=scale)},
               ["float64"])

    for t in (2, T):
        q, k, v = (torch.randn(B, H, n, K) for n in (t, S, S))
        attend(f"bias_{t}", q, k, v, torch.randn(B, H, t, S))
        attend(f"bias_of_heads_{t}", q, k, v, torch.randn(1, H, t, S), scale=0.25)
        attend(f"shared_keys_{t}", q, k[:1, :1], v[:, :1], torch.randn(1, 1, t, S))
        attend(f"shared_query_{t}", q[:1], k, v, torch.randn(B, 1, 1, S), scale=-0.5)
    attend("three_axes", torch.randn(1, T, K), torch.randn(B, S, K), torch.randn(B, S, 2),
           torch.randn(B, T, S))
    module = nn.MultiheadAttention(D, H, bias=False, batch_first=True)
    x, memory = torch.randn(B, T, D), torch.randn(B, S, D)
    record(golden, "no_biases", seed,
           {"x": x, "memory": memory, "bias": torch.randn(B, H, T, S)}, random_weights(module),
           lambda i, w: {"context": call(module, w, i["x"], i["memory"], i["memory"],
                                         attn_mask=i["bias"].flatten(0, 1))[0]}, ["float64"])
    layer = nn.TransformerEncoderLayer(D, H, 7, dropout=0.0, layer_norm_eps=0.01, batch_first=True)
    stack = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
    record(golden, "encoder", seed, {"x": x, "keep": ragged([9, 3], T)}, random_weights(stack),
           lambda i, w: {"y": call(stack, w, i["x"], src_key_padding_mask=~i["keep"])}, ["float64"])
    layer = nn.TransformerDecoderLayer(D, H, 7, dropout=0.0, norm_first=True, batch_first=True)
    stack = nn.TransformerDecoder(layer, 2, nn.LayerNorm(D))
    record(golden, "decoder", seed, {"x": x, "memory": memory, "keep": ragged([2, 4], S)},
           random_weights(stack),
           lambda i, w: {"y": call(stack, w, i["x"], i["memory"], tgt_mask=future(T),
                                   memory_key_padding_mask=~i["keep"])}, ["float64"])
    layer = nn.TransformerEncoderLayer(D, H, 7, dropout=0.0, bias=False, batch_first=True)
    record(golden, "layer_without_biases", seed, {"x": x}, random_weights(layer),
           lambda i, w: {"y": call(layer, w, i["x"])}, ["float64"])
    layer = nn.TransformerEncoderLayer(D, H, 7, dropout=0.0, batch_first=True)
    encoder = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
    record(golden, "encoder_bias", seed, {"x": x, "bias": torch.randn(B, H, T, T)},
           random_weights(encoder),
           lambda i, w: {"y": call(encoder, w, i["x"], mask=i["bias"].flatten(0, 1))}, ["float64"])
    decoder = nn.TransformerDecoder(
        nn.TransformerDecoderLayer(D, H, 7, dropout=0.0, batch_first=True), 2)
    record(golden, "decoder_bias", seed,
           {"x": x, "memory": memory, "bias": torch.randn(T, T), "memory_bias": torch.randn(T, S)},
           random_weights(decoder),
           lambda i, w: {"y": call(decoder, w, i["x"], i["memory"], tgt_mask=i["bias"],
                                   memory_mask=i["memory_bias"])}, ["float64"])


def make_transformer_layers(golden, seed):
    B, S, T, H, K, inner = 2, 7, 11, 3, 5, 13
    D = H * K
    x, memory = torch.randn(B, T, D), torch.randn(B, S, D)
    here, there = ragged([5, 11], T), ragged([7, 2], S)
    for case, activation, pre in (("post_relu", F.relu, False), ("pre_gelu", F.gelu, True),
                                  ("post_swish", F.silu, False), ("pre_relu", F.relu, True)):
        sizes = dict(dim_feedforward=inner, dropout=0.0, activation=activation, batch_first=True,
                     norm_first=pre)
        encoder = nn.TransformerEncoderLayer(D, H, **sizes)
        record(golden, "encoder_" + case, seed, {"x": x, "keep": here}, random_weights(encoder),
               lambda i, w: {"y": call(encoder, w, i["x"], src_key_padding_mask=~i["keep"])},
               ["float64"])
        decoder = nn.TransformerDecoderLayer(D, H, **sizes)
        record(golden, "decoder_" + case, seed,
               {"x": x, "memory": memory, "keep": here, "memory_keep": there},
               random_weights(decoder),
               lambda i, w: {"y": call(decoder, w, i["x"], i["memory"], tgt_mask=future(T),
                                       tgt_key_padding_mask=~i["keep"],
                                       memory_key_padding_mask=~i["memory_keep"])}, ["float64"])
