// Interns names made at run time for the life of the process, as `SyncReading::provenance` requires.
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

// Keeps at most `most` names, so that a daemon that often changes its reference does not fill the memory.
//
// Threads: any.
class InternedNames {
 public:
  explicit InternedNames(std::size_t most) : most_(most) {}

  // Returns the kept copy of `name`, or the literal `otherwise` if there is no room.
  [[nodiscard]] std::string_view keep(std::string_view name, std::string_view otherwise) {
    const std::lock_guard lock(mutex_);
    const auto found = names_.find(name);
    if (found != names_.end()) return *found;
    return names_.size() < most_ ? *names_.emplace(name).first : otherwise;
  }

 private:
  const std::size_t most_;
  std::mutex mutex_;
  std::set<std::string, std::less<>> names_;
};

[[nodiscard]] inline std::string_view interned(std::string_view name, std::string_view otherwise) {
  static auto* const names =
      new InternedNames(1'000);  // never destroyed: readings may outlive main
  return names->keep(name, otherwise);
}

}  // namespace masterclock::inline v0_2::internal

#endif  // MASTERCLOCK_SYNC_INTERNAL_INTERNED_H_
