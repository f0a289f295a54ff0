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

Profile::Profile() {
  if (counts_flops.exchange(true)) throw Error("Profile: there is one already");
  profile = this;
  ++observers;
  skip();
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

void Profile::skip() {
  mark_ = now();
  flops_at_mark_ = flops_so_far;
}

OperationCost* Profile::find(const char* name, bool backward) {
  for (OperationCost& cost : costs_) {
    if (cost.backward == backward && cost.name == name) return &cost;
  }
  return nullptr;
}

void Profile::add(const char* name, bool backward, int calls, double bytes) {
  OperationCost* cost = find(name, backward);
  if (!cost) cost = &costs_.emplace_back(OperationCost{name, backward});
  cost->calls += calls;
  cost->seconds += now() - mark_;
  cost->flops += flops_so_far - flops_at_mark_;
  cost->bytes += bytes;
  skip();
}

bool profiles() { return profile != nullptr; }

void profile_result(const char* name) { profile->add(name, false, 1, 0); }

void profile_rule(const Node& node) {
  const double bytes = bytes_of(node);
  profile->add(node.name(), true, 1, bytes);
  if (OperationCost* forward = profile->find(node.name(), false)) forward->bytes += bytes;
}

void profile_rest_of_rule(const Node& node) { profile->add(node.name(), true, 0, 0); }

void count_flops(double flops) {
  if (counts_flops.load(std::memory_order_relaxed)) flops_so_far.fetch_add(flops);
}

}  // namespace heed
