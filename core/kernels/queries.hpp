#pragma once

#include "../array.hpp"

namespace heed::kernels {

/// Keys [R, G, S, K] and values [R, G, S, C] of B texts, wherever they lie: key s of text b is
/// key[row[b, s], :, s]. row: int32 [B, S], or undefined: key[b, :, s].
struct KeysInPlace {
  Array key, value, row = {};
};

/// Attention of few queries, [B, H, T, K], with all weights of each at once: weights [B, H, T, S] =
/// softmax(scale q k^T - slope |distance|), context [B, H, T, C], in memory [B, T, H, C]. G divides
/// H. keep: bool, broadcasts to the weights, or undefined; slopes: of ALiBi, [H], or undefined.
/// Floating.
struct FewQueries {
  Array context, weights;
};
FewQueries attention_of_few(const Array& query, const KeysInPlace& memory, const Array& keep,
                            const Array& slopes, double scale);

}  // namespace heed::kernels
