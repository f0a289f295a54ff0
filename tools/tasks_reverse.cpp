#include <heed/tools/tasks_generators.hpp>

namespace heed::tools {

Pair random_reversal(Generator& generator, LengthRange range) {
  const auto lengths = static_cast<uint64_t>(range.max - range.min + 1);
  const auto length = static_cast<int>(range.min + static_cast<int64_t>(generator.below(lengths)));
  Pair pair;
  for (int i = 0; i < length; ++i) {
    const char letter = static_cast<char>('a' + generator.below(26));
    const std::string word(1, letter);
    pair.source += i == 0 ? word : " " + word;
    pair.target = i == 0 ? word : word + " " + pair.target;
    pair.alignment.emplace_back(length - 1 - i, i);
  }
  return pair;
}

}  // namespace heed::tools
