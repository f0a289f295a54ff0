// first error: cannot convert|could not convert|no viable conversion
#include "../../heed.hpp"

// sum(x, {0, 1}) or sum(x, 0, true)
heed::Tensor both(const heed::Tensor& x) { return heed::sum(x, 0, 1); }
