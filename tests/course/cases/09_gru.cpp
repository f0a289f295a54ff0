#include "cases.hpp"

using namespace heed;
using course_cases::File;

namespace {

Tensor keep_of(std::vector<int32_t> keep, const Shape& shape) {
  return Tensor::from<int32_t>(std::move(keep), shape);
}

/// A sequence from x [B, S, I], W, U, b, b', first [B, n] and keep [B, S].
Tensor states(const std::vector<Tensor>& x, bool backward) {
  SequenceOptions options{.first = x[5], .backward = backward};
  options.keep = transpose(x[6], 0, 1).to(boolean);
  return gru_sequence(linear(x[0], x[1], x[3]), x[2], x[4], options);
}

void write_sequences(File& file, const std::string& name, const Shape& x, int64_t n,
                     const Tensor& keep) {
  for (const bool backward : {false, true}) {
    file.operation_of((backward ? "backward sequence: " : "sequence: ") + name,
                      {{"x", file.random(x)},
                       {"weight_ih", file.random({3 * n, x[2]})},
                       {"weight_hh", file.random({3 * n, n})},
                       {"bias_ih", file.random({3 * n})},
                       {"bias_hh", file.random({3 * n})},
                       {"first", file.random({x[0], n})},
                       {"keep", keep}},
                      [backward](const std::vector<Tensor>& in) { return states(in, backward); });
  }
}

void write(File& file) {
  for (const Shape& shape : {Shape{2, 6}, Shape{3}, Shape{2, 2, 9}, Shape{0, 6}}) {
    for (const int64_t k : {0, 1, 2}) {
      const int64_t n = shape.back() / 3;
      file.operation(
          "gate " + std::to_string(k) + " of " + to_string(shape), {{"gates", shape}},
          [=](const std::vector<Tensor>& x) { return slice(x[0], -1, k * n, (k + 1) * n); });
    }
  }
  for (const auto& [B, n] : {std::pair<int64_t, int64_t>{2, 3}, {1, 1}, {0, 2}}) {
    file.operation("step: B = " + std::to_string(B) + ", n = " + std::to_string(n),
                   {{"gates_x", {B, 3 * n}}, {"gates_h", {B, 3 * n}}, {"h", {B, n}}},
                   [](const std::vector<Tensor>& x) { return gru_step(x[0], x[1], x[2]); });
  }
  const auto choose = [](const std::vector<Tensor>& x) {
    return where(x[2].to(boolean), x[0], x[1]);
  };
  file.operation_of("rows: some",
                    {{"fresh", file.random({3, 2})},
                     {"old", file.random({3, 2})},
                     {"keep", keep_of({1, 0, 1}, {3, 1})}},
                    choose);
  file.operation_of(
      "rows: no sentence",
      {{"fresh", file.random({0, 2})}, {"old", file.random({0, 2})}, {"keep", keep_of({}, {0, 1})}},
      choose);
  // W and U of one shape, which could change places; then sizes that all differ.
  write_sequences(file, "two sentences, one shorter", {2, 3, 3}, 3,
                  keep_of({1, 1, 1, 1, 0, 0}, {2, 3}));
  write_sequences(file, "B = 2, S = 5, I = 4, n = 3", {2, 5, 4}, 3,
                  keep_of({1, 1, 1, 0, 0, 1, 1, 1, 1, 1}, {2, 5}));
  write_sequences(file, "one word", {1, 1, 3}, 1, keep_of({1}, {1, 1}));
  write_sequences(file, "no sentence", {0, 2, 2}, 2, keep_of({}, {0, 2}));
}

const course_cases::Chapter added("09_gru", write);

}  // namespace
