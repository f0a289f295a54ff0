#include "cases.hpp"

using namespace heed;
using course_cases::File;

namespace {

void embeddings(File& file) {
  const auto add = [&](const std::string& name, const Shape& shape,
                       const std::vector<int64_t>& ids) {
    const Tensor rows = Tensor::from(ids, {static_cast<int64_t>(ids.size())});
    file.operation("embedding: " + name, {{"weight", shape}},
                   [&](const std::vector<Tensor>& x) { return embedding(x[0], rows); });
    file.put("ids", ids);
  };
  add("each once", {3, 4}, {2, 0, 1});
  add("one twice, one never", {5, 3}, {1, 4, 1, 0});
  add("one three times", {2, 2}, {1, 1, 1});
  add("one row", {1, 3}, {0});
  add("no ids", {4, 2}, {});
}

void layers(File& file) {
  const auto add = [&](const std::string& name, const Shape& x, const Shape& weight) {
    file.operation("linear: " + name, {{"x", x}, {"weight", weight}, {"bias", {weight[0]}}},
                   [](const std::vector<Tensor>& v) { return linear(v[0], v[1], v[2]); });
  };
  add("square", {3, 3}, {3, 3});
  add("rows", {2, 3}, {5, 3});
  add("sentences", {2, 3, 4}, {5, 4});
  add("one vector", {4}, {2, 4});
  add("one number", {1, 1}, {1, 1});
  add("no rows", {0, 3}, {2, 3});
  file.operation("linear: no bias", {{"x", {2, 3, 4}}, {"weight", {5, 4}}},
                 [](const std::vector<Tensor>& v) { return linear(v[0], v[1]); });
}

/// Gradients a and b before and after clipping them together.
void clipping(File& file, const std::string& name, double limit, double scale) {
  file.begin("clip: " + name);
  std::vector<Tensor> parameters;
  for (const Shape& shape : {Shape{2, 3}, Shape{4}}) {
    Tensor x = Tensor::zeros(shape, float64);
    x.set_requires_grad(true);
    const Tensor g = file.random(shape) * scale;
    file.put(parameters.empty() ? "a" : "b", g);
    x.backward(g);
    parameters.push_back(x);
  }
  file.put("limit", Tensor::from(std::vector<double>{limit}, {}));
  file.put("length", Tensor::from(std::vector<double>{clip_grad_norm(parameters, limit)}, {}));
  file.put("ca", parameters[0].grad());
  file.put("cb", parameters[1].grad());
}

/// Four steps of Adam on two weights.
void adam(File& file, const std::string& name, const AdamOptions& options) {
  file.begin("Adam: " + name);
  file.put("options",
           Tensor::from(std::vector<double>{options.lr, options.beta1, options.beta2, options.eps},
                        {4}));
  std::vector<Tensor> w;
  for (const Shape& shape : {Shape{2, 3}, Shape{2}}) {
    Tensor x = file.random(shape);
    file.put(w.empty() ? "a0" : "b0", x);
    x.set_requires_grad(true);
    w.push_back(x);
  }
  Adam optimiser(w, options);
  for (int step = 1; step <= 4; ++step) {
    optimiser.zero_grad();
    for (std::size_t i = 0; i < w.size(); ++i) {
      const std::string key = i == 0 ? "a" : "b";
      const Tensor g = file.random(w[i].shape());
      file.put("g" + key + std::to_string(step), g);
      w[i].backward(g);
    }
    optimiser.step();
    file.put("a" + std::to_string(step), w[0].clone());
    file.put("b" + std::to_string(step), w[1].clone());
  }
}

void write(File& file) {
  embeddings(file);
  layers(file);
  clipping(file, "too long", 0.5, 1);
  clipping(file, "much too long", 1, 100);
  clipping(file, "short enough", 10, 1);
  adam(file, "the paper's values", {.lr = 0.1});
  adam(file, "other values", {.lr = 0.02, .beta1 = 0.7, .beta2 = 0.9, .eps = 0.05});
}

const course_cases::Chapter added("08_training", write);

}  // namespace
