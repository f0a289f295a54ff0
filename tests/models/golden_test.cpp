#include <heed/models/rnn_search.hpp>
#include <heed/optim/adam.hpp>

#include "../golden.hpp"

using namespace heed;
using namespace heed::test;

namespace {

Tensor loss_of(const Tensor& logits, const Tensor& labels) {
  return cross_entropy(reshape(logits, {-1, logits.size(2)}), reshape(labels, {-1}),
                       {.ignore_index = 0, .label_smoothing = 0.1});
}

void check_model(GoldenCase& c, const RecurrentConfig& config) {
  RNNsearch model(config);
  c.load(model);
  const Tensor source = c.input("source"), target = c.input("target"), labels = c.input("labels");
  const Tensor keep = c.keep(source.size(1));

  const Tensor logits = model(source, keep, target);
  const Tensor loss = loss_of(logits, labels);
  c.check_value("logits", logits);
  c.check_value("loss", loss);
  c.check_value("weights", select(model.attend(source, keep, target).at(0).weights, 1, 0));
  (loss * c.scale()).backward();
  c.check_gradients(model);

  c.load(model);
  Adam optimizer(parameters(model), {.lr = 0.01});
  std::vector<Tensor> losses;
  for (int step = 0; step < 10; ++step) {
    losses.push_back(loss_of(model(source, keep, target), labels));
    optimizer.zero_grad();
    losses.back().backward();
    optimizer.step();
  }
  c.check_value("losses", stack(losses, 0).detach());
}

}  // namespace

TEST_CASE(
    "RNNsearch gives the logits, loss, weights, gradients and ten steps of its twin in PyTorch") {
  Golden golden("rnn_search");
  RecurrentConfig config;
  config.source_vocab = 23;
  config.target_vocab = 29;
  config.embedding = 7;
  config.hidden = 11;
  config.attention_size = 13;
  config.readout_size = 5;
  const auto check = [&](GoldenCase& c) { check_model(c, config); };
  for_each_seed(golden, "maxout", check);
  config.reset = Reset::before;
  for_each_seed(golden, "maxout_before", check);
  config.reset = Reset::after;
  config.encoder_layers = 2;
  for_each_seed(golden, "maxout_layers_2", check);
  config.encoder_layers = 1;
  config.readout = Readout::tanh;
  for_each_seed(golden, "tanh", check);
}
