// What the command does where the machine sets it limits, or computes wrongly.
#include <catch2/catch.hpp>

#include <algorithm>
#include <sstream>

#include "../../../core/files/files.hpp"
#include "../../temporary_folder.hpp"
#include "command_support.hpp"

using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;

namespace {

/// A model, made once.
struct Fixture : SmallTask {
  Fixture() { train("m", {"--steps", "2"}); }
};

/// Runs a shell line with $d, the folder of texts, and $m, the model.
CommandResult limited(const std::string& line, const std::string& input = "") {
  static const Fixture fixture;
  const TemporaryFolder& folder = fixture.folder;
  return shell("d=" + (folder / "d") + " m=" + (folder / "m") + "; " + line, input);
}

[[maybe_unused]] int64_t line_count(const std::string& text) {
  return std::count(text.begin(), text.end(), '\n');
}

}  // namespace

TEST_CASE("train refuses bfloat16 where the processor lacks the instructions and writes nothing") {
  const CommandResult result = limited(
      "HEED_ISA=avx2 heed train --data $d --out $d/slow --set training.precision=bfloat16; "
      "status=$?; test -e $d/slow && echo there; exit $status");
  check_refused(result, 2, "precision: bfloat16 needs a processor with AVX512_BF16 or AMX-BF16");
}

TEST_CASE("a model that was trained in bfloat16 translates on any processor") {
  const CommandResult result = limited(
      "cp -r $m $d/trained && sed -i 's/\"precision\": \"float32\"/\"precision\": \"bfloat16\"/' "
      "$d/trained/config.json && grep -c bfloat16 $d/trained/config.json && "
      "HEED_ISA=avx2 heed translate $d/trained --quiet",
      "a b c\n");
  INFO(result.err);
  CHECK(result.status == 0);
  CHECK(lines_of(result.out).size() == 2);
}

// A sanitiser's library must be the first one, and it takes more addresses than any limit leaves.
#if !defined(HEED_SANITIZED)
TEST_CASE("every verb that computes finds out that BLAS multiplies wrongly") {
  const std::string wrong = "export LD_PRELOAD=" HEED_WRONG_BLAS "; ";
  for (const char* line :
       {"heed translate $m", "heed score $m --src $d/test.src --ref $d/test.tgt",
        "heed graph $m --out $d/graph.dot", "heed train --data $d --out $d/m --preset toy",
        "heed study length --out $d/study", "heed bench adam", "heed info"}) {
    const CommandResult result = limited(wrong + line, "a b\n");
    INFO(line << ": " << result.err);
    CHECK(result.status == 5);
    CHECK_THAT(result.err, Contains("computes wrong products"));
  }
}

TEST_CASE("the command comes to its end where addresses are limited") {
  CHECK(limited("ulimit -v 150000; heed --version").out == "heed " HEED_VERSION "\n");
  const CommandResult small = limited("ulimit -v 200000; heed translate $m --threads 2", "a b\n");
  CHECK(small.status == 1);
  CHECK_THAT(small.err, StartsWith("heed: error: out of memory: OpenBLAS needs 256 MiB"));
  CHECK_THAT(small.err, Contains("ulimit -v") && Contains("--threads"));
  CHECK(line_count(small.err) == 1);
  const CommandResult one = limited("ulimit -v 300000; heed translate $m --threads 1", "a b\n");
  INFO(one.err);
  CHECK(one.status == 0);
  CHECK(line_count(one.out) == 1);
}

TEST_CASE("arguments that find no room are an error in one line") {
  // Somewhere between too little for the libraries (127) and enough (2: no such flag).
  const CommandResult result = limited(
      "words=$(yes aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa | head -50000); "
      "for limit in $(seq 45000 1500 150000); do (ulimit -v $limit; heed translate --no $words; "
      "echo $?); done");
  CHECK_THAT(result.err, Contains("\nheed: error: out of memory;"));
  for (const char* status : {"127\n", "1\n", "2\n"}) CHECK_THAT(result.out, Contains(status));
  std::istringstream statuses(result.out);
  for (int status = 0; statuses >> status;) CHECK((status == 127 || status == 1 || status == 2));
}
#endif

TEST_CASE("a file that may not grow is an error of output, and leaves nothing behind") {
  const TemporaryFolder folder;
  const std::string page = folder / "page.html";
  const CommandResult result =
      limited("ulimit -f 4; heed translate $m --attention " + page, "a b\n");
  INFO(result.err);
  CHECK(result.status == 4);
  CHECK_THAT(result.err, Contains("File too large") && Contains("page.html"));
  CHECK(heed::folder_entries(folder.path()).empty());
}
