#pragma once

#include <string>
#include <vector>

/// What a run of the heed command gave.
struct CommandResult {
  /// Exit status, or 128 + the signal that ended it.
  int status = -1;
  std::string out, err;
};

/// Runs a shell command line in which `heed` is the command that the tests were built with;
/// standard input is `input`.
CommandResult shell(const std::string& line, const std::string& input = "");
/// Runs `heed` with these arguments, as they are.
CommandResult heed_command(const std::vector<std::string>& arguments,
                           const std::string& input = "");

/// Starts `heed` in the background; returns its process id.
int start_heed(const std::vector<std::string>& arguments, const std::string& error_file);
/// Waits for a process: its exit status, or 128 + the signal that ended it.
int wait_for(int process);
/// Waits until `file` holds `text`, at most a minute.
bool wait_for_text(const std::string& file, const std::string& text);

std::string file_text(const std::string& path);
void write_text(const std::string& path, const std::string& text);
