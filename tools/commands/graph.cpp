#include <algorithm>

#include "../../core/blas.hpp"
#include "../../core/error.hpp"
#include "../../core/files/files.hpp"
#include "../../core/graph.hpp"
#include "../../models/config/model_folder.hpp"
#include "../../models/text/batches.hpp"
#include "../command_line/program.hpp"
#include "commands.hpp"

namespace heed::tools {
namespace {

bool ends_with(const std::string& text, const std::string& end) {
  return text.size() > end.size() && text.compare(text.size() - end.size(), end.size(), end) == 0;
}

/// The picture that Graphviz's `dot` makes of a graph.
std::string drawn(const std::string& graph) {
  const TemporaryFolder folder("graph");
  const std::string input = join_path(folder.path, "graph.dot");
  write_file_atomically(input, graph);
  ProgramEnd end;
  try {
    end = run_program({"dot", "-Tsvg", input});
  } catch (const IoError&) {
    throw IoError(
        "graph: an .svg is drawn by Graphviz's program dot, which can't be started "
        "(apt-get install graphviz); or name an --out that ends in .dot");
  }
  if (end.status != 0) throw IoError("graph: Graphviz's program dot failed");
  return end.output;
}

/// `words` tokens from the start of a vocabulary, as far as it has them, and the end symbol.
std::vector<int32_t> sentence(const Vocabulary& vocabulary, int64_t words) {
  std::vector<int32_t> ids;
  const int64_t end = std::min<int64_t>(vocabulary.size(), 4 + words);
  for (int64_t id = 4; id < end; ++id) ids.push_back(static_cast<int32_t>(id));
  ids.push_back(Vocabulary::eos);
  return ids;
}

/// The graph of the loss of two short sentences, one of them padded.
std::string graph_of(const std::string& path) {
  blas_self_test();
  ModelFolder folder = load_model_folder(path);
  text::EncodedPairs pairs;
  for (const int64_t words : {3, 2}) {
    pairs.source.push_back(sentence(folder.source, words));
    pairs.target.push_back(sentence(folder.target, words));
  }
  const text::Batch batch = text::make_batch(pairs, {0, 1});
  train(folder.model);
  const Tensor loss = folder.model.loss(batch.source, batch.source_keep, batch.target_in,
                                        batch.target_out, {.ignore_index = Vocabulary::pad});
  std::vector<GraphLabel> labels;
  for (const NamedTensor& parameter : named_parameters(folder.model)) {
    labels.push_back({parameter.tensor, parameter.name});
  }
  return to_dot(loss, labels);
}

class GraphCommand final : public Command {
 public:
  void declare(Flags& flags) override {
    flags.argument(model_, "MODEL", "a model's folder");
    flags.text("--out", out_, "FILE.dot|.svg",
               "where to write the graph of one training step, on two short sentences; an .svg "
               "is drawn by Graphviz's dot");
    flags.epilogue("  heed graph m --out graph.svg\n  heed graph m --out graph.dot\n");
  }

  int run(const Flags& flags, const CommonFlags&) override {
    flags.require("--out");
    const bool picture = ends_with(out_, ".svg");
    if (!picture && !ends_with(out_, ".dot")) {
      throw ConfigError("--out " + escaped(out_) + ": a graph is written as .dot or .svg");
    }
    if (path_exists(out_)) {
      throw ConfigError("--out " + escaped(out_) +
                        ": it exists already; name another file or remove it");
    }
    const std::string graph = graph_of(model_);
    write_file_atomically(out_, picture ? drawn(graph) : graph);
    return 0;
  }

 private:
  std::string model_, out_;
};

}  // namespace

std::unique_ptr<Command> graph_command() { return std::make_unique<GraphCommand>(); }

}  // namespace heed::tools
