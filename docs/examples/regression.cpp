// A regression: a small net learns a curve from noisy points, in batches of a DataLoader.
// prints: R2 0[.]9[5-9]
#include <cmath>
#include <cstdio>
#include <heed/heed.hpp>
using namespace heed;

struct Net {
  Linear hidden{1, 32}, output{32, 1};
  Tensor operator()(const Tensor& x) const { return output(tanh(hidden(x))); }
  void members(Members& m) { m("hidden", hidden)("output", output); }
};

int main() {
  manual_seed(1);
  Generator random(2);
  std::vector<std::pair<float, float>> points;  // y = sin(2 x) + x / 2 + noise
  for (int i = 0; i < 500; ++i) {
    const double x = 4 * random.uniform() - 2, noise = 0.2 * (random.uniform() - 0.5);
    points.emplace_back(x, std::sin(2 * x) + x / 2 + noise);
  }
  const std::vector train_points(points.begin(), points.begin() + 400);
  const std::vector valid_points(points.begin() + 400, points.end());
  DataLoader loader(train_points, {.batch_size = 20, .shuffle = true});
  DataLoader valid(valid_points, {.batch_size = 100});

  Net net;
  AdamW optimizer(parameters(net), {.lr = 1e-2});
  for (int epoch = 0; epoch < 40; ++epoch) {
    for (const auto& [x, y] : loader) {  // [20], [20]
      const Tensor loss = mse_loss(net(unsqueeze(x, 1)), unsqueeze(y, 1));
      optimizer.zero_grad();
      loss.backward();
      optimizer.step();
    }
  }
  NoGrad no_grad;
  const auto [x, y] = valid.next();
  const Tensor error = mse_loss(net(unsqueeze(x, 1)), unsqueeze(y, 1));
  std::printf("R2 %.3f\n", 1 - (error / mean(square(y - mean(y)))).item());
}
