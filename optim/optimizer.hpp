#pragma once

#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

#include "../core/named_tensor.hpp"

namespace heed {

/// Parameters with settings of their own; what is not set comes from the optimiser's options.
struct ParameterGroup {
  std::vector<Tensor> parameters;
  std::optional<double> lr = std::nullopt;
  std::optional<double> weight_decay = std::nullopt;
};

/// A learning rate alone, as `Adam(parameters, 1e-3)` has it; `{}` is none.
template <class T>
concept LearningRate = std::is_arithmetic_v<T> && !std::is_same_v<T, bool>;

/// What all optimisers share: groups, zeroing, and state that is saved and loaded exactly. A
/// parameter without a gradient (frozen, or not reached by the loss) is skipped, as in torch.optim.
/// Throws `ConfigError` for options out of range, no parameters, or one listed twice.
class Optimizer {
 public:
  virtual ~Optimizer();
  Optimizer(const Optimizer&) = delete;
  Optimizer& operator=(const Optimizer&) = delete;

  /// Changes every parameter that has a gradient, in place. `GraphError` if none has one.
  void step();
  /// Drops all gradients.
  void zero_grad();

  double learning_rate() const { return lr_; }
  /// For schedules: groups with a rate of their own keep their ratio to this one.
  void set_learning_rate(double lr);

  /// Moments and step counts, named by the parameter's number: `0.exp_avg`, `0.step`, ... The
  /// moments share the optimiser's memory: save or clone them before the next step. A parameter
  /// that never moved has none.
  std::vector<NamedTensor> state() const;
  /// Takes over a saved state, copied; the next steps have the same bits as without the stop.
  /// Throws one `FormatError` that lists everything missing, unexpected,
  /// mis-shaped or of another element type, or says that it is another optimiser's.
  void load_state(const std::vector<NamedTensor>& state);
  /// Throws what `load_state` would; changes nothing.
  void check_state(const std::vector<NamedTensor>& state) const;

 protected:
  /// A parameter with what the optimiser remembers of it.
  struct Slot {
    Tensor parameter;
    std::size_t group = 0;
    int64_t steps = 0;
    std::vector<Array> moments;
  };
  /// The settings of one update.
  struct Rates {
    double lr, weight_decay;
  };

  /// `moment_names`: what is remembered of each parameter, one array of its shape for each name.
  Optimizer(std::vector<ParameterGroup> groups, double lr, double weight_decay,
            std::vector<const char*> moment_names);
  /// Updates one parameter; `slot.steps` counts this step already,
  /// moments were zeros before the first.
  virtual void update(Slot& slot, const Array& gradient, Rates rates) = 0;

 private:
  struct Group {
    double ratio, weight_decay;
  };
  void add(std::vector<Tensor> parameters, std::size_t group);
  void check_moments(const std::vector<NamedTensor>& state) const;
  std::vector<Slot> read_state(const std::vector<NamedTensor>& state) const;

  double lr_;
  std::vector<Group> groups_;
  std::vector<Slot> slots_;
  std::vector<const char*> moment_names_;
};

}  // namespace heed
