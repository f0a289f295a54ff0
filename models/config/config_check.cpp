// What concerns several keys of a configuration, and whether its model fits into memory.
#include <algorithm>
#include <cmath>
#include <limits>

#include "../../core/error.hpp"
#include "../../core/machine_memory.hpp"
#include "../../layers/initializers.hpp"
#include "../../layers/scores.hpp"
#include "../rnn_search.hpp"
#include "model_folder.hpp"
#include "training_recipe.hpp"

namespace heed {

namespace {

/// The names and shapes of the model. Of a score function that a program brings along nothing is
/// known here: it counts as one without weights.
TranslationModel shapes_of(const Config& config) {
  const RecurrentConfig& c = config.recurrent;
  const bool custom = config.model == ModelKind::rnn_search && c.attention == Score::custom;
  if (!custom) return make_model(config);
  return TranslationModel(RNNsearch(c, ScoreFunction(DotScore({c.hidden}))));
}

}  // namespace

double weight_count(const Config& config) {
  // Before the text is read the vocabularies are unknown, 0: they have their four symbols at least.
  Config known = config;
  known.set_vocabularies(std::max(config.source_vocab(), Vocabulary().size()),
                         std::max(config.target_vocab(), Vocabulary().size()));
  const ShapesOnly shapes_only;
  double count = 0;
  try {
    const TranslationModel model = shapes_of(known);
    for (const Tensor& weight : parameters(model)) count += static_cast<double>(weight.numel());
  } catch (const ShapeError&) {
    return std::numeric_limits<double>::infinity();
  }
  return count;
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
  const double needed = bytes * weight_count(config);
  if (needed > memory_limit()) {
    throw ConfigError("the model needs " +
                      (std::isfinite(needed) ? gibibytes(needed) : "more than can be counted") +
                      " (weights, gradients, moments), this process may use " +
                      gibibytes(memory_limit()) + "; make its sizes or the vocabularies smaller");
  }
}

}  // namespace heed
