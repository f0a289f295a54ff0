#include "model_variants.hpp"

#include "../../models/encoder_decoder.hpp"
#include "../../models/rnn_search.hpp"
#include "../../models/transformer.hpp"
#include "model_support.hpp"

namespace model_support {

namespace {

Variant recurrent(const std::string& name, const std::function<void(RecurrentConfig&)>& change) {
  RecurrentConfig config = small_config();
  change(config);
  return {"rnn_search, " + name, [config] { return TranslationModel(RNNsearch(config)); }};
}

Variant fixed(const std::string& name, const std::function<void(RecurrentConfig&)>& change) {
  RecurrentConfig config = small_config();
  change(config);
  return {"encoder_decoder, " + name,
          [config] { return TranslationModel(EncoderDecoder(config)); }};
}

Variant transformer(const std::string& name,
                    const std::function<void(TransformerConfig&)>& change) {
  TransformerConfig config = small_transformer();
  change(config);
  return {"transformer, " + name, [config] { return TranslationModel(Transformer(config)); }};
}

template <class Config>
struct Change {
  const char* name;
  void (*apply)(Config&);
};

using R = RecurrentConfig;
using T = TransformerConfig;

const Change<R> rnn_searches[] = {
    {"plain", [](R&) {}},
    {"reset before", [](R& c) { c.reset = Reset::before; }},
    {"read-out of the state before", [](R& c) { c.readout_state = ReadoutState::previous; }},
    {"tanh read-out", [](R& c) { c.readout = Readout::tanh; }},
    {"two encoder layers", [](R& c) { c.encoder_layers = 2; }},
    {"lstm", [](R& c) { c.cell = Cell::lstm; }},
    {"rnn", [](R& c) { c.cell = Cell::rnn; }},
    {"lstm of three decoder layers",
     [](R& c) {
       c.cell = Cell::lstm;
       c.decoder_layers = 3;
     }},
    {"input feeding", [](R& c) { c.input_feeding = true; }},
    {"dot", [](R& c) { c.attention = Score::dot; }},
    {"general", [](R& c) { c.attention = Score::general; }},
    {"concat", [](R& c) { c.attention = Score::concat; }},
    {"location", [](R& c) { c.attention = Score::location; }},
    {"scaled", [](R& c) { c.attention = Score::scaled; }},
    {"sparsemax", [](R& c) { c.attention_normaliser = Normaliser::sparsemax; }},
    {"monotonic window", [](R& c) { c.attention_window = 2; }},
    {"predictive window",
     [](R& c) {
       c.attention_window = 2;
       c.attention_local = Local::predictive;
     }},
    {"coverage", [](R& c) { c.coverage = true; }},
    {"coverage of concat, input feeding, two decoder layers", [](R& c) {
       c.attention = Score::concat;
       c.coverage = c.input_feeding = true;
       c.decoder_layers = 2;
     }}};

const Change<R> encoder_decoders[] = {{"gru", [](R&) {}},
                                      {"lstm of two decoder layers",
                                       [](R& c) {
                                         c.cell = Cell::lstm;
                                         c.decoder_layers = 2;
                                       }},
                                      {"rnn of two encoder layers",
                                       [](R& c) {
                                         c.cell = Cell::rnn;
                                         c.encoder_layers = 2;
                                       }},
                                      {"input feeding", [](R& c) { c.input_feeding = true; }}};

const Change<T> transformers[] = {
    {"post-norm", [](T&) {}},
    {"pre-norm", [](T& c) { c.norm = NormPlace::pre; }},
    {"gelu", [](T& c) { c.activation = Activation::gelu; }},
    {"swish", [](T& c) { c.activation = Activation::swish; }},
    {"learned positions", [](T& c) { c.positions = Positions::learned; }},
    {"target tied", [](T& c) { c.tie = Tie::target; }},
    {"all tied",
     [](T& c) {
       c.tie = Tie::all;
       c.source_vocab = c.target_vocab;
     }},
    {"multi-query", [](T& c) { c.kv_heads = 1; }},
    {"grouped-query", [](T& c) { c.d_model = 20, c.heads = 10, c.kv_heads = 5; }},
    {"window", [](T& c) { c.window = 2; }},
    {"relative", [](T& c) { c.positions = Positions::relative; }},
    {"rotary", [](T& c) { c.d_model = 12, c.positions = Positions::rotary; }},
    {"alibi", [](T& c) { c.d_model = 9, c.heads = 3, c.positions = Positions::alibi; }},
    {"rotary, grouped-query, window, pre-norm",
     [](T& c) {
       c.d_model = 16;
       c.heads = 4;
       c.kv_heads = 2;
       c.window = 3;
       c.positions = Positions::rotary;
       c.norm = NormPlace::pre;
     }},
    {"relative, multi-query, window, target tied",
     [](T& c) {
       c.kv_heads = c.window = 1;
       c.positions = Positions::relative;
       c.tie = Tie::target;
     }},
    {"alibi, multi-query, all tied", [](T& c) {
       c.kv_heads = 1;
       c.positions = Positions::alibi;
       c.tie = Tie::all;
       c.source_vocab = c.target_vocab;
     }}};

}  // namespace

std::vector<Variant> variants() {
  std::vector<Variant> out;
  for (const auto& [name, change] : rnn_searches) out.push_back(recurrent(name, change));
  for (const auto& [name, change] : encoder_decoders) out.push_back(fixed(name, change));
  for (const auto& [name, change] : transformers) out.push_back(transformer(name, change));
  return out;
}

}  // namespace model_support
