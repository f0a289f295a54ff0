#pragma once

#include <initializer_list>
#include <iosfwd>
#include <string>
#include <utility>
#include <vector>

#include "array.hpp"
#include "promotion.hpp"

namespace heed {

class Node;
class Tensor;

/// What a Tensor's handles share: its numbers, and its node of the graph if it has a history or is
/// a leaf that wants a gradient.
struct TensorImpl : Counted {
  explicit TensorImpl(Array numbers);
  TensorImpl(Array numbers, Ref<Node> history);
  ~TensorImpl();
  static void destroy(TensorImpl* impl) noexcept;
  Array array;
  Ref<Node> node;
};

struct BackwardOptions {
  /// Keep the graph for another backward pass.
  bool retain = false;
};

/// A shared handle to an Array and, when it takes part in differentiation, to its history. Copying
/// a Tensor copies the handle. Operations are free functions named as in PyTorch (operations.hpp).
/// Like torch.Tensor. A result that is not used is a warning: no operation changes its operand, but
/// the methods whose names end in _.
///
/// Threads. Each thread records a graph of its own and may run it at any time, also where other
/// threads' graphs have the same leaves and constants: `grad` gives each its own gradients, and
/// `backward` adds to a shared leaf's one thread after the other, in no fixed order. A graph runs
/// on the thread that recorded it (`GraphError` elsewhere). No thread may write what another uses
/// meanwhile: numbers (`copy_`, an optimiser's step), `set_grad`, `set_requires_grad`,
/// `register_hook`; `grad()` of a shared leaf is read once the others' `backward` has ended.
/// `NoGrad`, `DetectAnomaly` and `default_generator()` are each thread's own.
class [[nodiscard]] Tensor {
 public:
  /// An undefined tensor, for "none".
  Tensor() = default;
  Tensor(const Tensor&) = default;
  Tensor(Tensor&&) noexcept = default;
  ~Tensor() = default;
  Tensor& operator=(const Tensor&) & = default;
  Tensor& operator=(Tensor&&) & noexcept = default;
  Tensor& operator=(const Tensor&) && = delete;  // x[i] is a view: write x[i].copy_(y)
  Tensor& operator=(Tensor&&) && = delete;       // x[i] is a view: write x[i].copy_(y)
  /// A constant without history.
  explicit Tensor(Array array);
  Tensor(Array array, Ref<Node> node);
  /// A scalar of shape [].
  static Tensor scalar(double value, DType dtype = float32);

  // `ShapeError` for negative sizes, here and below.
  static Tensor empty(const Shape& shape, DType dtype = float32);
  static Tensor zeros(const Shape& shape, DType dtype = float32);
  static Tensor ones(const Shape& shape, DType dtype = float32);
  /// `TypeError` for a number that int32 or bool elements can't hold, as everywhere.
  static Tensor full(const Shape& shape, double value, DType dtype = float32);
  static Tensor arange(int64_t n, DType dtype = float32);
  /// start, start + step, ... as long as it is below `end` (above, for a negative step).
  /// `ConfigError` for a step of 0 or away from `end`. As torch.arange.
  static Tensor arange(double start, double end, double step = 1, DType dtype = float32);
  static Tensor arange(double start, double end, DType dtype) {
    return arange(start, end, 1, dtype);
  }
  /// `steps` numbers at equal distances from start to end, both among them. `ConfigError` for
  /// steps < 0, `TypeError` unless floating. As torch.linspace.
  static Tensor linspace(double start, double end, int64_t steps, DType dtype = float32);
  static Tensor eye(int64_t n, DType dtype = float32);
  /// Uniform in [0, 1), standard normal, from `default_generator()`. `TypeError` unless floating.
  static Tensor rand(const Shape& shape, DType dtype = float32);
  static Tensor randn(const Shape& shape, DType dtype = float32);
  /// Whole numbers (int32) in [low, high), each as likely, from `default_generator()`.
  /// `ConfigError` unless low < high and int32 has both. As torch.randint.
  static Tensor randint(int64_t low, int64_t high, const Shape& shape);
  static Tensor randint(int64_t high, const Shape& shape) { return randint(0, high, shape); }
  /// 0, 1, ..., n - 1 (int32) in an order from `default_generator()`. `ConfigError` unless n is in
  /// [0, 2^31 - 1]. As torch.randperm.
  static Tensor randperm(int64_t n);
  /// `Tensor::of({1, 2, 3}, {3})`: the values in row-major order. `ShapeError` for another number
  /// of them.
  static Tensor of(std::initializer_list<double> values, const Shape& shape, DType dtype = float32);
  /// `Tensor::of({1, 2, 3})`: of shape [3], float32.
  static Tensor of(std::initializer_list<double> values) {
    return of(values, {static_cast<int64_t>(values.size())});
  }
  /// A copy of `values`, row-major, with their element type; int64_t becomes int32 (`TypeError` for
  /// a value that does not fit says which and where). `ShapeError` for another number of them.
  /// Without a shape: [n].
  template <class T>
  static Tensor from(const std::vector<T>& values, const Shape& shape) {
    static_assert(is_element<T> || is_long<T>,
                  "Tensor::from takes a std::vector of float, double, int32_t, int64_t (which "
                  "becomes int32) or bool; convert it: std::vector<float>(v.begin(), v.end())");
    if constexpr (is_element<T> || is_long<T>) {
      return Tensor(Array::from(values, shape));
    } else {
      return Tensor();
    }
  }
  template <class T>
  static Tensor from(const std::vector<T>& values) {
    return from(values, {static_cast<int64_t>(values.size())});
  }

  bool defined() const { return static_cast<bool>(impl_); }
  const Array& array() const;
  /// The same for an operation, which the `TypeError` for an undefined tensor names.
  const Array& array_for(const char* operation) const;
  const Shape& shape() const { return array().shape(); }
  int rank() const { return array().rank(); }
  int64_t size(int64_t axis) const { return array().size(axis); }
  int64_t numel() const { return array().numel(); }
  DType dtype() const { return array().dtype(); }
  double item() const { return array().item(); }
  double at(const Shape& index) const { return array().at(index); }
  /// All elements in row-major order; `TypeError` unless T is their type.
  template <class T>
  std::vector<T> to_vector() const {
    static_assert(is_element<T>, "to_vector gives float, double, int32_t or bool");
    return array().to_vector<T>();
  }

  /// Element `index` of the first axis, which disappears: a view, as of `select`; differentiable.
  /// Negative ones count from the end. `IndexError` for others, and for a scalar.
  Tensor operator[](int64_t index) const;

  /// Does a gradient flow to or through this tensor?
  bool requires_grad() const { return impl_ && impl_->node; }
  /// True for constants and for tensors that `set_requires_grad` made leaves.
  bool is_leaf() const;
  /// Makes a leaf that collects its gradient (`true`), or a constant; returns itself. `GraphError`
  /// for a tensor with a history, `TypeError` unless floating.
  Tensor& set_requires_grad(bool wanted = true);
  /// The gradient collected by `backward`, undefined if none; of a leaf only.
  Tensor grad() const;
  const Array& grad_array() const;
  /// Replaces the collected gradient (an undefined array: none).
  void set_grad(Array gradient) const;
  void zero_grad() const { set_grad(Array()); }
  /// The same numbers (shared) without history.
  Tensor detach() const;
  /// A copy of the numbers; differentiable.
  Tensor clone() const;
  /// Differentiable conversion. To int32 real numbers are cut; NaN and those beyond int32 become
  /// -2147483648, as in PyTorch. To bool what is not 0 is true.
  Tensor to(DType dtype) const;

  /// Back-propagates from this scalar and adds to the gradients of all leaves. `GraphError` unless
  /// it has one element and a history that has not been freed; with `gradient`, any shape. Where a
  /// rule or a hook throws, what has run of the graph is freed unless retained, and the leaves'
  /// gradients have received a part.
  void backward(BackwardOptions options = {}) const;
  void backward(const Tensor& gradient, BackwardOptions options = {}) const;

  /// Calls `hook(const Tensor& gradient)` once for each backward pass, on the complete gradient of
  /// this tensor; what it returns replaces the gradient unless undefined, and has its shape
  /// (`ShapeError`) and element type (`TypeError`). Nothing is recorded in a hook, but it may run
  /// `grad` and `backward` on what was recorded before: with `retain` if that shares nodes with the
  /// graph being run. While a pass runs, leaves without hooks show no gradient.
  template <class F>
  void register_hook(F hook) const;

  // In-place changes. Each raises the version of the storage, so that a backward rule which saved
  // the old numbers says so; `GraphError` for a leaf that requires a gradient and for an operand
  // that does, unless under `NoGrad`, and for a tensor with a history: write `x = x + y` there.
  // `ShapeError` for an expanded tensor, where several elements are one number in memory (`fill_`
  // may), and for an operand that does not broadcast to x. `TypeError` where the operation's result
  // does not fit x: real numbers into int32 (also x / y of int32), all but bool into bool; float64
  // is rounded to float32. `copy_` alone converts whatever it gets, as `to` does: 2.7 is cut to 2.
  // `x += y` is `x.add_(y)`, and so on.
  Tensor& copy_(const Tensor& source);
  Tensor& fill_(double value);
  /// += factor * other; the factor of bools is 0 or 1.
  Tensor& add_(const Tensor& other, double factor = 1);
  Tensor& add_(Scalar value);
  Tensor& sub_(const Tensor& other, double factor = 1);
  Tensor& sub_(Scalar value);
  Tensor& mul_(const Tensor& other);
  Tensor& mul_(Scalar factor);
  Tensor& div_(const Tensor& other);
  Tensor& div_(Scalar divisor);
  Tensor& operator+=(const Tensor& other) { return add_(other); }
  Tensor& operator+=(Scalar value) { return add_(value); }
  Tensor& operator-=(const Tensor& other) { return sub_(other); }
  Tensor& operator-=(Scalar value) { return sub_(value); }
  Tensor& operator*=(const Tensor& other) { return mul_(other); }
  Tensor& operator*=(Scalar factor) { return mul_(factor); }
  Tensor& operator/=(const Tensor& other) { return div_(other); }
  Tensor& operator/=(Scalar divisor) { return div_(divisor); }

  /// Replaces the numbers, for every handle, and makes the tensor a leaf or constant as before.
  void set_array(Array array) const;
  const Ref<Node>& node() const;

 private:
  Ref<TensorImpl> impl_;
};

/// No history is recorded on this thread while one lives.
class NoGrad {
 public:
  NoGrad();
  ~NoGrad();
  NoGrad(const NoGrad&) = delete;
  NoGrad& operator=(const NoGrad&) = delete;

 private:
  bool before_;
};
/// History is recorded on this thread while one lives, whatever `NoGrad` stands around it.
class EnableGrad {
 public:
  EnableGrad();
  ~EnableGrad();
  EnableGrad(const EnableGrad&) = delete;
  EnableGrad& operator=(const EnableGrad&) = delete;

 private:
  bool before_;
};
/// Is history recorded on this thread?
bool grad_enabled();

/// The gradients of the sum of `outputs` with respect to `inputs` (leaves or not); nothing else is
/// changed. An input that the outputs do not depend on gets zeros. No two results share memory.
std::vector<Tensor> grad(const std::vector<Tensor>& outputs, const std::vector<Tensor>& inputs,
                         BackwardOptions options = {});

std::string to_string(const Tensor& tensor);
std::ostream& operator<<(std::ostream& out, const Tensor& tensor);

// Hooks, behind the template above.
struct Hook {
  virtual ~Hook() = default;
  virtual Tensor call(const Tensor& gradient) = 0;
  Hook* next = nullptr;
};
void add_hook(const Tensor& tensor, Hook* owned);

template <class F>
void Tensor::register_hook(F hook) const {
  struct Of final : Hook {
    explicit Of(F f) : function(std::move(f)) {}
    Tensor call(const Tensor& gradient) override {
      if constexpr (requires { Tensor(function(gradient)); }) {
        return function(gradient);
      } else {
        function(gradient);
        return Tensor();
      }
    }
    F function;
  };
  add_hook(*this, new Of(std::move(hook)));
}

}  // namespace heed
