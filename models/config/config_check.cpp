// What concerns several keys of a configuration, and whether its model fits into memory.
#include "../../core/error.hpp"
#include "../../core/machine_memory.hpp"
#include "../../layers/multi_head_attention.hpp"
#include "config.hpp"
#include "training_recipe.hpp"

namespace heed {

namespace {

double gates_of(Cell cell) { return cell == Cell::gru ? 3 : cell == Cell::lstm ? 4 : 1; }

/// Weights of the score function and of what predicts a position.
double attention_weights(const RecurrentConfig& c) {
  const auto n = static_cast<double>(c.hidden), A = static_cast<double>(c.attention_size);
  const double position =
      c.attention_window > 0 && c.attention_local == Local::predictive ? A * (n + 1) : 0;
  const double coverage = c.coverage ? A : 0;
  switch (c.attention) {
    case Score::additive:
    case Score::concat:
      return position + A * (3 * n + 1) + coverage;
    case Score::general:
      return position + 2 * n * n;
    case Score::location:
      return position + static_cast<double>(c.max_length) * n;
    case Score::dot:
    case Score::scaled:
    case Score::custom:  // its weights are not known here
      break;
  }
  return position;
}

}  // namespace

double weight_count(const RecurrentConfig& c, ModelKind kind) {
  const auto V = static_cast<double>(c.source_vocab), W = static_cast<double>(c.target_vocab),
             E = static_cast<double>(c.embedding), n = static_cast<double>(c.hidden),
             L = static_cast<double>(c.readout_size);
  const auto gates = [&](double input) { return gates_of(c.cell) * n * (input + n + 2); };
  const double encoder =
      2 * gates(E) + 2 * static_cast<double>(c.encoder_layers - 1) * gates(2 * n);
  const double rows = c.readout == Readout::maxout ? 2 * L : L;
  const double decoder = gates(E + 2 * n + (c.input_feeding ? L : 0)) +
                         static_cast<double>(c.decoder_layers - 1) * gates(n);
  const double attention = kind == ModelKind::rnn_search ? attention_weights(c) : 0;
  return (V + W) * E + encoder + n * (n + 1) + attention + decoder + rows * (3 * n + E + 1) +
         W * (L + 1);
}

double weight_count(const TransformerConfig& c) {
  const auto V = static_cast<double>(c.source_vocab), W = static_cast<double>(c.target_vocab),
             D = static_cast<double>(c.d_model), F = static_cast<double>(c.feed_forward);
  const double K = D / static_cast<double>(c.heads),
               E = K * static_cast<double>(c.kv_heads > 0 ? c.kv_heads : c.heads);
  const double attention = 2 * (D + E) * (D + 1), feed_forward = D * F + F + F * D + D,
               norm = 2 * D;
  const double offsets = 2 * static_cast<double>(MultiHeadAttentionConfig().distance) + 1;
  const double relative = c.positions == Positions::relative ? 2 * offsets * K : 0;
  const double encoder_layer = attention + relative + feed_forward + 2 * norm;
  const double decoder_layer = 2 * attention + relative + feed_forward + 3 * norm;
  const double matrices = c.tie == Tie::all ? V : c.tie == Tie::target ? V + W : V + 2 * W;
  const double positions =
      c.positions == Positions::learned ? 2 * static_cast<double>(c.max_length) * D : 0;
  return matrices * D + W + positions + static_cast<double>(c.encoder_layers) * encoder_layer +
         static_cast<double>(c.decoder_layers) * decoder_layer + 2 * norm;
}

namespace {

void check(const RecurrentConfig& model) {
  if (model.reset == Reset::before && model.cell != Cell::gru) {
    throw ConfigError("reset: before is a GRU's, but cell is " +
                      std::string(model.cell == Cell::lstm ? "lstm" : "rnn"));
  }
}

void check_attention(const RecurrentConfig& model) {
  if (model.coverage && model.attention != Score::additive && model.attention != Score::concat &&
      model.attention != Score::custom) {
    throw ConfigError("coverage: needs a score with a hidden layer, attention additive or concat");
  }
  if (model.attention_local == Local::predictive && model.attention_window == 0) {
    throw ConfigError("attention_local: predictive needs attention_window, its half width");
  }
}

void check(const TransformerConfig& model) {
  if (model.d_model % model.heads != 0) {
    throw ConfigError("heads: " + std::to_string(model.heads) + " do not divide d_model, " +
                      std::to_string(model.d_model));
  }
  if (model.kv_heads > 0 && model.heads % model.kv_heads != 0) {
    throw ConfigError("kv_heads: " + std::to_string(model.kv_heads) + " do not divide heads, " +
                      std::to_string(model.heads));
  }
  if (model.positions == Positions::rotary && model.d_model / model.heads % 2 != 0) {
    throw ConfigError("positions: rotary needs heads of even size, but d_model / heads is " +
                      std::to_string(model.d_model / model.heads));
  }
  if (model.tie == Tie::all && model.source_vocab != model.target_vocab) {
    throw ConfigError(
        "tie: all needs one vocabulary for both sides (data.shared_vocabulary), but source_vocab "
        "is " +
        std::to_string(model.source_vocab) + " and target_vocab " +
        std::to_string(model.target_vocab));
  }
}

void check(const TrainingConfig& training) {
  if (has_end(training.schedule) && training.steps == 0) {
    const bool cosine = training.schedule == ScheduleKind::cosine;
    throw ConfigError(std::string("training.schedule: ") + (cosine ? "cosine" : "exponential") +
                      " needs training.steps, where it ends");
  }
  if (training.schedule == ScheduleKind::plateau && training.patience > 0 &&
      training.patience <= plateau_validations) {
    throw ConfigError("training.patience: " + std::to_string(training.patience) +
                      " ends the training before the schedule plateau lowers the rate, after " +
                      std::to_string(plateau_validations) +
                      " validations; expected 0 or at least " +
                      std::to_string(plateau_validations + 1));
  }
  if (training.batch_tokens == 0 && training.batch_sentences == 0) {
    throw ConfigError("training.batch_tokens: 0, no limit, needs training.batch_sentences above 0");
  }
}

}  // namespace

void check(const Config& config) {
  const bool transformer = config.model == ModelKind::transformer;
  transformer ? check(config.transformer) : check(config.recurrent);
  if (config.model == ModelKind::rnn_search) check_attention(config.recurrent);
  check(config.training);
  check(config.search);
  if (transformer && config.training.initialisation == Initialisation::paper) {
    throw ConfigError(
        "training.initialisation: paper is the recurrent models'; the Transformer's paper says "
        "nothing of its first weights");
  }
  // Weights, gradients, the two moments of Adam, and the moving average, in float32.
  const double bytes = config.training.ema > 0 ? 20 : 16;
  const double needed = bytes * (transformer ? weight_count(config.transformer)
                                             : weight_count(config.recurrent, config.model));
  if (needed > memory_limit()) {
    throw ConfigError("the model needs " + gibibytes(needed) + " (weights, gradients, moments), " +
                      "this process may use " + gibibytes(memory_limit()) +
                      "; make its sizes or the vocabularies smaller");
  }
}

}  // namespace heed
