#include <cmath>
#include <numeric>

#include "../../core/kernels/dropout.hpp"
#include "../../core/kernels/random.hpp"
#include "../../core/loops/random.hpp"
#include "../../core/random.hpp"
#include "kernel_helpers.hpp"
#include "layouts.hpp"

using namespace heed;
using namespace heed::testing;

namespace {

using Words = std::vector<uint32_t>;

Words philox(uint64_t seed, uint64_t stream, uint64_t block) {
  Words words(4);
  Philox{seed}(block, stream, words.data());
  return words;
}

constexpr uint64_t seed = 0x0123456789abcdef, stream = 0xfedcba9876543210;
// Its low half overflows within a few blocks.
constexpr uint64_t first_block = 0x00000007fffffff3;

/// The words of blocks first_block, first_block + 1, ... one after the other.
Words word_sequence(int64_t count) {
  Words all;
  for (uint64_t block = first_block; static_cast<int64_t>(all.size()) < count; ++block) {
    for (const uint32_t word : philox(seed, stream, block)) all.push_back(word);
  }
  return all;
}

double mean_of(const std::vector<double>& v, double power) {
  double sum = 0;
  for (const double x : v) sum += std::pow(x, power);
  return sum / static_cast<double>(v.size());
}

// Past a piece of one thread, and not a multiple of four.
constexpr int64_t long_count = 9001;

}  // namespace

TEST_CASE("Philox gives the known answers of Random123") {
  CHECK(philox(0, 0, 0) == Words{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
  const uint64_t ones = ~uint64_t{0};
  CHECK(philox(ones, ones, ones) == Words{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
  CHECK(philox(0x299f31d0a4093822, 0x0370734413198a2e, 0x85a308d3243f6a88) ==
        Words{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});
}

TEST_CASE("the vectorised Philox gives the words of the plain one") {
  for (const int64_t blocks : {1, 3, 16, 17, 100}) {
    Words got(static_cast<std::size_t>(4 * blocks) + 1, 77u);
    loops::random_loops().words({seed, stream, first_block}, blocks, got.data());
    CHECK(got.back() == 77u);
    got.pop_back();
    CHECK(got == word_sequence(4 * blocks));
  }
}

TEST_CASE("uniform numbers are the words of their counters scaled to 0 up to 1") {
  for (const int64_t n : {0l, 1l, 2l, 5l, 63l, 65l, long_count}) {
    const Words words = word_sequence(2 * n);
    const auto at = [&](int64_t i) { return words[static_cast<std::size_t>(i)]; };
    const Array x = kernels::uniform({n}, float32, seed, stream, first_block);
    const Array y = kernels::uniform({n}, float64, seed, stream, first_block);
    REQUIRE(x.dtype() == float32);
    REQUIRE(y.dtype() == float64);
    for (int64_t i = 0; i < n; ++i) {
      const uint64_t bits = (uint64_t{at(2 * i)} << 32) | at(2 * i + 1);
      REQUIRE(x.data<float>()[i] == static_cast<float>(at(i) >> 8) * 0x1p-24f);
      REQUIRE(y.data<double>()[i] == static_cast<double>(bits >> 11) * 0x1p-53);
    }
  }
}

TEST_CASE("normal numbers are Box and Muller's function of their counters") {
  for (const int64_t n : {0l, 1l, 2l, 5l, 63l, 65l, long_count}) {
    const Words words = word_sequence(2 * n + 4);
    const auto unit = [&](int64_t i) {
      const auto k = static_cast<std::size_t>(2 * i);
      const uint64_t bits = (uint64_t{words[k]} << 32) | words[k + 1];
      return static_cast<double>(bits >> 11) * 0x1p-53;
    };
    const auto normal = [](double u, double v, bool odd) {
      const double radius = std::sqrt(-2 * std::log(u)), angle = 2 * std::acos(-1.0) * v;
      return radius * (odd ? std::sin(angle) : std::cos(angle));
    };
    const Array x = kernels::normal({n}, float32, seed, stream, first_block);
    const Array y = kernels::normal({n}, float64, seed, stream, first_block);
    for (int64_t i = 0; i < n; ++i) {
      const int64_t even = i - i % 2;
      const double u = (words[static_cast<std::size_t>(even)] + 1.0) * 0x1p-32;
      const double v = words[static_cast<std::size_t>(even) + 1] * 0x1p-32;
      REQUIRE(double(x.data<float>()[i]) == Approx(normal(u, v, i % 2 == 1)).margin(1e-6));
      const double twice = normal(unit(even) + 0x1p-53, unit(even + 1), i % 2 == 1);
      REQUIRE(y.data<double>()[i] == Approx(twice).epsilon(1e-12).margin(1e-14));
    }
  }
}

TEST_CASE("random numbers have the moments of their distributions") {
  for (const DType dtype : {float32, float64}) {
    const std::vector<double> u = plain(kernels::uniform({200000}, dtype, 1, 0, 0));
    CHECK(mean_of(u, 1) == Approx(0.5).margin(0.005));
    CHECK(mean_of(u, 2) == Approx(1.0 / 3).margin(0.005));
    const std::vector<double> z = plain(kernels::normal({200000}, dtype, 1, 0, 0));
    CHECK(mean_of(z, 1) == Approx(0).margin(0.02));
    CHECK(mean_of(z, 2) == Approx(1).margin(0.02));
    CHECK(mean_of(z, 3) == Approx(0).margin(0.06));
    CHECK(mean_of(z, 4) == Approx(3).margin(0.1));
    double neighbours = 0;
    for (std::size_t i = 0; i + 1 < z.size(); ++i) neighbours += z[i] * z[i + 1];
    CHECK(neighbours / 200000 == Approx(0).margin(0.02));
  }
}

TEST_CASE("dropout keeps an element where its word is large enough, and repeats its choice") {
  const Words words = word_sequence(long_count);
  for (const DType dtype : {float32, float64}) {
    const Array x = filled({long_count}, dtype, [](int64_t i) { return double(i % 97 + 1); });
    for (const double p : {0.0, 0.1, 0.5, 0.999}) {
      const Array y = kernels::dropout(x, {p, seed, stream, first_block});
      const std::vector<double> in = plain(x), out = plain(y);
      for (std::size_t i = 0; i < out.size(); ++i) {
        const double kept = words[i] >= p * 0x1p32 ? in[i] / (1 - p) : 0;
        REQUIRE(out[i] == Approx(kept).epsilon(1e-6));
      }
    }
    const std::vector<double> nothing = plain(kernels::dropout(x, {1, seed, stream, first_block}));
    CHECK(nothing == std::vector<double>(static_cast<std::size_t>(long_count), 0.0));
  }
}

TEST_CASE("dropout of any layout is dropout of the contiguous copy") {
  for (const DType dtype : {float32, float64}) {
    for (const Layout& layout : layouts(dtype, [](int64_t i) { return double(i % 97 + 1); })) {
      INFO(layout.name);
      const std::vector<double> numbers = plain(layout.x);
      const Array dense = filled(layout.x.shape(), dtype,
                                 [&](int64_t i) { return numbers[static_cast<std::size_t>(i)]; });
      CHECK(same_bits(kernels::dropout(layout.x, {0.3, 1, 2, 3}),
                      kernels::dropout(dense, {0.3, 1, 2, 3})));
    }
  }
}

TEST_CASE("arrays drawn one after the other are the parts of one long array") {
  for (const DType dtype : {float32, float64}) {
    const int64_t part = 12;
    const uint64_t step = kernels::random_blocks(part, dtype);
    for (const auto& draw : {kernels::uniform, kernels::normal}) {
      const std::vector<double> all = plain(draw({2 * part}, dtype, 5, 6, 7));
      std::vector<double> parts = plain(draw({part}, dtype, 5, 6, 7));
      const std::vector<double> rest = plain(draw({3, part / 3}, dtype, 5, 6, 7 + step));
      parts.insert(parts.end(), rest.begin(), rest.end());
      CHECK(parts == all);
    }
  }
  CHECK(kernels::random_blocks(0, float32) == 0);
  CHECK(kernels::random_blocks(4, float32) == 1);
  CHECK(kernels::random_blocks(5, float32) == 2);
  CHECK(kernels::random_blocks(5, float64) == 3);
}

TEST_CASE("random arrays have the same bits for any number of threads") {
  const Array x = Array::full({long_count}, 1);
  for (const DType dtype : {float32, float64}) {
    check_same_bits_for_threads([&] { return kernels::uniform({long_count}, dtype, 1, 2, 3); });
    check_same_bits_for_threads([&] { return kernels::normal({long_count}, dtype, 1, 2, 3); });
  }
  check_same_bits_for_threads([&] { return kernels::dropout(x, {0.5, 1, 2, 3}); });
}

TEST_CASE("a generator repeats its sequence from a position and draws without bias") {
  Generator generator(3, 4);
  for (int i = 0; i < 5; ++i) generator.next();
  const uint64_t position = generator.position();
  const uint32_t word = generator.next();
  const double unit = generator.uniform();
  generator.set_position(position);
  CHECK(generator.next() == word);
  CHECK(generator.uniform() == unit);
  CHECK(Generator(3, 5).next() != Generator(3, 4).next());
  std::vector<int> counts(7);
  for (int i = 0; i < 70000; ++i) ++counts[generator.below(7)];
  for (const int count : counts) CHECK(std::abs(count - 10000) < 500);
}

TEST_CASE("shuffling permutes, repeats with the seed, and moves every element everywhere") {
  std::vector<int> order(50), again;
  std::iota(order.begin(), order.end(), 0);
  again = order;
  Generator one(9), two(9);
  shuffle(order.data(), 50, one);
  shuffle(again.data(), 50, two);
  CHECK(order == again);
  CHECK(std::is_permutation(order.begin(), order.end(), again.begin()));
  std::vector<int> at_front(3);
  for (int i = 0; i < 30000; ++i) {
    int three[] = {0, 1, 2};
    shuffle(three, 3, one);
    ++at_front[static_cast<std::size_t>(three[0])];
  }
  for (const int count : at_front) CHECK(std::abs(count - 10000) < 500);
}
