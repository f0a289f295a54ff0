#include <cmath>

#include "cases.hpp"

using namespace heed;
using course_cases::File;

namespace {

using Named = std::vector<std::pair<std::string, Tensor>>;

/// Random weights of a module.
template <class M>
void fill(File& file, M& m) {
  to(m, float64);
  eval(m);
  std::vector<NamedTensor> state;
  for (const auto& [key, w] : named_parameters(m)) state.push_back({key, file.random(w.shape())});
  load_state_dict(m, state);
}

/// A case of a module: inputs [B, T, D], all its weights, g, y, and gradients: of the inputs, and
/// of the weights where wanted.
template <class M, class F>
void put_module(File& file, const std::string& name, M& m, const Named& inputs, F f,
                bool weights_too = true) {
  file.begin(name);
  Named all;
  for (const auto& [key, x] : inputs) {
    all.emplace_back(key, x.clone().set_requires_grad(true));
  }
  std::vector<Tensor> x;
  for (const auto& [key, input] : all) x.push_back(input);
  const Tensor y = f(x);
  const Tensor g = file.random(y.shape());
  y.backward(g);
  for (const auto& [key, w] : named_parameters(m)) all.emplace_back(key, w);
  for (const auto& [key, w] : all) {
    file.put(key, w.detach());
    if (!weights_too && w.rank() < 3) continue;
    const Tensor grad = w.grad();
    file.put("d" + key, grad.defined() ? grad : Tensor::zeros(w.shape(), float64));
  }
  file.put("g", g);
  file.put("y", y.detach());
}

Tensor centred(const Tensor& x) { return x - mean(x, {-1}, true); }
Tensor variance(const Tensor& x) { return mean(centred(x) * centred(x), {-1}, true); }

void normalize(File& file) {
  for (const Shape& shape : {Shape{2, 5}, Shape{2, 2, 3}, Shape{1}, Shape{3, 1}, Shape{0, 4}}) {
    const Tensor x = file.random(shape);
    file.operation_of("normalize " + to_string(shape), {{"x", x}},
                      [](const std::vector<Tensor>& in) { return layer_norm(in[0]); });
    const double n = static_cast<double>(shape.back());
    if (n < 2 || x.numel() == 0) continue;
    const Tensor c = centred(x), v = variance(x);
    file.put("unbiased", c / sqrt(v * (n / (n - 1)) + 1e-5));
    file.put("no_root", c / (v + 1e-5));
    file.put("eps_outside", c / (sqrt(v) + 1e-5));
    file.put("no_eps", c / sqrt(v));
    file.put("not_centred", x / sqrt(v + 1e-5));
    file.put("no_division", c);
    const Tensor all = x - mean(x);
    file.put("all_rows", all / sqrt(mean(all * all) + 1e-5));
  }
}

/// What a wrong way back gives, for normalize's g of a case: computed by the test.
void feed_forwards(File& file) {
  for (const Shape& shape : {Shape{2, 3, 4}, Shape{0, 1, 4}}) {
    FeedForward m({.size = 4, .inner = 5});
    fill(file, m);
    const Tensor x = file.random(shape);
    put_module(file, "feed_forward " + to_string(shape), m, {{"x", x}},
               [&](const std::vector<Tensor>& in) { return m(in[0]); });
    if (x.numel() == 0) continue;
    const Tensor inner = m.linear1(x);
    file.put("no_relu", m.linear2(inner).detach());
    file.put("relu_last", relu(m.linear2(inner)).detach());
    file.put("relu_twice", relu(m.linear2(relu(inner))).detach());
    file.put("no_bias1", m.linear2(relu(linear(x, m.linear1.weight))).detach());
    file.put("no_bias2", linear(relu(inner), m.linear2.weight).detach());
    file.put("residual", (x + m.linear2(relu(inner))).detach());
  }
}

void position_tables(File& file) {
  for (const Shape& shape : {Shape{5, 4}, Shape{3, 6}, Shape{1, 2}, Shape{0, 4}}) {
    file.begin("positions " + to_string(shape));
    const int64_t T = shape[0], D = shape[1];
    file.put("y", SinusoidalPositions(D)(0, T, float64));
    if (T < 2) continue;
    file.put("from_one", SinusoidalPositions(D)(1, T, float64));
    std::vector<double> halves, exchanged, own, radix;
    for (int64_t p = 0; p < T; ++p) {
      for (int64_t d = 0; d < D; ++d) {
        const auto angle = [&](int64_t exponent) {
          const double power = static_cast<double>(exponent) / static_cast<double>(D);
          return static_cast<double>(p) / std::pow(10000.0, power);
        };
        const double even = angle(d - d % 2);
        const double half = angle(2 * (d % (D / 2)));
        halves.push_back(d < D / 2 ? std::sin(half) : std::cos(half));
        exchanged.push_back(d % 2 ? std::sin(even) : std::cos(even));
        own.push_back(d % 2 ? std::cos(angle(d)) : std::sin(angle(d)));
        radix.push_back(d % 2 ? std::cos(angle(d / 2)) : std::sin(angle(d / 2)));
      }
    }
    file.put("halves", Tensor::from(halves, shape));
    file.put("exchanged", Tensor::from(exchanged, shape));
    file.put("own_exponent", Tensor::from(own, shape));
    file.put("half_exponent", Tensor::from(radix, shape));
  }
}

void embeddings(File& file) {
  const std::vector<int64_t> ids = {4, 1, 3, 2, 4, 0};
  const Tensor words = Tensor::from(std::vector<int32_t>{4, 1, 3, 2, 4, 0}, {2, 3});
  const Tensor table = SinusoidalPositions(4)(0, 3, float64), weight = file.random({5, 4});
  file.operation_of("embedded", {{"weight", weight}}, [&](const std::vector<Tensor>& in) {
    return embedding(in[0], words) * 2.0 + table;
  });
  file.put("ids", ids);
  const Tensor rows = embedding(weight, words);
  file.put("no_factor", rows + table);
  file.put("factor_of_all", (rows + table) * 2.0);
  file.put("by_D", rows * 4.0 + table);
  file.put("no_positions", rows * 2.0);
}

const Tensor& words_kept() {
  static const Tensor keep = ne(Tensor::from(std::vector<double>{1, 1, 1, 1, 1, 0}, {2, 3}), 0);
  return keep;
}

TransformerLayerConfig layer_config() {
  return {.d_model = 4, .heads = 2, .feed_forward = 5, .dropout = 0};
}

void encoder_layers(File& file) {
  TransformerEncoderLayer m(layer_config());
  fill(file, m);
  const Tensor x = file.random({2, 3, 4}), &keep = words_kept();
  put_module(
      file, "encoder_layer", m, {{"x", x}},
      [&](const std::vector<Tensor>& in) { return m(in[0], keep).y; }, false);
  file.put("keep", keep);
  const Tensor a = m.self_attn.self(x, keep).context, y = m.norm1(x + a);
  const Tensor pre = x + m.self_attn.self(m.norm1(x), keep).context;
  file.put("pre_norm", (pre + m.feed_forward(m.norm2(pre))).detach());
  file.put("no_residual", m.norm2(m.feed_forward(m.norm1(a))).detach());
  file.put("no_residual1", m.norm2(m.norm1(a) + m.feed_forward(m.norm1(a))).detach());
  file.put("no_residual2", m.norm2(m.feed_forward(y)).detach());
  file.put("norm_inside", (x + m.norm1(a) + m.norm2(m.feed_forward(x + m.norm1(a)))).detach());
  file.put("norm1_twice", m.norm1(y + m.feed_forward(y)).detach());
  file.put("x_again", m.norm2(x + m.feed_forward(y)).detach());
  const Tensor unmasked = m.norm1(x + m.self_attn.self(x).context);
  file.put("no_mask", m.norm2(unmasked + m.feed_forward(unmasked)).detach());
}

void decoder_layers(File& file) {
  TransformerDecoderLayer m(layer_config());
  fill(file, m);
  const Tensor x = file.random({2, 3, 4}), memory = file.random({2, 3, 4}), &keep = words_kept();
  const Tensor causal = causal_keep(3, 3);
  put_module(
      file, "decoder_layer", m, {{"x", x}, {"memory", memory}},
      [&](const std::vector<Tensor>& in) {
        return m(in[0], {m.multihead_attn.project(in[1]), causal, keep}).y;
      },
      false);
  file.put("keep", keep);
  const auto ffn = [&](const Tensor& z) { return m.norm3(z + m.feed_forward(z)).detach(); };
  const auto source = [&](const Tensor& q, const Tensor& kv, const Tensor& kept) {
    return m.multihead_attn({.query = q, .key = kv, .value = kv, .keep = kept}).context;
  };
  const Tensor y = m.norm1(x + m.self_attn.self(x, causal).context);
  const Tensor future = m.norm1(x + m.self_attn.self(x).context);
  file.put("future", ffn(m.norm2(future + source(future, memory, keep))));
  file.put("no_source_mask", ffn(m.norm2(y + source(y, memory, Tensor()))));
  file.put("own_keys", ffn(m.norm2(y + source(y, y, keep))));
  file.put("turned", ffn(m.norm2(y + source(memory, y, keep))));
  file.put("no_source", ffn(y));
  const Tensor s = m.norm1(x + source(x, memory, keep));
  file.put("source_first", ffn(m.norm2(s + m.self_attn.self(s, causal).context)));
  const Tensor z = m.norm2(y + source(y, memory, keep));
  file.put("norm2_twice", m.norm2(z + m.feed_forward(z)).detach());
  const Tensor one = m.norm1(y + source(y, memory, keep));
  file.put("norm1_twice", ffn(one));
  const Tensor pre = x + m.self_attn.self(m.norm1(x), causal).context;
  const Tensor pre2 = pre + source(m.norm2(pre), memory, keep);
  file.put("pre_norm", (pre2 + m.feed_forward(m.norm3(pre2))).detach());
}

/// The mistakes of `encode`, and of `decode` given what it should have made.
void put_whole_mistakes(File& file, const Transformer& m, const Tensor& source, const Tensor& keep,
                        const Tensor& target) {
  const auto run = [&](const Tensor& x, const Tensor& kept) {
    Tensor y = x;
    for (const auto& layer : m.transformer.encoder.layers) y = layer(y, kept).y;
    return y;
  };
  const Tensor x = m.embed(Side::source, source), memory = m.transformer.encoder(x, keep);
  file.put("memory", memory.detach());
  file.put("encode_no_norm", run(x, keep).detach());
  file.put("encode_no_mask", m.transformer.encoder(x).detach());
  file.put("encode_first_only",
           (*m.transformer.encoder.norm)(m.transformer.encoder.layers[0](x, keep).y).detach());
  const Tensor e = m.embed(Side::target, target),
               causal = causal_keep(target.size(1), target.size(1));
  const auto& decoder = m.transformer.decoder;
  const auto logits = [&](const Tensor& y) { return m.generator(y).detach(); };
  file.put("future", logits(decoder(e, memory, Tensor(), keep)));
  file.put("no_source_mask", logits(decoder(e, memory, causal)));
  file.put("no_generator", decoder(e, memory, causal, keep).detach());
  file.put("probabilities", softmax(m.generator(decoder(e, memory, causal, keep))).detach());
  Tensor y = e;
  for (const auto& layer : decoder.layers) {
    y = layer(y, {layer.multihead_attn.project(memory), causal, keep}).y;
  }
  file.put("no_norm", logits(y));
  if (m.config.source_vocab == m.config.target_vocab) {
    file.put("source_words", logits(decoder(m.embed(Side::source, target), memory, causal, keep)));
  }
}

void whole(File& file, const std::string& name, int64_t layers, const std::vector<int32_t>& source,
           const std::vector<double>& kept, const std::vector<int32_t>& target, int64_t B) {
  Transformer m({.source_vocab = 5,
                 .target_vocab = 5,
                 .d_model = 4,
                 .heads = 2,
                 .encoder_layers = layers,
                 .decoder_layers = layers,
                 .feed_forward = 3,
                 .dropout = 0});
  fill(file, m);
  const int64_t S = static_cast<int64_t>(source.size()) / B;
  const int64_t T = static_cast<int64_t>(target.size()) / B;
  const Tensor words = Tensor::from(source, {B, S}), before = Tensor::from(target, {B, T});
  const Tensor keep = ne(Tensor::from(kept, {B, S}), 0);
  put_module(file, name, m, {}, [&](const std::vector<Tensor>&) { return m(words, keep, before); });
  file.put("source", std::vector<int64_t>(source.begin(), source.end()));
  file.put("target", std::vector<int64_t>(target.begin(), target.end()));
  file.put("keep", keep);
  file.put("layers", std::vector<int64_t>{layers});
  put_whole_mistakes(file, m, words, keep, before);
  // The same weights, asked for one word after one word.
  const auto one = [](int32_t id) { return Tensor::from(std::vector<int32_t>{id}, {1, 1}); };
  file.put("y_of_one", m(one(3), ne(one(1), 0), one(2)).detach());
}

void write(File& file) {
  normalize(file);
  feed_forwards(file);
  position_tables(file);
  embeddings(file);
  for (const int64_t T : {1, 3, 4}) {
    file.begin("causal_keep " + std::to_string(T));
    file.put("y", reshape(causal_keep(T, T), {T, T}));
  }
  encoder_layers(file);
  decoder_layers(file);
  whole(file, "whole: two layers", 2, {4, 1, 3, 1, 3, 0}, {1, 1, 1, 1, 1, 0}, {2, 1, 4, 2, 4, 4},
        2);
}

const course_cases::Chapter added("14_transformer", write);

}  // namespace
