#pragma once

#include <string>

/// Checks that `document` is an XML element: tags that match, quoted attributes,
/// no stray `<`, `>` or `&`.
void check_xml(const std::string& document);
