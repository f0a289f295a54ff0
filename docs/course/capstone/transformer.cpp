// The Transformer on your own operations, from phrases to a folder that heed reads:
//   transformer DATA MODEL [MINUTES]
#include "transformer.hpp"

#include "encoder_decoder.hpp"
#include "learn.hpp"
#include "model_folder.hpp"

using namespace course;
using namespace capstone;

namespace {

/// The best word at each step, T times: all words so far are read again for each.
std::vector<int64_t> translate(const Transformer& model, const Sentences& source, int64_t T) {
  const Tensor memory = encode(model, source);
  std::vector<Words> texts(source.B, Words{bos});
  for (int64_t i = 0; i < T; ++i) {
    const Tensor all = decode(model, memory, source, padded(texts));  // [B, i + 1, V]
    const std::vector<int64_t> last = best(select(all, 1, i).value());
    for (int64_t b = 0; b < source.B; ++b) texts[b].push_back(last[b]);
  }
  std::vector<int64_t> written;
  for (const Words& text : texts) written.insert(written.end(), text.begin() + 1, text.end());
  return written;
}

}  // namespace

int main(int arguments, char** argument) {
  const Command command = command_of(arguments, argument);
  const Text text = read_text(command.data);
  begin_folder(command.model,
               "\"model\": \"transformer\", \"d_model\": 64, \"heads\": 4, \"encoder_layers\": 2, "
               "\"decoder_layers\": 2, \"feed_forward\": 128, \"dropout\": 0, \"norm\": \"post\"",
               text);
  const TransformerSizes sizes{text.source.size(), text.target.size(), 64, 4, 2, 128};
  std::vector<Tensor> all;
  const Transformer model = new_transformer(sizes, 1, all);
  Adam adam{.parameters = all};
  const auto write = [&](const Sentences& x, int64_t T) { return translate(model, x, T); };
  const auto logits = [&](const Batch& batch) {
    return decode(model, encode(model, batch.source), batch.source, batch.before);
  };
  learn(text.train, text.valid, adam, 2e-3, command.minutes, logits, write);
  std::printf("%.1f %% of the test sentences, which it has never seen, exactly right\n",
              exact(text.test, write));
  std::vector<Named> named;
  std::size_t next = 0;
  make_transformer(sizes, [&](const std::string& name, const Shape&) {
    named.push_back({name, all[next].value()});
    return all[next++];
  });
  write_weights(command.model, named);
}
