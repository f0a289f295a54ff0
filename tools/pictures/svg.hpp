#pragma once

#include <string>

/// Pieces of SVG drawings. Lengths are in pixels of the drawing's own coordinates.
namespace heed::tools::svg {

/// At most two decimals, without trailing zeros.
std::string number(double value);
/// ` name="value"`.
std::string attribute(const char* name, double value);
/// Text for elements and attributes.
std::string escaped_xml(const std::string& text);
/// A `<text>` element; `attributes` start with a space.
std::string label(const std::string& text, const std::string& attributes);
/// About the width of `text` in the sheet's font of size `font`.
double text_width(const std::string& text, double font);

/// A whole drawing on white, in dark sans-serif text. Title and description are what screen readers
/// say of it; an empty description is left out.
std::string sheet(const std::string& title, const std::string& description, const std::string& body,
                  double width, double height);

}  // namespace heed::tools::svg
