#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace heed {

class Node;

/// What the calls of an operation took, in one direction.
struct OperationCost {
  std::string name;
  bool backward = false;
  int64_t calls = 0;
  double seconds = 0;
  /// Multiplications and additions of its matrix products.
  double flops = 0;
  /// Of its results and of those inputs that need a gradient, or of the gradients of both; known
  /// from the backward pass, so that calls without one add none.
  double bytes = 0;
};

/// While it lives, it adds up what the operations of its thread take. Forward, an operation's time
/// starts at the end of the one before, so that what a program does between two operations is the
/// second one's; backward, it is the rule's. A second one at the same time, of any thread, is an
/// `Error`. PyTorch: `torch.profiler`.
class Profile {
 public:
  Profile();
  ~Profile();
  Profile(const Profile&) = delete;
  Profile& operator=(const Profile&) = delete;

  /// The dearest first.
  std::vector<OperationCost> costs() const;
  /// What was done since the last operation is not the next one's.
  void skip();

 private:
  friend void profile_result(const char* name);
  friend void profile_rule(const Node& node);
  friend void profile_rest_of_rule(const Node& node);
  OperationCost* find(const char* name, bool backward);
  void add(const char* name, bool backward, int calls, double bytes);

  std::vector<OperationCost> costs_;
  double mark_ = 0, flops_at_mark_ = 0;
};

/// Does a Profile live on this thread?
bool profiles();
/// For `record` and the backward pass, where one does: an operation or a rule has ended.
void profile_result(const char* name);
void profile_rule(const Node& node);
/// For the backward pass, where one does: what a rule had put off has been done.
void profile_rest_of_rule(const Node& node);
/// For matrix products, on any thread.
void count_flops(double flops);

}  // namespace heed
