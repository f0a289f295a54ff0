#include <cmath>

#include "cases.hpp"

using namespace heed;
using course_cases::File;

namespace {

using Named = std::vector<std::pair<std::string, Tensor>>;

/// softmax(factor Q K^T) V and what mistakes give.
Tensor context(const std::vector<Tensor>& x, double factor) {
  return matmul(softmax(matmul(x[0], transpose(x[1], -2, -1)) * factor, -1), x[2]);
}

void put_attention_mistakes(File& file, const std::vector<Tensor>& x, const Tensor& keep) {
  const double d_k = static_cast<double>(x[0].size(-1));
  const Tensor scores = matmul(x[0], transpose(x[1], -2, -1)) * (1 / std::sqrt(d_k));
  if (keep.defined()) {
    const Tensor kept = keep.to(float64);
    file.put("mask_after", matmul(softmax(scores, -1) * kept, x[2]));
    file.put("mask_turned", matmul(softmax(scores, -1, logical_not(keep)), x[2]));
    file.put("no_mask", context(x, 1 / std::sqrt(d_k)));
    return;
  }
  file.put("unscaled", context(x, 1));
  file.put("by_K", context(x, 1 / d_k));
  file.put("times", context(x, std::sqrt(d_k)));
  file.put("by_S", context(x, 1 / std::sqrt(static_cast<double>(x[1].size(-2)))));
  file.put("scaled_after", context(x, 1) * (1 / std::sqrt(d_k)));
  file.put("over_queries", matmul(softmax(scores, -2), x[2]));
  file.put("no_softmax", matmul(scores, x[2]));
}

void attention(File& file, const std::string& name, const Named& in, const Tensor& keep = {}) {
  for (const bool weights : {false, true}) {
    file.operation_of((weights ? "weights of " : "attention of ") + name, in,
                      [&](const std::vector<Tensor>& x) -> Tensor {
                        const Attended a = scaled_dot_product_attention(
                            {.query = x[0], .key = x[1], .value = x[2], .keep = keep});
                        return weights ? a.weights.tensor() : a.context;
                      });
    if (keep.defined()) file.put("keep", keep);
    if (!weights && in[0].second.numel() > 0) {
      put_attention_mistakes(file, {in[0].second, in[1].second, in[2].second}, keep);
    }
  }
}

Named inputs(File& file, const Shape& query, const Shape& key, const Shape& value) {
  return {{"query", file.random(query)}, {"key", file.random(key)}, {"value", file.random(value)}};
}

Tensor split_heads(const Tensor& x, int64_t H) {
  return transpose(reshape(x, {x.size(0), x.size(1), H, x.size(2) / H}), 1, 2);
}

Tensor merge_heads(const Tensor& x) {
  return reshape(transpose(x, 1, 2), {x.size(0), x.size(2), x.size(1) * x.size(3)});
}

void heads(File& file) {
  for (const Shape& shape : {Shape{2, 3, 4}, Shape{1, 1, 2}, Shape{0, 3, 4}, Shape{2, 0, 4}}) {
    const Tensor x = file.random(shape);
    file.operation_of("split " + to_string(shape), {{"x", x}},
                      [](const std::vector<Tensor>& in) { return split_heads(in[0], 2); });
    if (x.numel() == 0) continue;
    const int64_t B = shape[0], T = shape[1], d_k = shape[2] / 2;
    file.put("no_transpose", reshape(x, {B, 2, T, d_k}));
    file.put("interleaved", transpose(transpose(reshape(x, {B, T, d_k, 2}), 2, 3), 1, 2));
  }
  for (const Shape& shape : {Shape{2, 2, 3, 2}, Shape{1, 1, 1, 3}, Shape{0, 2, 3, 2}}) {
    const Tensor x = file.random(shape);
    file.operation_of("merge " + to_string(shape), {{"x", x}},
                      [](const std::vector<Tensor>& in) { return merge_heads(in[0]); });
    if (x.numel() == 0) continue;
    const Shape merged{shape[0], shape[2], shape[1] * shape[3]};
    file.put("no_transpose", reshape(x, merged));
    file.put("interleaved", reshape(transpose(transpose(x, 1, 2), 2, 3), merged));
  }
}

/// Eq. of section 3.2.2 with the mistakes that are asked for.
struct Wrong {
  int64_t key_part = 1, value_part = 2;
  bool output = true, output_bias = true, whole_scale = false, one_head = false, bias = true;
  bool words_mixed = false;
};

Tensor multi_head(const MultiHeadAttention& m, const AttentionInput& in, const Wrong& wrong) {
  const int64_t D = m.config.size, H = wrong.one_head ? 1 : m.config.heads;
  const auto part = [&](const Tensor& x, int64_t i) {
    const Tensor y =
        linear(x, slice(m.in_proj_weight, 0, i * D, (i + 1) * D),
               slice(m.in_proj_bias, 0, i * D, (i + 1) * D) * (wrong.bias ? 1.0 : 0.0));
    return split_heads(y, H);
  };
  AttentionInput heads{.query = part(in.query, 0),
                       .key = part(in.key, wrong.key_part),
                       .value = part(in.value, wrong.value_part),
                       .keep = in.keep};
  if (wrong.whole_scale) heads.scale = 1 / std::sqrt(static_cast<double>(D));
  const Tensor c = scaled_dot_product_attention(heads).context;
  const Tensor y = wrong.words_mixed ? reshape(c, {c.size(0), c.size(2), D}) : merge_heads(c);
  if (!wrong.output) return y;
  const Tensor z = linear(y, m.out_proj.weight);
  return wrong.output_bias ? z + m.out_proj.bias : z;
}

/// A MultiHeadAttention with random weights, as x [B, T, D] asks y [B, S, D].
void put_multi_head(File& file, const std::string& name, const Shape& x, const Shape& y,
                    int64_t heads, const Tensor& keep = {}, bool weights = false) {
  MultiHeadAttention m({.size = x[2], .heads = heads});
  to(m, float64);
  std::vector<NamedTensor> state;
  for (const auto& [key, w] : named_parameters(m)) state.push_back({key, file.random(w.shape())});
  load_state_dict(m, state);
  file.begin(name);
  std::vector<std::pair<std::string, Tensor>> all;
  for (const auto& [key, shape] :
       {std::pair{"query", x}, std::pair{"key", y}, std::pair{"value", y}}) {
    all.emplace_back(key, file.random(shape).clone().set_requires_grad(true));
  }
  const AttentionInput in{
      .query = all[0].second, .key = all[1].second, .value = all[2].second, .keep = keep};
  const Attended attended = m(in);
  const Tensor result = weights ? attended.weights.tensor() : attended.context;
  const Tensor g = file.random(result.shape());
  result.backward(g);
  for (const auto& [key, w] : named_parameters(m)) all.emplace_back(key, w);
  for (const auto& [key, w] : all) {
    file.put(key, w.detach());
    file.put("d" + key, w.grad().defined() ? w.grad() : Tensor::zeros(w.shape(), float64));
  }
  file.put("g", g);
  file.put("y", result.detach());
  file.put("heads", std::vector<int64_t>{heads});
  if (keep.defined()) file.put("keep", keep);
  if (weights || x[0] * x[1] * y[1] < 2) return;
  const auto wrong = [&](const char* key, const Wrong& how) {
    file.put(key, multi_head(m, in, how).detach());
  };
  wrong("values_are_keys", {.value_part = 1});
  wrong("exchanged", {.key_part = 2, .value_part = 1});
  wrong("no_output", {.output = false});
  wrong("no_output_bias", {.output_bias = false});
  wrong("whole_scale", {.whole_scale = true});
  wrong("one_head", {.one_head = true});
  wrong("words_mixed", {.words_mixed = true});
}

void projections(File& file) {
  for (const int64_t part : {0, 1, 2}) {
    const Tensor x = file.random({2, 3, 2}), w = file.random({6, 2}), b = file.random({6});
    const auto rows = [](const Tensor& t, int64_t first, int64_t step) {
      std::vector<Tensor> two = {slice(t, 0, first, first + 1),
                                 slice(t, 0, first + step, first + step + 1)};
      return cat(two, 0);
    };
    file.operation_of("project part " + std::to_string(part),
                      {{"x", x}, {"weight", w}, {"bias", b}}, [&](const std::vector<Tensor>& in) {
                        return linear(in[0], rows(in[1], 2 * part, 1), rows(in[2], 2 * part, 1));
                      });
    file.put("part", std::vector<int64_t>{part});
    file.put("no_bias", linear(x, rows(w, 2 * part, 1)));
    file.put("first_bias", linear(x, rows(w, 2 * part, 1), rows(b, 0, 1)));
    file.put("first_rows", linear(x, rows(w, 0, 1), rows(b, 0, 1)));
    file.put("every_third", linear(x, rows(w, part, 3), rows(b, part, 3)));
    file.put("transposed", matmul(x, rows(w, 2 * part, 1)) + rows(b, 2 * part, 1));
  }
}

Tensor mask(std::vector<double> numbers, const Shape& shape) {
  return ne(Tensor::from(numbers, shape), 0);
}

void write(File& file) {
  attention(file, "three words on four", inputs(file, {3, 5}, {4, 5}, {4, 2}));
  attention(file, "two sentences", inputs(file, {2, 2, 3}, {2, 3, 3}, {2, 3, 2}));
  attention(file, "heads", inputs(file, {2, 2, 3, 2}, {2, 2, 2, 2}, {2, 2, 2, 2}));
  attention(file, "one word on one", inputs(file, {1, 1}, {1, 1}, {1, 1}));
  attention(file, "no sentence", inputs(file, {0, 3, 4}, {0, 5, 4}, {0, 5, 3}));
  attention(file, "no query", inputs(file, {2, 0, 4}, {2, 5, 4}, {2, 5, 3}));
  attention(file, "padding", inputs(file, {2, 3, 4}, {2, 4, 4}, {2, 4, 2}),
            mask({1, 1, 1, 1, 1, 1, 0, 0}, {2, 1, 4}));
  attention(file, "a word that sees nothing", inputs(file, {3, 2}, {3, 2}, {3, 2}),
            mask({0, 0, 0, 1, 1, 0, 1, 1, 1}, {3, 3}));
  heads(file);
  projections(file);
  put_multi_head(file, "many heads", {2, 3, 4}, {2, 4, 4}, 2);
  put_multi_head(file, "many: one head", {1, 2, 3}, {1, 3, 3}, 1);
  put_multi_head(file, "many: as many heads as numbers", {2, 2, 3}, {2, 2, 3}, 3);
  put_multi_head(file, "many: no sentence", {0, 3, 4}, {0, 5, 4}, 2);
  put_multi_head(file, "many: padding", {2, 3, 4}, {2, 3, 4}, 2,
                 mask({1, 1, 1, 1, 0, 0}, {2, 1, 1, 3}));
  put_multi_head(file, "their weights", {2, 2, 4}, {2, 3, 4}, 2, {}, true);
}

const course_cases::Chapter added("13_multi_head", write);

}  // namespace
