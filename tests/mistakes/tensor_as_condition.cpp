// first error: could not convert|not contextually convertible
#include "../../heed.hpp"

bool same(const heed::Tensor& a, const heed::Tensor& b) {
  if (a == b) return true;
  return false;
}
