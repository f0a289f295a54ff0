#pragma once

#include <filesystem>
#include <map>
#include <set>
#include <string>

/// The drawing of the tree in CONTRIBUTING.md: its folders, and the arrows between the rooms.
///
/// A line is `NAME/ subject <- ROOM...`, below a line that is less indented: a sub-folder. Rooms are
/// called by the last part of their paths.
struct Drawing {
  /// Every folder that is drawn, by its path from the root, and what the drawing says of it.
  std::map<std::string, std::string> subjects;
  /// Every folder that has arrows of its own, and core: the rooms that they name.
  std::map<std::string, std::set<std::string>> arrows;

  /// The rooms that the arrows of `room` lead to, in one step or several.
  std::set<std::string> reached(const std::string& room) const;
  /// The room that the file or folder at `path`, from the root, belongs to: the longest one that
  /// holds it; empty if none does.
  std::string room_of(std::filesystem::path path) const;
};

/// Reads it; throws std::runtime_error, with the line, for one that says nothing of a folder.
Drawing read_drawing();
