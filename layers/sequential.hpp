#pragma once

#include <type_traits>

#include "module.hpp"

namespace heed {

/// Parts one after another, each a layer or a function from a tensor to a tensor. `Parts` are
/// deduced:
///
///     Sequential net(Linear(4, 8), relu, Linear(8, 2));   // net(x): [..., 4] -> [..., 2]
///
/// Layers are moved in. Weights are named by the places of their layers, functions counted: above
/// 0.weight, 0.bias, 2.weight, 2.bias. `std::get<0>(net.parts)` is the first layer. A function that
/// the C library has too needs its namespace: `heed::tanh`. A lambda's own weights are not seen: a
/// struct with `members` has some.   As torch.nn.Sequential.
template <class... Parts>
struct Sequential {
  static_assert((std::is_invocable_r_v<Tensor, const Parts&, const Tensor&> && ...),
                "each part of Sequential is called with a Tensor and gives a Tensor: put a layer "
                "with another result (GRU, LSTM, MultiHeadAttention) into a struct of its own with "
                "`Tensor operator()(const Tensor& x) const` and `void members(Members&)`");

  std::tuple<Parts...> parts;

  explicit Sequential(Parts... layers) : parts(std::move(layers)...) {}

  Tensor operator()(const Tensor& x) const {
    Tensor y = x;
    std::apply([&](const Parts&... part) { ((y = part(y)), ...); }, parts);
    return y;
  }
  void members(Members& m) {
    std::apply(
        [&](Parts&... part) {
          [[maybe_unused]] int place = 0;
          (list(m, place++, part), ...);
        },
        parts);
  }
  auto arguments() const {
    return std::apply([](const Parts&... part) { return std::tuple<Parts...>(like(part)...); },
                      parts);
  }

 private:
  template <class Part>
  static void list(Members& m, int place, Part& part) {
    if constexpr (Module<Part>) m(std::to_string(place), part);
  }
  template <class Part>
  static Part like(const Part& part) {
    if constexpr (Module<Part>) {
      return construct_like(part);
    } else {
      return part;
    }
  }
};

/// Gives back what it gets, where a layer is expected. As torch.nn.Identity.
struct Identity {
  Tensor operator()(const Tensor& x) const { return x; }
  void members(Members&) {}
};

}  // namespace heed
