#include "profile.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>

#include "autograd.hpp"
#include "error.hpp"

namespace heed {

namespace {

thread_local Profile* profile = nullptr;
std::atomic<bool> counts_flops{false};
std::atomic<double> flops_so_far{0};

double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

double bytes_of(const Shape& shape, DType dtype) {
  return static_cast<double>(element_count(shape)) * static_cast<double>(item_size(dtype));
}

double bytes_of(const Node& node) {
  double bytes = bytes_of(node.shape(), node.dtype());
  for (int i = 0; i < node.input_count(); ++i) {
    if (node.input(i)) bytes += bytes_of(node.input(i)->shape(), node.input(i)->dtype());
  }
  return bytes;
}

}  // namespace

Profile::Profile() : mark_(now()), flops_(flops_so_far) {
  if (counts_flops.exchange(true)) throw Error("Profile: there is one already");
  profile = this;
  ++observers;
}

Profile::~Profile() {
  profile = nullptr;
  --observers;
  counts_flops = false;
}

std::vector<OperationCost> Profile::costs() const {
  std::vector<OperationCost> sorted = costs_;
  std::sort(sorted.begin(), sorted.end(),
            [](const OperationCost& a, const OperationCost& b) { return a.seconds > b.seconds; });
  return sorted;
}

void Profile::skip() { since_mark(); }

OperationCost& Profile::cost(const char* name, bool backward) {
  for (OperationCost& one : costs_) {
    if (one.backward == backward && one.name == name) return one;
  }
  return costs_.emplace_back(OperationCost{name, backward});
}

/// Seconds since it was called before.
double Profile::since_mark() {
  const double seconds = now() - mark_;
  mark_ += seconds;
  flops_ = flops_so_far;
  return seconds;
}

bool profiles() { return profile != nullptr; }

void profile_result(const char* name) {
  OperationCost& cost = profile->cost(name, false);
  ++cost.calls;
  cost.flops += flops_so_far - profile->flops_;
  cost.seconds += profile->since_mark();
}

void profile_rule(const Node& node) {
  const double bytes = bytes_of(node);
  profile->cost(node.name(), false).bytes += bytes;
  OperationCost& cost = profile->cost(node.name(), true);
  ++cost.calls;
  cost.bytes += bytes;
  cost.flops += flops_so_far - profile->flops_;
  cost.seconds += profile->since_mark();
}

void count_flops(double flops) {
  if (counts_flops.load(std::memory_order_relaxed)) flops_so_far.fetch_add(flops);
}

}  // namespace heed
