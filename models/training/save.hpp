#pragma once

#include <string>
#include <vector>

#include "../../layers/module.hpp"
#include "../../optim/optimizer.hpp"
#include "../data/data_loader.hpp"

namespace heed {

/// Writes the weights and buffers of `model` as one safetensors file, by PyTorch's names:
/// `net.load_state_dict(safetensors.torch.load_file(path))` takes them there. The file appears
/// whole or not at all. `Error` for a model without weights, `NumericError` for one that is not
/// finite, and then the old file stays; `IoError`. As torch.save(state_dict).
void save(const std::string& path, ModuleView model);
/// The same with all that a training goes on from to the same bits: moments and step counts as
/// `optimizer.0.exp_avg` and so on, and in the metadata `heed.training` (JSON) the learning rate,
/// `default_generator()` and `next`, a loader's `position()`. `Error` for a model with a member
/// named `optimizer`.
void save(const std::string& path, ModuleView model, const Optimizer& optimizer,
          DataPosition next = {});

/// Reads the weights and buffers of a file that either of these, `Trainer` or PyTorch wrote.
/// `FormatError` lists all that is missing, unexpected or of another shape, or says what is not
/// finite; then nothing is changed. `IoError`.
void load(const std::string& path, ModuleRef model);
/// The same with the optimizer's state and learning rate and `default_generator()`; returns `next`,
/// to `seek`. The model and the optimizer are made as they were for the run that was saved; another
/// optimizer, or none in the file, is a `FormatError`. Adam and AdamW keep the same, and take over
/// from each other as in PyTorch.
///
///     loader.seek(load("run.safetensors", model, optimizer));
DataPosition load(const std::string& path, ModuleRef model, Optimizer& optimizer);

/// Writes tensors of your own as one safetensors file: `save_tensors("logits.safetensors",
/// {{"logits", logits}, {"ids", ids}})`. Any numbers, NaN too; histories are left out.
/// `FormatError` for a name that appears twice, `IoError`. As safetensors.torch.save_file.
void save_tensors(const std::string& path, const std::vector<NamedTensor>& tensors);
/// The tensors of a safetensors file, from Python too; one by its name:
/// `tensor_named(load_tensors("logits.safetensors"), "logits")`. float16 and bfloat16 become
/// float32, int64 becomes int32. `FormatError`, `IoError`. As safetensors.torch.load_file.
std::vector<NamedTensor> load_tensors(const std::string& path);

}  // namespace heed
