// The program of docs/guide.md: a GRU learns from lines of a file whether their brackets are
// balanced. It is stopped, goes on, and is asked elsewhere. Without arguments: all of that at once.
// prints: the same bits.*right 9[0-9].*balanced: yes
#include <cstdio>
#include <fstream>
#include <heed/heed.hpp>
#include <iterator>
#include <string>
using namespace heed;

// --- Data ---

struct Example {
  std::vector<int32_t> ids;
  int32_t label;
};
struct Batch {
  Tensor ids, keep, labels;  // [B, T] int32, [B, T] bool, [B] int32
};

std::vector<int32_t> encode(const std::string& text) {
  const std::string alphabet = " ()[]";  // id 0 is padding
  std::vector<int32_t> ids;
  for (const char c : text) {
    const std::size_t id = alphabet.find(c, 1);
    if (id == std::string::npos) throw DataError("no bracket: " + escaped(text));
    ids.push_back(static_cast<int32_t>(id));
  }
  return ids;
}

// A line is a label and a text: `1 ([])` or `0 ([)]`.
std::vector<Example> read_examples(const std::string& path) {
  std::ifstream file(path);
  if (!file) throw IoError(path + ": cannot be read");
  std::vector<Example> examples;
  for (std::string line; std::getline(file, line);) {
    if (line.size() < 3 || (line[0] != '0' && line[0] != '1') || line[1] != ' ') {
      throw DataError(path + ": line " + std::to_string(examples.size() + 1) +
                      " is no `LABEL TEXT`");
    }
    examples.push_back({encode(line.substr(2)), line[0] - '0'});
  }
  return examples;
}

Batch collate(const std::vector<Example>& examples) {
  std::vector<std::vector<int32_t>> texts;
  std::vector<int32_t> labels;
  for (const auto& [ids, label] : examples) texts.push_back(ids), labels.push_back(label);
  const auto [ids, keep] = pad_sequence(texts);
  return {ids, keep, Tensor::from(labels)};
}

// --- Model ---

struct Net {
  Embedding embedding{5, 16};
  GRU encoder{16, 48};
  Dropout dropout{0.1};
  Linear output{48, 2};

  /// ids, keep: [B, T] -> logits [B, 2]
  Tensor operator()(const Tensor& ids, const Tensor& keep) const {
    const Tensor last = encoder(embedding(ids), keep).last;  // [1, B, 48]
    return output(dropout(select(last, 0, 0)));
  }
  void members(Members& m) {
    m("embedding", embedding)("encoder", encoder)("dropout", dropout)("output", output);
  }
};

Tensor loss_of(const Net& net, const Batch& batch) {
  return cross_entropy(net(batch.ids, batch.keep), batch.labels);
}

// --- Training ---

/// The last tenth of the file is held out.
struct Data {
  std::vector<Example> train, valid;
  explicit Data(const std::string& path) : train(read_examples(path)) {
    if (train.size() < 10) throw DataError(path + ": fewer than 10 lines `LABEL TEXT`");
    const auto first = train.end() - static_cast<std::ptrdiff_t>(train.size() / 10);
    valid.assign(first, train.end());
    train.erase(first, train.end());
  }
};

double percent_right(Net& net, const std::vector<Example>& examples) {
  const NoGrad no_grad;
  const EvalMode evaluating(net);  // no dropout
  DataLoader loader(examples, {.batch_size = 100}, collate);
  double right = 0;
  for (const auto& [ids, keep, labels] : loader) {
    right += sum(argmax(net(ids, keep), 1) == labels).item();
  }
  return 100 * right / static_cast<double>(examples.size());
}

void learn(const std::string& file, const std::string& path, int64_t epochs) {
  const Data data(file);
  const auto length = [](const Example& example) { return example.ids.size(); };
  DataLoader loader(data.train, {.batch_size = 32, .shuffle = true, .ahead = 2}, collate, length);
  manual_seed(1);
  Net net;
  Adam optimizer(parameters(net), 3e-3);
  if (std::ifstream(path)) loader.seek(load(path, net, optimizer));  // go on

  while (loader.position().epoch < epochs) {
    double sum = 0;
    for (const Batch& batch : loader) {
      const Tensor loss = loss_of(net, batch);
      optimizer.zero_grad();
      loss.backward();
      clip_grad_norm(parameters(net), 1);
      optimizer.step();
      sum += loss.item();
    }
    save(path, net, optimizer, loader.position());
    std::printf("epoch %d: loss %.3f, right %.1f %%\n", static_cast<int>(loader.position().epoch),
                sum / static_cast<double>(loader.size()), percent_right(net, data.valid));
  }
}

// --- Use ---

void ask(const std::string& path, const std::string& text) {
  Net net;
  load(path, net);
  eval(net);
  NoGrad no_grad;
  const Batch batch = collate({{encode(text), 0}});
  const double yes = softmax(net(batch.ids, batch.keep), -1).at({0, 1});
  std::printf("%s balanced: %s (%.3f)\n", text.c_str(), yes > 0.5 ? "yes" : "no", yes);
}

// --- The same by heed's Trainer ---

struct Narrator final : TrainingObserver {
  void validated(int64_t step, const Validation& found, bool best) override {
    std::printf("step %d: loss %.3f%s\n", static_cast<int>(step), found.loss,
                best ? ", the best" : "");
  }
  void warn(const std::string& text) override { std::fprintf(stderr, "%s\n", text.c_str()); }
};

void learn_by_trainer(const std::string& file, const std::string& folder, int64_t epochs) {
  const Data data(file);
  DataLoader loader(data.train, {.batch_size = 32, .shuffle = true, .ahead = 2}, collate);
  DataLoader valid(data.valid, {.batch_size = 100}, collate);
  manual_seed(1);
  Net net;
  ModuleTask task(net, loader, valid, loss_of);
  TrainerOptions options{.folder = folder};
  options.training.learning_rate = 3e-3;
  options.training.epochs = epochs;
  options.training.validate_every = 100;
  if (std::ifstream(folder + "/log.jsonl")) options.use = FolderUse::resume;
  Narrator narrator;
  const TrainingResult result = Trainer(task, options, &narrator).run();
  std::printf("%d steps, the best model is of step %d\n", static_cast<int>(result.step),
              static_cast<int>(result.best_step));
  load(folder + "/model.safetensors", net);  // until here it has the last step's weights
  std::printf("right %.1f %%\n", percent_right(net, data.valid));
}

// --- A file to learn from ---

void write_examples(const std::string& path, int count) {
  std::ofstream file(path);
  Generator random(7);
  for (int i = 0; i < count; ++i) {
    std::string text, open;
    for (uint64_t left = 1 + random.below(8); left > 0 || !open.empty();) {
      if (left > 0 && (open.empty() || random.below(2) == 0)) {
        text += random.below(2) == 0 ? '(' : '[';
        open += text.back() == '(' ? ')' : ']';
        --left;
      } else {
        text += open.back();
        open.pop_back();
      }
    }
    const bool balanced = random.below(2) == 0;
    if (!balanced) {  // another bracket in one place
      char& c = text[random.below(text.size())];
      const char before = c;
      while (c == before) c = "()[]"[random.below(4)];
    }
    file << balanced << ' ' << text << '\n';
  }
}

std::string bytes_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void tour() {
  write_examples("brackets.txt", 3000);
  for (const char* old : {"stopped.safetensors", "straight.safetensors"}) std::remove(old);
  learn("brackets.txt", "stopped.safetensors", 1);
  learn("brackets.txt", "straight.safetensors", 3);
  learn("brackets.txt", "stopped.safetensors", 3);
  const bool same = bytes_of("stopped.safetensors") == bytes_of("straight.safetensors");
  std::printf("stopped or not: %s\n", same ? "the same bits" : "different bits");
  learn("brackets.txt", "stopped.safetensors", 8);
  ask("stopped.safetensors", "([()])");
}

int main(int count, char** arguments) try {
  const std::vector<std::string> words(arguments + 1, arguments + count);
  const auto is = [&](const char* verb, std::size_t size) {
    return words.size() == size && words[0] == verb;
  };
  if (words.empty()) {
    tour();
  } else if (is("data", 2)) {
    write_examples(words[1], 5000);
  } else if (is("learn", 4)) {
    learn(words[1], words[2], std::stoll(words[3]));
  } else if (is("run", 4)) {
    learn_by_trainer(words[1], words[2], std::stoll(words[3]));
  } else if (is("ask", 3)) {
    ask(words[1], words[2]);
  } else {
    std::fprintf(stderr,
                 "usage: guide data FILE | learn FILE MODEL EPOCHS | run FILE FOLDER EPOCHS |\n"
                 "             ask MODEL TEXT\n");
    return 2;
  }
} catch (const Error& error) {
  std::fprintf(stderr, "guide: %s\n", error.what());
  return 1;
}
