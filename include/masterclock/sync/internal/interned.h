// Names that are made while the program runs and live as long as it does: what a reading's
// provenance has to be, since readings are copied to whoever asks.
#ifndef MASTERCLOCK_SYNC_INTERNAL_INTERNED_H_
#define MASTERCLOCK_SYNC_INTERNAL_INTERNED_H_

#include "masterclock/version.h"

#include <cstddef>
#include <functional>
#include <mutex>
#include <set>
#include <string>
#include <string_view>

namespace masterclock::inline v0_2::internal {

// Names, each kept once. A daemon changes its reference now and then, and a year of that must not
// fill the memory: when there are `most` of them a new one is answered by another.
//
// Threads: any.
class LastingNames {
 public:
  explicit LastingNames(std::size_t most) : most_(most) {}

  // `name`, for as long as this lives; `otherwise`, a literal, when there is no room for a new one.
  //
  // Cost: a look-up; memory for a name that was not there before.
  [[nodiscard]] std::string_view keep(std::string_view name, std::string_view otherwise) {
    const std::lock_guard lock(mutex_);
    const auto found = names_.find(name);
    if (found != names_.end()) return *found;
    if (names_.size() >= most_) return otherwise;
    return *names_.emplace(name).first;
  }

 private:
  const std::size_t most_;
  std::mutex mutex_;
  std::set<std::string, std::less<>> names_;
};

// `name`, kept for the life of the program.
//
// Threads: any.
[[nodiscard]] inline std::string_view interned(std::string_view name,
                                                   std::string_view otherwise) {
  static auto* const names = new LastingNames(1'000);  // never destroyed: somebody may be reading
  return names->keep(name, otherwise);
}

}  // namespace masterclock::internal

#endif  // MASTERCLOCK_SYNC_INTERNAL_INTERNED_H_
