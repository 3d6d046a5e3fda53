// Loads and compiles the zones of one tz database directory.
//
// The rules come from the compiled files of the directory (RFC 8536).
//
// Each zone is a file of the directory, and its name is the path of the file there. A name leads to no
// other directory: "../../etc/passwd" does not exist, and opens no file. Nothing lists the directory before
// `names`, so a program starts fast.
//
// Threads: any, for every member.
// Cost:    a zone is compiled once and never destroyed, so a handle stays valid for the life of the
//          process. Each lookup takes a lock; the lookups of a ZoneCache do not.
#ifndef MASTERCLOCK_ZONES_ZONE_DATABASE_H_
#define MASTERCLOCK_ZONES_ZONE_DATABASE_H_

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "masterclock/internal/quoted.h"
#include "masterclock/zones/internal/tzif.h"
#include "masterclock/zones/internal/zone_compiler.h"
#include "masterclock/zones/internal/zone_directory.h"
#include "masterclock/zones/zone.h"

namespace masterclock::inline v0_2 {

class ZoneCache;

class ZoneDatabase {
 public:
  // The result of a reload, for the zones in use.
  struct Reloaded {
    std::string from, to;              // versions
    std::vector<std::string> changed;  // zones that have other rules now
    std::vector<std::string> kept;     // zones missing or damaged on disk, which keep their rules
  };

  // Returns the system's database: one for the process, never destroyed.
  static ZoneDatabase& system() {
    static auto* const database = new ZoneDatabase(internal::find_zone_directory());
    return *database;
  }

  // Opens a directory with the layout of /usr/share/zoneinfo. Its zones outlive the database.
  explicit ZoneDatabase(std::string directory)
      : directory_(std::move(directory)), version_(internal::read_zone_version(directory_)) {}

  ZoneDatabase(const ZoneDatabase&) = delete;
  ZoneDatabase& operator=(const ZoneDatabase&) = delete;

  // Errors: NotFound for an unknown name: "Invalid timezone 'Mars/Base'".
  //         DataLoss for a file that cannot be read.
  absl::StatusOr<Zone> find(std::string_view name) {
    const std::lock_guard lock(mutex_);
    const auto known =
        std::lower_bound(tables_.begin(), tables_.end(), name,
                         [](const auto* table, std::string_view n) { return table->name() < n; });
    if (known != tables_.end() && (*known)->name() == name) {
      return internal::ZoneAccess::zone_of(**known);
    }
    if (name == "UTC") return Zone();
    if (!internal::is_zone_name(directory_, name)) {
      return absl::NotFoundError("Invalid timezone " + internal::quoted(name));
    }
    std::optional<internal::ZoneRules> rules = load(name);
    if (!rules) {
      return absl::DataLossError("Timezone " + internal::quoted(name) + ": no valid zone file in " +
                                 directory_);
    }
    const internal::ZoneTable& table = table_of(name, compile(std::move(*rules)));
    tables_.insert(known, &table);
    return internal::ZoneAccess::zone_of(table);
  }

  // Loads the rules that are on disk now. Zones in use keep their rules and stay valid. Later
  // lookups, through every cache, return the new rules. A zone with unchanged rules stays equal.
  //
  // Cost:   reads every zone in use again; lookups continue meanwhile.
  // Errors: Unavailable when the directory has no zones; no zone changes then.
  absl::StatusOr<Reloaded> reload() {
    Reloaded report;
    if (names().size() < 2) {
      return absl::UnavailableError("No zone files in " + directory_);
    }
    {
      const std::lock_guard lock(mutex_);
      report.from = std::exchange(version_, internal::read_zone_version(directory_));
      report.to = version_;
      for (const internal::ZoneTable*& table : tables_) {
        std::optional<internal::ZoneRules> rules = load(table->name());
        if (!rules) {
          report.kept.push_back(table->name());
          continue;
        }
        const internal::ZoneData& data = compile(std::move(*rules));
        if (&data == &table->data()) continue;
        table = &table_of(table->name(), data);
        report.changed.push_back(table->name());
      }
    }
    generation_.fetch_add(1, std::memory_order_release);
    const std::lock_guard lock(dependents_mutex_);
    for (const std::function<void()>* const clear : dependents_) (*clear)();
    return report;
  }

  // Returns every name on disk, sorted.
  //
  // Cost: reads the directory.
  [[nodiscard]] std::vector<std::string> names() const {
    return internal::list_zone_names(directory_);
  }

  // Return the version in use and the version on disk: "2026f", or "unknown".
  [[nodiscard]] std::string version() const {
    const std::lock_guard lock(mutex_);
    return version_;
  }
  [[nodiscard]] std::string version_on_disk() const {
    return internal::read_zone_version(directory_);
  }

  [[nodiscard]] const std::string& directory() const noexcept { return directory_; }

 private:
  friend ZoneCache;

  // Returns the number of reloads. Each reload calls every dependent.
  [[nodiscard]] std::uint64_t generation() const noexcept {
    return generation_.load(std::memory_order_acquire);
  }
  void add_dependent(const std::function<void()>& clear) {
    const std::lock_guard lock(dependents_mutex_);
    dependents_.push_back(&clear);
  }
  void remove_dependent(const std::function<void()>& clear) {
    const std::lock_guard lock(dependents_mutex_);
    std::erase(dependents_, &clear);
  }

  [[nodiscard]] std::optional<internal::ZoneRules> load(std::string_view name) const {
    return internal::TzifReader::read_file(directory_ + "/" + std::string(name));
  }

  // Zones with the same history (Europe/Dublin and Eire) share one object.
  const internal::ZoneData& compile(internal::ZoneRules rules) {
    internal::ZoneData data = internal::ZoneCompiler::compile(std::move(rules));
    for (const internal::ZoneData* const known : histories_) {
      if (known->names == data.names && known->spans == data.spans) return *known;
    }
    histories_.push_back(new internal::ZoneData(std::move(data)));
    keep(histories_.back());
    return *histories_.back();
  }

  static const internal::ZoneTable& table_of(std::string_view name,
                                             const internal::ZoneData& data) {
    const auto* const table = new internal::ZoneTable(std::string(name), data);
    keep(table);
    return *table;
  }

  // Keeps an object of any database reachable until the process ends, for leak checkers.
  static void keep(const void* object) {
    static auto* const mutex = new std::mutex();
    static auto* const objects = new std::vector<const void*>();
    const std::lock_guard lock(*mutex);
    objects->push_back(object);
  }

  const std::string directory_;
  mutable std::mutex mutex_;  // guards the next three
  std::string version_;
  std::vector<const internal::ZoneTable*> tables_;  // sorted by name
  std::vector<const internal::ZoneData*> histories_;

  std::atomic<std::uint64_t> generation_{0};
  std::mutex dependents_mutex_;
  std::vector<const std::function<void()>*> dependents_;
};

}  // namespace masterclock::inline v0_2

#endif  // MASTERCLOCK_ZONES_ZONE_DATABASE_H_
