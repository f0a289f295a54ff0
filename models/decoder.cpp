#include "decoder.hpp"

#include "../core/error.hpp"

namespace heed {

void check_source(const std::string& model, const Tensor& source, const Tensor& keep) {
  const bool words = source.rank() == 2 && source.size(1) > 0;
  if (words && keep.defined() && keep.shape() == source.shape()) return;
  std::string found = model + ": source " + to_string(source.shape()) + ", keep ";
  found += keep.defined() ? to_string(keep.shape()) : "absent";
  throw ShapeError(found + "; expected both [B, S] with S of at least 1, the end symbol");
}

void check_texts(const std::string& model, int64_t texts, int64_t sentences) {
  if (sentences > 0 ? texts % sentences == 0 : texts == 0) return;
  throw ShapeError(model + ": texts of the target: " + std::to_string(texts) +
                   ", sentences of the source: " + std::to_string(sentences) +
                   "; expected as many, or the same number of each sentence");
}

}  // namespace heed
