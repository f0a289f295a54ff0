#include "../../core/error.hpp"
#include "../../core/kernels/indexing.hpp"
#include "kernel_helpers.hpp"

using namespace heed;
using namespace heed::testing;

TEST_CASE("index_select takes slices of any axis, element type and layout") {
  const Array index = Array::from<int32_t>({3, 0, 3, 1}, {4});
  for (const DType dtype : {float32, float64, int32, boolean}) {
    const Array x = dtype == boolean ? mask({5, 4, 7}, 1) : ids({5, 4, 7}, 100, 1).to(dtype);
    for (const Array& source : {x, turned(x), with_gaps(x)}) {
      for (int axis = 0; axis < 3; ++axis) {
        const Array y = kernels::index_select("index_select", source, axis, index);
        CHECK(y.is_contiguous());
        REQUIRE(y.size(axis) == 4);
        CHECK(y.dtype() == dtype);
        for (int64_t i = 0; i < 4; ++i) {
          const auto at = static_cast<int64_t>(index.at({i}));
          CHECK(values(y.select(axis, i)) == values(x.select(axis, at)));
        }
      }
    }
  }
}

TEST_CASE("embedding looks up rows for ids of any shape") {
  for (const DType dtype : {float32, float64}) {
    const Array weight = numbers({11, 13}, dtype, 1);
    const Array index = ids({3, 5}, 11, 2);
    for (const Array& table : {weight, turned(weight), with_gaps(weight)}) {
      const Array y = kernels::embedding("embedding", table, turned(index));
      REQUIRE(y.shape() == Shape{3, 5, 13});
      for (int64_t i = 0; i < 3; ++i) {
        for (int64_t j = 0; j < 5; ++j) {
          const auto row = static_cast<int64_t>(index.at({i, j}));
          CHECK(values(y.select(0, i).select(0, j)) == values(weight.select(0, row)));
        }
      }
    }
    CHECK(kernels::embedding("embedding", weight, Array::empty({0, 5}, int32)).shape() ==
          Shape{0, 5, 13});
  }
}

TEST_CASE("An id out of range is an IndexError that says which and where") {
  const Array weight = numbers({11, 3}, float32, 1);
  CHECK_THROWS_WITH(
      kernels::embedding("embedding", weight, Array::from<int32_t>({0, 1, 2, 3, 4, 17}, {2, 3})),
      "embedding: index 17 at position 5 is out of range [0, 11)");
  CHECK_THROWS_AS(kernels::embedding("embedding", weight, Array::from<int32_t>({-1}, {1})),
                  IndexError);
  CHECK_THROWS_WITH(
      kernels::index_select("index_select", weight, 1, Array::from<int32_t>({0, 3}, {2})),
      "index_select: index 3 at position 1 is out of range [0, 3)");
  CHECK_THROWS_WITH(kernels::gather("gather", weight, 0, Array::from<int32_t>({-2}, {1, 1})),
                    Catch::Contains("gather: index -2 at position 0"));
  CHECK_THROWS_WITH(
      kernels::scatter_add_into("scatter_add", weight, 0, Array::from<int32_t>({11}, {1, 1}),
                                Array::full({1, 1}, 1)),
      Catch::Contains("scatter_add: index 11"));
}

TEST_CASE("embedding_backward_into adds each row to its id and skips one") {
  for (const DType dtype : {float32, float64}) {
    const Array index = ids({7, 5}, 11, 3);
    const Array g = numbers({7, 5, 131}, dtype, 4);
    std::vector<double> expected(11 * 131, 0.5);
    for (int64_t i = 0; i < 7; ++i) {
      for (int64_t j = 0; j < 5; ++j) {
        const auto row = static_cast<int64_t>(index.at({i, j}));
        for (int64_t k = 0; k < 131 && row != 2; ++k) {
          expected[static_cast<std::size_t>(row * 131 + k)] += g.at({i, j, k});
        }
      }
    }
    for (const Array& gradient : {g, turned(g), with_gaps(g)}) {
      const Array into = Array::full({11, 131}, 0.5, dtype);
      kernels::embedding_backward_into(into, gradient, index, 2);
      check_close(into, expected, tolerance(dtype));
      const Array strided = with_gaps(Array::full({11, 131}, 0.5, dtype));
      kernels::embedding_backward_into(strided, gradient, index, 2);
      check_close(strided, expected, tolerance(dtype));
    }
  }
}

TEST_CASE("index_add_into adds slices along any axis") {
  const std::vector<int32_t> at = {3, 0, 3};
  const Array index = Array::from<int32_t>(at, {3});
  for (const DType dtype : {float32, float64}) {
    for (int axis = 0; axis < 3; ++axis) {
      Shape shape{5, 4, 7};
      const Array into = numbers(shape, dtype, 5), before = into.clone();
      shape[axis] = 3;
      const Array g = numbers(shape, dtype, 6);
      kernels::index_add_into(into, axis, index, g);
      for (int64_t slot = 0; slot < into.size(axis); ++slot) {
        std::vector<double> expected = values(before.select(axis, slot));
        for (int64_t i = 0; i < 3; ++i) {
          if (at[static_cast<std::size_t>(i)] != slot) continue;
          const std::vector<double> added = values(g.select(axis, i));
          for (std::size_t k = 0; k < expected.size(); ++k) expected[k] += added[k];
        }
        check_close(into.select(axis, slot), expected, tolerance(dtype));
      }
    }
  }
}

TEST_CASE("gather reads and scatter_add_into adds single elements at indices") {
  for (const DType dtype : {float32, float64}) {
    for (int axis = 0; axis < 3; ++axis) {
      const Array x = numbers({5, 4, 7}, dtype, 7);
      const Array index = ids({3, 4, 6}, 4, 8);
      const Array g = numbers({3, 4, 6}, dtype, 9);
      for (const Array& source : {x, turned(x), with_gaps(x)}) {
        const Array y = kernels::gather("gather", source, axis, index);
        REQUIRE(y.shape() == index.shape());
        const Array into = source.clone();
        kernels::scatter_add_into("scatter_add", into, axis, index, turned(g));
        std::vector<double> sums = values(x);
        for (int64_t i = 0; i < 3; ++i) {
          for (int64_t j = 0; j < 4; ++j) {
            for (int64_t k = 0; k < 6; ++k) {
              Shape at{i, j, k};
              at[axis] = static_cast<int64_t>(index.at({i, j, k}));
              CHECK(y.at({i, j, k}) == x.at(at));
              sums[static_cast<std::size_t>((at[0] * 4 + at[1]) * 7 + at[2])] += g.at({i, j, k});
            }
          }
        }
        check_close(into, sums, tolerance(dtype));
      }
    }
  }
  const Array keep = mask({3, 5}, 1);
  const Array picked = kernels::gather("gather", keep, 1, Array::from<int32_t>({4, 2, 0}, {3, 1}));
  CHECK(picked.dtype() == boolean);
  CHECK(picked.at({1, 0}) == keep.at({1, 2}));
}

TEST_CASE("Nothing to index is nothing done") {
  const Array none = Array::empty({0}, int32);
  const Array x = numbers({5, 7}, float32, 1);
  CHECK(kernels::index_select("index_select", x, 1, none).shape() == Shape{5, 0});
  CHECK(kernels::index_select("index_select", Array::empty({0, 7}), 1, Array::arange(3, int32))
            .shape() == Shape{0, 3});
  const Array before = x.clone();
  kernels::index_add_into(x, 0, none, Array::empty({0, 7}));
  kernels::embedding_backward_into(x, Array::empty({0, 7}), none, -1);
  CHECK(same_bits(x, before));
  CHECK(kernels::gather("gather", x, 0, Array::empty({0, 7}, int32)).shape() == Shape{0, 7});
}

TEST_CASE("Indexing has the same bits for any number of threads") {
  for (const DType dtype : {float32, float64}) {
    const Array index = ids({1009}, 17, 1), g = numbers({1009, 257}, dtype, 2);
    check_same_bits_for_threads([&] {
      const Array into = Array::zeros({17, 257}, dtype);
      kernels::embedding_backward_into(into, g, index, 3);
      return into;
    });
    check_same_bits_for_threads([&] {
      const Array into = Array::zeros({257, 17}, dtype);
      kernels::index_add_into(into, 1, index, g.transpose(0, 1));
      return into;
    });
    const Array weight = numbers({17, 257}, dtype, 3);
    check_same_bits_for_threads([&] { return kernels::embedding("embedding", weight, index); });
    const Array places = ids({1009, 13}, 17, 4);
    check_same_bits_for_threads([&] { return kernels::gather("gather", weight, 0, places); });
  }
}
