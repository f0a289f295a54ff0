// first error: nodiscard
#include "../../heed.hpp"

#pragma GCC diagnostic error "-Wunused-result"
void forgotten(const heed::Tensor& x) { x.detach(); }
