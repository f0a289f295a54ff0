#pragma once

#include <string>

/// Checks that `document` is an XML element: tags that match, quoted attributes,
/// no stray `<`, `>` or `&`.
void check_xml(const std::string& document);

/// How often `piece` comes in `text`.
std::size_t count(const std::string& text, const std::string& piece);
