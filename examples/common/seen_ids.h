// Remembers the last ids of requests, so that a request that arrives twice counts once.
#ifndef MASTERCLOCK_EXAMPLES_COMMON_SEEN_IDS_H_
#define MASTERCLOCK_EXAMPLES_COMMON_SEEN_IDS_H_

#include <cstddef>
#include <deque>
#include <set>
#include <string>

namespace common {

class SeenIds {
 public:
  // Returns whether the id is new.
  bool add(const std::string& id) {
    constexpr std::size_t kMost = 10'000;
    if (!seen_.insert(id).second) return false;
    order_.push_back(id);
    if (order_.size() > kMost) {
      seen_.erase(order_.front());
      order_.pop_front();
    }
    return true;
  }

  [[nodiscard]] bool contains(const std::string& id) const { return seen_.contains(id); }

 private:
  std::set<std::string> seen_;
  std::deque<std::string> order_;
};

}  // namespace common

#endif  // MASTERCLOCK_EXAMPLES_COMMON_SEEN_IDS_H_
