#include "../golden.hpp"
#include "../../models/encoder_decoder.hpp"
#include "../../models/rnn_search.hpp"
#include "../../models/transformer.hpp"
#include "../../optim/adam.hpp"

using namespace heed;
using namespace heed::test;

namespace {

Tensor loss_of(const Tensor& logits, const Tensor& labels) {
  return cross_entropy(reshape(logits, {-1, logits.size(2)}), reshape(labels, {-1}),
                       {.ignore_index = 0, .label_smoothing = 0.1});
}

/// Logits, loss, every gradient, and the losses of ten steps of Adam.
template <class Model>
void check_model(GoldenCase& c, Model& model) {
  c.load(model);
  const Tensor source = c.input("source"), target = c.input("target"), labels = c.input("labels");
  const Tensor keep = c.keep(source.size(1));

  const Tensor logits = model(source, keep, target);
  const Tensor loss = loss_of(logits, labels);
  c.check_value("logits", logits);
  c.check_value("loss", loss);
  (loss * c.scale()).backward();
  c.check_gradients(model);

  c.load(model);
  Adam optimizer(parameters(model), {.lr = 0.01});
  std::vector<Tensor> losses;
  for (int step = 0; step < 10; ++step) {
    losses.push_back(loss_of(model(source, keep, target), labels));
    optimizer.zero_grad();
    losses.back().backward();
    optimizer.step();
  }
  c.check_value("losses", stack(losses, 0).detach());
}

void check_rnn_search(GoldenCase& c, const RecurrentConfig& config) {
  RNNsearch model(config);
  check_model(c, model);
  c.load(model);
  const Tensor source = c.input("source");
  const auto attention = model.attention_weights(source, c.keep(source.size(1)), c.input("target"));
  c.check_value("weights", select(attention.at(0).weights, 1, 0));
}

}  // namespace

TEST_CASE(
    "RNNsearch gives the logits, loss, weights, gradients and ten steps of its twin in PyTorch") {
  Golden golden("rnn_search");
  RecurrentConfig config;
  config.source_vocab = 23;
  config.target_vocab = 29;
  config.embedding = 7;
  config.hidden = 11;
  config.attention_size = 13;
  config.readout_size = 5;
  const auto check = [&](GoldenCase& c) { check_rnn_search(c, config); };
  for_each_seed(golden, "maxout", check);
  config.reset = Reset::before;
  for_each_seed(golden, "maxout_before", check);
  config.reset = Reset::after;
  config.encoder_layers = 2;
  for_each_seed(golden, "maxout_layers_2", check);
  config.encoder_layers = 1;
  config.readout = Readout::tanh;
  for_each_seed(golden, "tanh", check);
}

TEST_CASE("RNNsearch with the paper's switches is the paper's equations as they are printed") {
  Golden golden("paper_rnn_search");
  RecurrentConfig config;
  config.source_vocab = 23;
  config.target_vocab = 29;
  config.embedding = 7;
  config.hidden = 11;
  config.attention_size = 13;
  config.readout_size = 5;
  config.reset = Reset::before;
  config.readout_state = ReadoutState::previous;
  for_each_seed(golden, "as_printed", [&](GoldenCase& c) {
    RNNsearch model(config);
    c.load(model);
    const Tensor source = c.input("source"), target = c.input("target");
    const Tensor labels = c.input("labels"), keep = c.keep(source.size(1));
    const Tensor words = unsqueeze(ne(labels, 0), 2);  // the twin says nothing after </s>
    const Tensor logits = model(source, keep, target);
    const Tensor alpha = select(model.attention_weights(source, keep, target)[0].weights, 1, 0);
    c.check_value("logits", masked_fill(logits, logical_not(words), 0));
    c.check_value("weights", masked_fill(alpha, logical_not(words), 0));
    const Tensor loss = loss_of(logits, labels);
    c.check_value("loss", loss);
    (loss * c.scale()).backward();
    for (const auto& [name, weight] : named_parameters(model)) {
      if (name.find("bias") == std::string::npos) c.check_gradient(name, weight);
    }
  });
}

namespace {

struct RecurrentVariant {
  const char* name;
  void (*change)(RecurrentConfig&);
};

const RecurrentVariant recurrent_variants[] = {
    {"encoder_decoder_gru", [](RecurrentConfig&) {}},
    {"encoder_decoder_lstm", [](RecurrentConfig& c) { c.cell = Cell::lstm; }},
    {"encoder_decoder_rnn",
     [](RecurrentConfig& c) {
       c.cell = Cell::rnn;
       c.encoder_layers = c.decoder_layers = 2;
     }},
    {"encoder_decoder_feeding",
     [](RecurrentConfig& c) {
       c.cell = Cell::lstm;
       c.decoder_layers = 3;
       c.input_feeding = true;
     }},
    {"rnn_search_lstm",
     [](RecurrentConfig& c) {
       c.cell = Cell::lstm;
       c.encoder_layers = c.decoder_layers = 2;
     }},
    {"rnn_search_rnn",
     [](RecurrentConfig& c) {
       c.cell = Cell::rnn;
       c.attention = Score::general;
       c.input_feeding = true;
     }},
    {"rnn_search_coverage", [](RecurrentConfig& c) {
       c.attention = Score::concat;
       c.coverage = c.input_feeding = true;
       c.attention_window = 3;
       c.attention_local = Local::predictive;
     }}};

}  // namespace

TEST_CASE(
    "the recurrent models with other cells, layers and options give what PyTorch's twins give") {
  Golden golden("recurrent_models");
  for (const auto& [name, change] : recurrent_variants) {
    RecurrentConfig config;
    config.source_vocab = 23;
    config.target_vocab = 17;
    config.embedding = 7;
    config.hidden = 11;
    config.attention_size = 13;
    config.readout_size = 5;
    change(config);
    const bool fixed = std::string(name).starts_with("encoder_decoder");
    for_each_seed(golden, name, [&](GoldenCase& c) {
      if (fixed) {
        EncoderDecoder model(config);
        check_model(c, model);
      } else {
        RNNsearch model(config);
        check_model(c, model);
      }
    });
  }
}

namespace {

/// The four combinations of the golden file, in its order.
std::vector<std::pair<std::string, TransformerLayerConfig>> layer_variants() {
  const auto variant = [](NormPlace norm, Activation activation) {
    TransformerLayerConfig config;
    config.d_model = 15;
    config.heads = 3;
    config.feed_forward = 13;
    config.dropout = 0;
    config.norm = norm;
    config.activation = activation;
    return config;
  };
  return {{"post_relu", variant(NormPlace::post, Activation::relu)},
          {"pre_gelu", variant(NormPlace::pre, Activation::gelu)},
          {"post_swish", variant(NormPlace::post, Activation::swish)},
          {"pre_relu", variant(NormPlace::pre, Activation::relu)}};
}

Tensor for_heads(const Tensor& keep) { return reshape(keep, {keep.size(0), 1, 1, keep.size(1)}); }

void check_encoder_layer(GoldenCase& c, const TransformerLayerConfig& config) {
  TransformerEncoderLayer layer(config);
  c.load(layer);
  const Tensor x = c.input("x");
  c.check_output("y", layer(x, for_heads(c.input("keep"))).y).backward();
  c.check_gradient("x", x);
  c.check_gradients(layer);
}

void check_decoder_layer(GoldenCase& c, const TransformerLayerConfig& config) {
  TransformerDecoderLayer layer(config);
  c.load(layer);
  const Tensor x = c.input("x"), memory = c.input("memory");
  const int64_t T = x.size(1);
  const TransformerDecoderLayer::Context context{
      .source = layer.multihead_attn.project(memory),
      .target_keep = logical_and(for_heads(c.input("keep")), causal_keep(T, T)),
      .source_keep = for_heads(c.input("memory_keep"))};
  c.check_output("y", layer(x, context).y).backward();
  c.check_gradient("x", x);
  c.check_gradient("memory", memory);
  c.check_gradients(layer);
}

}  // namespace

TEST_CASE("the Transformer's layers give PyTorch's outputs and gradients") {
  Golden golden("transformer_layers");
  for (const auto& [name, config] : layer_variants()) {
    for_each_seed(golden, "encoder_" + name,
                  [&, &sizes = config](GoldenCase& c) { check_encoder_layer(c, sizes); });
    for_each_seed(golden, "decoder_" + name,
                  [&, &sizes = config](GoldenCase& c) { check_decoder_layer(c, sizes); });
  }
}

TEST_CASE(
    "the Transformer gives the logits, loss, gradients and ten steps of torch.nn.Transformer") {
  Golden golden("transformer");
  TransformerConfig config;
  config.source_vocab = 23;
  config.d_model = 10;
  config.heads = 2;
  config.encoder_layers = 2;
  config.decoder_layers = 3;
  config.feed_forward = 7;
  config.max_length = 19;
  config.dropout = 0;
  const auto check = [&](const std::string& name, Tie tie, Positions positions, NormPlace norm,
                         Activation activation) {
    config.tie = tie;
    config.target_vocab = tie == Tie::all ? 23 : 17;
    config.positions = positions;
    config.norm = norm;
    config.activation = activation;
    for_each_seed(golden, name, [&](GoldenCase& c) {
      Transformer model(config);
      check_model(c, model);
    });
  };
  check("none_sinusoidal_post_relu", Tie::none, Positions::sinusoidal, NormPlace::post,
        Activation::relu);
  check("target_learned_pre_gelu", Tie::target, Positions::learned, NormPlace::pre,
        Activation::gelu);
  check("all_sinusoidal_pre_swish", Tie::all, Positions::sinusoidal, NormPlace::pre,
        Activation::swish);
  check("all_learned_post_relu", Tie::all, Positions::learned, NormPlace::post, Activation::relu);
}
