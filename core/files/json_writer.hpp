#pragma once

#include <string>
#include <string_view>

namespace heed {

/// The shortest digits that read back as `value`: 12, 0.5, 1e-09, nan.
std::string shortest(double value);
std::string shortest(float value);
/// The same as a JSON number; `null` if it is not finite.
std::string json_number(double value);
std::string json_number(float value);

/// `text` as a JSON string, quotes included. Invalid UTF-8 becomes U+FFFD.
std::string json_string(std::string_view text);

}  // namespace heed
