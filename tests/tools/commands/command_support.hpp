#pragma once

#include <string>
#include <vector>

#include "../../temporary_folder.hpp"

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

/// The lines of a text, without their ends.
std::vector<std::string> lines_of(const std::string& text);

/// Checks that a command refused its work: this status, one line `heed: error: ...` that holds
/// `message`, and nothing on stdout.
void check_refused(const CommandResult& result, int status, const std::string& message);

/// Sentences of at most 5 letters to be written backwards, and toy models that learn it.
struct SmallTask {
  SmallTask();
  /// Trains a model in `folder`/NAME; `more` are further flags. It must succeed.
  void train(const std::string& name, const std::vector<std::string>& more) const;

  /// Its texts are in d.
  TemporaryFolder folder;
};
