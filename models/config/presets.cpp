#include "../../core/error.hpp"
#include "../../core/suggest.hpp"
#include "../../optim/schedules.hpp"
#include "config.hpp"

namespace heed {

namespace {

struct RecurrentPreset {
  const char* name;
  TokenizerKind tokenizer;
  int64_t embedding, hidden, attention_size, readout_size;
  int64_t batch_tokens;
  double learning_rate, dropout;
  int64_t warmup, epochs, validate_every;
};

struct TransformerPreset {
  const char* name;
  TokenizerKind tokenizer;
  NormPlace norm;
  int64_t d_model, heads, layers, feed_forward;
  int64_t batch_tokens;
  double learning_rate, dropout, label_smoothing;
  int64_t warmup;
  /// Where the cosine ends; 0: the noam schedule, which has no end.
  int64_t steps;
  int64_t epochs, validate_every;
};

constexpr TokenizerKind word = TokenizerKind::word, character = TokenizerKind::character;
constexpr NormPlace pre = NormPlace::pre, post = NormPlace::post;

// Tasks: what learns them within a few minutes on two cores. Sizes: for text of your own; `base` is
// the size of the papers (Bahdanau et al. 2014, appendix A.2.3; Vaswani et al. 2017, Table 3), and
// `paper` trains as they do.
constexpr RecurrentPreset recurrent_presets[] = {
    {"phrases", word, 48, 64, 48, 48, 640, 4e-3, 0.1, 200, 7, 250},
    {"dates", character, 48, 64, 48, 48, 640, 4e-3, 0, 200, 5, 250},
    {"numbers", word, 48, 64, 48, 48, 1000, 4e-3, 0, 200, 8, 250},
    {"reverse", word, 48, 64, 48, 48, 1000, 4e-3, 0, 200, 12, 250},
    {"copy", word, 48, 64, 48, 48, 1000, 4e-3, 0, 200, 12, 250},
    {"sort", word, 48, 64, 48, 48, 1000, 4e-3, 0, 200, 12, 250},
    {"toy", word, 32, 48, 32, 32, 640, 4e-3, 0, 100, 10, 200},
    {"tiny", word, 64, 128, 64, 64, 1024, 2e-3, 0, 500, 20, 500},
    {"small", word, 256, 512, 256, 256, 2048, 1e-3, 0, 1000, 20, 1000},
    {"base", word, 620, 1000, 1000, 500, 4096, 1e-3, 0, 2000, 10, 2000},
    {"paper", word, 620, 1000, 1000, 500, 0, 1, 0, 0, 0, 2000},
};

constexpr TransformerPreset transformer_presets[] = {
    {"phrases", word, pre, 64, 4, 2, 128, 1000, 4e-3, 0.1, 0, 200, 1500, 100, 250},
    {"dates", character, pre, 64, 2, 2, 128, 1000, 4e-3, 0, 0, 200, 1500, 100, 250},
    {"numbers", word, pre, 64, 4, 2, 128, 1000, 4e-3, 0, 0, 200, 1500, 100, 250},
    {"reverse", word, pre, 64, 2, 2, 128, 1000, 4e-3, 0, 0, 200, 2500, 100, 250},
    {"copy", word, pre, 64, 2, 2, 128, 1000, 4e-3, 0, 0, 200, 2500, 100, 250},
    {"sort", word, pre, 64, 2, 2, 128, 1000, 4e-3, 0, 0, 200, 2500, 100, 250},
    {"toy", word, pre, 32, 2, 1, 64, 640, 4e-3, 0, 0, 200, 0, 10, 200},
    {"tiny", word, pre, 128, 4, 4, 256, 4096, 2e-3, 0.3, 0.1, 1000, 0, 30, 500},
    {"small", word, pre, 256, 8, 3, 1024, 4096, 1e-3, 0.1, 0.1, 2000, 0, 20, 1000},
    {"base", word, post, 512, 8, 6, 2048, 25000, 7e-4, 0.1, 0.1, 4000, 0, 10, 2000},
    {"paper", word, post, 512, 8, 6, 2048, 25000, 0, 0.1, 0.1, 4000, 0, 0, 1500},
};

Config configured(const RecurrentPreset& p) {
  Config config;
  config.recurrent.embedding = p.embedding;
  config.recurrent.hidden = p.hidden;
  config.recurrent.attention_size = p.attention_size;
  config.recurrent.readout_size = p.readout_size;
  config.recurrent.dropout = p.dropout;
  config.training.schedule = ScheduleKind::noam;
  return config;
}

Config configured(const TransformerPreset& p) {
  Config config;
  config.model = ModelKind::transformer;
  config.transformer.norm = p.norm;
  config.transformer.d_model = p.d_model;
  config.transformer.heads = p.heads;
  config.transformer.encoder_layers = config.transformer.decoder_layers = p.layers;
  config.transformer.feed_forward = p.feed_forward;
  config.transformer.dropout = p.dropout;
  config.training.label_smoothing = p.label_smoothing;
  config.training.steps = p.steps;
  config.training.schedule = p.steps > 0 ? ScheduleKind::cosine : ScheduleKind::noam;
  return config;
}

/// What else Bahdanau, Cho and Bengio 2014 say of RNNsearch-50 (section 4, appendix B) and of
/// RNNencdec-50 beside it, which is Cho et al. 2014's model, trained alike.
void set_as_paper(Config& config, ModelKind model) {
  config.recurrent.reset = Reset::before;
  config.recurrent.readout_state = ReadoutState::previous;
  TrainingConfig& training = config.training;
  training.optimizer = OptimizerKind::adadelta;
  training.rho = 0.95;
  training.epsilon = 1e-6;
  training.schedule = ScheduleKind::constant;
  training.initialisation = Initialisation::paper;
  training.batch_sentences = 80;
  training.batch_pool = 20;
  training.clip_norm = 1;
  training.steps = model == ModelKind::rnn_search ? 288'000 : 600'000;  // Table 2
  config.data.max_length = 50;
  config.data.max_vocabulary = 30'000;
  config.search.length_penalty.alpha = 0;
}

/// What else Vaswani et al. 2017 say of the base model, English to German (sections 5 and 6.1).
void set_as_paper(Config& config) {
  config.transformer.tie = Tie::all;
  TrainingConfig& training = config.training;
  training.beta2 = 0.98;
  training.epsilon = 1e-9;
  training.learning_rate = noam_peak(config.transformer.d_model, training.warmup);  // eq. (3)
  training.clip_norm = 0;
  training.steps = 100'000;
  training.average = 5;
  config.data.shared_vocabulary = true;
  config.data.max_vocabulary = 37'000;
  config.search.beam = 4;
  config.search.length_penalty = {.alpha = 0.6, .wu = true};
  config.search.max_length_factor = 1;
  config.search.max_length_offset = 50;
}

/// The preset of that name in `list`.
template <class Preset, std::size_t N>
Config find(const std::string& name, const Preset (&list)[N]) {
  for (const Preset& p : list) {
    if (name != p.name) continue;
    Config config = configured(p);
    config.tokenizer = p.tokenizer;
    config.training.batch_tokens = p.batch_tokens;
    config.training.learning_rate = p.learning_rate;
    config.training.warmup = p.warmup;
    config.training.epochs = p.epochs;
    config.training.validate_every = p.validate_every;
    return config;
  }
  std::string names;
  for (const std::string& known : preset_names()) names += (names.empty() ? "" : ", ") + known;
  throw ConfigError("preset \"" + escaped(name) + "\" is not one of " + names +
                    did_you_mean(name, preset_names()));
}

}  // namespace

Config preset(const std::string& name, ModelKind model) {
  const bool paper = name == "paper";
  if (model == ModelKind::transformer) {
    Config config = find(name, transformer_presets);
    if (paper) set_as_paper(config);
    return config;
  }
  Config config = find(name, recurrent_presets);
  config.model = model;
  if (paper) set_as_paper(config, model);
  return config;
}

std::vector<std::string> preset_names() {
  std::vector<std::string> names;
  for (const RecurrentPreset& p : recurrent_presets) names.emplace_back(p.name);
  return names;
}

}  // namespace heed
