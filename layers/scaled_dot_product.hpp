#pragma once

#include <optional>

#include "multi_head_attention.hpp"
#include "relative_positions.hpp"

// What MultiHeadAttention needs of eq. (1) beside `scaled_dot_product_attention`.
namespace heed {

/// `keep` for weights of the given shape [..., T, S], checked: `TypeError` unless it is bool,
/// `ShapeError` unless it broadcasts.
Tensor checked_keep(const char* layer, const Tensor& keep, const Shape& weights);

/// `TypeError` unless the bias has the query's element type, `ShapeError` unless it broadcasts to
/// weights of the given shape [..., T, S]; it may be undefined.
void check_bias(const char* layer, const Tensor& bias, const Tensor& query, const Shape& weights);

/// 1 / sqrt(K), if nothing else is asked for; of vectors without numbers every product is 0,
/// however scaled.
double scale_of(const Tensor& query, const std::optional<double>& scale = {});

/// Eq. (1) with what ALiBi (slopes: [H] or undefined) and relative positions add. p: the
/// probability of dropping a weight.
Attended attended(AttentionInput in, double p, const Tensor& slopes,
                  const std::optional<RelativePositions>& relative);

}  // namespace heed
