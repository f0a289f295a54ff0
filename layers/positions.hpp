#pragma once

#include "module.hpp"

namespace heed {

/// Positional encoding, PE[p, 2i] = sin(p / 10000^(2i/D)), PE[p, 2i+1] = cos(p / 10000^(2i/D)), for
/// the positions p from `first` on.   -> [length, D]. Vaswani et al. 2017, section 3.5.
struct SinusoidalPositions {
  explicit SinusoidalPositions(int64_t D);
  Tensor operator()(int64_t first, int64_t length, DType dtype = float32) const;

 private:
  int64_t size_;
  /// The first rows, computed once: [512, D] float64.
  Array table_;
};

/// One learnt vector for each position.   -> [length, D]; weight [max_length, D]. A position beyond
/// is a `DataError` that says so. Gehring et al. 2017, section 3.1.
struct LearnedPositions {
  Parameter weight;

  LearnedPositions(int64_t max_length, int64_t D);
  Tensor operator()(int64_t first, int64_t length) const;
  void members(Members& m) { m("weight", weight); }
  auto arguments() const { return std::tuple(weight.size(0), weight.size(1)); }
};

}  // namespace heed
