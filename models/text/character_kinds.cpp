#include "character_kinds_tables.hpp"
#include "utf8.hpp"

namespace heed {

bool is_punctuation(char32_t c) { return lies_in(punctuation_ranges, c); }
bool is_symbol(char32_t c) { return lies_in(symbol_ranges, c); }
bool is_number(char32_t c) { return lies_in(number_ranges, c); }

}  // namespace heed
