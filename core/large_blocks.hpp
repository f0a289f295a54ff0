#pragma once

#include <cstddef>
#include <vector>

namespace heed {

/// Pages of the system's, null if it refuses.
void* new_pages(std::size_t bytes);

/// Memory that waits in pieces of any size, sorted by address, no two of them neighbours: what one
/// size has left another takes, whole or a part of it. For large blocks, of which there are few.
class LargeBlocks {
 public:
  /// The smallest piece that is large enough gives its front; null if there is none.
  void* take(std::size_t bytes);
  /// Where no piece is large enough, the lowest grows to `bytes` by what it lacks, if the pages in
  /// front of it are free (a system that gives its pages from above leaves them so) -> how many
  /// bytes came from the system, 0 if it cannot grow.
  std::size_t grow(std::size_t bytes);
  /// Throws `std::bad_alloc` where there is no memory to list one piece more.
  void put(void* memory, std::size_t bytes);
  /// Everything back to the system -> bytes.
  std::size_t release();

 private:
  struct Piece {
    char* begin;
    std::size_t bytes;
    char* end() const { return begin + bytes; }
  };
  std::vector<Piece> pieces_;
};

}  // namespace heed
