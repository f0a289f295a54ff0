// first error: Tensor::from takes a std::vector of float
#include "../../heed.hpp"

const auto x = heed::Tensor::from(std::vector<std::string>{"a"}, {1});
