#include "../../core/kernels/updates.hpp"
#include "kernel_helpers.hpp"

using namespace heed;
using namespace heed::testing;

namespace {

using Numbers = std::vector<double>;

/// Gradients of step t, different at each.
Array gradient_of(int t, int64_t n, DType dtype) {
  return numbers({n}, dtype, static_cast<uint32_t>(100 + t));
}

/// PyTorch's SGD on one number.
struct PlainSgd {
  double weight, velocity = 0;
  void operator()(double g, const kernels::SgdStep& s) {
    g += s.decay * weight;
    if (s.momentum != 0) {
      velocity = s.first ? g : s.momentum * velocity + (1 - s.dampening) * g;
      g = s.nesterov ? g + s.momentum * velocity : velocity;
    }
    weight -= s.lr * g;
  }
};

/// Algorithm 1 of Kingma and Ba 2015 on one number, with both kinds of decay.
struct PlainAdam {
  double weight, m = 0, v = 0;
  void operator()(double g, const kernels::AdamStep& s) {
    if (s.decoupled) {
      weight *= 1 - s.lr * s.decay;
    } else {
      g += s.decay * weight;
    }
    m = s.beta1 * m + (1 - s.beta1) * g;
    v = s.beta2 * v + (1 - s.beta2) * g * g;
    const double t = static_cast<double>(s.t);
    const double first = m / (1 - std::pow(s.beta1, t)), second = v / (1 - std::pow(s.beta2, t));
    weight -= s.lr * first / (std::sqrt(second) + s.eps);
  }
};

}  // namespace

TEST_CASE("SGD follows its equations over 20 steps, with momentum, dampening, decay and Nesterov") {
  const int64_t n = 67;
  for (const DType dtype : {float32, float64}) {
    for (const double momentum : {0.0, 0.9}) {
      for (const double dampening : {0.0, 0.3}) {
        for (const bool nesterov : {false, true}) {
          const Array weight = numbers({n}, dtype, 1), velocity = Array::full({n}, 9, dtype);
          std::vector<PlainSgd> plain;
          for (const double w : values(weight)) plain.push_back({w});
          for (int t = 1; t <= 20; ++t) {
            const kernels::SgdStep step{0.1, momentum, dampening, 0.01, nesterov, t == 1};
            const Array g = gradient_of(t, n, dtype);
            const Numbers gradient = values(g);
            kernels::sgd(weight, g, momentum == 0 ? Array() : velocity, step);
            for (std::size_t i = 0; i < plain.size(); ++i) plain[i](gradient[i], step);
          }
          Numbers expected;
          for (const PlainSgd& p : plain) expected.push_back(p.weight);
          check_close(weight, expected, tolerance(dtype, 1e-6, 1e-14));
        }
      }
    }
  }
}

TEST_CASE("Adam and AdamW follow their equations over 20 steps") {
  const int64_t n = 67;
  for (const DType dtype : {float32, float64}) {
    for (const double decay : {0.0, 0.1}) {
      for (const bool decoupled : {false, true}) {
        const Array weight = numbers({n}, dtype, 1);
        const Array m = Array::zeros({n}, dtype), v = Array::zeros({n}, dtype);
        std::vector<PlainAdam> plain;
        for (const double w : values(weight)) plain.push_back({w});
        for (int t = 1; t <= 20; ++t) {
          const kernels::AdamStep step{0.01, 0.9, 0.98, 1e-9, decay, decoupled, t};
          const Array g = gradient_of(t, n, dtype);
          const Numbers gradient = values(g);
          kernels::adam(weight, g, m, v, step);
          for (std::size_t i = 0; i < plain.size(); ++i) plain[i](gradient[i], step);
        }
        Numbers expected, moments, squares;
        for (const PlainAdam& p : plain) {
          expected.push_back(p.weight);
          moments.push_back(p.m);
          squares.push_back(p.v);
        }
        check_close(weight, expected, tolerance(dtype, 1e-6, 1e-14));
        check_close(m, moments, tolerance(dtype, 1e-6, 1e-14));
        check_close(v, squares, tolerance(dtype, 1e-6, 1e-14));
      }
    }
  }
}

TEST_CASE("The first step of Adam moves each weight by the learning rate against its gradient") {
  const Array weight = Array::from<double>({1, 1, 1}, {3});
  const Array m = Array::zeros({3}, float64), v = Array::zeros({3}, float64);
  kernels::adam(weight, Array::from<double>({5, -0.001, 0}, {3}), m, v,
                {0.5, 0.9, 0.999, 0, 0, false, 1});
  const Numbers w = values(weight);
  CHECK(w[0] == Approx(0.5).epsilon(1e-14));
  CHECK(w[1] == Approx(1.5).epsilon(1e-14));
}

TEST_CASE("Updates have the same bits for any number of threads, and of nothing do nothing") {
  const int64_t n = 100'003;
  for (const DType dtype : {float32, float64}) {
    const Array g = numbers({n}, dtype, 2);
    check_same_bits_for_threads([&] {
      const Array weight = numbers({n}, dtype, 1);
      const Array m = numbers({n}, dtype, 3), v = Array::full({n}, 0.5, dtype);
      kernels::adam(weight, g, m, v, {0.01, 0.9, 0.98, 1e-9, 0.1, true, 7});
      return weight;
    });
    check_same_bits_for_threads([&] {
      const Array weight = numbers({n}, dtype, 1), velocity = numbers({n}, dtype, 3);
      kernels::sgd(weight, g, velocity, {0.1, 0.9, 0, 0.01, true, false});
      return weight;
    });
  }
  const Array none = Array::empty({0});
  kernels::sgd(none, none, {}, {0.1, 0, 0, 0, false, true});
  kernels::adam(none, none, none, none, {0.01, 0.9, 0.98, 1e-9, 0.1, true, 1});
}
