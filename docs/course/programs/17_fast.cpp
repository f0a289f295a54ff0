// Optimised: it measures times.

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>

#include "fast.hpp"

// Attention forward and backward, with all weights and tile by tile: the memory that each needs,
// and with the word "time" behind it how long they take.

using namespace course;

namespace {

std::atomic<int64_t> in_use{0}, peak{0};

}  // namespace

void* operator new(std::size_t size) {
  char* p = static_cast<char*>(std::malloc(size + 16));
  if (!p) throw std::bad_alloc();
  std::memcpy(p, &size, sizeof size);
  const int64_t now = in_use += static_cast<int64_t>(size);
  if (now > peak) peak = now;
  return p + 16;
}

void operator delete(void* p) noexcept {
  if (!p) return;
  std::size_t size = 0;
  std::memcpy(&size, static_cast<char*>(p) - 16, sizeof size);
  in_use -= static_cast<int64_t>(size);
  std::free(static_cast<char*>(p) - 16);
}

void operator delete(void* p, std::size_t) noexcept { operator delete(p); }

namespace {

constexpr int64_t heads = 4, K = 16;

struct Measured {
  double megabytes = 0, seconds = 0;
};

template <class Attention>
Measured measure(int64_t T, Attention attention) {
  std::mt19937_64 bits(1);
  std::vector<Tensor> x;
  for (int i = 0; i < 3; ++i) {
    x.push_back(variable(reshape(xavier(heads * T, K, bits).value(), {heads, T, K})));
  }
  const int64_t before = in_use;
  peak = before;
  const auto begin = std::chrono::steady_clock::now();
  const Tensor y = attention(x[0], x[1], x[2]);
  backward(y, y.value());
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
  return {static_cast<double>(peak - before) / 1e6, seconds.count()};
}

Measured plain(int64_t T) {
  return measure(T, [](const Tensor& q, const Tensor& k, const Tensor& v) {
    return dot_product_attention(q, k, v).context;
  });
}

Measured tiled(int64_t T, int threads) {
  return measure(T, [threads](const Tensor& q, const Tensor& k, const Tensor& v) {
    return tiled_attention(q, k, v, threads);
  });
}

}  // namespace

int main(int argc, char** argv) {
  const bool time = argc > 1 && std::strcmp(argv[1], "time") == 0;
  std::printf(time ? "words   tiles, times as fast   two threads, times as fast as one\n"
                   : "words   all weights     tiles    ratio\n");
  for (const int64_t T : {64, 128, 256, 512}) {
    const Measured all = plain(T), tiles = tiled(T, 1);
    if (time) {
      std::printf("%5d   %20.1f   %33.1f\n", static_cast<int>(T), all.seconds / tiles.seconds,
                  tiles.seconds / tiled(T, 2).seconds);
    } else {
      std::printf("%5d   %8.1f MB   %.2f MB   %6.0f\n", static_cast<int>(T), all.megabytes,
                  tiles.megabytes, all.megabytes / tiles.megabytes);
    }
  }
}
