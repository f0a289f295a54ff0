#include "models.hpp"

using namespace heed;
using course_cases::File;

namespace {

void write_model(File& file, const std::string& name, const course_cases::Text& x) {
  {
    file.begin("annotate: " + name);
    RNNsearch model(course_cases::small_config());
    course_cases::draw(file, model);
    put(file, x);
    const RecurrentSource source = model.encode(x.source, x.keep.to(boolean));
    const int64_t B = x.source.size(0);
    const Tensor h = reshape(source.memory.annotations, {B, -1});
    const Tensor keys = reshape(source.memory.keys, {B, -1});
    course_cases::put_result(file, model, cat({h, keys, source.start.layers[0]}, 1));
  }
  file.begin("search: " + name);
  RNNsearch model(course_cases::small_config());
  course_cases::draw(file, model);
  put(file, x);
  course_cases::put_result(file, model, model(x.source, x.keep.to(boolean), x.before));
  const auto looked = model.attention_weights(x.source, x.keep.to(boolean), x.before);
  file.put("weights", select(looked[0].weights, 1, 0));
}

void write(File& file) {
  for (const auto& [B, S] : {std::pair<int64_t, int64_t>{2, 3}, {1, 1}, {0, 2}}) {
    const int64_t A = 4, C = 5;
    const std::string of = ": B = " + std::to_string(B) + ", S = " + std::to_string(S);
    file.operation("scores" + of, {{"query", {B, A}}, {"keys", {B, S, A}}, {"v", {1, A}}},
                   [](const std::vector<Tensor>& x) {
                     return squeeze(additive_scores(unsqueeze(x[0], 1), x[1], squeeze(x[2], 0)), 1);
                   });
    file.operation("attend" + of, {{"e", {B, S}}, {"h", {B, S, C}}},
                   [](const std::vector<Tensor>& x) {
                     const Attended found = attend(x[0], x[1]);
                     return cat({found.weights.tensor(), found.context}, 1);
                   });
  }
  write_model(file, "two sentences of three words", course_cases::text({3, 3}, 2));
  write_model(file, "one word", course_cases::text({1}, 1));
}

const course_cases::Chapter added("11_soft_search", write);

}  // namespace
