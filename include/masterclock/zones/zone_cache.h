// Zones by name, at the price of hashing the name.
//
// The first look-up of a name has its zone compiled (once a process, whichever cache asks); every
// later one finds it without a lock, without I/O and without waiting for threads that insert or
// clear. Warm the cache before going on the air, and no look-up there is the first.
//
// Names are matched exactly: "europe/dublin" is not one. A name that does not exist costs a search
// of the database's list, never a file access.
//
// Threads: any, for every member.
// Cost:    a hit takes a few nanoseconds and never allocates.
#ifndef MASTERCLOCK_ZONES_ZONE_CACHE_H_
#define MASTERCLOCK_ZONES_ZONE_CACHE_H_

#include "masterclock/version.h"

#include <algorithm>
#include <cstdint>
#include <functional>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "masterclock/zones/internal/name_index.h"
#include "masterclock/zones/internal/striped_counter.h"
#include "masterclock/zones/zone.h"
#include "masterclock/zones/zone_database.h"

namespace masterclock::inline v0_2 {

class ZoneCache {
 public:
  // What a look-up came to.
  enum class LookUp {
    kHit,       // the name was here
    kMiss,      // it was not; it is now, if it exists
    kFallback,  // `find_or_utc` had no such zone and answered UTC
  };
  // Hears of every look-up, on the thread that makes it. Must not throw.
  using Listener = std::function<void(std::string_view name, LookUp)>;

  explicit ZoneCache(ZoneDatabase& database = ZoneDatabase::system(), Listener listener = nullptr)
      : database_(database), listener_(std::move(listener)), index_(database.names().size()) {
    database_.add_dependent(this, [this] { clear(); });
  }
  ~ZoneCache() { database_.remove_dependent(this); }

  ZoneCache(const ZoneCache&) = delete;
  ZoneCache& operator=(const ZoneCache&) = delete;

  // Errors: NotFound: "Invalid timezone 'Mars/Base'". DataLoss when the zone's file is damaged.
  [[nodiscard]] absl::StatusOr<Zone> find(std::string_view iana_name) {
    if (const internal::ZoneTable* const table = index_.find(iana_name)) [[likely]] {
      count(hits_, iana_name, LookUp::kHit);
      return Zone(*table);
    }
    return find_slowly(iana_name);
  }

  // The graceful way: UTC where there is no such zone, counted in `fallbacks()` and reported.
  [[nodiscard]] Zone find_or_utc(std::string_view iana_name) noexcept {
    if (const internal::ZoneTable* const table = index_.find(iana_name)) [[likely]] {
      count(hits_, iana_name, LookUp::kHit);
      return Zone(*table);
    }
    try {
      if (const absl::StatusOr<Zone> zone = find_slowly(iana_name); zone.ok()) return *zone;
    } catch (...) {  // out of memory while compiling: the promise is an answer
    }
    count(fallbacks_, iana_name, LookUp::kFallback);
    return Zone();
  }

  // Compiles the named zones now. Takes all it can and reports the first that it could not.
  absl::Status warm_up(std::span<const std::string_view> iana_names) {
    absl::Status status;
    for (const std::string_view name : iana_names) status.Update(find(name).status());
    return status;
  }

  // The whole database: a fraction of a second, a few megabytes.
  absl::Status warm_up_all() {
    absl::Status status;
    for (const std::string& name : database_.names()) status.Update(find(name).status());
    return status;
  }

  // Forgets every name. Zones that were handed out stay valid.
  void clear() {
    const std::lock_guard lock(mutex_);
    index_.clear();
  }

  // What is here now, sorted by name.
  [[nodiscard]] std::vector<Zone> zones() const {
    std::vector<Zone> found;
    index_.for_each([&](const internal::ZoneTable& table) { found.emplace_back(table); });
    std::sort(found.begin(), found.end(), [](Zone a, Zone b) { return a.name() < b.name(); });
    return found;
  }
  [[nodiscard]] std::vector<std::string> names() const {
    std::vector<std::string> found;
    for (const Zone zone : zones()) found.emplace_back(zone.name());
    return found;
  }

  // Since construction; clearing does not reset them.
  [[nodiscard]] std::uint64_t hits() const noexcept { return hits_.total(); }
  [[nodiscard]] std::uint64_t misses() const noexcept { return misses_.total(); }
  [[nodiscard]] std::uint64_t fallbacks() const noexcept { return fallbacks_.total(); }

  [[nodiscard]] ZoneDatabase& database() const noexcept { return database_; }

 private:
  absl::StatusOr<Zone> find_slowly(std::string_view name) {
    count(misses_, name, LookUp::kMiss);
    const std::uint64_t generation = database_.generation();
    const absl::StatusOr<Zone> zone = database_.find(name);
    if (!zone.ok()) return zone;
    const std::lock_guard lock(mutex_);
    // What was found before a reload is handed out once, but not kept.
    if (database_.generation() == generation && index_.find(name) == nullptr) {
      index_.insert(zone->table());
    }
    return zone;
  }

  void count(internal::StripedCounter& counter, std::string_view name, LookUp what) {
    counter.raise();
    if (listener_) listener_(name, what);
  }

  ZoneDatabase& database_;
  const Listener listener_;
  std::mutex mutex_;  // for whoever changes the index
  internal::NameIndex index_;
  internal::StripedCounter hits_, misses_, fallbacks_;
};

}  // namespace masterclock

#endif  // MASTERCLOCK_ZONES_ZONE_CACHE_H_
