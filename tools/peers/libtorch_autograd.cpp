// A recorded operation on few elements in libtorch: the chain of products and sums of `heed bench
// autograd`. libtorch_autograd THREADS: prints a line of JSON for each number of elements.
#include <torch/torch.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>

#include <sys/resource.h>

namespace {

double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

void time_operation(int elements) {
  constexpr int operations = 2000, rounds = 30;
  double forward = 1e9, backward = 1e9;
  for (int round = 0; round < rounds; ++round) {
    const torch::Tensor x = torch::randn({elements}, torch::requires_grad());
    const double start = now();
    torch::Tensor y = x;
    for (int i = 0; i < operations; i += 2) {
      y = y * x;
      y = y + x;
    }
    const double middle = now();
    y.sum().backward();
    forward = std::min(forward, 1e9 * (middle - start) / operations);
    backward = std::min(backward, 1e9 * (now() - middle) / operations);
  }
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  std::printf(
      "{\"work\": \"autograd\", \"case\": \"%d element%s\", \"forward_ns\": %.1f, "
      "\"backward_ns\": %.1f, \"peak_rss_mb\": %.1f, \"versions\": {\"libtorch\": \"%s\"}}\n",
      elements, elements == 1 ? "" : "s", forward, backward,
      static_cast<double>(usage.ru_maxrss) / 1024, TORCH_VERSION);
}

}  // namespace

int main(int, char** arguments) {
  torch::manual_seed(0);
  torch::set_num_threads(std::atoi(arguments[1]));
  for (const int elements : {1, 64, 4096}) time_operation(elements);
}
