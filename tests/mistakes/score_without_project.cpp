// first error: a score needs `Tensor project.const Tensor& annotations. const`
#include "../../heed.hpp"

struct Score {
  heed::Tensor operator()(const heed::Tensor& s, const heed::Tensor& keys) const {
    return heed::matmul(s, heed::transpose(keys, 1, 2));
  }
  void members(heed::Members&) {}
};

int main() { heed::Attention attention{heed::ScoreFunction(Score())}; }
