// The zones of one tz database directory: which names there are, and the compiled table of each.
//
// Rules come from the date library, which reads the system's compiled database, and from the files
// themselves where date cannot serve: the footer with the rules past 2037, names that date does not
// list, directories other than the system's, and versions newer than the one the process began
// with. DESIGN.md tells why.
//
// A name is looked up in the list of names that the directory held when it was read. It is never
// made into a path of its own, so "../../etc/passwd" is a name that does not exist and opens
// nothing.
//
// Threads: any, for every member.
// Cost:    a table is compiled once and never destroyed: handles on it stay valid for ever. A name that
//          was compiled before is found without I/O; every look-up here takes a lock (a ZoneCache's
//          do not).
#ifndef MASTERCLOCK_ZONES_ZONE_DATABASE_H_
#define MASTERCLOCK_ZONES_ZONE_DATABASE_H_

#include "masterclock/version.h"

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
#include "masterclock/zones/internal/date_rules.h"
#include "masterclock/zones/internal/tzif.h"
#include "masterclock/zones/internal/zone_directory.h"
#include "masterclock/zones/zone.h"

namespace masterclock::inline v0_2 {

class ZoneDatabase {
 public:
  // What a reload found, among the zones that were in use.
  struct Reloaded {
    std::string from, to;              // versions
    std::vector<std::string> changed;  // have other rules now
    std::vector<std::string> kept;     // gone or damaged on disk: the rules in use stay
  };

  // The system's database. One for the process, never destroyed.
  static ZoneDatabase& system() {
    static auto* const database =
        new ZoneDatabase(internal::find_zone_directory(), Source::kDateFirst);
    return *database;
  }

  // A database in `directory`, laid out like /usr/share/zoneinfo. Its tables outlive it.
  explicit ZoneDatabase(std::filesystem::path directory)
      : ZoneDatabase(std::move(directory), Source::kFilesOnly) {}

  ZoneDatabase(const ZoneDatabase&) = delete;
  ZoneDatabase& operator=(const ZoneDatabase&) = delete;

  // Errors: NotFound for a name that the database does not have: "Invalid timezone 'Mars/Base'".
  //         DataLoss for one whose file cannot be read.
  absl::StatusOr<Zone> find(std::string_view name) {
    const std::lock_guard lock(mutex_);
    if (const auto known = tables_.find(name); known != tables_.end()) return Zone(*known->second);
    if (name == "UTC") return Zone();
    if (!std::binary_search(names_.begin(), names_.end(), name, std::less<>())) {
      return absl::NotFoundError("Invalid timezone " + internal::quoted(name));
    }
    std::optional<internal::ZoneRules> rules = load(name);
    if (!rules) {
      return absl::DataLossError("Timezone " + internal::quoted(name) + ": no valid zone file in " +
                                 directory_.string());
    }
    const internal::ZoneTable& table = compile(name, std::move(*rules));
    tables_.emplace(name, &table);
    return Zone(table);
  }

  // Takes the rules that are on disk now. Zones handed out before keep theirs and stay valid;
  // look-ups from now on, through every cache, find the new ones. A zone whose rules did not change
  // stays the same zone.
  //
  // Cost:   reads every zone in use again; readers go on meanwhile.
  // Errors: Unavailable when the directory has no zones now; everything stays as it was.
  absl::StatusOr<Reloaded> reload() {
    Reloaded report;
    std::vector<std::string> names = internal::list_zone_names(directory_);
    if (names.size() < 2) {
      return absl::UnavailableError("No zone files in " + directory_.string());
    }
    {
      const std::lock_guard lock(mutex_);
      source_ = Source::kFilesOnly;  // date keeps what it has read
      report.from = std::exchange(version_, internal::read_zone_version(directory_));
      report.to = version_;
      names_ = std::move(names);
      for (auto& [name, table] : tables_) {
        std::optional<internal::ZoneRules> rules = load(name);
        if (!rules) {
          report.kept.push_back(name);
          continue;
        }
        const internal::ZoneTable& fresh = compile(name, std::move(*rules));
        if (fresh.data() == table->data()) continue;
        table = &fresh;
        report.changed.push_back(name);
      }
    }
    generation_.fetch_add(1, std::memory_order_release);
    const std::lock_guard lock(dependents_mutex_);
    for (const auto& [key, forget] : dependents_) forget();
    return report;
  }

  // Every name, sorted.
  [[nodiscard]] std::vector<std::string> names() const {
    const std::lock_guard lock(mutex_);
    return names_;
  }

  // The version of what is in use, "2026f", and of what is on disk; "unknown" where it does not
  // say.
  [[nodiscard]] std::string version() const {
    const std::lock_guard lock(mutex_);
    return version_;
  }
  [[nodiscard]] std::string version_on_disk() const {
    return internal::read_zone_version(directory_);
  }

  [[nodiscard]] const std::filesystem::path& directory() const noexcept { return directory_; }

  // For caches: how often the database was reloaded, and who has to forget what it knows when it
  // is.
  [[nodiscard]] std::uint64_t generation() const noexcept {
    return generation_.load(std::memory_order_acquire);
  }
  void add_dependent(const void* key, std::function<void()> forget) {
    const std::lock_guard lock(dependents_mutex_);
    dependents_[key] = std::move(forget);
  }
  void remove_dependent(const void* key) {
    const std::lock_guard lock(dependents_mutex_);
    dependents_.erase(key);
  }

 private:
  enum class Source { kDateFirst, kFilesOnly };

  ZoneDatabase(std::filesystem::path directory, Source source)
      : directory_(std::move(directory)),
        source_(source),
        names_(internal::list_zone_names(directory_)),
        version_(internal::read_zone_version(directory_)) {}

  [[nodiscard]] std::optional<internal::ZoneRules> load(std::string_view name) const {
    std::optional<internal::ZoneRules> file =
        internal::TzifReader::read_file((directory_ / name).string());
    if (source_ == Source::kFilesOnly) return file;
    std::optional<internal::ZoneRules> rules = internal::read_date_rules(name);
    if (!rules) return file;
    if (file) rules->footer = std::move(file->footer);
    return rules;
  }

  const internal::ZoneTable& compile(std::string_view name, internal::ZoneRules rules) {
    auto data = share(internal::ZoneCompiler::compile(std::move(rules)));
    return keep(internal::ZoneTable(std::string(name), std::move(data)));
  }

  // Zones with the same history (Europe/Dublin and Eire) hold it once.
  std::shared_ptr<const internal::ZoneData> share(std::shared_ptr<const internal::ZoneData> data) {
    auto& alike = histories_[data->spans.size()];
    for (const auto& known : alike) {
      if (known->names == data->names && known->spans == data->spans) return known;
    }
    alike.push_back(data);
    return data;
  }

  // Tables of all databases, never destroyed and always reachable.
  static const internal::ZoneTable& keep(internal::ZoneTable table) {
    static auto* const mutex = new std::mutex();
    static auto* const kept = new std::vector<std::unique_ptr<const internal::ZoneTable>>();
    const std::lock_guard lock(*mutex);
    kept->push_back(std::make_unique<const internal::ZoneTable>(std::move(table)));
    return *kept->back();
  }

  const std::filesystem::path directory_;
  mutable std::mutex mutex_;  // guards the next five
  Source source_;
  std::vector<std::string> names_;
  std::string version_;
  std::map<std::string, const internal::ZoneTable*, std::less<>> tables_;
  std::map<std::size_t, std::vector<std::shared_ptr<const internal::ZoneData>>> histories_;

  std::atomic<std::uint64_t> generation_{0};
  std::mutex dependents_mutex_;
  std::map<const void*, std::function<void()>> dependents_;
};

}  // namespace masterclock

#endif  // MASTERCLOCK_ZONES_ZONE_DATABASE_H_
