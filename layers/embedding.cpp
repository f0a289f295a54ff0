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

Embedding Embedding::from_pretrained(const Tensor& vectors, bool freeze, int64_t padding) {
  if (vectors.rank() != 2) {
    throw ShapeError("Embedding::from_pretrained: the vectors are " + to_string(vectors.shape()) +
                     ", expected [vocabulary, size]");
  }
  require_floating("Embedding::from_pretrained", "the matrix of vectors", vectors);
  Embedding result = [&] {
    const ShapesOnly no_numbers;
    return Embedding(vectors.size(0), vectors.size(1), padding);
  }();
  result.weight = Parameter(Tensor(vectors.array().clone()));
  if (freeze) heed::freeze(result);
  return result;
}

Tensor Embedding::operator()(const Tensor& ids) const {
  return embedding(weight, ids, padding_index);
}

}  // namespace heed
