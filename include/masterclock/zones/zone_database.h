// Loads and compiles the zones of one tz database directory.
//
// The rules come from the compiled files of the directory (RFC 8536).
//
// A lookup compares a name with the list of names in the directory and never makes a path of it.
// The name "../../etc/passwd" does not exist, and opens no file.
//
// Threads: any, for every member.
// Cost:    a zone is compiled once and never destroyed, so a handle stays valid for the life of the
//          process. Each lookup takes a lock; the lookups of a ZoneCache do not.
#ifndef MASTERCLOCK_ZONES_ZONE_DATABASE_H_
#define MASTERCLOCK_ZONES_ZONE_DATABASE_H_

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
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
  explicit ZoneDatabase(std::filesystem::path directory)
      : directory_(std::move(directory)),
        names_(internal::list_zone_names(directory_)),
        version_(internal::read_zone_version(directory_)) {}

  ZoneDatabase(const ZoneDatabase&) = delete;
  ZoneDatabase& operator=(const ZoneDatabase&) = delete;

  // Errors: NotFound for an unknown name: "Invalid timezone 'Mars/Base'".
  //         DataLoss for a file that cannot be read.
  absl::StatusOr<Zone> find(std::string_view name) {
    const std::lock_guard lock(mutex_);
    if (const auto known = tables_.find(name); known != tables_.end()) {
      return internal::ZoneAccess::zone_of(*known->second);
    }
    if (name == "UTC") return Zone();
    if (!std::binary_search(names_.begin(), names_.end(), name, std::less<>())) {
      return absl::NotFoundError("Invalid timezone " + internal::quoted(name));
    }
    std::optional<internal::ZoneRules> rules = load(name);
    if (!rules) {
      return absl::DataLossError("Timezone " + internal::quoted(name) + ": no valid zone file in " +
                                 directory_.string());
    }
    const internal::ZoneTable& table = table_of(name, compile(std::move(*rules)));
    tables_.emplace(name, &table);
    return internal::ZoneAccess::zone_of(table);
  }

  // Loads the rules that are on disk now. Zones in use keep their rules and stay valid. Later
  // lookups, through every cache, return the new rules. A zone with unchanged rules stays equal.
  //
  // Cost:   reads every zone in use again; lookups continue meanwhile.
  // Errors: Unavailable when the directory has no zones; no zone changes then.
  absl::StatusOr<Reloaded> reload() {
    Reloaded report;
    std::vector<std::string> names = internal::list_zone_names(directory_);
    if (names.size() < 2) {
      return absl::UnavailableError("No zone files in " + directory_.string());
    }
    {
      const std::lock_guard lock(mutex_);
      report.from = std::exchange(version_, internal::read_zone_version(directory_));
      report.to = version_;
      names_ = std::move(names);
      for (auto& [name, table] : tables_) {
        std::optional<internal::ZoneRules> rules = load(name);
        if (!rules) {
          report.kept.push_back(name);
          continue;
        }
        const internal::ZoneData& data = compile(std::move(*rules));
        if (&data == &table->data()) continue;
        table = &table_of(name, data);
        report.changed.push_back(name);
      }
    }
    generation_.fetch_add(1, std::memory_order_release);
    const std::lock_guard lock(dependents_mutex_);
    for (const auto& [cache, clear] : dependents_) clear();
    return report;
  }

  // Returns every name, sorted.
  [[nodiscard]] std::vector<std::string> names() const {
    const std::lock_guard lock(mutex_);
    return names_;
  }

  // Return the version in use and the version on disk: "2026f", or "unknown".
  [[nodiscard]] std::string version() const {
    const std::lock_guard lock(mutex_);
    return version_;
  }
  [[nodiscard]] std::string version_on_disk() const {
    return internal::read_zone_version(directory_);
  }

  [[nodiscard]] const std::filesystem::path& directory() const noexcept { return directory_; }

 private:
  friend ZoneCache;

  // Returns the number of reloads. Each reload calls `clear` of every dependent cache.
  [[nodiscard]] std::uint64_t generation() const noexcept {
    return generation_.load(std::memory_order_acquire);
  }
  void add_dependent(const ZoneCache* cache, std::function<void()> clear) {
    const std::lock_guard lock(dependents_mutex_);
    dependents_[cache] = std::move(clear);
  }
  void remove_dependent(const ZoneCache* cache) {
    const std::lock_guard lock(dependents_mutex_);
    dependents_.erase(cache);
  }

  [[nodiscard]] std::optional<internal::ZoneRules> load(std::string_view name) const {
    return internal::TzifReader::read_file((directory_ / name).string());
  }

  // Zones with the same history (Europe/Dublin and Eire) share one object.
  const internal::ZoneData& compile(internal::ZoneRules rules) {
    internal::ZoneData data = internal::ZoneCompiler::compile(std::move(rules));
    auto& similar = histories_[data.spans.size()];
    for (const internal::ZoneData* const known : similar) {
      if (known->names == data.names && known->spans == data.spans) return *known;
    }
    similar.push_back(&keep<internal::ZoneData>(std::move(data)));
    return *similar.back();
  }

  static const internal::ZoneTable& table_of(std::string_view name,
                                             const internal::ZoneData& data) {
    return keep<internal::ZoneTable>(std::string(name), data);
  }

  // Keeps the objects of all databases reachable until the process ends.
  template <class T, class... Args>
  static const T& keep(Args&&... args) {
    static auto* const mutex = new std::mutex();
    static auto* const kept = new std::vector<std::unique_ptr<const T>>();
    const std::lock_guard lock(*mutex);
    kept->push_back(std::make_unique<const T>(std::forward<Args>(args)...));
    return *kept->back();
  }

  const std::filesystem::path directory_;
  mutable std::mutex mutex_;  // guards the next four
  std::vector<std::string> names_;
  std::string version_;
  std::map<std::string, const internal::ZoneTable*, std::less<>> tables_;
  std::map<std::size_t, std::vector<const internal::ZoneData*>> histories_;  // by number of spans

  std::atomic<std::uint64_t> generation_{0};
  std::mutex dependents_mutex_;
  std::map<const ZoneCache*, std::function<void()>> dependents_;
};

}  // namespace masterclock::inline v0_2

#endif  // MASTERCLOCK_ZONES_ZONE_DATABASE_H_
