// first error: use of deleted function
// notes: x.i. is a view: write x.i..copy_.y.
#include "../../heed.hpp"

int main() {
  heed::Tensor x = heed::Tensor::zeros({2, 3});
  x[0] = heed::Tensor::ones({3});
}
