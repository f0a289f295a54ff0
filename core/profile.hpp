#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace heed {

class Array;
class Node;

/// What an operation took in one direction.
struct OperationCost {
  std::string name;
  bool backward = false;
  int64_t calls = 0;
  double seconds = 0;
  /// Additions and multiplications of its matrix products.
  double flops = 0;
  /// Its result and those of its inputs that have a gradient; backward, the gradients of these.
  double bytes = 0;
};

/// While one lives, it adds up what the operations of this thread take: forward, from the end of
/// the one before to its own, so that what a program does between two operations counts for the
/// second; backward, its rule. One at a time: a second one is an `Error`.
class Profile {
 public:
  Profile();
  ~Profile();
  Profile(const Profile&) = delete;
  Profile& operator=(const Profile&) = delete;

  /// The dearest first.
  std::vector<OperationCost> costs() const;
  /// What comes next is not the next operation's.
  void skip();

 private:
  friend void profile_result(const char* name);
  friend void profile_rule(const Node& node);
  OperationCost& cost(const char* name, bool backward);
  double since_mark();

  std::vector<OperationCost> costs_;
  double mark_ = 0, flops_ = 0;
};

/// For `record` and the backward pass: does a Profile live on this thread? The rest is for those
/// for whom it does.
bool profiles();
void profile_result(const char* name);
void profile_rule(const Node& node);
/// For products: of any thread.
void count_flops(double flops);

}  // namespace heed
