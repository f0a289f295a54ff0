// RNNsearch on your own operations, from phrases to a folder that heed reads:
//   rnn_search DATA MODEL [MINUTES]
#include "learn.hpp"
#include "model_folder.hpp"
#include "scores.hpp"

using namespace course;
using namespace capstone;

namespace {

Memory read(const RNNsearch& model, const Sentences& source) {
  return hide_padding(annotate(model, source), source.keep);
}

Tensor logits(const RNNsearch& model, const Batch& batch) {
  return search(model, read(model, batch.source), batch.before).logits;
}

/// The best word at each step, T times.
std::vector<int64_t> translate(const RNNsearch& model, const Sentences& source, int64_t T) {
  const Memory memory = read(model, source);
  Tensor s = memory.s_0;
  std::vector<int64_t> last(source.B, bos), written(source.B * T);
  for (int64_t i = 0; i < T; ++i) {
    const Tensor y = embedding(last, model.target_embedding);
    const Found found = soft_search(model, memory, s);
    s = decoder_step(model, y, found.context, s);
    last = best(read_out(model, s, found.context, y).value());
    for (int64_t b = 0; b < source.B; ++b) written[b * T + i] = last[b];
  }
  return written;
}

}  // namespace

int main(int arguments, char** argument) {
  const Command command = command_of(arguments, argument);
  const Text text = read_text(command.data);
  begin_folder(command.model,
               "\"model\": \"rnn_search\", \"embedding\": 48, \"hidden\": 64, "
               "\"attention_size\": 48, \"readout_size\": 48",
               text);
  const Sizes sizes{text.source.size(), text.target.size(), 48, 64, 48};
  RNNsearch model;
  const std::vector<Parameter> all = parameters(model, sizes, 48);
  Adam adam{.parameters = draw(all, 1)};
  const auto write = [&](const Sentences& x, int64_t T) { return translate(model, x, T); };
  learn(
      text.train, text.valid, adam, 4e-3, command.minutes,
      [&](const Batch& batch) { return logits(model, batch); }, write);
  std::printf("%.1f %% of the test sentences, which it has never seen, exactly right\n",
              exact(text.test, write));
  std::vector<Named> named;
  for (const Parameter& one : all) named.push_back({one.name, one.tensor->value()});
  write_weights(command.model, named);
}
