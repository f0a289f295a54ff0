#include <cctype>

#include "generators.hpp"

namespace heed::tools {

namespace {

constexpr int first_year = 1900, years = 200;
constexpr const char* months[] = {"January",   "February", "March",    "April",
                                  "May",       "June",     "July",     "August",
                                  "September", "October",  "November", "December"};
constexpr const char* weekdays[] = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                    "Thursday", "Friday", "Saturday"};

/// Month from 1, day from 1.
struct Date {
  int year, month, day;
};

bool is_leap(int year) { return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0); }

int days_in(int month, int year) {
  if (month == 2) return is_leap(year) ? 29 : 28;
  return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}

/// 0 = Sunday, by Sakamoto's method.
int weekday(Date date) {
  constexpr int offsets[] = {0, 3, 2, 5, 0, 3, 5, 1, 4, 6, 2, 4};
  const int y = date.month < 3 ? date.year - 1 : date.year;
  return (y + y / 4 - y / 100 + y / 400 + offsets[date.month - 1] + date.day) % 7;
}

Date random_date_value(Generator& g) {
  Date date{};
  date.year = first_year + static_cast<int>(g.below(years));
  date.month = 1 + static_cast<int>(g.below(12));
  date.day = 1 + static_cast<int>(g.below(static_cast<uint64_t>(days_in(date.month, date.year))));
  return date;
}

std::string digits(int number, std::size_t width) {
  std::string text = std::to_string(number);
  return text.size() < width ? std::string(width - text.size(), '0') + text : text;
}

std::string ordinal(int day) {
  const int last = day % 10;
  const bool teen = day > 10 && day < 14;
  const char* ending = teen || last > 3 || last == 0 ? "th"
                       : last == 1                   ? "st"
                       : last == 2                   ? "nd"
                                                     : "rd";
  return std::to_string(day) + ending;
}

/// A line while it grows, and where in it the parts of the date stand.
struct Line {
  std::string text;
  struct Span {
    int first = 0, length = 0;
  } year, month, day;

  Line& operator<<(const std::string& more) {
    text += more;
    return *this;
  }
  Span mark(const std::string& part, std::size_t length) {
    const Span span{static_cast<int>(text.size()), static_cast<int>(length)};
    text += part;
    return span;
  }
};

/// How a date is said. Every choice is as likely as the others.
struct Style {
  enum Order { month_day_year, day_month_year, the_day_of_month, year_month_day } order;
  bool short_month, ordinal_day, padded_day, comma, weekday, short_weekday;
  enum Letters { normal, small, capital } letters;
};

Style random_style(Generator& g) {
  const auto yes = [&](uint64_t percent) { return g.below(100) < percent; };
  Style style{};
  style.order = static_cast<Style::Order>(g.below(4));
  style.short_month = yes(50);
  style.ordinal_day = style.order == Style::the_day_of_month || yes(35);
  style.padded_day = !style.ordinal_day && yes(25);
  style.comma = yes(60);
  style.weekday = yes(25);
  style.short_weekday = yes(50);
  style.letters = yes(70) ? Style::normal : yes(60) ? Style::small : Style::capital;
  return style;
}

void write_year(Line& line, Date date) { line.year = line.mark(digits(date.year, 4), 4); }

void write_month(Line& line, Date date, const Style& style) {
  const std::string name = months[date.month - 1];
  const std::string said = style.short_month ? name.substr(0, 3) : name;
  line.month = line.mark(said, said.size());
}

void write_day(Line& line, Date date, const Style& style) {
  const std::string number = style.padded_day ? digits(date.day, 2) : std::to_string(date.day);
  line.day = line.mark(style.ordinal_day ? ordinal(date.day) : number, number.size());
}

void write_weekday(Line& line, Date date, const Style& style) {
  const std::string name = weekdays[weekday(date)];
  line << (style.short_weekday ? name.substr(0, 3) : name) << (style.comma ? ", " : " ");
}

Line written(Date date, const Style& style) {
  Line line;
  const std::string comma = style.comma ? ", " : " ";
  if (style.weekday) write_weekday(line, date, style);
  switch (style.order) {
    case Style::month_day_year:
      write_month(line, date, style), line << " ", write_day(line, date, style);
      line << comma, write_year(line, date);
      break;
    case Style::day_month_year:
      write_day(line, date, style), line << " ", write_month(line, date, style);
      line << " ", write_year(line, date);
      break;
    case Style::the_day_of_month:
      line << "the ", write_day(line, date, style), line << " of ";
      write_month(line, date, style), line << comma, write_year(line, date);
      break;
    case Style::year_month_day:
      write_year(line, date), line << comma, write_month(line, date, style);
      line << " ", write_day(line, date, style);
      break;
  }
  for (char& c : line.text) {
    const auto letter = static_cast<unsigned char>(c);
    if (style.letters == Style::small) c = static_cast<char>(std::tolower(letter));
    if (style.letters == Style::capital) c = static_cast<char>(std::toupper(letter));
  }
  return line;
}

/// Each digit of the year to its copy; both digits of the month to all letters of its name; the
/// digits of the day from the right, and a leading 0 that was not said to the whole day.
Alignment alignment_of(const Line& line) {
  Alignment links;
  for (int i = 0; i < 4; ++i) links.emplace_back(line.year.first + i, i);
  for (int i = 5; i < 7; ++i) {
    for (int k = 0; k < line.month.length; ++k) links.emplace_back(line.month.first + k, i);
  }
  const int last_digit = line.day.first + line.day.length - 1;
  links.emplace_back(line.day.first, 8);
  links.emplace_back(last_digit, 9);
  return links;
}

}  // namespace

Pair random_date(Generator& generator, LengthRange range) {
  for (;;) {
    const Date date = random_date_value(generator);
    const Line line = written(date, random_style(generator));
    const auto length = static_cast<int64_t>(line.text.size());
    if (length < range.min || length > range.max) continue;
    return {line.text,
            digits(date.year, 4) + "-" + digits(date.month, 2) + "-" + digits(date.day, 2),
            alignment_of(line)};
  }
}

}  // namespace heed::tools
