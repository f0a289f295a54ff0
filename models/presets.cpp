#include <heed/core/error.hpp>
#include <heed/core/suggest.hpp>
#include <heed/models/config.hpp>

namespace heed {

namespace {

struct Preset {
  const char* name;
  TokenizerKind tokenizer;
  int64_t embedding, hidden, attention_size, readout_size;
  int64_t batch_tokens;
  double learning_rate, dropout;
  int64_t warmup, epochs, validate_every;
};

constexpr TokenizerKind word = TokenizerKind::word, character = TokenizerKind::character;

// Tasks: what learns them within a few minutes on two cores. Sizes: for text of your own.
constexpr Preset presets[] = {
    {"phrases", word, 48, 64, 48, 48, 640, 4e-3, 0.1, 200, 7, 250},
    {"dates", character, 48, 64, 48, 48, 640, 4e-3, 0, 200, 5, 250},
    {"reverse", word, 48, 64, 48, 48, 1000, 4e-3, 0, 200, 12, 250},
    {"toy", word, 32, 48, 32, 32, 640, 4e-3, 0, 100, 10, 200},
    {"tiny", word, 64, 128, 64, 64, 1024, 2e-3, 0, 500, 20, 500},
    {"small", word, 256, 512, 256, 256, 2048, 1e-3, 0, 1000, 20, 1000},
};

}  // namespace

Config preset(const std::string& name) {
  for (const Preset& p : presets) {
    if (name != p.name) continue;
    Config config;
    config.tokenizer = p.tokenizer;
    config.recurrent.embedding = p.embedding;
    config.recurrent.hidden = p.hidden;
    config.recurrent.attention_size = p.attention_size;
    config.recurrent.readout_size = p.readout_size;
    config.recurrent.dropout = p.dropout;
    config.training.batch_tokens = p.batch_tokens;
    config.training.learning_rate = p.learning_rate;
    config.training.schedule = ScheduleKind::noam;
    config.training.warmup = p.warmup;
    config.training.epochs = p.epochs;
    config.training.validate_every = p.validate_every;
    return config;
  }
  std::string list;
  for (const std::string& known : preset_names()) list += (list.empty() ? "" : ", ") + known;
  throw ConfigError("preset \"" + escaped(name) + "\" is not one of " + list +
                    did_you_mean(name, preset_names()));
}

std::vector<std::string> preset_names() {
  std::vector<std::string> names;
  for (const Preset& p : presets) names.push_back(p.name);
  return names;
}

}  // namespace heed
