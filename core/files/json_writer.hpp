#pragma once

#include <string>
#include <string_view>

namespace heed {

/// `text` as a JSON string, quotes included. Invalid UTF-8 becomes U+FFFD.
std::string json_string(std::string_view text);

}  // namespace heed
