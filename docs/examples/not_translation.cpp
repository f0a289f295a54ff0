// heed is made for translation, and is no less an engine for other nets: this one learns to tell
// two interleaved spirals apart.
// prints: accuracy (9[5-9]|100)[.][0-9] %
#include <cmath>
#include <cstdio>
#include <heed/heed.hpp>
using namespace heed;

struct Net {
  Linear first{2, 32}, second{32, 32}, output{32, 2};
  Tensor operator()(const Tensor& x) const { return output(gelu(second(gelu(first(x))))); }
  void members(Members& m) { m("first", first)("second", second)("output", output); }
};

int main() {
  manual_seed(1);
  const int n = 200;
  std::vector<float> points;
  std::vector<int32_t> arms;
  for (int i = 0; i < n; ++i) {
    const int arm = i % 2;
    const double along = std::sqrt(double(i) / n), angle = 8 * along + 3.14159265 * arm;
    points.push_back(static_cast<float>(2 * along * std::cos(angle)));
    points.push_back(static_cast<float>(2 * along * std::sin(angle)));
    arms.push_back(arm);
  }
  const Tensor x = Tensor::from(points, {n, 2}), label = Tensor::from(arms, {n});

  Net net;
  Adam optimizer(parameters(net), {.lr = 1e-2});
  for (int step = 0; step < 400; ++step) {
    const Tensor loss = cross_entropy(net(x), label);
    optimizer.zero_grad();
    loss.backward();
    optimizer.step();
    if (step % 100 == 0) std::printf("step %d loss %.3f\n", step, loss.item());
  }
  const double right = mean(eq(argmax(net(x), 1), label).to(float32)).item();
  std::printf("accuracy %.1f %%\n", 100 * right);
}
