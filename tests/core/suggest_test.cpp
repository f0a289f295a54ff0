#include <catch2/catch.hpp>

#include "../../core/suggest.hpp"

using namespace heed;

TEST_CASE("The closest word is found within a third of its length") {
  const std::vector<std::string> words = {"train", "translate", "d_model", "heads"};
  CHECK(closest("trian", words) == "train");
  CHECK(closest("d_modle", words) == "d_model");
  CHECK(closest("translat", words) == "translate");
  CHECK(closest("had", words).empty());
  CHECK(closest("xyz", words).empty());
  CHECK(closest("", words).empty());
  CHECK(closest(std::string(100'000, 'a'), words).empty());
  CHECK(did_you_mean("trian", words) == "; did you mean \"train\"?");
  CHECK(did_you_mean("xyz", words).empty());
  const std::vector<std::string> keys{"hidden", "training.learning_rate", "training.warmup"};
  CHECK(closest("lr", keys) == "training.learning_rate");
  CHECK(closest("training.lr", keys) == "training.learning_rate");
  CHECK(closest("learning_rat", keys) == "training.learning_rate");
  CHECK(closest("h", keys).empty());
  CHECK(closest("training.", keys).empty());
}

TEST_CASE("of a long list a message shows the first items and how many more there are") {
  CHECK(heed::listed({}, ", ").empty());
  CHECK(heed::listed({"a", "b"}, "; ") == "a; b");
  std::vector<std::string> items(20, "x");
  CHECK(heed::listed(items, ",") == "x,x,x,x,x,x,x,x,x,x,x,x,x,x,x,x,x,x,x,x");
  items.resize(100'000, "y");
  CHECK_THAT(heed::listed(items, ","), Catch::Matchers::EndsWith("x,x and 99980 more"));
}
