#include <memory>

#include "../../optim/adadelta.hpp"
#include "../../optim/adam.hpp"
#include "../../optim/sgd.hpp"
#include "../golden.hpp"

using namespace heed;
using namespace heed::test;

namespace {

using Parameters = std::vector<Tensor>;

struct OptimizerCase {
  const char* name;
  std::unique_ptr<Optimizer> (*make)(Parameters parameters);
};

template <class O, class Options>
std::unique_ptr<Optimizer> make(Parameters parameters, Options options) {
  return std::make_unique<O>(std::move(parameters), options);
}

const OptimizerCase cases[] = {
    {"sgd", [](Parameters p) { return make<SGD>(p, SGDOptions{.lr = 0.1}); }},
    {"sgd_momentum",
     [](Parameters p) { return make<SGD>(p, SGDOptions{.lr = 0.1, .momentum = 0.9}); }},
    {"sgd_dampening",
     [](Parameters p) {
       return make<SGD>(p, SGDOptions{.lr = 0.1, .momentum = 0.9, .dampening = 0.3});
     }},
    {"sgd_nesterov",
     [](Parameters p) {
       return make<SGD>(p, SGDOptions{.lr = 0.1, .momentum = 0.9, .nesterov = true});
     }},
    {"sgd_decay",
     [](Parameters p) {
       return make<SGD>(p, SGDOptions{.lr = 0.1, .momentum = 0.9, .weight_decay = 0.03});
     }},
    {"adam", [](Parameters p) { return make<Adam>(p, AdamOptions{.lr = 0.01}); }},
    {"adam_betas",
     [](Parameters p) {
       return make<Adam>(p, AdamOptions{.lr = 0.01, .beta1 = 0.8, .beta2 = 0.98, .eps = 1e-3});
     }},
    {"adam_decay",
     [](Parameters p) { return make<Adam>(p, AdamOptions{.lr = 0.01, .weight_decay = 0.03}); }},
    {"adamw", [](Parameters p) { return make<AdamW>(p, AdamWOptions{.lr = 0.01}); }},
    {"adamw_decay",
     [](Parameters p) { return make<AdamW>(p, AdamWOptions{.lr = 0.01, .weight_decay = 0.3}); }},
    {"adadelta", [](Parameters p) { return make<Adadelta>(p, AdadeltaOptions{}); }},
    {"adadelta_decay",
     [](Parameters p) {
       return make<Adadelta>(
           p, AdadeltaOptions{.lr = 0.5, .rho = 0.9, .eps = 1e-4, .weight_decay = 0.03});
     }},
};

}  // namespace

TEST_CASE("SGD, Adam, AdamW and Adadelta go PyTorch's way for 20 steps") {
  Golden golden("optim");
  for (const OptimizerCase& one : cases) {
    for_each_seed(golden, one.name, [&](GoldenCase& c) {
      const Tensor all_gradients[] = {c.constant("grad.b"), c.constant("grad.w")};
      const DType precision = all_gradients[0].dtype();
      std::vector<Tensor> parameters, history[2];
      for (const auto& [name, tensor] : c.weights()) {  // b, w
        parameters.emplace_back(tensor.array().to(precision).clone()).set_requires_grad();
      }
      const auto optimizer = one.make(parameters);
      for (int64_t step = 0; step < 20; ++step) {
        for (std::size_t i = 0; i < 2; ++i) {
          parameters[i].set_grad(all_gradients[i].array().select(0, step).clone());
        }
        optimizer->step();
        for (std::size_t i = 0; i < 2; ++i) history[i].push_back(parameters[i].detach().clone());
      }
      c.check_value("b", stack(history[0], 0));
      c.check_value("w", stack(history[1], 0));
    });
  }
}
