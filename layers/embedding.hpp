#pragma once

#include "module.hpp"

namespace heed {

/// One learnt vector for each id.   ids: int32 [...] -> [..., E]; weight [V, E].
/// Weights start standard normal; the row `padding_index` (-1: none) starts zero and gets no
/// gradient. Throws `IndexError` for an id outside [0, V). As torch.nn.Embedding.
struct Embedding {
  Parameter weight;
  int64_t padding_index;

  Embedding(int64_t vocabulary, int64_t size, int64_t padding_index = -1);
  /// A copy of these vectors, [V, E], not trained while it is frozen (see `unfreeze`). Throws
  /// `ShapeError`, `TypeError`. As torch.nn.Embedding.from_pretrained.
  static Embedding from_pretrained(const Tensor& vectors, bool freeze = true,
                                   int64_t padding_index = -1);
  Tensor operator()(const Tensor& ids) const;
  void members(Members& m) { m("weight", weight); }
  auto arguments() const { return std::tuple(weight.size(0), weight.size(1), padding_index); }
};

}  // namespace heed
