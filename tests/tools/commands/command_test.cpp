#include <catch2/catch.hpp>

#include <algorithm>
#include <csignal>
#include <sstream>

#include "../../../core/files/files.hpp"
#include "../../../core/files/safetensors.hpp"
#include "../../temporary_folder.hpp"
#include "command_support.hpp"
#include "small_model.hpp"

using Catch::Matchers::Contains;
using Catch::Matchers::EndsWith;
using Catch::Matchers::StartsWith;
using heed::path_exists;

namespace {

int64_t line_count(const std::string& text) { return std::count(text.begin(), text.end(), '\n'); }

}  // namespace

TEST_CASE("heed without a verb shows a short help with two examples") {
  const CommandResult result = heed_command({});
  CHECK(result.status == 2);
  CHECK(result.out.empty());
  CHECK_THAT(result.err, Contains("translate") && Contains("Examples:"));
  CHECK(heed_command({"--help"}).out == result.err);
}

TEST_CASE("every verb has a help that fits 80 columns") {
  CHECK_THAT(heed_command({"--version"}).out, StartsWith("heed " HEED_VERSION "\n"));
  for (const char* verb :
       {"data", "train", "translate", "score", "bleu", "study", "graph", "average", "info"}) {
    const CommandResult result = heed_command({verb, "--help"});
    CHECK(result.status == 0);
    CHECK_THAT(result.out, Contains("--threads") && Contains("Examples:"));
    std::size_t width = 0;
    for (const char c : result.out) {
      width = c == '\n' ? 0 : width + 1;
      REQUIRE(width <= 80);
    }
    CHECK(heed_command({"help", verb}).out == result.out);
  }
}

TEST_CASE("mistakes on the command line are refused with a hint") {
  struct Case {
    Words words;
    std::string message;
  };
  const Case cases[] = {
      {{"trian"}, "did you mean \"train\"?"},
      {{"--verson"}, "did you mean \"--version\"?"},
      {{"train", "--quiet=7"}, "--quiet takes no value"},
      {{"train", "--ouut", "m"}, "did you mean \"--out\"?"},
      {{"train", "--ouut=m"}, "unknown flag '--ouut'"},
      {{"train", "--out"}, "--out needs a value"},
      {{"train", "--out", ""}, "--out: the value is empty"},
      {{"train"}, "--out is missing"},
      {{"train", "--steps", "ten"}, "--steps: expects a whole number"},
      {{"train", "--steps", "-1"}, "-1 is out of range"},
      {{"train", "--steps", "2.5"}, "got '2.5'"},
      {{"train", "--steps", "18446744073709551616"}, "is too large"},
      {{"train", "--minutes", "nan"}, "--minutes: nan is out of range"},
      {{"train", "--minutes", "-1"}, "--minutes: -1 is out of range"},
      {{"train", "--model", "transfomer", "--out", "m"}, "is not one of rnn_search"},
      {{"translate", "m", "--beam", "ten"}, "--beam: expects a whole number from 1 to 1000"},
      {{"translate", "m", "--beam", "0"}, "from 1 to 1000"},
      {{"translate", "m", "--beam", "-1"}, "from 1 to 1000"},
      {{"translate", "m", "--beam", "100000"}, "from 1 to 1000"},
      {{"translate", "m", "--beam", "5", "--nbest", "6"}, "--nbest 6 is more than --beam 5"},
      {{"translate", "m", "--length-penalty", "x"}, "--length-penalty: expects a number"},
      {{"translate", "m", "--min-length", "5", "--max-length", "3"}, "is less than --min-length 5"},
      {{"translate"}, "MODEL is missing"},
      {{"translate", "m", "--attention", "a.png"}, ".html"},
      {{"translate", "m", "--color", "allways"}, "did you mean \"always\"?"},
      {{"data", "revers", "--out", "d"}, "did you mean \"reverse\"?"},
      {{"bleu", "--tokenize", "zh", "--ref", "x"}, "is not one of none, 13a, char, intl"},
      {{"bleu", "--metric", "ter", "--ref", "x"}, "is not one of bleu, chrf"},
      {{"bleu", "--metric", "chrf", "--tokenize", "intl", "--ref", "x"}, "--tokenize is for"},
      {{"score", "m", "--src", "x"}, "--ref is missing"},
  };
  for (const Case& c : cases) check_refused(heed_command(c.words), 2, c.message);
}

TEST_CASE("what a verb does not take is refused with what is meant most often") {
  check_refused(heed_command({"translate", "m", "more"}), 2,
                "unexpected argument 'more': lines come from standard input, '< more' (");
  check_refused(heed_command({"info", "m", "more"}), 2, "unexpected argument 'more' (heed info");
  check_refused(heed_command({"train", "--lr", "1"}), 2,
                "a key of the configuration goes by --set KEY=VALUE");
  check_refused(heed_command({"bleu", "--lr", "1"}), 2,
                "unknown flag '--lr' (heed bleu --help lists all)");
}

TEST_CASE("file names with control characters are shown escaped") {
  const CommandResult result = heed_command({"translate", "a\n\x1b[31mb"});
  check_refused(result, 4, "\\x0a\\x1b");
}

TEST_CASE("graph draws a training step with the names of the weights") {
  const SmallModel& f = small_model();
  const std::string dot = f.folder / "graph.dot", svg = f.folder / "graph.svg";
  CHECK(heed_command({"graph", f.folder / "m", "--out", dot}).status == 0);
  CHECK_THAT(file_text(dot), StartsWith("digraph heed {") && Contains("cross_entropy") &&
                                 Contains("source_embedding.weight") && Contains("decoder."));
  check_refused(heed_command({"graph", f.folder / "m", "--out", dot}), 2, "exists already");
  check_refused(heed_command({"graph", f.folder / "m", "--out", f.folder / "g.png"}), 2,
                "as .dot or .svg");
  check_refused(heed_command({"graph", f.folder / "m"}), 2, "--out is missing");
  // Programs named dot that stand in for Graphviz: none, one that works, one that fails.
  check_refused(shell("PATH=/nowhere heed graph '" + f.folder / "m" + "' --out '" + svg + "'"), 4,
                "apt-get install graphviz");
  CHECK_FALSE(path_exists(svg));
}

TEST_CASE("data writes the files of a task, and never over others") {
  const SmallModel& f = small_model();
  CHECK(f.made.status == 0);
  CHECK(line_count(file_text(f.folder / "d/train.src")) == 120);
  CHECK(line_count(file_text(f.folder / "d/test.align")) == 13);
  check_refused(heed_command({"data", "reverse", "--out", f.folder / "d"}), 2, "d/");
  check_refused(heed_command({"data", "reverse", "--out", "/proc/no/such"}), 4, "/proc/no");
}

TEST_CASE("a trained model translates each line to one line") {
  const SmallModel& f = small_model();
  INFO(f.trained.err);
  REQUIRE(f.trained.status == 0);
  CHECK(f.trained.out.empty());
  const CommandResult result =
      heed_command(f.translate_words({"--beam", "2"}), "a b c\n\n  \nx y \xc3\xa9\nlast");
  INFO(result.err);
  CHECK(result.status == 0);
  CHECK(line_count(result.out) == 5);
  CHECK_THAT(result.out, Contains("\n\n\n"));
  CHECK(heed_command(f.translate_words({}), "").out.empty());
}

TEST_CASE("what stands together in a batch, and the threads, change no word") {
  const SmallModel& f = small_model();
  const std::string text = file_text(f.folder / "d/test.src");
  const std::string together = heed_command(f.translate_words({}), text).out;
  CHECK(line_count(together) == 13);
  CHECK(heed_command(f.translate_words({"--batch", "1"}), text).out == together);
  CHECK(heed_command(f.translate_words({"--batch", "3", "--threads", "1"}), text).out == together);
}

TEST_CASE("n-best lines have an index, a text, a score and the log-probabilities of the tokens") {
  const CommandResult result =
      heed_command(small_model().translate_words({"--beam", "3", "--nbest", "2"}), "a b\nc\n");
  INFO(result.out);
  CHECK(line_count(result.out) == 4);
  CHECK_THAT(result.out, StartsWith("0 ||| ") && Contains("\n0 ||| ") && Contains("\n1 ||| "));
}

TEST_CASE("translate writes attention and alignment, and overwrites neither") {
  TemporaryFolder folder;
  for (const char* name : {"a.html", "a.svg", "a.json"}) {
    const Words words = small_model().translate_words({"--attention", folder / name});
    CHECK(heed_command(words, "a b\nb a\n").status == 0);
    CHECK(file_text(folder / name).size() > 50);
    check_refused(heed_command(words, "a\n"), 2, "exist");
  }
  const Words words = small_model().translate_words({"--alignment", folder / "al"});
  CHECK(heed_command(words, "a b\n\nb\n").status == 0);
  CHECK(line_count(file_text(folder / "al")) == 3);
  check_refused(heed_command(words, "a\n"), 2, "exists already");
  const Words nowhere = small_model().translate_words({"--attention", folder / "no/a.html"});
  check_refused(heed_command(nowhere, "a\n"), 4, "there is no folder");
  const std::string both = folder / "b.json";
  const Words twice = small_model().translate_words({"--attention", both, "--alignment", both});
  check_refused(heed_command(twice, "a\n"), 2, "name the same file");
  const CommandResult drawn =
      heed_command(small_model().translate_words({"--attention", "-"}), "a b\n");
  CHECK(line_count(drawn.out) == 1);
  CHECK(line_count(drawn.err) >= 2);
}

TEST_CASE("what is no text at all is refused") {
  const Words words = small_model().translate_words({});
  check_refused(heed_command(words,
                             "\xff\xfe"
                             "a"),
                3, "UTF-16");
  check_refused(heed_command(words, "\x1f\x8b\x08"), 3, "looks compressed (gzip)");
}

TEST_CASE("models that are missing or broken are refused") {
  TemporaryFolder folder;
  const SmallModel& f = small_model();
  check_refused(heed_command({"translate", folder / "none"}), 4, "none");
  shell("cp -r " + (f.folder / "m") + " " + (folder / "m"));
  const std::string weights = file_text(folder / "m/model.safetensors");
  write_text(folder / "m/model.safetensors", weights.substr(0, weights.size() - 2));
  check_refused(heed_command({"translate", folder / "m"}), 3, "model.safetensors");
  write_text(folder / "m/model.safetensors", weights);
  write_text(folder / "m/config.json", "{\n  \"format\": \"heed\",}\n");
  check_refused(heed_command({"info", folder / "m"}), 3, "config.json:2:");
}

TEST_CASE("score prints a log-probability and a count for each pair") {
  const SmallModel& f = small_model();
  const CommandResult result =
      heed_command({"score", f.folder / "m", "--src", f.folder / "d/test.src", "--ref",
                    f.folder / "d/test.tgt"});
  INFO(result.err);
  CHECK(result.status == 0);
  CHECK(line_count(result.out) == 13);
  CHECK_THAT(result.out, StartsWith("-") && Contains("\t"));
  CHECK_THAT(result.err, Contains("perplexity"));
  check_refused(heed_command({"score", f.folder / "m", "--src", f.folder / "d/test.src", "--ref",
                              f.folder / "d/valid.tgt"}),
                3, "13");
}

TEST_CASE("score writes the gradient of every weight, and overwrites nothing") {
  const SmallModel& f = small_model();
  TemporaryFolder folder;
  const Words words = {"score", f.folder / "m",          "--src",       f.folder / "d/test.src",
                       "--ref", f.folder / "d/test.tgt", "--gradients", folder / "g.safetensors"};
  const CommandResult result = heed_command(words);
  INFO(result.err);
  CHECK(result.status == 0);
  double sum = 0;
  std::istringstream lines(result.out);
  for (double p, tokens; lines >> p >> tokens;) sum -= p;

  const heed::TensorFile gradients = heed::load_safetensors(folder / "g.safetensors");
  const heed::TensorFile weights = heed::load_safetensors(f.folder / "m/model.safetensors");
  CHECK(gradients.tensors.size() == weights.tensors.size());
  for (const auto& [name, weight] : weights.tensors) {
    INFO(name);
    REQUIRE(gradients.find(name).defined());
    CHECK(gradients.find(name).shape() == weight.shape());
  }
  REQUIRE(gradients.metadata.size() == 1);
  CHECK(gradients.metadata[0].first == "loss");
  CHECK(std::stod(gradients.metadata[0].second) == Approx(sum).epsilon(1e-5));
  check_refused(heed_command(words), 2, "g.safetensors exists already");
}

TEST_CASE("score in float64 gives scores, loss and gradients that float32 rounds") {
  const SmallModel& f = small_model();
  TemporaryFolder folder;
  const auto score = [&](const std::string& gradients, Words more) {
    Words words = {"score", f.folder / "m",          "--src",       f.folder / "d/test.src",
                   "--ref", f.folder / "d/test.tgt", "--gradients", gradients};
    words.insert(words.end(), more.begin(), more.end());
    const CommandResult result = heed_command(words);
    CHECK(result.status == 0);
    return std::stod(result.out);
  };
  const std::string single_file = folder / "single", double_file = folder / "double";
  const double single_score = score(single_file, {}), exact = score(double_file, {"--float64"});
  CHECK(single_score == Approx(exact).epsilon(1e-5));
  CHECK(single_score != exact);
  const heed::TensorFile single = heed::load_safetensors(single_file),
                         wide = heed::load_safetensors(double_file);
  for (const auto& [name, gradient] : wide.tensors) {
    INFO(name);
    CHECK(gradient.dtype() == heed::float64);
    CHECK(gradient.shape() == single.find(name).shape());
  }
}

TEST_CASE("bleu prints sacreBLEU's line and an object") {
  TemporaryFolder folder;
  write_text(folder / "ref", "the cat sat on the mat\nhello there my friend\n");
  const std::string text = "the cat sat on the mat\nhello there my friend\n";
  CHECK(heed_command({"bleu", "--ref", folder / "ref"}, text).out ==
        "BLEU = 100.00 100.0/100.0/100.0/100.0 (BP = 1.000 ratio = 1.000 hyp_len = 10 ref_len = "
        "10)\n");
  const CommandResult json =
      heed_command({"bleu", "--ref", folder / "ref", folder / "ref", "--json"}, text);
  CHECK_THAT(json.out, StartsWith("{\"name\": \"BLEU\", \"score\": 100") && Contains("nrefs:2") &&
                           Contains("\"totals\": [10, 8, 6, 4]"));
  CHECK_THAT(heed_command({"bleu", "--tokenize", "char", "--ref", folder / "ref"}, text).out,
             EndsWith("hyp_len = 35 ref_len = 35)\n"));
  CHECK(heed_command({"bleu", "--metric", "chrf", "--ref", folder / "ref"}, text).out ==
        "chrF2 = 100.00\n");
  CHECK_THAT(
      heed_command({"bleu", "--metric", "chrf", "--json", "--ref", folder / "ref"}, text).out,
      StartsWith("{\"name\": \"chrF2\", \"score\": 100") &&
          Contains("\"signature\": \"nrefs:1|case:mixed|eff:yes|nc:6|nw:0|space:no|"));
  CHECK_THAT(heed_command({"bleu", "--confidence", "--ref", folder / "ref"}, text).out,
             StartsWith("BLEU = 100.00 (μ = 100.00 ± 0.00) 100.0/"));
  CHECK_THAT(heed_command({"bleu", "--confidence", "--json", "--ref", folder / "ref"}, text).out,
             Contains("|bs:1000|seed:12345|") && Contains("\"confidence_mean\": 100") &&
                 Contains("\"confidence_var\": 0"));
  check_refused(heed_command({"bleu", "--ref", folder / "ref"}, "one line\n"), 3, "2");
  check_refused(heed_command({"bleu", "--ref", folder / "none"}, "x\n"), 4, "none");
}

TEST_CASE("info describes the build and a model") {
  CHECK_THAT(heed_command({"info"}).out,
             Contains("OpenBLAS") && Contains("instruction set") && Contains("passed"));
  CHECK_THAT(heed_command({"info", small_model().folder / "m"}).out,
             Contains("\"model\": \"rnn_search\"") && Contains("attention.energy.weight"));
}

TEST_CASE("output that can't be written is an error, and a closed pipe a quiet end") {
  const std::string model = small_model().folder / "m";
  const CommandResult full = shell("heed translate " + model + " > /dev/full", "a\n");
  check_refused(full, 4, "cannot write output");
  check_refused(shell("heed --version > /dev/full"), 4, "cannot write output");
  check_refused(shell("heed --version >&-"), 4, "cannot write output");
  const CommandResult pipe = shell("set -o pipefail; yes 'a b' | head -3000 | heed translate " +
                                   model + " --batch 1 --beam 1 | head -1");
  CHECK(line_count(pipe.out) == 1);
  CHECK(pipe.err.empty());
  CHECK(pipe.status == 128 + SIGPIPE);
  CHECK(shell("heed translate " + model + " <&-").status == 0);
}
