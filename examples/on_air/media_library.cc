#include "media_library.h"

#include <algorithm>
#include <system_error>
#include <vector>

#include "absl/status/status.h"
#include "common/printable.h"

namespace on_air {
namespace {

using common::in_quotes;
using common::printable;

namespace fs = std::filesystem;

bool is_file(const fs::path& path) {
  std::error_code error;
  return fs::is_regular_file(path, error);
}

// Returns the first file of that name below `directory`, in the order of the paths.
fs::path find_by_name(const fs::path& directory, const fs::path& name) {
  std::vector<fs::path> found;
  std::error_code error;
  fs::recursive_directory_iterator entry(directory, fs::directory_options::skip_permission_denied,
                                         error);
  for (; !error && entry != fs::recursive_directory_iterator(); entry.increment(error)) {
    if (entry->path().filename() == name && is_file(entry->path())) found.push_back(entry->path());
  }
  return found.empty() ? fs::path() : *std::min_element(found.begin(), found.end());
}

}  // namespace

std::string file_name_of(std::string_view text) {
  std::string name;
  for (const char c : text) {
    const bool upper = c >= 'A' && c <= 'Z';
    const bool kept = upper || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
                      static_cast<unsigned char>(c) >= 0x80;
    if (kept) {
      name += upper ? static_cast<char>(c - 'A' + 'a') : c;
    } else if (!name.empty() && name.back() != '-') {
      name += '-';
    }
  }
  if (name.ends_with('-')) name.pop_back();
  return name;
}

absl::StatusOr<MediaLibrary> MediaLibrary::open(fs::path path) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (!fs::exists(status)) {
    return absl::NotFoundError(printable(path.string()) + ": no such file or directory");
  }
  return MediaLibrary(std::move(path), fs::is_directory(status));
}

absl::StatusOr<fs::path> MediaLibrary::find(std::string_view channel_id,
                                            const NowPlaying& now) const {
  if (!directory_) return path_;
  const std::string nothing = printable(path_.string()) + ": no media for " + in_quotes(now.title) +
                              " on channel " + in_quotes(channel_id) + ": ";
  if (!now.source.empty()) {
    if (now.source.find('\0') != std::string::npos) {  // the system would open the part before it
      return absl::NotFoundError(nothing + "its source is " + in_quotes(now.source));
    }
    const fs::path named = fs::path(now.source).lexically_normal().relative_path();
    if (named.empty() || named.filename().empty()) {
      return absl::NotFoundError(nothing + "its source is " + in_quotes(now.source));
    }
    if (*named.begin() != ".." && is_file(path_ / named)) return path_ / named;
    if (const fs::path found = find_by_name(path_, named.filename()); !found.empty()) return found;
    return absl::NotFoundError(nothing + "looked for " + in_quotes(named.string()));
  }
  const std::string names[] = {file_name_of(now.title), file_name_of(channel_id)};
  for (const std::string& name : names) {
    for (const char* kind : {".mp4", ".mov", ".mkv", ".ts", ".m2ts", ".mpg", ".mxf"}) {
      if (!name.empty() && is_file(path_ / (name + kind))) return path_ / (name + kind);
    }
  }
  return absl::NotFoundError(nothing + "looked for " + in_quotes(names[0] + ".mp4") + " and " +
                             in_quotes(names[1] + ".mp4"));
}

}  // namespace on_air
