#include "attention_sizes.hpp"

#include <algorithm>

#include "../../core/machine_memory.hpp"
#include "../../core/memory.hpp"
#include "../text/batches.hpp"
#include "../text/vocabulary.hpp"

namespace heed {

AttentionSizes::AttentionSizes(const TranslationModel& model) {
  NoGrad no_grad;
  const std::vector<std::vector<int32_t>> empty = {{Vocabulary::eos}};
  const text::Batch b = text::make_batch({empty, empty}, {0});
  for (const AttentionWeights& one :
       model.attention_weights(b.source, b.source_keep, b.target_in)) {
    attentions_.push_back({static_cast<double>(one.weights.size(1)), one.queries, one.keys});
  }
}

double AttentionSizes::Attention::bytes(int64_t S, int64_t T) const {
  const auto length = [&](Side side) { return static_cast<double>(side == Side::source ? S : T); };
  return heads * length(queries) * length(keys) * sizeof(float);
}

double AttentionSizes::reading(int64_t S) const {
  double most = 0;
  for (const Attention& one : attentions_) {
    if (one.queries == Side::source && one.keys == Side::source) {
      most = std::max(most, 2 * one.bytes(S, 0));
    }
  }
  return most;
}

double AttentionSizes::forcing(int64_t S, int64_t T) const {
  double most = 0;
  for (const Attention& one : attentions_) most = std::max(most, 2 * one.bytes(S, T));
  return most;
}

double AttentionSizes::weights(int64_t S, int64_t T) const {
  double sum = 0;
  for (const Attention& one : attentions_) sum += one.bytes(S, T);
  return sum;
}

double memory_left() {
  return std::max(0.0, memory_limit() - static_cast<double>(memory_stats().live_bytes));
}

std::string memory_problem(double bytes) {
  return "reading it takes up to " + gibibytes(bytes) + " of memory, and " +
         gibibytes(memory_left()) + " are left; put one sentence on a line";
}

}  // namespace heed
