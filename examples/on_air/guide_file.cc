#include "guide_file.h"

#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <string_view>
#include <system_error>
#include <utility>

#include "common/data_error.h"
#include "common/printable.h"
#include "common/time_text.h"
#include "ffplayout.h"
#include "guide_bytes.h"
#include "masterclock/zones/broadcast_day.h"
#include "xml_text.h"
#include "xmltv.h"

namespace on_air {
namespace {

using masterclock::UtcTime;
using std::chrono::days;
using std::chrono::sys_days;
namespace fs = std::filesystem;

// Returns what changes when a file does, or nothing where there is none.
std::vector<std::int64_t> version_of(const std::string& path) {
  struct stat file {};
  if (::stat(path.c_str(), &file) != 0) return {};
  return {static_cast<std::int64_t>(file.st_ino), file.st_size, file.st_mtim.tv_sec,
          file.st_mtim.tv_nsec};
}

bool is_folder(const std::string& path) {
  std::error_code ignored;
  return path.find('\0') == std::string::npos && fs::is_directory(path, ignored);
}

// 2026/03/2026-03-28.json
std::string day_file(sys_days day) {
  const std::string date = common::date_text(day);
  return date.substr(0, 4) + "/" + date.substr(5, 2) + "/" + date + ".json";
}

// Returns the dates in [first, last] that have a playlist in the folder.
std::set<sys_days> days_in(const fs::path& folder, sys_days first, sys_days last) {
  constexpr days kProbed(40);  // from there on it is cheaper to list the folder
  std::set<sys_days> found;
  std::error_code error;
  if (last - first <= kProbed) {
    for (sys_days day = first; day <= last; day += days(1)) {
      if (fs::exists(folder / day_file(day), error)) found.insert(day);
    }
    return found;
  }
  // fs::directory_iterator yields nothing where it cannot look.
  for (const auto& year : fs::directory_iterator(folder, error)) {
    for (const auto& month : fs::directory_iterator(year.path(), error)) {
      for (const auto& file : fs::directory_iterator(month.path(), error)) {
        const auto date = parse_date(file.path().stem().string());
        if (!date || *date < first || *date > last) continue;
        if (file.path() == folder / day_file(*date)) found.insert(*date);
      }
    }
  }
  return found;
}

absl::StatusOr<GuideFile> parse_guide(std::string bytes, const std::string& name,
                                      const GuideReading& reading,
                                      std::optional<sys_days> date = std::nullopt) {
  // Only XML comes in encodings other than UTF-8.
  std::string_view text = bytes;
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return common::data_error(name, 1, "the file is empty");
  if (date || text[first] == '{' || text[first] == '[') {
    return parse_ffplayout(text, name, reading, date);
  }
  const std::string encoding = xml_encoding(bytes);
  const bool wide = encoding.starts_with("UTF-16") || encoding.starts_with("UTF-32");
  if (text[first] == '<' || wide) return parse_xmltv(std::move(bytes), name, reading);
  return common::data_error(name, common::line_at(text, first),
                            "not XML and not JSON: expected '<' or '{', found " +
                                common::in_quotes(text.substr(first, 20)));
}

// Cuts what a listing has at and after `end`.
void cut_at(GuideListing& listing, UtcTime end) {
  for (ChannelListing& channel : listing.channels()) {
    std::erase_if(channel.programmes, [&](const Programme& p) { return p.start >= end; });
    for (Programme& programme : channel.programmes) {
      if (!programme.stop || *programme.stop > end) programme.stop = end;
    }
  }
}

}  // namespace

std::vector<GuideFiles::Source> GuideFiles::sources(UtcTime from, UtcTime until) const {
  const auto date = [&](UtcTime at) {
    return sys_days(masterclock::broadcast_day_at(at, reading_.zone, reading_.day_start).date);
  };
  std::vector<Source> found;
  for (std::size_t i = 0; i < paths_.size(); ++i) {
    const std::string& path = paths_[i];
    if (path == kStandardInput) {
      found.push_back({path, std::nullopt, i, {}});
    } else if (!is_folder(path)) {
      found.push_back({path, std::nullopt, i, version_of(path)});
    } else {
      for (const sys_days day : days_in(path, date(from) - days(1), date(until) + days(1))) {
        const std::string file = (fs::path(path) / day_file(day)).string();
        found.push_back({file, day, i, version_of(file)});
      }
    }
  }
  return found;
}

bool GuideFiles::changed(UtcTime from, UtcTime until) const {
  return sources(from, until) != last_;
}

absl::StatusOr<LoadedGuide> GuideFiles::load(UtcTime from, UtcTime until) {
  // Noted before they are read, so that no later change is missed.
  last_ = sources(from, until);
  GuideListing all;
  LoadedGuide loaded;
  std::set<std::size_t> seen;
  for (std::size_t i = 0; i < last_.size(); ++i) {
    absl::StatusOr<GuideFile> file = last_[i].date ? read_day(last_[i]) : read(last_[i]);
    if (!file.ok()) return file.status();
    loaded.warnings.insert(loaded.warnings.end(), file->warnings.begin(), file->warnings.end());
    const bool followed = i + 1 < last_.size() && last_[i + 1].argument == last_[i].argument;
    if (followed && !file->listing.channels().empty()) {
      const auto next = reading_.zone.to_utc(
          masterclock::LocalTime(last_[i + 1].date->time_since_epoch()) + reading_.day_start,
          masterclock::Resolve::kCompatible);
      if (next.ok()) cut_at(file->listing, masterclock::saturating_add(*next, reading_.shift));
    }
    if (!file->listing.channels().empty()) seen.insert(last_[i].argument);
    if (!last_[i].date) seen.insert(last_[i].argument);
    all.append(std::move(file->listing));
  }
  for (std::size_t i = 0; i < paths_.size(); ++i) {
    if (seen.contains(i)) continue;
    if (!loaded.warnings.empty()) return absl::InvalidArgumentError(loaded.warnings.front());
    return no_playlist(paths_[i], from);
  }
  std::erase_if(days_, [&](const auto& day) {
    return std::none_of(last_.begin(), last_.end(),
                        [&](const Source& source) { return source.path == day.first; });
  });
  loaded.guide = std::move(all).to_guide();
  loaded_ = true;
  return loaded;
}

absl::StatusOr<GuideFile> GuideFiles::read(const Source& source) {
  std::error_code ignored;
  const bool pipe = source.path == kStandardInput || fs::is_fifo(source.path, ignored);
  const auto before = pipes_.find(source.path);
  if (pipe && before != pipes_.end()) return before->second;
  absl::StatusOr<std::string> bytes =
      read_guide_bytes(source.path, kLargestGuide, loaded_ ? Pipes::kRefused : Pipes::kRead);
  if (!bytes.ok()) return bytes.status();
  absl::StatusOr<GuideFile> file =
      parse_guide(*std::move(bytes), guide_name(source.path), reading_, source.date);
  if (pipe && file.ok()) pipes_[source.path] = *file;
  return file;
}

absl::StatusOr<GuideFile> GuideFiles::read_day(const Source& source) {
  absl::StatusOr<GuideFile> file = read(source);
  if (file.ok()) {
    days_[source.path] = file->listing;
    return file;
  }
  if (reading_.strict || absl::IsCancelled(file.status())) return file;
  const auto before = days_.find(source.path);
  const std::string what(file.status().message());
  if (before == days_.end()) return GuideFile{{}, {what + "; this day is left out"}};
  return GuideFile{before->second, {what + "; the playlist read before stays"}};
}

absl::Status GuideFiles::no_playlist(const std::string& folder, UtcTime at) const {
  const auto day = masterclock::broadcast_day_at(at, reading_.zone, reading_.day_start);
  return absl::NotFoundError(common::printable(folder) +
                             ": cannot be read: Is a directory without a playlist for " +
                             common::date_text(day.date) + ", " + day_file(sys_days(day.date)));
}

}  // namespace on_air
