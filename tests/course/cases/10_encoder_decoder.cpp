#include "models.hpp"

using namespace heed;
using course_cases::File;

namespace {

Tensor maxout(const Tensor& x) {
  const int64_t end = x.size(-1);
  return maximum(slice(x, -1, 0, end, 2), slice(x, -1, 1, end, 2));
}

/// What a model writes when each word is the best one after those before, from word 1 on.
Tensor written(const EncoderDecoder& model, const course_cases::Text& x, int64_t T) {
  const NoGrad no_grad;
  Tensor all = Tensor::full({x.source.size(0), 1}, 1, int32);
  for (int64_t i = 0; i < T; ++i) {
    const Tensor logits = model(x.source, x.keep.to(boolean), all);
    all = cat({all, unsqueeze(argmax(select(logits, 1, i), -1).to(int32), 1)}, 1);
  }
  return slice(all, 1, 1, T + 1);
}

void write_model(File& file, const std::string& name, const course_cases::Text& x) {
  {
    file.begin("encode: " + name);
    EncoderDecoder model(course_cases::small_config());
    course_cases::draw(file, model);
    put(file, x);
    const RecurrentSource source = model.encode(x.source, x.keep.to(boolean));
    course_cases::put_result(file, model, cat({source.c, source.start.layers[0]}, 1));
  }
  file.begin("logits: " + name);
  EncoderDecoder model(course_cases::small_config());
  course_cases::draw(file, model);
  put(file, x);
  course_cases::put_result(file, model, model(x.source, x.keep.to(boolean), x.before));
  file.put("written", written(model, x, 6));
}

void write(File& file) {
  for (const auto& [B, L] : {std::pair<int64_t, int64_t>{2, 3}, {1, 1}, {0, 2}}) {
    file.operation("maxout to [" + std::to_string(B) + ", " + std::to_string(L) + "]",
                   {{"x", {B, 2 * L}}}, [](const std::vector<Tensor>& x) { return maxout(x[0]); });
  }
  for (const int64_t B : {2, 1}) {
    const int64_t E = 2, n = 3, L = 2, V = 5;
    file.operation(
        "step: B = " + std::to_string(B),
        {{"y_before", {B, E}},
         {"c", {B, 2 * n}},
         {"s", {B, n}},
         {"weight_ih", {3 * n, E + 2 * n}},
         {"weight_hh", {3 * n, n}},
         {"bias_ih", {3 * n}},
         {"bias_hh", {3 * n}}},
        [](const std::vector<Tensor>& x) {
          return gru_step(linear(cat({x[0], x[1]}, 1), x[3], x[5]), linear(x[2], x[4], x[6]), x[2]);
        });
    file.operation("read_out: B = " + std::to_string(B),
                   {{"s", {B, n}},
                    {"c", {B, 2 * n}},
                    {"y_before", {B, E}},
                    {"readout.weight", {2 * L, 3 * n + E}},
                    {"readout.bias", {2 * L}},
                    {"generator.weight", {V, L}},
                    {"generator.bias", {V}}},
                   [](const std::vector<Tensor>& x) {
                     const Tensor t = maxout(linear(cat({x[0], x[1], x[2]}, 1), x[3], x[4]));
                     return linear(t, x[5], x[6]);
                   });
  }
  write_model(file, "two sentences, one shorter", course_cases::text({3, 2}, 3));
  write_model(file, "one word", course_cases::text({1}, 1));
}

const course_cases::Chapter added("10_encoder_decoder", write);

}  // namespace
