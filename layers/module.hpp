#pragma once

#include <concepts>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "../core/named_tensor.hpp"
#include "../core/random.hpp"

/// Modules are plain structs. A struct lists its members once, and from that one line come names,
/// parameters, state dict, train/eval, conversion, cloning, counting and printing:
///
///     struct FeedForward {
///       Linear linear1, linear2;
///       Tensor operator()(const Tensor& x) const { return linear2(relu(linear1(x))); }
///       void members(Members& m) { m("linear1", linear1)("linear2", linear2); }
///     };
namespace heed {

class Members;

/// A struct with `void members(Members&)`.
template <class M>
concept Module = requires(M& module, Members& members) {
  module.members(members);
};

/// A tensor that belongs to a module. It is used like a Tensor, but can only be moved: a copied
/// layer would share its weights without saying so. `clone(layer)` copies, `share()` ties.
class OwnedTensor {
 public:
  OwnedTensor() = default;
  OwnedTensor(const OwnedTensor&) = delete;  // copy a layer with clone(layer), tie with share()
  OwnedTensor(OwnedTensor&&) noexcept = default;
  OwnedTensor& operator=(OwnedTensor&&) noexcept = default;

  operator const Tensor&() const { return tensor_; }
  const Tensor& tensor() const { return tensor_; }
  bool defined() const { return tensor_.defined(); }
  const Array& array() const { return tensor_.array(); }
  const Shape& shape() const { return tensor_.shape(); }
  int64_t size(int64_t axis) const { return tensor_.size(axis); }
  int64_t numel() const { return tensor_.numel(); }
  DType dtype() const { return tensor_.dtype(); }
  Tensor grad() const { return tensor_.grad(); }
  bool requires_grad() const { return tensor_.requires_grad(); }

 protected:
  explicit OwnedTensor(Tensor tensor) : tensor_(std::move(tensor)) {}

 private:
  Tensor tensor_;
};

/// A weight: a leaf that collects its gradient. Default-constructed it is absent (a layer without a
/// bias) and no visitor sees it. As torch.nn.Parameter.
class Parameter : public OwnedTensor {
 public:
  Parameter() = default;
  explicit Parameter(Tensor values);
  /// A second Parameter with the same tensor: one weight, one gradient, listed and stored once.
  Parameter share() const;

 private:
  struct Tied {};
  Parameter(Tied, const Tensor& tensor) : OwnedTensor(tensor) {}
};

/// A tensor that is stored and converted with the weights but not trained.
class Buffer : public OwnedTensor {
 public:
  Buffer() = default;
  explicit Buffer(Tensor values) : OwnedTensor(std::move(values)) {}
};

/// What a module lists its members to: `m("name", member)(...)`. A member is a Parameter, a Buffer,
/// another module, or a std::vector (names `layers.0`, `layers.1`, ...) or std::optional of these.
/// Names are joined with dots as in PyTorch. A layer that behaves differently
/// in training adds `m.mode(training)`.
class Members {
 public:
  Members() = default;
  Members(const Members&) = delete;
  Members& operator=(const Members&) = delete;
  virtual ~Members() = default;

  template <class T>
  Members& operator()(const std::string& name, T& member);
  /// The layer's flag: true in training.
  Members& mode(bool& training);

 protected:
  virtual void visit(const std::string& path, Parameter& parameter) = 0;
  virtual void visit(const std::string& path, Buffer& buffer) = 0;
  virtual void visit_mode(bool& training) = 0;

 private:
  std::size_t enter(const std::string& name);
  void leave(std::size_t length);
  void leaf(const std::string& name, Parameter& parameter);
  void leaf(const std::string& name, Buffer& buffer);

  std::string path_;
};

/// Any module, to read: what the functions below take.
class ModuleView {
 public:
  template <Module M>
  ModuleView(const M& module)
      : object_(const_cast<M*>(&module)),
        members_([](void* object, Members& m) { static_cast<M*>(object)->members(m); }) {}
  template <class M>
  requires(std::is_class_v<M> && !Module<M> && !std::is_base_of_v<ModuleView, M>)
      ModuleView(const M&) {
    static_assert(
        sizeof(M) == 0,
        "this is no module: a struct lists its weights and layers once, in a public `void "
        "members(Members& m) { m(\"linear\", linear)(\"bias\", bias); }`");
  }
  /// Calls `members`; the visitor changes nothing unless the view is a ModuleRef.
  void visit(Members& members) const { members_(object_, members); }

 private:
  void* object_;
  void (*members_)(void* object, Members& members);
};

/// Any module, to change.
class ModuleRef : public ModuleView {
 public:
  template <Module M>
  requires(!std::is_const_v<M>) ModuleRef(M& module) : ModuleView(module) {}
};

/// Handles of all weights in the order of the members, a tied weight once. They stay valid when the
/// module is moved, and share its numbers and gradients.
std::vector<Tensor> parameters(ModuleView module);
/// The same with their names; a tied weight has the first of its names.
std::vector<NamedTensor> named_parameters(ModuleView module);
/// Weights and buffers with their names, a tied weight once;
/// the tensors share the module's numbers.
std::vector<NamedTensor> state_dict(ModuleView module);
/// Copies numbers in by name, converted to the module's element type. A tied weight is found under
/// any of its names; equal duplicates are accepted. Throws one `FormatError` that lists everything
/// missing, unexpected or mis-shaped, and then changes nothing. As load_state_dict(strict=True).
void load_state_dict(ModuleRef module, const std::vector<NamedTensor>& state);
/// Throws what `load_state_dict` would for names, shapes and types; reads no numbers.
void check_state_dict(ModuleView module, const std::vector<NamedTensor>& state);

/// Sets the mode of every layer that behaves differently in training (dropout).
void train(ModuleRef module);
void eval(ModuleRef module);
/// While one lives, the module is in eval mode; then each layer is again as it was, also where an
/// error was thrown meanwhile. The module must not be moved meanwhile.
class EvalMode {
 public:
  explicit EvalMode(ModuleRef module);
  ~EvalMode();
  EvalMode(const EvalMode&) = delete;
  EvalMode& operator=(const EvalMode&) = delete;

 private:
  /// Where a layer keeps its mode, and what it was.
  std::vector<std::pair<bool*, bool>> before_;
};
/// Converts weights and buffers to float32 or float64 in place; gradients are dropped.
void to(ModuleRef module, DType dtype);
/// Frozen weights collect no gradient and optimisers skip them.
void freeze(ModuleRef module);
void unfreeze(ModuleRef module);
/// `ConfigError` if the loss depends on a weight that is not among `parameters`: a layer that
/// `members` does not list is never trained nor stored. For the first step of a loop of one's own,
/// `check_members(loss, parameters(net))`; `Trainer` does it.
void check_members(const Tensor& loss, const std::vector<Tensor>& parameters);
/// Number of weights, a tied one counted once.
int64_t parameter_count(ModuleView module);
/// A table for printing: each weight's name, shape and count, then the total.
std::string summary(ModuleView module);

/// An independent deep copy: weights, buffers, mode and ties, without gradients. The copy is
/// constructed as `M(module.config)`, from the tuple `module.arguments()`, or as `M()`, whichever
/// the module offers first. `Error` if that gives other members or shapes than `module` has now.
template <Module M>
M clone(const M& module);

// Behind the templates.

/// Copies weights, buffers, mode and ties of `from` to a module of the same structure.
void copy_module(ModuleView from, ModuleRef to);

template <class T>
inline constexpr bool is_optional_member = false;
template <class T>
inline constexpr bool is_optional_member<std::optional<T>> = true;
template <class T>
inline constexpr bool is_vector_member = false;
template <class T>
inline constexpr bool is_vector_member<std::vector<T>> = true;

template <class T>
Members& Members::operator()(const std::string& name, T& member) {
  if constexpr (std::is_same_v<T, Parameter> || std::is_same_v<T, Buffer>) {
    leaf(name, member);
  } else if constexpr (is_optional_member<T>) {
    if (member) (*this)(name, *member);
  } else {
    const std::size_t length = enter(name);
    if constexpr (is_vector_member<T>) {
      for (std::size_t i = 0; i < member.size(); ++i) (*this)(std::to_string(i), member[i]);
    } else {
      static_assert(Module<T>,
                    "a member listed to Members must be a Parameter, a Buffer, a struct with "
                    "`void members(Members&)`, or a std::vector or std::optional of these");
      member.members(*this);
    }
    leave(length);
  }
  return *this;
}

template <class M>
M construct_like(const M& module) {
  if constexpr (requires { M(module.config); }) {
    return M(module.config);
  } else if constexpr (requires { module.arguments(); }) {
    return std::make_from_tuple<M>(module.arguments());
  } else {
    static_assert(std::is_default_constructible_v<M>,
                  "clone needs a way to construct the module: give it a member `config` that its "
                  "constructor takes, or `auto arguments() const { return std::tuple(...); }` with "
                  "the constructor's arguments");
    return M();
  }
}

template <Module M>
M clone(const M& module) {
  const KeepGenerator keep;  // the new copy draws numbers that nobody needs
  M copy = construct_like(module);
  copy_module(module, copy);
  return copy;
}

}  // namespace heed
