// Finds zones by name, for the cost of a hash.
//
// The first lookup of a name compiles its zone, once for the process. Later lookups take no lock
// and do no I/O, and do not wait for threads that insert or clear. A program warms the cache before
// it goes on the air, so that no lookup there is the first.
//
// Names match exactly: "europe/dublin" is not found. An unknown name costs a search for its file, each
// time.
//
// Threads: any, for every member.
// Cost:    a hit takes a few nanoseconds and does not allocate.
//
// ## Example
//
//   masterclock::ZoneCache zones;
//   assert(zones.find("Europe/Dublin").ok());
//   assert(zones.find("Mars/Base").status().message() == "Invalid timezone 'Mars/Base'");
//   assert(zones.find_or_utc("Mars/Base") == masterclock::Zone());
//   assert(zones.misses() == 3 && zones.fallbacks() == 1);
#ifndef MASTERCLOCK_ZONES_ZONE_CACHE_H_
#define MASTERCLOCK_ZONES_ZONE_CACHE_H_

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
#include "masterclock/internal/guarded_call.h"
#include "masterclock/internal/printable.h"
#include "masterclock/zones/internal/name_index.h"
#include "masterclock/zones/internal/striped_counter.h"
#include "masterclock/zones/zone.h"
#include "masterclock/zones/zone_database.h"

namespace masterclock::inline v0_2 {

class ZoneCache {
 public:
  enum class LookUp {
    kHit,       // the cache has the name
    kMiss,      // the cache does not have the name; it now does, if the zone exists
    kFallback,  // `find_or_utc` returned UTC in place of the zone
  };
  // Called for each lookup, on the thread that makes it. The cache ignores its exceptions.
  using Listener = std::function<void(std::string_view name, LookUp)>;

  // `database` must outlive the cache.
  explicit ZoneCache(ZoneDatabase& database = ZoneDatabase::system(), Listener listener = nullptr)
      : database_(database), listener_(std::move(listener)) {
    database_.add_dependent(clear_);
  }
  ~ZoneCache() { database_.remove_dependent(clear_); }

  ZoneCache(const ZoneCache&) = delete;
  ZoneCache& operator=(const ZoneCache&) = delete;

  // Errors: NotFound for an unknown name: "Invalid timezone 'Mars/Base'".
  //         DataLoss when the zone's file is damaged.
  [[nodiscard]] absl::StatusOr<Zone> find(std::string_view iana_name) {
    if (const internal::ZoneTable* const table = index_.find(iana_name)) {
      count(hits_, iana_name, LookUp::kHit);
      return internal::ZoneAccess::zone_of(*table);
    }
    return find_in_database(iana_name);
  }

  // Returns UTC in place of a zone that `find` refuses. Counts and reports each such fallback.
  [[nodiscard]] Zone find_or_utc(std::string_view iana_name) noexcept {
    try {
      if (const absl::StatusOr<Zone> zone = find(iana_name); zone.ok()) return *zone;
    } catch (...) {  // no memory to compile the zone
    }
    count(fallbacks_, iana_name, LookUp::kFallback);
    return Zone();
  }

  // Compiles the named zones now, and returns the first error.
  absl::Status warm_up(std::span<const std::string_view> iana_names) {
    absl::Status status;
    for (const std::string_view name : iana_names) status.Update(find(name).status());
    return status;
  }

  // Compiles the whole database: a fraction of a second, a few megabytes.
  absl::Status warm_up_all() {
    absl::Status status;
    for (const std::string& name : database_.names()) status.Update(find(name).status());
    return status;
  }

  // Removes every name. Zones in use stay valid.
  void clear() {
    const std::lock_guard lock(mutex_);
    index_.clear();
  }

  [[nodiscard]] std::vector<Zone> zones() const {
    std::vector<Zone> found;
    index_.for_each([&](const internal::ZoneTable& table) {
      found.push_back(internal::ZoneAccess::zone_of(table));
    });
    std::sort(found.begin(), found.end());
    return found;
  }
  [[nodiscard]] std::vector<std::string> names() const {
    std::vector<std::string> found;
    for (const Zone zone : zones()) found.emplace_back(zone.name());
    return found;
  }

  // Return the number of lookups since construction. `clear` does not reset them.
  [[nodiscard]] std::uint64_t hits() const noexcept { return hits_.total(); }
  [[nodiscard]] std::uint64_t misses() const noexcept { return misses_.total(); }
  [[nodiscard]] std::uint64_t fallbacks() const noexcept { return fallbacks_.total(); }

  [[nodiscard]] ZoneDatabase& database() const noexcept { return database_; }

 private:
  absl::StatusOr<Zone> find_in_database(std::string_view name) {
    count(misses_, name, LookUp::kMiss);
    const std::uint64_t generation = database_.generation();
    const absl::StatusOr<Zone> zone = database_.find(name);
    if (!zone.ok()) return zone;
    const std::lock_guard lock(mutex_);
    // A reload since the lookup would leave old rules in the cache.
    if (database_.generation() == generation && index_.find(name) == nullptr) {
      index_.insert(internal::ZoneAccess::table_of(*zone));
    }
    return zone;
  }

  void count(internal::StripedCounter& counter, std::string_view name, LookUp what) noexcept {
    counter.raise();
    if (listener_) internal::guarded_call(listener_, name, what);
  }

  ZoneDatabase& database_;
  const Listener listener_;
  std::mutex mutex_;  // serialises changes of the index
  internal::NameIndex index_;
  const std::function<void()> clear_ = [this] { clear(); };  // for the database
  internal::StripedCounter hits_, misses_, fallbacks_;
};

[[nodiscard]] inline std::string to_string(ZoneCache::LookUp what) {
  return internal::name_of(what, {"hit", "miss", "fallback"});
}

}  // namespace masterclock::inline v0_2

#endif  // MASTERCLOCK_ZONES_ZONE_CACHE_H_
