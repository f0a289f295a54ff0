#include <cmath>

#include "cases.hpp"

using namespace heed;
using course_cases::File;

namespace {

/// Attention and what each mistake of a walk in tiles of 32 gives.
void attention(File& file, const std::string& name, const Shape& query, const Shape& key,
               int64_t C) {
  const int64_t S = key[1];
  const Tensor q = file.random(query) * 3.0, k = file.random(key) * 3.0;
  const Tensor v = file.random({key[0], S, C});
  file.operation_of(
      name, {{"query", q}, {"key", k}, {"value", v}}, [](const std::vector<Tensor>& x) {
        return scaled_dot_product_attention({.query = x[0], .key = x[1], .value = x[2]}).context;
      });
  if (q.numel() == 0 || S == 0) return;
  const double scale = 1 / std::sqrt(static_cast<double>(query[2]));
  const Tensor scores = matmul(q, transpose(k, -2, -1)) * scale;
  file.put("unscaled", matmul(softmax(matmul(q, transpose(k, -2, -1)), -1), v));
  const Tensor largest = max(scores, {-1}, true), weights = exp(scores - largest);
  file.put("undivided", matmul(weights, v));
  if (S <= 32) return;
  const int64_t whole = S / 32 * 32;
  const auto part = [&](const Tensor& x, int64_t axis) { return slice(x, axis, 0, whole); };
  file.put("no_rest", matmul(softmax(part(scores, 2), -1), part(v, 1)));
  // Each tile's sum measured by the largest of all tiles up to it, and never measured again.
  Tensor context, seen = Tensor::full(largest.shape(), -1e300, float64);
  for (int64_t begin = 0; begin < S; begin += 32) {
    const int64_t end = std::min(begin + 32, S);
    const Tensor tile = slice(scores, 2, begin, end);
    seen = maximum(seen, max(tile, {-1}, true));
    const Tensor w = exp(tile - seen), c = matmul(w, slice(v, 1, begin, end));
    context = begin ? context + c : c;
  }
  file.put("context_kept", context / sum(weights, {-1}, true));
}

void write(File& file) {
  attention(file, "less than a tile", {2, 3, 4}, {2, 5, 4}, 2);
  attention(file, "two tiles and a rest", {1, 2, 2}, {1, 70, 2}, 2);
  attention(file, "one tile", {1, 1, 2}, {1, 32, 2}, 1);
  attention(file, "one word", {1, 1, 1}, {1, 1, 1}, 1);
  attention(file, "no query", {2, 0, 4}, {2, 3, 4}, 2);
  attention(file, "no head", {0, 2, 4}, {0, 3, 4}, 2);
}

const course_cases::Chapter added("17_fast", write);

}  // namespace
