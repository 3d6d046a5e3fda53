// Names that are made while the program runs and live as long as it does: what a reading's
// provenance has to be, since readings are copied to whoever asks.
#ifndef MASTERCLOCK_SYNC_INTERNAL_LASTING_NAME_H_
#define MASTERCLOCK_SYNC_INTERNAL_LASTING_NAME_H_

#include <cstddef>
#include <functional>
#include <mutex>
#include <set>
#include <string>
#include <string_view>

namespace masterclock::internal {

// `name`, kept for the life of the program. A daemon changes its reference now and then, and a year
// of that must not fill the memory: from the thousandth name on a new one is `otherwise`, which is
// a literal.
//
// Threads: any.
// Cost:    a look-up; memory for a name that was not there before.
[[nodiscard]] inline std::string_view lasting_name(std::string_view name,
                                                   std::string_view otherwise) {
  constexpr std::size_t kMost = 1'000;
  struct Names {
    std::mutex mutex;
    std::set<std::string, std::less<>> known;
  };
  static Names* const names = new Names();  // never destroyed: a thread may still be reading
  const std::lock_guard lock(names->mutex);
  const auto found = names->known.find(name);
  if (found != names->known.end()) return *found;
  if (names->known.size() >= kMost) return otherwise;
  return *names->known.emplace(name).first;
}

}  // namespace masterclock::internal

#endif  // MASTERCLOCK_SYNC_INTERNAL_LASTING_NAME_H_
