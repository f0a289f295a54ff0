// An operation of your own, written exactly as heed's: the equation, the value, one rule for each
// input beside what it saves. Then its gradient is checked, and a small net uses it.
// prints: gradient right.*loss 0[.]0[0-4]
#include <cstdio>
#include <heed/core/kernels/kernels.hpp>
#include <heed/heed.hpp>
using namespace heed;

// softsign: y = x / (1 + |x|);  dL/dx = g / (1 + |x|)^2
Tensor softsign(const Tensor& x) {
  const Array bottom = kernels::add(kernels::abs(x.array()), 1);
  return record("softsign", kernels::div(x.array(), bottom),
                wrt(x, saved(bottom), [](const Array& g, const Array& b) {
                  return kernels::div(g, kernels::square(b));
                }));
}

struct Net {
  Linear hidden{1, 16}, output{16, 1};
  Tensor operator()(const Tensor& x) const { return output(softsign(hidden(x))); }
  void members(Members& m) { m("hidden", hidden)("output", output); }
};

int main() {
  manual_seed(1);
  // Central differences in float64; the message says where a rule is wrong.
  const GradcheckResult check =
      gradcheck([](const std::vector<Tensor>& in) { return softsign(in[0]); },
                {Tensor::randn({3, 5}, float64)});
  std::printf("gradient %s %s\n", check.ok ? "right" : "wrong:", check.message.c_str());

  Net net;
  Adam optimizer(parameters(net), {.lr = 1e-2});
  const Tensor x = Tensor::rand({128, 1}) * 4.0 - 2.0;
  const Tensor y = square(x);
  Tensor loss;
  for (int step = 0; step < 500; ++step) {
    loss = mse_loss(net(x), y);
    optimizer.zero_grad();
    loss.backward();
    optimizer.step();
  }
  std::printf("loss %.4f\n", loss.item());
  return check.ok && loss.item() < 0.05 ? 0 : 1;
}
