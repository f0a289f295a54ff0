#include "large_blocks.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <iterator>

namespace heed {

namespace {

void* pages(void* at, std::size_t bytes, int flags) {
  void* const memory =
      ::mmap(at, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);
  return memory == MAP_FAILED ? nullptr : memory;
}

/// Pages at this very place, if nothing is there -> did it work?
bool pages_at(char* place, std::size_t bytes) {
  void* const memory = pages(place, bytes, MAP_FIXED_NOREPLACE);
  if (memory && memory != place) ::munmap(memory, bytes);  // a system that does not know the flag
  return memory == place;
}

}  // namespace

void* new_pages(std::size_t bytes) { return pages(nullptr, bytes, 0); }

void* LargeBlocks::take(std::size_t bytes) {
  auto best = pieces_.end();
  for (auto piece = pieces_.begin(); piece != pieces_.end(); ++piece) {
    const bool better = best == pieces_.end() || piece->bytes < best->bytes;
    if (piece->bytes >= bytes && better) best = piece;
  }
  if (best == pieces_.end()) return nullptr;
  char* const memory = best->begin;
  best->begin += bytes;
  best->bytes -= bytes;
  if (best->bytes == 0) pieces_.erase(best);
  return memory;
}

std::size_t LargeBlocks::grow(std::size_t bytes) {
  if (pieces_.empty()) return 0;
  Piece& lowest = pieces_.front();
  const std::size_t more = bytes - lowest.bytes;
  if (!pages_at(lowest.begin - more, more)) return 0;
  lowest = {lowest.begin - more, bytes};
  return more;
}

void LargeBlocks::put(void* memory, std::size_t bytes) {
  char* const begin = static_cast<char*>(memory);
  auto next = std::lower_bound(pieces_.begin(), pieces_.end(), begin,
                               [](const Piece& piece, char* at) { return piece.begin < at; });
  if (next != pieces_.begin() && std::prev(next)->end() == begin) {
    const auto before = std::prev(next);
    before->bytes += bytes;
    if (next == pieces_.end() || next->begin != before->end()) return;
    before->bytes += next->bytes;
    pieces_.erase(next);
  } else if (next != pieces_.end() && next->begin == begin + bytes) {
    *next = {begin, bytes + next->bytes};
  } else {
    pieces_.insert(next, {begin, bytes});
  }
}

std::size_t LargeBlocks::release() {
  std::size_t bytes = 0;
  for (const Piece& piece : pieces_) {
    ::munmap(piece.begin, piece.bytes);
    bytes += piece.bytes;
  }
  pieces_.clear();
  return bytes;
}

}  // namespace heed
