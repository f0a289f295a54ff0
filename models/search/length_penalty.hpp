#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace heed {

/// What a beam divides a log-probability by, to compare hypotheses of different length (end symbol
/// counted).
struct LengthPenalty {
  /// length^alpha, or ((5 + length) / 6)^alpha (Wu et al. 2016, section 7, eq. 14).
  double alpha = 1;
  bool wu = false;
  double operator()(int64_t length) const;
};

/// As `--length-penalty` and config.json write it: `0.6` for length^0.6, `wu:0.6` for Wu's formula.
std::string to_string(const LengthPenalty& penalty);
/// Reads it back; nothing unless it is `A` or `wu:A` with A from 0 to 10.
std::optional<LengthPenalty> parse_length_penalty(const std::string& text);
/// What messages say of it.
inline constexpr const char* length_penalty_form =
    "a number from 0 to 10, or wu: and such a number";

}  // namespace heed
