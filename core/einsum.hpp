#pragma once

#include <string>
#include <vector>

#include "tensor.hpp"

namespace heed {

/// Einstein's sum: each axis of each operand has a letter, and what the output does not name is
/// summed over: `einsum("bshd,bthd->bhst", {q, k})`. Without `->` the letters that occur once are
/// the output, in alphabetical order, capitals first. `...` stands for any leading or inner axes,
/// broadcast; a letter twice in one operand takes its diagonal; an axis of size 1 broadcasts.
/// Operands are taken from the left, two at a time; each pair is one batched matrix product.
/// Throws `ConfigError` for an equation that cannot be read, `ShapeError` where it does not fit the
/// shapes. As torch.einsum.
Tensor einsum(const std::string& equation, const std::vector<Tensor>& operands);

}  // namespace heed
