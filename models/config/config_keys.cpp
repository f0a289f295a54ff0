#include "config_keys.hpp"

#include <algorithm>
#include <climits>

#include "../../core/files/json_writer.hpp"
#include "../../optim/adadelta.hpp"
#include "../../optim/adam.hpp"
#include "../text/batches.hpp"

namespace heed {

namespace {

constexpr int64_t largest_size = INT32_MAX;

template <class E>
ChoiceKey choice(E& value, std::vector<std::string> names) {
  return {std::move(names), [&value] { return static_cast<int>(value); },
          [&value](int index) { value = static_cast<E>(index); }};
}

std::vector<Key> common_keys(Config& config) {
  const bool recurrent = config.model != ModelKind::transformer;
  int64_t& source = recurrent ? config.recurrent.source_vocab : config.transformer.source_vocab;
  int64_t& target = recurrent ? config.recurrent.target_vocab : config.transformer.target_vocab;
  return {
      {"model", choice(config.model, {"rnn_search", "encoder_decoder", "transformer"}),
       "architecture"},
      {"tokenizer", choice(config.tokenizer, {"word", "char"}), "what a token is"},
      {"source_vocab", IntegerKey{&source, 4, largest_size}, "words of the source side"},
      {"target_vocab", IntegerKey{&target, 4, largest_size}, "words of the target side"},
  };
}

IntegerKey size(int64_t& value) { return {&value, 1, largest_size}; }

std::vector<Key> recurrent_keys(RecurrentConfig& c) {
  return {
      {"embedding", size(c.embedding), "E, size of a word's embedding"},
      {"hidden", size(c.hidden), "n, size of a recurrent state"},
      {"readout_size", size(c.readout_size), "L, size of the read-out"},
      {"cell", choice(c.cell, {"gru", "lstm", "rnn"}), "recurrent cell"},
      {"encoder_layers", IntegerKey{&c.encoder_layers, 1, 64}, "layers of the encoder"},
      {"decoder_layers", IntegerKey{&c.decoder_layers, 1, 64}, "layers of the decoder"},
      {"input_feeding", FlagKey{&c.input_feeding}, "feed the read-out back to the decoder"},
      {"readout", choice(c.readout, {"maxout", "tanh"}), "kind of read-out"},
      {"readout_state", choice(c.readout_state, {"new", "previous"}),
       "state that the read-out takes: s_i, or s_{i-1} as in the paper"},
      {"reset", choice(c.reset, {"after", "before"}),
       "reset gate after the product as in PyTorch, or before it as in the paper"},
      {"dropout", FractionKey{&c.dropout},
       "dropping of embeddings and read-out, and between layers, in training"},
  };
}

std::vector<Key> attention_keys(RecurrentConfig& c) {
  return {
      {"attention_size", size(c.attention_size), "A, hidden layer of the alignment model"},
      {"attention",
       choice(c.attention,
              {"additive", "dot", "general", "concat", "location", "scaled", "custom"}),
       "score function of the attention; custom: a C++ program's own, which the command can't "
       "make"},
      {"attention_normaliser", choice(c.attention_normaliser, {"softmax", "sparsemax"}),
       "what turns scores into weights"},
      {"attention_window", IntegerKey{&c.attention_window, 0, largest_size},
       "half width of local attention, 0: the whole source"},
      {"attention_local", choice(c.attention_local, {"monotonic", "predictive"}),
       "what the window stands around: the word of the same place, or a predicted one"},
      {"coverage", FlagKey{&c.coverage}, "tell the attention what it has attended to"},
      {"max_length", size(c.max_length), "tokens of the longest source, with location scores"},
  };
}

std::vector<Key> transformer_keys(TransformerConfig& c) {
  return {
      {"d_model", size(c.d_model), "D, size of every layer's output"},
      {"heads", size(c.heads), "H, heads of each attention, a divisor of d_model"},
      {"encoder_layers", IntegerKey{&c.encoder_layers, 1, 64}, "layers of the encoder"},
      {"decoder_layers", IntegerKey{&c.decoder_layers, 1, 64}, "layers of the decoder"},
      {"feed_forward", size(c.feed_forward), "F, inner size of the feed-forward networks"},
      {"dropout", FractionKey{&c.dropout},
       "dropping of embeddings, of what sub-layers give, and inside the feed-forward networks"},
      {"attention_dropout", FractionKey{&c.attention_dropout}, "dropping of attention weights"},
      {"norm", choice(c.norm, {"post", "pre"}),
       "normalisation after the residual sum as in the paper, or before the sub-layer"},
      {"activation", choice(c.activation, {"relu", "gelu", "swish"}),
       "inside the feed-forward networks"},
      {"positions", choice(c.positions, {"sinusoidal", "learned", "relative", "rotary", "alibi"}),
       "how words know their place: added to the embeddings, or (the last three) in "
       "self-attention"},
      {"tie", choice(c.tie, {"none", "target", "all"}),
       "one matrix for target embedding and generator, or for both embeddings and generator"},
      {"max_length", size(c.max_length), "tokens of the longest text, with learned positions"},
      {"kv_heads", IntegerKey{&c.kv_heads, 0, largest_size},
       "G, heads of keys and values, a divisor of heads; 0: as many as heads"},
      {"window", IntegerKey{&c.window, 0, largest_size},
       "places that a word sees on either side in self-attention, 0: the whole text"},
  };
}

std::vector<Key> architecture_keys(Config& config, ModelKind model) {
  if (model == ModelKind::transformer) return transformer_keys(config.transformer);
  std::vector<Key> keys = recurrent_keys(config.recurrent);
  if (model == ModelKind::rnn_search) {
    for (const Key& key : attention_keys(config.recurrent)) keys.push_back(key);
  }
  return keys;
}

/// Of a gradient g below 1e-21 or so Adam's first mean of squares, (1 - beta2) g^2, is 0 in
/// float32, and epsilon alone is left of the denominator: one much smaller than g makes a vast step
/// of it, and one that is 0 in float32 a NaN.
constexpr double smallest_epsilon = 1e-20;
/// A smaller norm leaves nothing of the gradients.
constexpr double smallest_clip_norm = 1e-12;

std::string epsilon_meaning() {
  static_assert(AdamOptions().eps == AdamWOptions().eps);
  return "keeps denominators from 0; 0: " + shortest(AdamOptions().eps) + " of adam and adamw, " +
         shortest(AdadeltaOptions().eps) + " of adadelta";
}

std::vector<Key> training_keys(TrainingConfig& c) {
  const auto count = [](int64_t& value, int64_t low) {
    return IntegerKey{&value, low, INT64_C(1) << 53};
  };
  return {
      {"optimizer", choice(c.optimizer, {"sgd", "adam", "adamw", "adadelta"}), "optimiser"},
      {"learning_rate", NumberKey{&c.learning_rate, 1e-12, 1000}, "peak learning rate"},
      {"schedule", choice(c.schedule, {"constant", "noam", "cosine", "exponential", "plateau"}),
       "how the learning rate changes after the warm-up"},
      {"beta1", FractionKey{&c.beta1}, "share of the old mean of gradients, of adam and adamw"},
      {"beta2", FractionKey{&c.beta2}, "share of the old mean of squares, of adam and adamw"},
      {"rho", FractionKey{&c.rho}, "share of the old means of squares, of adadelta"},
      {"epsilon", NumberKey{&c.epsilon, smallest_epsilon, 1, true}, epsilon_meaning()},
      {"initialisation", choice(c.initialisation, {"default", "paper"}),
       "first weights: each layer's own, or those of a recurrent model's paper"},
      {"warmup", count(c.warmup, 0), "steps of linear warm-up"},
      {"batch_tokens", count(c.batch_tokens, 0),
       "tokens of a batch's longer side, padding included, 0: no limit"},
      {"batch_sentences", count(c.batch_sentences, 0), "pairs of a batch, 0: no limit"},
      {"batch_pool", IntegerKey{&c.batch_pool, 1, largest_batch_pool},
       "batches whose pairs are sorted by length together"},
      {"accumulate", count(c.accumulate, 1), "batches of an update"},
      {"label_smoothing", FractionKey{&c.label_smoothing},
       "weight of the uniform distribution in the target"},
      {"clip_norm", NumberKey{&c.clip_norm, smallest_clip_norm, 1e12, true},
       "largest gradient norm, 0: not clipped"},
      {"weight_decay", NumberKey{&c.weight_decay, 0, 1000}, "weight decay"},
      {"precision", choice(c.precision, {"float32", "bfloat16"}), "of large products in training"},
      {"epochs", count(c.epochs, 0), "limit, 0: none"},
      {"steps", count(c.steps, 0), "limit, 0: none"},
      {"minutes", NumberKey{&c.minutes, 0, 1e9}, "limit of training time, 0: none"},
      {"seed", count(c.seed, 0), "seed of all random numbers"},
      {"validate_every", count(c.validate_every, 1), "steps between validations"},
      {"patience", count(c.patience, 0),
       "validations without a better one before training stops, 0: never"},
      {"average", IntegerKey{&c.average, 0, 100}, "checkpoints averaged at the end, 0: none"},
      {"ema", FractionKey{&c.ema}, "decay of the moving average of weights, 0: none"},
      {"r_drop", NumberKey{&c.r_drop, 0, 0}, "weight of R-Drop, 0: none"},
  };
}

std::vector<Key> data_keys(DataConfig& c) {
  const auto count = [](int64_t& value, int64_t low) {
    return IntegerKey{&value, low, largest_size};
  };
  return {
      {"train_source", TextKey{&c.train_source}, "file of the training text, source side"},
      {"train_target", TextKey{&c.train_target}, "its target side"},
      {"valid_source", TextKey{&c.valid_source}, "file of the validation text, source side"},
      {"valid_target", TextKey{&c.valid_target}, "its target side"},
      {"max_length", count(c.max_length, 0), "tokens of the longest pair trained on, 0: no limit"},
      {"length_ratio", NumberKey{&c.length_ratio, 0, 1e6},
       "largest ratio of lengths trained on, 0: no limit"},
      {"min_count", count(c.min_count, 1), "rarer tokens become <unk>"},
      {"max_vocabulary", count(c.max_vocabulary, 0),
       "most tokens of a vocabulary, the frequent ones, 0: no limit"},
      {"lowercase", FlagKey{&c.lowercase}, "turn all text into lower case"},
      {"subwords", IntegerKey{&c.subwords, 0, 0}, "pieces of a subword model, 0: none"},
      {"subword_model", choice(c.subword_model, {"bpe", "unigram"}), "kind of subword model"},
      {"subword_sampling", NumberKey{&c.subword_sampling, 0, 0}, "subword regularisation, 0: none"},
      {"shared_vocabulary", FlagKey{&c.shared_vocabulary}, "one vocabulary for both sides"},
  };
}

std::vector<Key> search_keys(SearchOptions& c) {
  return {
      {"beam", IntegerKey{&c.beam, 1, max_beam}, "hypotheses kept, 1: greedy"},
      {"length_penalty", PenaltyKey{&c.length_penalty},
       "what a log-probability is divided by: length^A, or by Wu's formula"},
      {"max_length_factor", NumberKey{&c.max_length_factor, 0, largest_length_factor},
       "most tokens of a translation: this times those of the source"},
      {"max_length_offset", IntegerKey{&c.max_length_offset, 1, largest_length_offset},
       "and this many"},
  };
}

}  // namespace

std::vector<KeyGroup> key_groups(Config& config) {
  return {{"", common_keys(config)},
          {"", architecture_keys(config, config.model)},
          {"training", training_keys(config.training)},
          {"data", data_keys(config.data)},
          {"search", search_keys(config.search)}};
}

std::vector<Key> foreign_keys(Config& config) {
  std::vector<std::string> own;
  for (const Key& key : architecture_keys(config, config.model)) own.push_back(key.name);
  std::vector<Key> foreign;
  for (const ModelKind kind : model_kinds()) {
    for (const Key& key : architecture_keys(config, kind)) {
      if (std::find(own.begin(), own.end(), key.name) == own.end()) foreign.push_back(key);
    }
  }
  return foreign;
}

const std::vector<ModelKind>& model_kinds() {
  static const std::vector<ModelKind> kinds{ModelKind::rnn_search, ModelKind::encoder_decoder,
                                            ModelKind::transformer};
  return kinds;
}

}  // namespace heed
