#include "../../../models/training/save.hpp"

#include <catch2/catch.hpp>

#include "../../../core/error.hpp"
#include "../../../core/files/files.hpp"
#include "../../../core/files/safetensors.hpp"
#include "../../../core/operations.hpp"
#include "../../../layers/dropout.hpp"
#include "../../../layers/linear.hpp"
#include "../../../models/config/model_folder.hpp"
#include "../../../optim/adam.hpp"
#include "../../../optim/sgd.hpp"
#include "../../temporary_folder.hpp"

using namespace heed;
using Catch::Matchers::Contains;

namespace {

/// A net that draws random numbers in training, with a buffer that is no weight.
struct Net {
  Linear hidden, output;
  Dropout dropout{0.2};
  Buffer counts{Tensor::of({1, 2, 3}, {3}, int32)};
  explicit Net(int64_t width = 5) : hidden(3, width), output(width, 2) {}
  Tensor operator()(const Tensor& x) const { return output(dropout(tanh(hidden(x)))); }
  void members(Members& m) {
    m("hidden", hidden)("output", output)("dropout", dropout)("counts", counts);
  }
};

/// A training from its start, or from what a file holds, to a number of steps.
struct Training {
  std::vector<float> data;
  DataLoader<std::vector<float>> loader;
  Net net;
  Adam optimizer;
  Training()
      : data{1, 2, 3, 4, 5, 6, 7},
        loader(data, {.batch_size = 2, .shuffle = true, .ahead = 1}),
        optimizer(parameters(net), {.lr = 0.05}) {}
  void step() {
    const Tensor x = loader.next();
    const Tensor loss = mean(square(net(reshape(x, {-1, 1}) * Tensor::ones({3})) - 1.0));
    optimizer.zero_grad();
    loss.backward();
    optimizer.set_learning_rate(optimizer.learning_rate() * 0.9);
    optimizer.step();
  }
};

/// Everything that a training has come to.
std::string all_of(Training& training, const std::string& path) {
  save(path, training.net, training.optimizer, training.loader.position());
  return read_file(path);
}

template <class F>
std::string message_of(F body) {
  try {
    body();
  } catch (const FormatError& error) {
    return error.what();
  }
  return "nothing was thrown";
}

}  // namespace

TEST_CASE("a training that is saved and loaded goes on to the same bits") {
  TemporaryFolder folder;
  for (const int stop : {0, 1, 5}) {
    manual_seed(7);
    Training straight;
    for (int i = 0; i < stop; ++i) straight.step();
    const std::string there = all_of(straight, folder / "stopped");
    for (int i = 0; i < 6; ++i) straight.step();
    const std::string wanted = all_of(straight, folder / "straight");

    manual_seed(8);
    Training resumed;
    resumed.step();  // what was done before a load leaves no trace
    resumed.loader.seek(load(folder / "stopped", resumed.net, resumed.optimizer));
    CHECK(all_of(resumed, folder / "again") == there);
    for (int i = 0; i < 6; ++i) resumed.step();
    CHECK(all_of(resumed, folder / "resumed") == wanted);
  }
}

TEST_CASE("a saved file has PyTorch's names and nothing but what was asked for") {
  TemporaryFolder folder;
  Training training;
  training.step();
  save(folder / "weights", training.net);
  const TensorFile weights = load_safetensors(folder / "weights");
  std::vector<std::string> names;
  for (const auto& [name, array] : weights.tensors) names.push_back(name);
  CHECK(names == std::vector<std::string>{"hidden.weight", "hidden.bias", "output.weight",
                                          "output.bias", "counts"});
  CHECK(weights.metadata == decltype(weights.metadata){{"format", "pt"}});
  save(folder / "all", training.net, training.optimizer, {2, 1});
  const TensorFile all = load_safetensors(folder / "all");
  CHECK(all.find("optimizer.0.exp_avg").shape() == Shape{5, 3});
  CHECK(all.find("optimizer.3.step").item() == 1);

  Net copy;
  load(folder / "all", copy);
  save(folder / "copy", copy);
  CHECK(read_file(folder / "copy") == read_file(folder / "weights"));
  CHECK(load(folder / "all", copy, training.optimizer) == DataPosition{2, 1});
}

TEST_CASE("a file of another model is refused with its tensors and shapes and changes nothing") {
  TemporaryFolder folder;
  Training training;
  training.step();
  save(folder / "run", training.net, training.optimizer);
  Net wider(6);
  Adam optimizer(parameters(wider));
  save(folder / "before", wider, optimizer);
  const std::string message = message_of([&] { load(folder / "run", wider, optimizer); });
  CHECK_THAT(message, Contains("run: load_state_dict: the state does not fit the module"));
  CHECK_THAT(message, Contains("hidden.weight is [5, 3], expected [6, 3]"));
  CHECK(message_of([&] { load(folder / "run", wider); }) == message);
  const std::string other = message_of([&] { load(folder / "run", wider.hidden); });
  CHECK_THAT(other, Contains("missing: weight, bias"));
  CHECK_THAT(other, Contains("unexpected: counts, hidden.bias, hidden.weight"));
  save(folder / "after", wider, optimizer);
  CHECK(read_file(folder / "after") == read_file(folder / "before"));
}

TEST_CASE("a file without an optimizer's state or with another's is refused and changes nothing") {
  TemporaryFolder folder;
  Training training;
  save(folder / "weights", training.net);
  training.step();
  save(folder / "adam", training.net, training.optimizer);
  const Generator generator = default_generator();
  const std::string before = all_of(training, folder / "before");
  CHECK_THAT(
      message_of([&] { load(folder / "weights", training.net, training.optimizer); }),
      Contains("weights: has no state of an optimizer; save(path, model, optimizer) writes it"));

  Net net;
  save(folder / "fresh", net);
  SGD plain(parameters(net), {.lr = 1}), momentum(parameters(net), {.lr = 1, .momentum = 0.9});
  CHECK_THAT(message_of([&] { load(folder / "adam", net, momentum); }),
             Contains("adam: optimizer: the state is of another optimizer: of each parameter it "
                      "keeps exp_avg, exp_avg_sq, this one momentum_buffer"));
  CHECK_THAT(message_of([&] { load(folder / "adam", net, plain); }),
             Contains("exp_avg, exp_avg_sq, this one nothing"));
  Adam part({net.hidden.weight});
  CHECK_THAT(message_of([&] { load(folder / "adam", net, part); }),
             Contains("the state does not fit the parameters: unexpected: 1.exp_avg, "));
  std::string without = read_file(folder / "adam");
  without.replace(without.find("learning_rate"), 13, "learning_rat_");
  replace_file(folder / "without", without);
  CHECK_THAT(message_of([&] { load(folder / "without", net, plain); }),
             Contains("has no \"learning_rate\""));
  save(folder / "still fresh", net);
  CHECK(read_file(folder / "still fresh") == read_file(folder / "fresh"));
  default_generator() = generator;
  CHECK(all_of(training, folder / "after") == before);
}

TEST_CASE("numbers that are not finite and damaged files are refused with the file's name") {
  TemporaryFolder folder;
  Training training;
  save(folder / "good", training.net);
  const std::string good = read_file(folder / "good");
  Tensor(training.net.output.bias.tensor().detach()).fill_(1e300);
  CHECK_THROWS_WITH(save(folder / "good", training.net),
                    Contains("output.bias holds values that are not finite") &&
                        Contains("good is left as it was"));
  CHECK_THROWS_AS(save(folder / "good", training.net, training.optimizer), NumericError);
  CHECK(read_file(folder / "good") == good);
  save_safetensors(folder / "infinite", tensor_file(state_dict(training.net)));
  CHECK_THAT(message_of([&] { load(folder / "infinite", training.net); }),
             Contains("infinite: output.bias holds values that are not finite"));
  CHECK_THROWS_AS(load(folder / "absent", training.net), IoError);
  CHECK_THROWS_AS(save(folder / "no/folder", Linear(2, 3)), IoError);
  replace_file(folder / "text", "a text");
  CHECK_THROWS_AS(load(folder / "text", training.net), FormatError);
  for (const std::string bad : {"{}", "nonsense", "{\"epoch\": -1, \"batch\": 0}"}) {
    TensorFile file = tensor_file(state_dict(training.net), {{"heed.training", bad}});
    save_safetensors(folder / "bad", file);
    CHECK_THROWS_AS(load(folder / "bad", training.net, training.optimizer), FormatError);
  }
}

TEST_CASE("a model without weights and one with a member named optimizer are not saved") {
  TemporaryFolder folder;
  struct Odd {
    Linear optimizer{2, 3};
    void members(Members& m) { m("optimizer", optimizer); }
  } odd;
  Adam adam(parameters(odd));
  CHECK_THROWS_WITH(save(folder / "odd", odd, adam), Contains("optimizer.weight is a weight"));
  save(folder / "odd", odd);
  load(folder / "odd", odd);
  CHECK_THROWS_WITH(save(folder / "none", Dropout(0.5)), Contains("the model has no weights"));
}

TEST_CASE("tensors of one's own are saved and loaded by their names, NaN too") {
  const TemporaryFolder folder;
  const std::string path = folder / "own.safetensors";
  const Tensor logits = Tensor::of({1, NAN, 3, 4}, {2, 2}), ids = Tensor::of({7, 8}, {2}, int32);
  save_tensors(path, {{"logits", logits}, {"ids", ids}});
  const std::vector<NamedTensor> loaded = load_tensors(path);
  REQUIRE(loaded.size() == 2);
  CHECK(tensor_named(loaded, "ids").to_vector<int32_t>() == std::vector<int32_t>{7, 8});
  CHECK(tensor_named(loaded, "logits").shape() == Shape{2, 2});
  CHECK(std::isnan(tensor_named(loaded, "logits").at({0, 1})));
  const Tensor& of_a_temporary = tensor_named(load_tensors(path), "ids");
  CHECK(of_a_temporary.to_vector<int32_t>() == std::vector<int32_t>{7, 8});
  CHECK_THROWS_WITH(tensor_named(loaded, "id"),
                    "tensor_named: no tensor is named id, there are: logits, ids");
  CHECK_THROWS_AS(save_tensors(path, {{"a", ids}, {"a", ids}}), FormatError);
  CHECK_THROWS_WITH(save("", Net()), "save: the path is empty; name a file");
  CHECK_THROWS_WITH(save_tensors("", {}), Contains("save_tensors: the path is empty"));
  Net net;
  CHECK_THROWS_WITH(load("", net), Contains("load: the path is empty"));
}
