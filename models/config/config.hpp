#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "../../core/precision.hpp"
#include "../recurrent_config.hpp"
#include "../search/search.hpp"
#include "../transformer_config.hpp"

namespace heed {

enum class ModelKind { rnn_search, encoder_decoder, transformer };
enum class TokenizerKind { word, character };
enum class OptimizerKind { sgd, adam, adamw, adadelta };
enum class SubwordKind { bpe, unigram };
enum class ScheduleKind { constant, noam, cosine, exponential, plateau };
/// `standard` is `default` in config.json.
enum class Initialisation { standard, paper };

/// Their names in config.json: `rnn_search`, `encoder_decoder`, `transformer`; `word`, `char`.
const char* to_string(ModelKind kind);
/// The kind of that name; `ConfigError` lists the names.
ModelKind model_kind(const std::string& name);
const char* to_string(TokenizerKind kind);

/// How a model is trained: the object `training` of config.json.
struct TrainingConfig {
  OptimizerKind optimizer = OptimizerKind::adam;
  double learning_rate = 1e-3;
  /// What the optimiser averages with: of adam and adamw (`beta1`, `beta2`), of adadelta (`rho`);
  /// what it adds to denominators, 0: the default of its options.
  double beta1 = 0.9, beta2 = 0.999, rho = 0.95, epsilon = 0;
  /// First weights of a recurrent model: each layer's own, or those of Bahdanau et al. 2014,
  /// appendix B.1.
  Initialisation initialisation = Initialisation::standard;
  /// constant; noam: `warmup` steps up to the learning rate, then falling with 1 / sqrt(step);
  /// cosine: falling to 0 at the last of `steps` (`Trainer` goes by `epochs` without them);
  /// exponential: to a hundredth there, by one share at each step; plateau: halved after 3
  /// validations in a row without a better one.
  ScheduleKind schedule = ScheduleKind::constant;
  int64_t warmup = 0;
  /// Rows of a batch times its longest sentence, and rows alone (0: no limit, but one has one);
  /// batches whose pairs are sorted by length together; batches of an update.
  int64_t batch_tokens = 1024, batch_sentences = 0, batch_pool = 64, accumulate = 1;
  double label_smoothing = 0;
  /// Largest norm of all gradients together; 0: not clipped.
  double clip_norm = 1;
  double weight_decay = 0;
  /// Of the matrix products of training steps, forward and backward; weights, the optimiser and
  /// validation have float32.
  Precision precision = Precision::single;
  /// Limits, counted from the start of the run; the first one reached ends it, 0: none.
  int64_t epochs = 20, steps = 0;
  double minutes = 0;
  /// Of all random numbers of `heed train`; see `Trainer`, and the task for the order of batches.
  int64_t seed = 1;
  /// Steps between validations, and validations without a better one before
  /// training stops (0: never).
  int64_t validate_every = 500, patience = 0;
  /// Last checkpoints whose mean is the model in the end if it is better; decay of the moving
  /// average of the weights that is validated and kept as the best model; weight of R-Drop. With 0
  /// there is none of them.
  int64_t average = 0;
  double ema = 0, r_drop = 0;
};

/// Where the text is and how it is read: the object `data` of config.json.
struct DataConfig {
  std::string train_source, train_target, valid_source, valid_target;
  /// Pairs with more tokens on a side, or with one side this many times longer, are left out of
  /// training; 0: no limit.
  int64_t max_length = 0;
  double length_ratio = 0;
  /// Words seen less often in the training text become `<unk>`, and so do those beyond the
  /// `max_vocabulary` most frequent ones (0: no limit).
  int64_t min_count = 1, max_vocabulary = 0;
  bool lowercase = false;
  /// Subword models: number of pieces (0: none), kind, and how often another cut is drawn.
  int64_t subwords = 0;
  SubwordKind subword_model = SubwordKind::unigram;
  double subword_sampling = 0;
  bool shared_vocabulary = false;
};

/// Everything that config.json holds.
struct Config {
  ModelKind model = ModelKind::rnn_search;
  TokenizerKind tokenizer = TokenizerKind::word;
  /// The architecture; the one that `model` does not name is not read.
  RecurrentConfig recurrent;
  TransformerConfig transformer;
  TrainingConfig training;
  DataConfig data;
  /// How the finished model is searched with where nothing else is said; of it `beam`,
  /// `length_penalty`, `max_length_factor` and `max_length_offset` are keys.
  SearchOptions search;

  /// Number of words of a side, of the architecture that `model` names.
  int64_t source_vocab() const;
  int64_t target_vocab() const;
  void set_vocabularies(int64_t source, int64_t target);
};

/// A preset: the name of a task (`phrases`, `dates`, `numbers`, `reverse`, `copy`, `sort`) or of a
/// size (`toy`, `tiny`, `small`, `base`: the papers'), or `paper`: every number of the model's
/// paper. Every kind of model has them. `ConfigError` lists the names.
Config preset(const std::string& name, ModelKind model = ModelKind::rnn_search);
std::vector<std::string> preset_names();

/// Changes `config` by the keys of a JSON text; `file` names it in messages. Throws `ConfigError`
/// (file, line, what, what would be right) for a syntax error, an unknown key, a wrong type, a
/// value out of its range; a known key of another architecture than `model` is checked and ignored.
void apply_json(Config& config, const std::string& json, const std::string& file);
/// The same of the file `path`; `IoError` if it cannot be read.
void apply_config_file(Config& config, const std::string& path);
/// Changes one key by `KEY=VALUE`: the model's keys as they are, `training.KEY`, `data.KEY`,
/// `search.KEY`.
void apply_setting(Config& config, const std::string& setting);
/// Checks what concerns several keys, and that the model fits into memory: `ConfigError`.
void check(const Config& config);

/// The text of config.json: format, version, the ids of the special symbols, and every key.
std::string to_json(const Config& config);

/// What config.json of a model folder says. Throws `FormatError` for anything that `apply_json`
/// refuses, but for values of other architectures' keys, which are not looked at; for another
/// format, a newer version, a missing size; `IoError` if it cannot be read.
Config load_config(const std::string& path);

/// The kind of model that a file names, before anything else of it is read; `fallback` where it
/// names none.
ModelKind model_in_config_file(const std::string& path, ModelKind fallback);

/// One key as docs/config.md lists it; a key of two architectures is there for each.
struct ConfigKey {
  std::string name, type, fallback, range, meaning;
};
std::vector<ConfigKey> config_keys();

/// A line for each key whose values differ: `hidden: 128 there, 256 here`.
std::vector<std::string> differences(const Config& there, const Config& here);

/// The keys of `training` but its limits, with their values as JSON: what a run is resumed with.
std::vector<std::pair<std::string, std::string>> training_settings(const TrainingConfig& training);

/// Number of the weights of the model that `config` describes, before it is made: those of its
/// shapes, a custom score's left out. Infinity where a shape has more elements than can be counted.
double weight_count(const Config& config);

}  // namespace heed
