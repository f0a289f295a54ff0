#pragma once

#include <cstdint>
#include <utility>

namespace heed {

/// The counter-based generator Philox4x32-10 (Salmon et al. 2011, "Parallel random numbers: as easy
/// as 1, 2, 3"): a pure function of a 64-bit key (the seed) and a 128-bit counter. The same counter
/// gives the same numbers on every machine and for any number of threads.
struct Philox {
  uint64_t seed = 0;
  /// Four 32-bit words of block number `block` of stream `stream`.
  void operator()(uint64_t block, uint64_t stream, uint32_t out[4]) const;
};

/// A sequence of random numbers: a seed and the number of the next Philox block.
/// Its whole state is the two numbers, which a checkpoint stores.
class Generator {
 public:
  explicit Generator(uint64_t seed = 0, uint64_t stream = 0) : seed_(seed), stream_(stream) {}

  uint64_t seed() const { return seed_; }
  /// Stream (an independent sequence of the same seed).
  uint64_t stream() const { return stream_; }
  /// Number of the next unused block.
  uint64_t position() const { return position_; }
  void set_position(uint64_t position) { position_ = position; }
  /// Takes `blocks` blocks (four 32-bit words each) and returns the number of the first.
  uint64_t reserve(uint64_t blocks);

  /// 32 random bits (a block each).
  uint32_t next();
  /// A whole number in [0, bound), without bias; bound > 0.
  uint64_t below(uint64_t bound);
  /// A number in [0, 1) with 53 random bits.
  double uniform();

 private:
  uint64_t seed_, stream_, position_ = 0;
};

/// The generator that `Tensor::randn`, initialisers and dropout draw from; one for each thread.
Generator& default_generator();
/// Seeds `default_generator()` and starts it anew.
void manual_seed(uint64_t seed);

/// Puts `default_generator()` back on leaving, whatever was drawn or set in between.
class KeepGenerator {
 public:
  KeepGenerator() : kept_(default_generator()) {}
  ~KeepGenerator() { default_generator() = kept_; }
  KeepGenerator(const KeepGenerator&) = delete;
  KeepGenerator& operator=(const KeepGenerator&) = delete;

 private:
  Generator kept_;
};

/// Shuffles [first, first + n) by Fisher and Yates.
template <class T>
void shuffle(T* first, int64_t n, Generator& generator) {
  for (int64_t i = n - 1; i > 0; --i) {
    const auto j = static_cast<int64_t>(generator.below(static_cast<uint64_t>(i) + 1));
    T kept = std::move(first[i]);
    first[i] = std::move(first[j]);
    first[j] = std::move(kept);
  }
}

}  // namespace heed
