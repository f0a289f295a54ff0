#include "svg.hpp"

#include <cmath>
#include <cstdio>

#include "../terminal/display_text.hpp"

namespace heed::tools::svg {

std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.2f", value);
  std::string out = text;
  out.erase(out.find_last_not_of('0') + 1);
  if (out.back() == '.') out.pop_back();
  return out;
}

std::string attribute(const char* name, double value) {
  return std::string(" ") + name + "=\"" + number(value) + "\"";
}

std::string escaped_xml(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '&')
      out += "&amp;";
    else if (c == '<')
      out += "&lt;";
    else if (c == '>')
      out += "&gt;";
    else if (c == '"')
      out += "&quot;";
    else
      out += c;
  }
  return out;
}

std::string label(const std::string& text, const std::string& attributes) {
  return "<text" + attributes + ">" + escaped_xml(text) + "</text>\n";
}

double text_width(const std::string& text, double font) {
  return 0.58 * font * static_cast<double>(display_width(text));
}

std::string sheet(const std::string& title, const std::string& description, const std::string& body,
                  double width, double height) {
  const std::string w = number(std::ceil(width)), h = number(std::ceil(height));
  std::string out =
      "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" width=\"" + w + "\" height=\"" + h +
      "\" viewBox=\"0 0 " + w + " " + h +
      "\" font-family=\"'Helvetica Neue', Helvetica, Arial, 'Liberation Sans', 'Noto Sans', "
      "'Noto Sans CJK SC', sans-serif\" fill=\"#111\">\n<title>" +
      escaped_xml(title) + "</title>\n";
  if (!description.empty()) out += "<desc>" + escaped_xml(description) + "</desc>\n";
  return out + "<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n" + body + "</svg>\n";
}

}  // namespace heed::tools::svg
