#include "length_penalty.hpp"

#include <charconv>
#include <cmath>

#include "../../core/files/json_writer.hpp"

namespace heed {

double LengthPenalty::operator()(int64_t length) const {
  const auto n = static_cast<double>(length);
  return std::pow(wu ? (5 + n) / 6 : n, alpha);
}

std::string to_string(const LengthPenalty& penalty) {
  return (penalty.wu ? "wu:" : "") + shortest(penalty.alpha + 0.0);  // -0 is 0
}

std::optional<LengthPenalty> parse_length_penalty(const std::string& text) {
  LengthPenalty penalty{.wu = text.starts_with("wu:")};
  const char *first = text.data() + (penalty.wu ? 3 : 0), *last = text.data() + text.size();
  const auto [stop, error] = std::from_chars(first, last, penalty.alpha);
  const bool in_range = penalty.alpha >= 0 && penalty.alpha <= 10;  // NaN is not
  if (error != std::errc() || stop != last || !in_range) return {};
  return penalty;
}

}  // namespace heed
