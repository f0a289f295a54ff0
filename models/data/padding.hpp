#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "../../core/tensor.hpp"

namespace heed {

/// Sequences side by side, padded at their ends to the longest: values [B, T, ...], and keep
/// [B, T] bool, true where a value is and false at padding. `keep` is what attention and recurrent
/// layers take; PyTorch's key_padding_mask turned round.
struct PaddedSequences {
  Tensor values, keep;
};

/// Ids of texts: values int32 [B, T]. As torch.nn.utils.rnn.pad_sequence(batch_first=True).
PaddedSequences pad_sequence(const std::vector<std::vector<int32_t>>& sequences,
                             int32_t padding_value = 0);
PaddedSequences pad_sequence(const std::vector<std::span<const int32_t>>& sequences,
                             int32_t padding_value = 0);
/// Tensors [T_b, ...] whose other sizes are the same; differentiable. `ShapeError` for others and
/// for no tensors, `TypeError` for several element types.
PaddedSequences pad_sequence(const std::vector<Tensor>& sequences, double padding_value = 0);

}  // namespace heed
