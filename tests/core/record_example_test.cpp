// The operation in the comment of core/record.hpp, which the build takes from there.
#include <catch2/catch.hpp>

#include "../../core/gradcheck.hpp"
#include "../../core/kernels/elementwise.hpp"
#include "../../core/operations.hpp"
#include "../../core/record.hpp"

namespace example {

using namespace heed;
#include HEED_EXAMPLE

}  // namespace example

TEST_CASE("the example of record.hpp is an operation whose gradient is right") {
  using heed::Tensor;
  heed::manual_seed(5);
  const Tensor a = Tensor::randn({3, 5}, heed::float64), b = Tensor::randn({3, 5}, heed::float64);
  CHECK(example::mul(a, b).to_vector<double>() == heed::mul(a, b).to_vector<double>());
  const auto call = [](const std::vector<Tensor>& x) { return example::mul(x[0], x[1]); };
  CHECK(heed::gradcheck(call, {a, b}).message == "");
}
