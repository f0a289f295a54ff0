#pragma once

#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>
#include <string>
#include <vector>

#include "../core/files/safetensors.hpp"
#include "../core/operations.hpp"
#include "../layers/module.hpp"

/// Comparison with what PyTorch computed: see tests/golden/make_golden.py for the files, and
/// golden_file.py beside it for the keys.
namespace heed::test {

/// One file of golden tensors. The largest difference and its place are printed at the end.
class Golden {
 public:
  explicit Golden(const std::string& name) : name_(name) {
    const TensorFile file =
        load_safetensors(HEED_SOURCE_DIR "/tests/golden/" + name + ".safetensors");
    for (const auto& [key, array] : file.tensors) tensors_[key] = array;
  }
  ~Golden() {
    std::printf(
        "%s: largest difference from PyTorch %.1e of the largest value in float32 (%s), "
        "%.1e in float64 (%s)\n",
        name_.c_str(), worst_[0].relative, worst_[0].place.c_str(), worst_[1].relative,
        worst_[1].place.c_str());
  }
  Golden(const Golden&) = delete;
  Golden& operator=(const Golden&) = delete;

  Array at(const std::string& key) const {
    const auto found = tensors_.find(key);
    INFO(name_ << ".safetensors: " << key);
    REQUIRE(found != tensors_.end());
    return found->second;
  }
  const std::map<std::string, Array>& tensors() const { return tensors_; }

  /// What PyTorch computed: where a file has no float32, its float64 rounded.
  Array result(const std::string& key) const {
    const std::size_t single = key.find("/float32/");
    if (single == std::string::npos || tensors_.count(key) > 0) return at(key);
    return at(std::string(key).replace(single, 9, "/float64/")).to(float32);
  }

  /// max |a - b| <= tolerance * max |b|: 1e-10 for float64, 2e-5 for float32, in which both round.
  void compare(const std::string& key, const Array& got) {
    const Array wanted = result(key);
    INFO(key);
    REQUIRE(got.defined());
    REQUIRE(got.shape() == wanted.shape());
    REQUIRE(got.dtype() == wanted.dtype());
    const std::vector<double> a = got.to(float64).to_vector<double>();
    const std::vector<double> b = wanted.to(float64).to_vector<double>();
    double largest = 0, difference = 0;
    std::size_t place = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
      largest = std::max(largest, std::abs(b[i]));
      const double here = std::abs(a[i] - b[i]);
      if (here <= difference) continue;
      difference = std::isnan(here) ? INFINITY : here;
      place = i;
    }
    const double relative = difference == 0 ? 0 : difference / largest;
    INFO("largest difference " << difference << " at element " << place << ": " << a[place]
                               << ", PyTorch has " << b[place] << "; largest value " << largest);
    const bool single = got.dtype() == float32;
    CHECK(relative <= (single ? 2e-5 : 1e-10));
    if (key.find("/grad/") != std::string::npos) CHECK(largest >= 0.1);
    Worst& worst = worst_[single ? 0 : 1];
    if (relative >= worst.relative) worst = {relative, key + "[" + std::to_string(place) + "]"};
  }

 private:
  struct Worst {
    double relative = 0;
    std::string place;
  };
  std::string name_;
  std::map<std::string, Array> tensors_;
  Worst worst_[2];
};

/// One case of a file, one seed, in one precision.
class GoldenCase {
 public:
  GoldenCase(Golden& golden, const std::string& name, int seed, DType precision)
      : golden_(golden),
        prefix_(name + "/" + std::to_string(seed) + "/"),
        results_(prefix_ + to_string(precision) + "/"),
        precision_(precision) {}

  /// Ids and masks as they are, numbers as leaves of the precision.
  Tensor input(const std::string& name) {
    const Array array = golden_.at(prefix_ + "input/" + name);
    if (!is_floating(array.dtype())) return Tensor(array);
    Tensor leaf(array.to(precision_).clone());
    leaf.set_requires_grad();
    return leaf;
  }
  /// A number without history, in the precision.
  Tensor constant(const std::string& name) {
    return Tensor(golden_.at(prefix_ + "input/" + name).to(precision_));
  }
  /// keep [B, S] of the input `lengths`.
  Tensor keep(int64_t S) {
    const Tensor lengths = reshape(input("lengths"), {-1, 1});
    return lt(Tensor::arange(S, int32), lengths);
  }

  /// The weights in the module, in the precision.
  void load(ModuleRef module) {
    to(module, precision_);
    load_state_dict(module, weights());
  }
  std::vector<NamedTensor> weights() {
    const std::string path = prefix_ + "weight/";
    std::vector<NamedTensor> found;
    for (const auto& [key, array] : golden_.tensors()) {
      if (key.rfind(path, 0) == 0) found.push_back({key.substr(path.size()), Tensor(array)});
    }
    return found;
  }

  /// Compares an output and returns its part of the loss, sum(output * direction) * scale.
  Tensor check_output(const std::string& name, const Tensor& got) {
    golden_.compare(results_ + "output/" + name, got.array());
    return sum(got * constant("direction." + name)) * scale();
  }
  void check_value(const std::string& name, const Tensor& got) {
    golden_.compare(results_ + "output/" + name, got.array());
  }
  double scale() { return golden_.at(prefix_ + "input/scale").item(); }

  /// Compares the gradient that backward left on a leaf.
  void check_gradient(const std::string& name, const Tensor& leaf) {
    golden_.compare(results_ + "grad/" + name, leaf.grad_array());
  }
  void check_gradients(ModuleView module) {
    for (const auto& [name, tensor] : named_parameters(module)) check_gradient(name, tensor);
  }

 private:
  Golden& golden_;
  std::string prefix_, results_;
  DType precision_;
};

/// Calls `check(GoldenCase&)` for every seed and precision of a case.
template <class F>
void for_each_seed(Golden& golden, const std::string& name, const F& check) {
  for (const int seed : {1, 2, 3}) {
    for (const DType precision : {float32, float64}) {
      GoldenCase one(golden, name, seed, precision);
      INFO(name << ", seed " << seed << ", " << to_string(precision));
      check(one);
    }
  }
}

}  // namespace heed::test
