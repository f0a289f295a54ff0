#include <cmath>
#include <limits>

#include "../../core/kernels/elementwise.hpp"
#include "../../core/kernels/rows.hpp"
#include "kernel_helpers.hpp"

using namespace heed;
using namespace heed::testing;

TEST_CASE("The largest of rows bound their blocks and make log-probabilities bit for bit") {
  constexpr int64_t block = kernels::LargestOfRows::block;
  for (const int64_t V : {1, 63, 64, 65, 300}) {
    for (const DType dtype : {float32, float64}) {
      const Array x = numbers({3, V}, dtype, 7);
      const kernels::LargestOfRows found = kernels::largest_of_rows(x, true);
      const Array wanted = kernels::log_softmax(x, Array());
      const Numbers numbers = values(x), bounds = values(found.maxima), tops = values(found.top);
      for (int64_t r = 0; r < 3; ++r) {
        for (int64_t i = 0; i < V; ++i) {
          const double bound = bounds[std::size_t(r * found.maxima.size(1) + i / block)];
          CHECK(numbers[std::size_t(r * V + i)] <= bound);
          CHECK(bound <= tops[std::size_t(r)]);
        }
      }
      const Shape column{3, 1};
      const Array top = found.top.reshape(column).expand(x.shape()),
                  log_sum = found.log_sum.reshape(column).expand(x.shape());
      const Array made = kernels::sub(kernels::sub(x, top), log_sum);
      CHECK(values(made) == values(wanted));
      CHECK_FALSE(kernels::largest_of_rows(x, false).log_sum.defined());
    }
  }
}

TEST_CASE("The largest of rows pass over NaN and say -inf of a block without a number") {
  constexpr int64_t block = kernels::LargestOfRows::block;
  const double inf = std::numeric_limits<double>::infinity();
  const Array x = Array::full({1, 2 * block}, std::nan(""), float64);
  x.data<double>()[3] = -2;
  const kernels::LargestOfRows found = kernels::largest_of_rows(x, true);
  CHECK(values(found.maxima) == Numbers{-2, -inf});
  CHECK(values(found.top) == Numbers{-2});
  CHECK(std::isnan(values(found.log_sum)[0]));  // as log_softmax of such a row
}
