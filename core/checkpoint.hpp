#pragma once

#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

#include "tensor.hpp"

namespace heed {

/// A piece of a net that `checkpoint` can run again: a pure function of its inputs, of the tensors
/// that it holds (by value: it is kept until the backward pass) and of `default_generator()`.
class CheckpointFunction {
 public:
  CheckpointFunction() = default;
  template <class F>
  requires(!std::is_same_v<std::remove_cvref_t<F>, CheckpointFunction>) CheckpointFunction(F fn)
      : held_(std::make_shared<Of<F>>(std::move(fn))) {}
  Tensor operator()(const std::vector<Tensor>& inputs) const { return held_->call(inputs); }
  explicit operator bool() const { return held_ != nullptr; }

 private:
  struct Held {
    virtual ~Held() = default;
    virtual Tensor call(const std::vector<Tensor>& inputs) = 0;
  };
  template <class F>
  struct Of final : Held {
    explicit Of(F f) : fn(std::move(f)) {}
    Tensor call(const std::vector<Tensor>& inputs) override { return fn(inputs); }
    F fn;
  };
  std::shared_ptr<Held> held_;
};

/// fn(inputs), keeping the inputs alone and not what lies between them and the result: the backward
/// pass calls fn once more, with `default_generator()` as it was, so that dropout is the same, and
/// goes back through what that call recorded. Costs a second forward pass; memory falls to the
/// inputs of all pieces and the inside of one. Gradients reach the inputs and every tensor that fn
/// holds, in `backward` and in `grad`; checkpoints nest. `TypeError` for an empty fn;
/// `GraphError` in the backward pass if an input was changed in place or fn did not repeat itself.
///  Chen et al. 2016. PyTorch's torch.utils.checkpoint.
Tensor checkpoint(CheckpointFunction fn, const std::vector<Tensor>& inputs);

}  // namespace heed
