#pragma once

#include "measurement.hpp"

namespace heed::tools {

/// As an object on one line, with the machine: threads, instruction set, BLAS.
std::string to_json_line(const BenchRow& row);
/// The row of such a line.
BenchRow row_of_json_line(const std::string& line);

/// For people, in at most 100 columns: a table for rows that follow each other and have the same
/// columns, and what the columns mean where their headings don't say it.
std::string to_table(const std::vector<BenchRow>& rows);

/// Operations as means of a step, the dearest first; those below a thousandth of it, and what was
/// spent between operations, last.
std::string profile_table(const ProfiledSteps& steps);

}  // namespace heed::tools
