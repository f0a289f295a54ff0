// What people do wrong most often, and what they are told: each message names what to do instead.
#include <catch2/catch.hpp>

#include <functional>
#include <map>
#include <string>

#include "../../heed.hpp"
#include "../temporary_folder.hpp"

using namespace heed;
using Catch::Matchers::Contains;

namespace {

struct Net {
  Linear listed{3, 2}, forgotten{3, 2};
  Tensor operator()(const Tensor& x) const { return listed(x) + forgotten(x); }
  void members(Members& m) { m("listed", listed); }
};

Tensor weight(const Shape& shape) { return Tensor::randn(shape).set_requires_grad(); }

/// What an attention over two texts of three words is told that gets this mask.
void attend(const Tensor& keep) {
  const MultiHeadAttention attention({.size = 4, .heads = 2});
  attention.self(Tensor::randn({2, 3, 4}), keep);
}

struct Mistake {
  const char* advice;
  std::function<void()> make;
};

using Mistakes = std::map<std::string, Mistake>;

Mistakes with_modules() {
  return {{"a layer is left out of members",
           {"list them, or detach()",
            [] {
              Net net;
              const auto loss = [](const Net& n, const Tensor& x) { return mean(square(n(x))); };
              ModuleTask task(net, std::vector{Tensor::randn({4, 3})}, std::vector<Tensor>{}, loss);
              Trainer(task, {.training = {.steps = 1}}).run();
            }}},
          {"an optimiser gets no parameters",
           {"pass parameters(model)", [] { Adam optimizer(std::vector<Tensor>{}); }}},
          {"an optimiser gets the parameters of a module that was moved from",
           {"was not moved from",
            [] {
              Linear linear(2, 3);
              const Linear other = std::move(linear);
              Adam optimizer(parameters(linear));
            }}},
          {"a module is used that was moved from",
           {"moved from",
            [] {
              Linear linear(2, 3);
              const Linear other = std::move(linear);
              return linear(Tensor::randn({1, 2}));
            }}},
          {"a step is taken without a backward pass",
           {"call backward() on the loss",
            [] {
              const Linear linear(2, 3);
              Adam(parameters(linear)).step();
            }}},
          {"a parameter is listed twice", {"listed twice", [] {
                                             const Tensor w = weight({2});
                                             SGD optimizer({w, w}, {.lr = 0.1});
                                           }}}};
}

Mistakes with_gradients() {
  return {{"backward runs a second time",
           {"retain",
            [] {
              const Tensor loss = sum(exp(weight({2})));
              loss.backward();
              loss.backward();
            }}},
          {"backward starts from many numbers",
           {"sum() or mean()", [] { exp(weight({2})).backward(); }}},
          {"backward starts from a constant",
           {"set_requires_grad", [] { sum(Tensor::randn({2})).backward(); }}},
          {"a weight is changed where its history is recorded",
           {"NoGrad", [] { weight({2}).add_(Tensor::ones({2})); }}}};
}

Mistakes with_shapes_and_types() {
  return {{"a layer gets another size",
           {"x [..., I] and weight [O, I]",
            [] {
              return Linear(2, 3)(Tensor::randn({4, 5}));
            }}},
          {"a product's sizes differ",
           {"inner sizes",
            [] {
              return matmul(Tensor::ones({2, 3}), Tensor::ones({4, 5}));
            }}},
          {"element types are mixed",
           {".to(", [] { return Linear(2, 3)(Tensor::ones({2}, float64)); }}},
          {"ids are floats", {".to(int32)", [] { return Embedding(5, 2)(Tensor::ones({3})); }}},
          {"an id is not in the vocabulary",
           {"[0, 5)", [] { return Embedding(5, 2)(Tensor::full({1}, 7, int32)); }}},
          {"a causal mask has two axes",
           {"unsqueeze(keep, 0)", [] { attend(select(causal_keep(3, 3), 0, 0)); }}},
          {"a mask has numbers that are added",
           {"the bias",
            [] {
              attend(Tensor::zeros({2, 3}));
            }}},
          {"a recurrent layer gets PyTorch's key_padding_mask",
           {"logical_not(mask)",
            [] {
              return GRU(4, 2)(Tensor::ones({1, 2, 4}), Tensor::of({0, 1}, {1, 2}, boolean)).output;
            }}},
          {"embedding gets PyTorch's order",
           {"embedding(weight, ids)",
            [] {
              return embedding(Tensor::zeros({2}, int32), Tensor::ones({5, 2}));
            }}},
          {"a number is asked of many", {"sum() or mean()", [] { Tensor::ones({2}).item(); }}},
          {"a model gets the weights of another", {"expected", [] {
                                                     Linear linear(2, 3);
                                                     load_state_dict(linear,
                                                                     state_dict(Linear(2, 4)));
                                                   }}}};
}

Mistakes with_folders() {
  return {{"a folder holds another run",
           {"FolderUse::resume", [] {
              const TemporaryFolder folder;
              Linear net(3, 2);
              const auto loss = [](const Linear& n, const Tensor& x) { return mean(square(n(x))); };
              ModuleTask task(net, std::vector{Tensor::randn({4, 3})}, std::vector<Tensor>{}, loss);
              for (int run = 0; run < 2; ++run) {
                Trainer(task, {.folder = folder / "run", .training = {.steps = 1}}).run();
              }
            }}}};
}

}  // namespace

TEST_CASE("the commonest mistakes are answered with what to do") {
  for (const Mistakes& kind :
       {with_modules(), with_gradients(), with_shapes_and_types(), with_folders()}) {
    for (const auto& [name, mistake] : kind) {
      INFO(name);
      try {
        mistake.make();
        FAIL_CHECK("nothing was thrown");
      } catch (const Error& error) {
        CHECK_THAT(error.what(), Contains(mistake.advice));
      }
    }
  }
}
