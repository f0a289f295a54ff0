#include "multi_head_attention.hpp"

#include "../core/broadcast.hpp"
#include "../core/operations.hpp"
#include "check.hpp"
#include "few_queries.hpp"
#include "initializers.hpp"
#include "key_value_cache.hpp"
#include "scaled_dot_product.hpp"

namespace heed {

namespace {

/// [B, T, H K] -> [B, H, T, K]: a view.
Tensor split_heads(const Tensor& x, int64_t heads) {
  return transpose(reshape(x, {x.size(0), x.size(1), heads, x.size(2) / heads}), 1, 2);
}

/// [B, H, T, K] -> [B, T, D].
Tensor concatenate_heads(const Tensor& x) {
  return reshape(transpose(x, 1, 2), {x.size(0), x.size(2), x.size(1) * x.size(3)});
}

/// The keep mask of B sentences with T queries and S keys, for the weights [B, H, T, S].
Tensor keep_of_heads(const Tensor& keep, int64_t B, int64_t T, int64_t S) {
  if (!keep.defined()) return keep;
  const bool of_keys = keep.rank() == 2 && keep.shape() == Shape{B, S};
  if (!of_keys && (keep.rank() < 3 || (keep.size(-1) == 1 && S != 1))) {
    throw ShapeError("MultiHeadAttention: keep is " + to_string(keep.shape()) + ", expected " +
                     to_string(Shape{B, S}) +
                     " for the keys of each sentence, or [1, T, S] for each query: "
                     "unsqueeze(keep, 0)");
  }
  if (of_keys) return unsqueeze(unsqueeze(keep, 1), 1);
  if (keep.rank() > 3) return keep;
  return unsqueeze(checked_keep("MultiHeadAttention", keep, {B, T, S}), 1);
}

void check_text(const char* what, const Tensor& x, int64_t D) {
  if (x.defined() && x.rank() == 3 && x.size(2) == D) return;
  throw ShapeError("MultiHeadAttention: the " + std::string(what) + " is " +
                   (x.defined() ? to_string(x.shape()) : "undefined") +
                   ", expected [batch, words, " + std::to_string(D) + "]");
}

/// Queries of B sentences, and B times S keys and values for them.
void check_batch(const AttentionInput& in) {
  if (in.query.size(0) == in.key.size(0) && in.key.shape() == in.value.shape()) return;
  throw ShapeError("MultiHeadAttention: the query is " + to_string(in.query.shape()) +
                   ", the key " + to_string(in.key.shape()) + ", the value " +
                   to_string(in.value.shape()) +
                   "; expected one batch size, and a value for each key");
}

/// K, the size of a head.
int64_t head_size(const MultiHeadAttentionConfig& c) { return c.size / c.heads; }

/// `c` if there can be such an attention, with G for kv_heads.
MultiHeadAttentionConfig checked(MultiHeadAttentionConfig c) {
  positive("MultiHeadAttention", "size", c.size);
  positive("MultiHeadAttention", "heads", c.heads);
  if (c.kv_heads == 0) c.kv_heads = c.heads;
  positive("MultiHeadAttention", "kv_heads", c.kv_heads);
  const auto fail = [](const std::string& what) {
    throw ConfigError("MultiHeadAttention: " + what);
  };
  if (c.size % c.heads != 0) {
    fail(std::to_string(c.heads) + " heads do not divide the size " + std::to_string(c.size));
  }
  if (c.heads % c.kv_heads != 0) {
    fail(std::to_string(c.kv_heads) + " kv_heads do not divide the " + std::to_string(c.heads) +
         " heads");
  }
  if (c.window < 0) {
    fail("window is " + std::to_string(c.window) + ", expected at least 0 (0: the whole text)");
  }
  if (c.positions == SelfPositions::rotary && head_size(c) % 2 != 0) {
    fail("rotary positions need heads of even size, these have " + std::to_string(head_size(c)));
  }
  return c;
}

std::optional<RelativePositions> relative_positions(const MultiHeadAttentionConfig& c) {
  if (c.positions != SelfPositions::relative) return std::nullopt;
  return RelativePositions(c.distance, head_size(c));
}

void check_other_text(const MultiHeadAttentionConfig& c) {
  if (c.window == 0 && c.positions == SelfPositions::none) return;
  throw Error("MultiHeadAttention: this one has " +
              std::string(c.window > 0 ? "a window" : "positions") +
              ", for a text that attends to itself, which is self(x, keep); keys of their own, or "
              "of another text, have no places that it knows");
}

/// Those rows of in_proj_bias, undefined without one.
Tensor bias_rows(const MultiHeadAttention& m, int64_t first, int64_t end) {
  return m.in_proj_bias.defined() ? slice(m.in_proj_bias, 0, first, end) : Tensor();
}

/// x W_i + b_i for the rows `first` to `end` of in_proj_weight, cut into heads.   [B, S, D] ->
/// [B, heads, S, K].
Tensor project_rows(const MultiHeadAttention& m, const Tensor& x, int64_t first, int64_t end) {
  const Tensor y = linear(x, slice(m.in_proj_weight, 0, first, end), bias_rows(m, first, end));
  return split_heads(y, (end - first) / head_size(m.config));
}

/// Keys and values, [B, G, S, K] each, for queries [B, T, D].
void check_projected(const MultiHeadAttentionConfig& c, const Tensor& query,
                     const KeysAndValues& memory) {
  const auto& [key, value] = memory;
  if (!key.defined() || !value.defined()) {
    throw ShapeError("MultiHeadAttention: the memory is undefined, expected what project gives");
  }
  const int64_t B = query.size(0), G = c.kv_heads, K = head_size(c);
  const bool fits = key.rank() == 4 && key.shape() == Shape{B, G, key.size(2), K};
  if (fits && value.shape() == key.shape()) return;
  throw ShapeError("MultiHeadAttention: the query is " + to_string(query.shape()) +
                   ", the memory's key " + to_string(key.shape()) + " and value " +
                   to_string(value.shape()) + "; expected project(memory) of [" +
                   std::to_string(B) + ", words, " + std::to_string(c.size) + "]");
}

/// The mask for the weights [B, H, T, S] of the last T of S words, or of T queries on another text.
Tensor keep_of(const MultiHeadAttentionConfig& c, const Tensor& keep, int64_t B, int64_t T,
               int64_t S) {
  const Tensor kept =
      checked_keep("MultiHeadAttention", keep_of_heads(keep, B, T, S), {B, c.heads, T, S});
  if (c.window == 0) return kept;
  const Tensor near = window_keep(T, S, c.window);
  return kept.defined() ? logical_and(kept, near) : near;
}

double dropout_of(const MultiHeadAttention& m) { return m.dropout.training ? m.dropout.p : 0; }

Tensor slopes_of(const MultiHeadAttention& m, DType dtype) {
  const bool alibi = m.config.positions == SelfPositions::alibi;
  return alibi ? alibi_slopes(m.config.heads, dtype) : Tensor();
}

/// The end of section 3.2.2: W_O for the heads side by side.
Attended together(const MultiHeadAttention& m, const Attended& heads) {
  return {m.out_proj(concatenate_heads(heads.context)), heads.weights};
}

/// Section 3.2.2 once everything is projected. query: [B, H, T, K], key, value: [B, G, S, K]; keep:
/// of `keep_of`.
Attended heads_of(const MultiHeadAttention& m, const AttentionInput& in) {
  return together(m, attended(in, dropout_of(m), slopes_of(m, in.query.dtype()), m.relative));
}

/// The same for the newest words of a text, which join those before.
Attended heads_going_on(const MultiHeadAttention& m, const AttentionInput& newest_words,
                        KeyValueCache& before) {
  const auto& [query, key, value, keep, bias, scale] = newest_words;
  const KeysAndValues newest{key, value};
  const bool simple = !m.relative && !bias.defined() && dropout_of(m) == 0;
  if (simple && few_to_answer(query, key, value)) {
    before.add(newest);
    return together(m, answered(query, before.words(), keep, slopes_of(m, query.dtype()),
                                scale_of(query, scale)));
  }
  const bool goes_on = before.length() > 0;
  const KeysAndValues all = before.append(newest);
  Attended found = heads_of(m, {query, all.key, all.value, keep, bias, scale});
  // The keys are the cache's, which the next words write over: no looking later.
  if (goes_on) found.weights.tensor();
  return found;
}

}  // namespace

Tensor causal_keep(int64_t T, int64_t S) { return unsqueeze(le(offsets(T, S), 0), 0); }

MultiHeadAttention::MultiHeadAttention(MultiHeadAttentionConfig sizes)
    : config(checked(sizes)),
      in_proj_weight(
          init::empty({sizes.size + 2 * config.kv_heads * head_size(sizes), sizes.size})),
      out_proj(sizes.size, sizes.size, sizes.bias),
      relative(relative_positions(sizes)),
      dropout(sizes.dropout) {
  init::xavier_uniform(in_proj_weight);
  if (!config.bias) return;
  in_proj_bias = Parameter(init::empty({in_proj_weight.size(0)}));
  init::zeros(in_proj_bias);
  init::zeros(out_proj.bias);
}

Attended MultiHeadAttention::self(const Tensor& x, const Tensor& keep, const Tensor& bias) const {
  KeyValueCache none;
  return self(x, keep, none, bias);
}

Attended MultiHeadAttention::self(const Tensor& x, const Tensor& keep, KeyValueCache& before,
                                  const Tensor& bias) const {
  const int64_t D = config.size, G = config.kv_heads, E = G * head_size(config);
  check_text("text", x, D);
  const int64_t B = x.size(0), T = x.size(1), S = before.length() + T;
  const Tensor kept = keep_of(config, keep, B, T, S);
  check_bias("MultiHeadAttention", bias, x, {B, config.heads, T, S});
  const Tensor qkv = linear(x, in_proj_weight, in_proj_bias);  // [B, T, D + 2E]
  Tensor q = split_heads(slice(qkv, -1, 0, D), config.heads),
         k = split_heads(slice(qkv, -1, D, D + E), G);
  if (config.positions == SelfPositions::rotary) {
    q = rotate(q, before.length());
    k = rotate(k, before.length());
  }
  const Tensor v = split_heads(slice(qkv, -1, D + E, D + 2 * E), G);
  const KeyValueCache::UndoOnError undo(before);
  return heads_going_on(*this, {q, k, v, kept, bias}, before);
}

KeysAndValues MultiHeadAttention::project(const Tensor& memory) const {
  const int64_t D = config.size, G = config.kv_heads, E = G * head_size(config);
  check_text("memory", memory, D);
  const Tensor kv = linear(memory, slice(in_proj_weight, 0, D, D + 2 * E),
                           bias_rows(*this, D, D + 2 * E));  // [B, S, 2E]
  return {split_heads(slice(kv, -1, 0, E), G), split_heads(slice(kv, -1, E, 2 * E), G)};
}

Attended MultiHeadAttention::operator()(const AttentionInput& in) const {
  const int64_t D = config.size, E = config.kv_heads * head_size(config);
  check_text("query", in.query, D);
  check_text("key", in.key, D);
  check_text("value", in.value, D);
  check_batch(in);
  check_other_text(config);
  AttentionInput heads = in;
  heads.query = project_rows(*this, in.query, 0, D);
  heads.key = project_rows(*this, in.key, D, D + E);
  heads.value = project_rows(*this, in.value, D + E, D + 2 * E);
  heads.keep = keep_of(config, in.keep, in.query.size(0), in.query.size(1), in.key.size(1));
  return heads_of(*this, heads);
}

Attended MultiHeadAttention::operator()(const Tensor& query, const KeysAndValues& memory,
                                        const Tensor& keep, const Tensor& bias) const {
  check_other_text(config);
  check_text("query", query, config.size);
  check_projected(config, query, memory);
  const DType dtype = in_proj_weight.dtype();
  check_dtype("MultiHeadAttention", "the query", query, dtype);
  check_dtype("MultiHeadAttention", "the memory's key", memory.key, dtype);
  check_dtype("MultiHeadAttention", "the memory's value", memory.value, dtype);
  const int64_t B = query.size(0), T = query.size(1), S = memory.key.size(2);
  check_bias("MultiHeadAttention", bias, query, {B, config.heads, T, S});
  const Tensor kept = keep_of(config, keep, B, T, S);
  return heads_of(
      *this, {project_rows(*this, query, 0, config.size), memory.key, memory.value, kept, bias});
}

void MultiHeadAttention::members(Members& m) {
  m("in_proj_weight", in_proj_weight)("in_proj_bias", in_proj_bias)("out_proj", out_proj);
  m("relative", relative)("dropout", dropout);
}

}  // namespace heed
