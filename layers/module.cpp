#include "module.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "../core/autograd.hpp"
#include "../core/error.hpp"
#include "../core/graph.hpp"
#include "../core/kernels/kernels.hpp"

namespace heed {

namespace {

/// One member as a visit found it.
struct Entry {
  std::string name;
  Parameter* parameter = nullptr;
  Buffer* buffer = nullptr;

  const Tensor& tensor() const { return parameter ? parameter->tensor() : buffer->tensor(); }
  void replace(Array array) const { tensor().set_array(std::move(array)); }
};

/// Two handles of one tensor have one Array.
const Array* identity(const Tensor& tensor) { return &tensor.array(); }

/// Lists a module's weights, buffers and mode flags in the order of its members.
class Listing : public Members {
 public:
  explicit Listing(const ModuleView& module) {
    module.visit(*this);
    std::set<std::string> names;
    for (const Entry& entry : entries) {
      if (!names.insert(entry.name).second) {
        throw Error("members: two members are named " + entry.name + "; give each its own name");
      }
    }
  }

  /// Each tensor once, under the first of its names.
  std::vector<Entry> unique() const {
    std::vector<Entry> firsts;
    std::set<const Array*> seen;
    for (const Entry& entry : entries) {
      if (seen.insert(identity(entry.tensor())).second) firsts.push_back(entry);
    }
    return firsts;
  }

  std::vector<Entry> entries;
  std::vector<bool*> modes;

 protected:
  void visit(const std::string& path, Parameter& parameter) override {
    entries.push_back({path, &parameter, nullptr});
  }
  void visit(const std::string& path, Buffer& buffer) override {
    entries.push_back({path, nullptr, &buffer});
  }
  void visit_mode(bool& training) override { modes.push_back(&training); }
};

/// Compares a state with a module's names and shapes, and collects what differs.
class StateCheck {
 public:
  /// Whether the duplicates of a tied weight must have its numbers.
  enum class Duplicates { equal, any };

  StateCheck(const Listing& listing, const std::vector<NamedTensor>& state, Duplicates duplicates)
      : duplicates_(duplicates) {
    for (const NamedTensor& entry : state) {
      if (!sources_.emplace(entry.name, &entry.tensor).second) differences_.unexpected(entry.name);
    }
    for (const Entry& entry : listing.entries) match(entry);
    for (const Entry& entry : listing.unique()) {
      if (!found_.count(identity(entry.tensor()))) differences_.missing(entry.name);
    }
    for (const auto& source : sources_) differences_.unexpected(source.first);
    differences_.throw_if_any("load_state_dict: the state does not fit the module");
  }

  /// The numbers for a tensor of the module.
  const Array& source(const Tensor& target) const {
    return found_.at(identity(target)).tensor->array();
  }

 private:
  struct Found {
    std::string name;
    const Tensor* tensor;
  };

  void match(const Entry& entry) {
    const auto source = sources_.find(entry.name);
    if (source == sources_.end()) return;
    const Tensor& given = *source->second;
    const Tensor& wanted = entry.tensor();
    sources_.erase(source);
    const auto [first, is_new] = found_.try_emplace(identity(wanted), Found{entry.name, &given});
    if (given.shape() != wanted.shape()) {
      differences_.wrong(entry.name + " is " + to_string(given.shape()) + ", expected " +
                         to_string(wanted.shape()));
    } else if (is_floating(given.dtype()) != is_floating(wanted.dtype())) {
      differences_.wrong(entry.name + " is " + to_string(given.dtype()) + ", expected " +
                         to_string(wanted.dtype()));
    } else if (!is_new && duplicates_ == Duplicates::equal &&
               !equal(*first->second.tensor, given)) {
      differences_.wrong(entry.name + " differs from " + first->second.name +
                         ", but the two are one weight here");
    }
  }

  static bool equal(const Tensor& a, const Tensor& b) {
    if (a.shape() != b.shape() || a.dtype() != b.dtype()) return false;
    const Array different = kernels::compare(kernels::Comparison::ne, a.array(), b.array());
    return kernels::sum(different.to(int32), {}, false).item() == 0;
  }

  Duplicates duplicates_;
  std::map<std::string, const Tensor*> sources_;
  std::map<const Array*, Found> found_;
  StateDifferences differences_;
};

void set_mode(const ModuleRef& module, bool training) {
  for (bool* mode : Listing(module).modes) *mode = training;
}

void set_trained(const ModuleRef& module, bool trained) {
  for (const Entry& entry : Listing(module).unique()) {
    if (!entry.parameter) continue;
    Tensor handle = entry.tensor();
    handle.set_requires_grad(trained);
  }
}

[[noreturn]] void copy_failed(const std::string& what) {
  throw Error("clone: the copy differs from the module: " + what +
              "; `config` or `arguments()` must describe the module as it is");
}

void check_alike(const Entry& old, const Entry& fresh) {
  if (old.name != fresh.name || !old.parameter != !fresh.parameter) {
    copy_failed("it has " + fresh.name + " where the module has " + old.name);
  }
  if (old.tensor().shape() != fresh.tensor().shape()) {
    copy_failed(old.name + " is " + to_string(fresh.tensor().shape()) + ", expected " +
                to_string(old.tensor().shape()));
  }
}

Parameter copy_of(const Parameter& parameter) {
  Parameter copy{Tensor(parameter.array().clone())};
  if (!parameter.requires_grad()) Tensor(copy.tensor()).set_requires_grad(false);
  return copy;
}

}  // namespace

Parameter::Parameter(Tensor values) : OwnedTensor(std::move(values.set_requires_grad())) {}

Parameter Parameter::share() const { return Parameter(Tied(), tensor()); }

Members& Members::mode(bool& training) {
  visit_mode(training);
  return *this;
}

std::size_t Members::enter(const std::string& name) {
  const std::size_t length = path_.size();
  path_ += name + ".";
  return length;
}

void Members::leave(std::size_t length) { path_.resize(length); }

void Members::leaf(const std::string& name, Parameter& parameter) {
  if (parameter.defined()) visit(path_ + name, parameter);
}

void Members::leaf(const std::string& name, Buffer& buffer) {
  if (buffer.defined()) visit(path_ + name, buffer);
}

std::vector<Tensor> parameters(ModuleView module) {
  std::vector<Tensor> result;
  for (NamedTensor& named : named_parameters(module)) result.push_back(std::move(named.tensor));
  return result;
}

std::vector<NamedTensor> named_parameters(ModuleView module) {
  std::vector<NamedTensor> result;
  for (const Entry& entry : Listing(module).unique()) {
    if (entry.parameter) result.push_back({entry.name, entry.tensor()});
  }
  return result;
}

std::vector<NamedTensor> state_dict(ModuleView module) {
  std::vector<NamedTensor> result;
  for (const Entry& entry : Listing(module).unique()) {
    result.push_back({entry.name, entry.tensor().detach()});
  }
  return result;
}

void load_state_dict(ModuleRef module, const std::vector<NamedTensor>& state) {
  const Listing listing(module);
  const StateCheck check(listing, state, StateCheck::Duplicates::equal);
  for (const Entry& entry : listing.unique()) {
    const Array& target = entry.tensor().array();
    kernels::copy_into(target, check.source(entry.tensor()));
    target.bump_version();
  }
}

void check_state_dict(ModuleView module, const std::vector<NamedTensor>& state) {
  StateCheck(Listing(module), state, StateCheck::Duplicates::any);
}

void train(ModuleRef module) { set_mode(module, true); }
void eval(ModuleRef module) { set_mode(module, false); }

EvalMode::EvalMode(ModuleRef module) {
  for (bool* mode : Listing(module).modes) before_.emplace_back(mode, *mode);
  eval(module);
}

EvalMode::~EvalMode() {
  for (const auto& [mode, was] : before_) *mode = was;
}

void to(ModuleRef module, DType dtype) {
  if (!is_floating(dtype)) {
    throw TypeError(std::string("to: a module's weights are float32 or float64, not ") +
                    to_string(dtype));
  }
  for (const Entry& entry : Listing(module).unique()) {
    const Tensor& tensor = entry.tensor();
    if (!is_floating(tensor.dtype()) || tensor.dtype() == dtype) continue;
    entry.replace(tensor.array().to(dtype));
  }
}

void freeze(ModuleRef module) { set_trained(module, false); }
void unfreeze(ModuleRef module) { set_trained(module, true); }

void check_members(const Tensor& loss, const std::vector<Tensor>& parameters) {
  std::set<const Node*> listed;
  for (const Tensor& parameter : parameters) listed.insert(parameter.node().get());
  std::string forgotten;
  for (const Node* leaf : leaves_of(loss)) {
    if (listed.count(leaf) > 0) continue;
    forgotten += (forgotten.empty() ? "" : ", ") + to_string(leaf->shape());
  }
  if (forgotten.empty()) return;
  throw ConfigError(
      "check_members: the loss depends on weights that the model's `members` does not "
      "list: " +
      forgotten + "; list them, or detach() what is not to be trained");
}

int64_t parameter_count(ModuleView module) {
  int64_t count = 0;
  for (const Tensor& parameter : parameters(module)) count += parameter.numel();
  return count;
}

std::string summary(ModuleView module) {
  std::vector<std::array<std::string, 3>> rows{{"name", "shape", "weights"}};
  for (const NamedTensor& named : named_parameters(module)) {
    const Tensor& weight = named.tensor;
    rows.push_back({named.name, to_string(weight.shape()), std::to_string(weight.numel())});
  }
  rows.push_back({"total", "", std::to_string(parameter_count(module))});
  std::size_t width[3] = {};
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < 3; ++i) width[i] = std::max(width[i], row[i].size());
  }
  std::string table;
  for (const auto& [name, shape, count] : rows) {
    table += name + std::string(width[0] - name.size() + 2, ' ');
    table += shape + std::string(width[1] - shape.size() + 2, ' ');
    table += std::string(width[2] - count.size(), ' ') + count + "\n";
  }
  return table;
}

void copy_module(ModuleView from, ModuleRef to) {
  const Listing source(from), target(to);
  if (source.entries.size() != target.entries.size() ||
      source.modes.size() != target.modes.size()) {
    copy_failed("it has another number of members");
  }
  std::map<const Array*, Parameter*> copied;
  for (std::size_t i = 0; i < source.entries.size(); ++i) {
    const Entry &old = source.entries[i], &fresh = target.entries[i];
    check_alike(old, fresh);
    if (fresh.buffer) {
      *fresh.buffer = Buffer(Tensor(old.tensor().array().clone()));
      continue;
    }
    const auto [first, is_new] = copied.try_emplace(identity(old.tensor()), fresh.parameter);
    *fresh.parameter = is_new ? copy_of(*old.parameter) : first->second->share();
  }
  for (std::size_t i = 0; i < source.modes.size(); ++i) *target.modes[i] = *source.modes[i];
}

}  // namespace heed
