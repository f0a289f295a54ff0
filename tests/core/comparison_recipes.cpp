// What docs/pytorch-names.md says to write for names of PyTorch that heed has not, compiled as it
// stands there; tests/golden/comparison_recipes.py has PyTorch's side.
#include <catch2/catch.hpp>
#include <cmath>
#include <fstream>
#include <regex>
#include <set>
#include <sstream>

#include "comparison.hpp"

namespace heed::test {

namespace {

/// The arguments under the names that the page gives them.
const Tensor& argument(const Inputs& of, std::size_t i) { return of[i < of.size() ? i : 0]; }

std::string page() {
  std::ifstream file(HEED_SOURCE_DIR "/docs/pytorch-names.md");
  REQUIRE(file);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

}  // namespace

#define ARGUMENTS                                     \
  [[maybe_unused]] const Tensor& x = argument(of, 0); \
  [[maybe_unused]] const Tensor& y = argument(of, 1); \
  [[maybe_unused]] const Tensor& z = argument(of, 2)
#define RECIPE(name, ...)                      \
  {                                            \
    name, #__VA_ARGS__, [](const Inputs& of) { \
      ARGUMENTS;                               \
      return __VA_ARGS__;                      \
    }                                          \
  }

std::vector<Recipe> recipes() {
  return {
      RECIPE("isinf", abs(x) == INFINITY),
      RECIPE("isclose",
             logical_or(x == y, logical_and(isfinite(y), abs(x - y) <= 1e-8 + 1e-5 * abs(y)))),
      RECIPE("lerp", x * (1 - z) + y * z),
      RECIPE("log2", log(x) / std::log(2.0)),
      RECIPE("reciprocal", 1 / x),
      RECIPE("rsqrt", 1 / sqrt(x)),
      RECIPE("tan", sin(x) / cos(x)),
      RECIPE("glu", x * sigmoid(y)),
      RECIPE("logsigmoid", -softplus(-x, 1, INFINITY)),
      RECIPE("elu", where(x < 0, expm1(clamp_max(x, 0)), x)),
      {"huber_loss", "clamp_max(d, 1) * (d - clamp_max(d, 1) / 2)",
       [](const Inputs& of) {
         const Tensor d = abs(of[0] - of[1]);
         return clamp_max(d, 1) * (d - clamp_max(d, 1) / 2);
       }},
      RECIPE("normalize", x / clamp_min(norm(x, 2, -1, true), 1e-12)),
      RECIPE("cosine_similarity", sum(x / clamp_min(norm(x, 2, -1, true), 1e-8) *
                                          (y / clamp_min(norm(y, 2, -1, true), 1e-8)),
                                      -1)),
      RECIPE("cdist", norm(unsqueeze(x, -2) - unsqueeze(y, -3), 2, -1)),
      RECIPE("baddbmm", x + matmul(y, z)),
      RECIPE("diagonal", einsum("ii->i", {x})),
      RECIPE("dot", sum(x * y)),
  };
}

TEST_CASE("what the page of names says to write is what is compared with PyTorch") {
  const std::string text = page();
  for (const Recipe& recipe : recipes()) {
    const std::regex line("\\| `" + recipe.name + "` \\| [^\n]*");
    std::smatch found;
    INFO(recipe.name);
    REQUIRE(std::regex_search(text, found, line));
    CHECK_THAT(found.str(), Catch::Contains("`" + recipe.text + "`"));
  }
}

TEST_CASE("all formulas of the page of names are compared with PyTorch") {
  // Drawn, a method's name, a type, or made of one that is compared.
  const std::set<std::string> others = {"gumbel_softmax",       "allclose",
                                        "index_put_",           "retain_grad",
                                        "parameters_to_vector", "RandomSampler"};
  std::set<std::string> known(others);
  for (const Recipe& recipe : recipes()) known.insert(recipe.name);
  const std::string text = page();
  const std::regex table("\\| not in heed \\|[^\n]*\n\\|---\\|---\\|\n((\\|[^\n]*\n)+)");
  const std::regex row("\\| `(\\w+)` \\| [^\n]*`[^`\n]*[(/*][^`\n]*`[^\n]*");
  int formulas = 0;
  for (std::sregex_iterator at(text.begin(), text.end(), table), end; at != end; ++at) {
    const std::string rows = (*at)[1];
    for (std::sregex_iterator one(rows.begin(), rows.end(), row); one != end; ++one) {
      CAPTURE((*one)[1].str());
      CHECK(known.count((*one)[1]) == 1);
      ++formulas;
    }
  }
  CHECK(formulas > 15);
}

}  // namespace heed::test
