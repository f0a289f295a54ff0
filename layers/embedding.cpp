#include "embedding.hpp"

#include "../core/indexing.hpp"
#include "check.hpp"
#include "initializers.hpp"

namespace heed {

Embedding::Embedding(int64_t vocabulary, int64_t size, int64_t padding)
    : weight(init::empty(
          {positive("Embedding", "vocabulary", vocabulary), positive("Embedding", "size", size)})),
      padding_index(padding) {
  if (padding < -1 || padding >= vocabulary) {
    throw ConfigError("Embedding: padding_index is " + std::to_string(padding) +
                      ", expected -1 (none) or an id below " + std::to_string(vocabulary));
  }
  init::normal(weight, 1);
  if (padding >= 0) init::zeros(Tensor(weight.array().select(0, padding)));
}

Tensor Embedding::operator()(const Tensor& ids) const {
  return embedding(weight, ids, padding_index);
}

}  // namespace heed
