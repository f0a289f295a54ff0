#pragma once

namespace heed::tools {

/// page.html with its style and scripts; DATA between two at signs stands where the sentences go.
extern const char attention_page[];

}  // namespace heed::tools
