// What concerns several keys of a configuration, and whether its model fits into memory.
#include <unistd.h>

#include <cstdio>

#include <heed/core/error.hpp>
#include <heed/layers/multi_head_attention.hpp>
#include <heed/models/config.hpp>

namespace heed {

double weight_count(const RecurrentConfig& c) {
  const auto V = static_cast<double>(c.source_vocab), W = static_cast<double>(c.target_vocab),
             E = static_cast<double>(c.embedding), n = static_cast<double>(c.hidden),
             A = static_cast<double>(c.attention_size), L = static_cast<double>(c.readout_size);
  const auto gates = [&](double input) { return 3 * n * (input + n + 2); };
  const double encoder =
      2 * gates(E) + 2 * static_cast<double>(c.encoder_layers - 1) * gates(2 * n);
  const double rows = c.readout == Readout::maxout ? 2 * L : L;
  return (V + W) * E + encoder + n * (n + 1) + A * (3 * n + 1) + gates(E + 2 * n) +
         rows * (3 * n + E + 1) + W * (L + 1);
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
  if (model.coverage || model.input_feeding) {
    throw ConfigError(std::string(model.coverage ? "coverage" : "input_feeding") +
                      ": this version has it not; leave it false");
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

double machine_memory() {
  return static_cast<double>(sysconf(_SC_PHYS_PAGES)) * static_cast<double>(sysconf(_SC_PAGESIZE));
}

std::string gibibytes(double bytes) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3g GiB", bytes / (1024.0 * 1024 * 1024));
  return text;
}

}  // namespace

void check(const Config& config) {
  const bool transformer = config.model == ModelKind::transformer;
  transformer ? check(config.transformer) : check(config.recurrent);
  if (config.training.schedule == ScheduleKind::cosine && config.training.steps == 0) {
    throw ConfigError("training.schedule: cosine needs training.steps, where it ends");
  }
  // Weights, gradients, and the two moments of Adam, in float32.
  const double needed =
      16 * (transformer ? weight_count(config.transformer) : weight_count(config.recurrent));
  if (needed > machine_memory()) {
    throw ConfigError("the model needs " + gibibytes(needed) + " (weights, gradients, moments), " +
                      "this machine has " + gibibytes(machine_memory()) +
                      "; make its sizes or the vocabularies smaller");
  }
}

}  // namespace heed
