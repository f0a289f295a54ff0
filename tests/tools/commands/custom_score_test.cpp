// The command and a model whose score function is a C++ program's own.
#include <catch2/catch.hpp>

#include <algorithm>

#include "../../temporary_folder.hpp"
#include "command_support.hpp"

using Catch::Matchers::Contains;

TEST_CASE("every verb refuses a model with a score of its own in one line, and trains none") {
  TemporaryFolder folder;
  const auto here = [&](const std::string& line) {
    return shell("cd '" + folder.path() + "' && " + line, "a b\n");
  };
  REQUIRE(here("heed data reverse --out d --train 40 --valid 5 --test 5 && heed train --data d "
               "--preset toy --steps 2 --out m && cp -r m plain && "
               "sed -i 's/\"additive\"/\"custom\"/' m/config.json")
              .status == 0);
  for (const char* line :
       {"translate m", "translate plain --ensemble m", "score m --src d/test.src --ref d/test.tgt",
        "graph m --out g.dot", "average m --out a", "info m"}) {
    const CommandResult result = here(std::string("heed ") + line);
    INFO(line << ": " << result.err);
    CHECK(result.status == 3);
    CHECK_THAT(result.err, Contains("attention \"custom\"") && Contains("Translator::load"));
    CHECK(std::count(result.err.begin(), result.err.end(), '\n') == 1);
    CHECK(result.out.empty());
  }
  const CommandResult trained = here("heed train --data d --set attention=custom --out n");
  CHECK(trained.status == 2);
  CHECK_THAT(trained.err, Contains("attention: custom is a score function of a C++ program's own"));
}
