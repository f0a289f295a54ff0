#pragma once

#include <functional>
#include <vector>

#include <heed/core/tensor.hpp>

namespace heed {

/// A piece of a net that `checkpoint` can run again: a pure function of its inputs, of the tensors
/// that it holds (by value: it is kept until the backward pass) and of `default_generator()`.
using CheckpointFunction = std::function<Tensor(const std::vector<Tensor>& inputs)>;

/// fn(inputs), keeping the inputs alone and not what lies between them and the result: the backward
/// pass calls fn once more, with `default_generator()` as it was, so that dropout is the same, and
/// goes back through what that call recorded. Costs a second forward pass; memory falls to the
/// inputs of all pieces and the inside of one. Gradients reach the inputs and every tensor that fn
/// holds, in `backward` and in `grad`; checkpoints nest. `GraphError` in the backward pass if an
/// input was changed in place or fn did not repeat itself.   Chen et al. 2016. PyTorch's
/// torch.utils.checkpoint.
Tensor checkpoint(CheckpointFunction fn, const std::vector<Tensor>& inputs);

}  // namespace heed
