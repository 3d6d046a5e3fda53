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
// Threads: any. A name that was compiled before is found without I/O; all else takes a lock.
// Cost:    a table is compiled once and never destroyed: handles on it stay valid for ever.
#ifndef MASTERCLOCK_ZONES_ZONE_DATABASE_H_
#define MASTERCLOCK_ZONES_ZONE_DATABASE_H_

#include <algorithm>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "masterclock/time/quoted.h"
#include "masterclock/zones/internal/date_rules.h"
#include "masterclock/zones/internal/tzif.h"
#include "masterclock/zones/zone.h"

namespace masterclock {

class ZoneDatabase {
 public:
  // The system's database. One for the process, never destroyed.
  static ZoneDatabase& system() {
    static auto* const database = new ZoneDatabase(system_directory(), Source::kDateFirst);
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
    const internal::ZoneTable& table = keep(internal::ZoneTable(
        std::string(name), shared(internal::ZoneCompiler::compile(std::move(*rules)))));
    tables_.emplace(name, &table);
    return Zone(table);
  }

  // Every name, sorted.
  [[nodiscard]] const std::vector<std::string>& names() const noexcept { return names_; }

  [[nodiscard]] const std::filesystem::path& directory() const noexcept { return directory_; }

 private:
  enum class Source { kDateFirst, kFilesOnly };

  ZoneDatabase(std::filesystem::path directory, Source source)
      : directory_(std::move(directory)), source_(source), names_(list_names()) {}

  static std::filesystem::path system_directory() {
    for (const char* const path :
         {"/usr/share/zoneinfo", "/usr/lib/zoneinfo", "/usr/share/lib/zoneinfo", "/etc/zoneinfo"}) {
      std::error_code ignored;
      if (std::filesystem::is_directory(path, ignored)) return path;
    }
    return "/usr/share/zoneinfo";
  }

  // Zone files are known by their place: no dot in the name (tables, indexes), none of the copies
  // with other leap seconds. Whether one is well-formed shows when it is read.
  [[nodiscard]] std::vector<std::string> list_names() const {
    namespace fs = std::filesystem;
    std::vector<std::string> names = {"UTC"};
    std::error_code error;
    for (fs::recursive_directory_iterator it(directory_, error), end; !error && it != end;
         it.increment(error)) {
      const std::string name = it->path().lexically_relative(directory_).generic_string();
      std::error_code ignored;
      if (it->is_directory(ignored)) {
        if (name == "posix" || name == "right") it.disable_recursion_pending();
      } else if (name.find('.') == std::string::npos && name != "posixrules" &&
                 name != "leapseconds" && it->is_regular_file(ignored)) {
        names.push_back(name);
      }
    }
    std::sort(names.begin(), names.end());
    names.erase(std::unique(names.begin(), names.end()), names.end());
    return names;
  }

  [[nodiscard]] std::optional<internal::ZoneRules> load(std::string_view name) const {
    std::optional<internal::ZoneRules> file =
        internal::TzifReader::read_file((directory_ / name).string());
    if (source_ == Source::kFilesOnly) return file;
    std::optional<internal::ZoneRules> rules = internal::read_date_rules(name);
    if (!rules) return file;
    if (file) rules->footer = std::move(file->footer);
    return rules;
  }

  // Zones with the same history (Europe/Dublin and Eire) share one.
  std::shared_ptr<const internal::ZoneData> shared(std::shared_ptr<const internal::ZoneData> data) {
    auto& candidates = histories_[data->spans.size()];
    for (const auto& known : candidates) {
      if (known->names == data->names &&
          std::equal(known->spans.begin(), known->spans.end(), data->spans.begin(),
                     data->spans.end(), [](const auto& a, const auto& b) {
                       return a.begin == b.begin && a.offset == b.offset &&
                              a.daylight == b.daylight && a.name_at == b.name_at;
                     })) {
        return known;
      }
    }
    candidates.push_back(data);
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
  const Source source_;
  const std::vector<std::string> names_;
  std::mutex mutex_;
  std::map<std::string, const internal::ZoneTable*, std::less<>> tables_;
  std::map<std::size_t, std::vector<std::shared_ptr<const internal::ZoneData>>> histories_;
};

}  // namespace masterclock

#endif  // MASTERCLOCK_ZONES_ZONE_DATABASE_H_
