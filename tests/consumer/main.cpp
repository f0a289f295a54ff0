// A program of somebody else's that uses heed: it must compile and run as it stands.
#include <heed/heed.hpp>
using namespace heed;

int main() {
  manual_seed(1);
  Linear layer(3, 2);
  Adam optimizer(parameters(layer), {.lr = 1e-2});
  Tensor x = Tensor::randn({64, 3}), y = Tensor::randn({64, 2});
  for (int step = 0; step < 100; ++step) {
    Tensor loss = mean(square(layer(x) - y));
    optimizer.zero_grad();
    loss.backward();
    optimizer.step();
  }
}
