#include "small_model.hpp"

SmallModel::SmallModel() {
  const Words data = {"data",    "reverse", "--out",  folder / "d", "--train",      "120",
                      "--valid", "11",      "--test", "13",         "--max-length", "5"};
  made = heed_command(data);
  trained = heed_command(train_words(folder / "m", {"--steps", "8"}));
}

Words SmallModel::train_words(const std::string& out, const Words& more) const {
  Words words = {"train",    "--data", folder / "d",
                 "--preset", "toy",    "--out",
                 out,        "--set",  "training.validate_every=4"};
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

Words SmallModel::translate_words(const Words& more) const {
  Words words = {"translate", folder / "m"};
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

const SmallModel& small_model() {
  static const SmallModel shared;
  return shared;
}
