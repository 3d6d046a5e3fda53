#include "ffplayout.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/data_error.h"
#include "common/printable.h"
#include "masterclock/time/rfc3339.h"

namespace on_air {
namespace {

using common::data_error;
using common::in_quotes;
using common::line_at;

using masterclock::LocalTime;
using masterclock::UtcTime;
using nlohmann::json;

// A field of the playlist that is not what it should be; its path leads the message.
absl::Status field_error(const std::string& path, const std::string& what) {
  return absl::InvalidArgumentError(path + ": " + what);
}

absl::StatusOr<const json*> field(const json& object, const char* name, const std::string& path) {
  const auto found = object.find(name);
  if (found == object.end()) return field_error(path, "missing");
  return &*found;
}

absl::StatusOr<std::string> text_field(const json& object, const char* name,
                                       const std::string& path) {
  const absl::StatusOr<const json*> value = field(object, name, path);
  if (!value.ok()) return value.status();
  if (!(*value)->is_string()) {
    return field_error(path, std::string("expected text, found ") + (*value)->type_name());
  }
  return (*value)->get<std::string>();
}

// Decimal seconds, to the nearest nanosecond.
absl::StatusOr<std::chrono::nanoseconds> seconds_field(const json& object, const char* name,
                                                       const std::string& path) {
  constexpr double kLongest = 1e9;  // seconds: thirty years of one clip
  const absl::StatusOr<const json*> value = field(object, name, path);
  if (!value.ok()) return value.status();
  if (!(*value)->is_number()) {
    return field_error(path, std::string("expected seconds, found ") + (*value)->type_name());
  }
  const double seconds = (*value)->get<double>();
  if (!(seconds >= 0.0 && seconds <= kLongest)) {
    return field_error(path, (*value)->dump() + " is not a time in a clip");
  }
  const double whole = std::floor(seconds);
  return std::chrono::seconds(static_cast<std::int64_t>(whole)) +
         std::chrono::nanoseconds(std::llround((seconds - whole) * 1e9));
}

// YYYY-MM-DD, by way of RFC 3339, whose rules those are.
absl::StatusOr<LocalTime> date_field(const json& playlist) {
  const absl::StatusOr<std::string> text = text_field(playlist, "date", "date");
  if (!text.ok()) return text.status();
  const absl::StatusOr<UtcTime> midnight = masterclock::parse_rfc3339(*text + "T00:00:00Z");
  if (text->size() != sizeof("YYYY-MM-DD") - 1 || !midnight.ok()) {
    return field_error("date", "expected YYYY-MM-DD, found " + in_quotes(*text));
  }
  return LocalTime(midnight->time_since_epoch());
}

// The clip that begins at `start`.
absl::StatusOr<Programme> clip(const json& entry, UtcTime start, const std::string& path) {
  if (!entry.is_object()) {
    return field_error(path, std::string("expected an object, found ") + entry.type_name());
  }
  const absl::StatusOr<std::chrono::nanoseconds> in = seconds_field(entry, "in", path + ".in");
  if (!in.ok()) return in.status();
  const absl::StatusOr<std::chrono::nanoseconds> out = seconds_field(entry, "out", path + ".out");
  if (!out.ok()) return out.status();
  if (*out < *in) {
    return field_error(path + ".out", entry["out"].dump() + " is before in, " + entry["in"].dump());
  }
  if (*out - *in > UtcTime::max() - start) return field_error(path + ".out", "is after 2262-04-11");
  absl::StatusOr<std::string> source = text_field(entry, "source", path + ".source");
  if (!source.ok()) return source.status();
  Programme programme;
  programme.start = start;
  programme.stop = start + (*out - *in);
  programme.title = *source;
  if (entry.contains("title")) {
    absl::StatusOr<std::string> title = text_field(entry, "title", path + ".title");
    if (!title.ok()) return title.status();
    programme.title = *std::move(title);
  }
  programme.source = *std::move(source);
  programme.media_in = *in;
  return programme;
}

absl::StatusOr<Guide> guide_of(const json& playlist, const masterclock::AnyWallClock& wall,
                               std::chrono::seconds day_start) {
  if (!playlist.is_object()) {
    return absl::InvalidArgumentError(std::string("expected an object, found ") +
                                      playlist.type_name());
  }
  absl::StatusOr<std::string> channel = text_field(playlist, "channel", "channel");
  if (!channel.ok()) return channel.status();
  const absl::StatusOr<LocalTime> date = date_field(playlist);
  if (!date.ok()) return date.status();
  const absl::StatusOr<UtcTime> begin =
      wall.to_utc(*date + day_start, masterclock::Resolve::kCompatible);
  if (!begin.ok()) return field_error("date", std::string(begin.status().message()));
  const absl::StatusOr<const json*> entries = field(playlist, "program", "program");
  if (!entries.ok()) return entries.status();
  if (!(*entries)->is_array()) {
    return field_error("program",
                       std::string("expected an array, found ") + (*entries)->type_name());
  }

  std::vector<Programme> listing;
  listing.reserve((*entries)->size());
  UtcTime start = *begin;
  for (const json& entry : **entries) {
    const std::string path = "program[" + std::to_string(listing.size()) + "]";
    absl::StatusOr<Programme> programme = clip(entry, start, path);
    if (!programme.ok()) return programme.status();
    start = *programme->stop;
    listing.push_back(*std::move(programme));
  }
  std::vector<ChannelSchedule> channels;
  channels.emplace_back(*channel, *channel, std::move(listing));
  return Guide(std::move(channels));
}

}  // namespace

absl::StatusOr<Guide> parse_ffplayout(std::string_view text, std::string_view file,
                                      const masterclock::AnyWallClock& wall,
                                      std::chrono::seconds day_start) {
  json playlist;
  try {
    playlist = json::parse(text);
  } catch (const json::parse_error& error) {
    const std::size_t offset = error.byte > 0 ? error.byte - 1 : 0;
    const bool at_end = text.find_first_not_of(" \t\r\n", offset) == std::string_view::npos;
    return data_error(file, line_at(text, std::min(offset, text.size())),
                      at_end ? "truncated JSON: it ends too early"
                             : "not JSON: unexpected " + in_quotes(text.substr(offset, 20)));
  } catch (const json::exception& error) {  // a number too large for any type; "[its id] what"
    const std::string_view what = error.what();
    return data_error(file, "not JSON: " + std::string(what.substr(what.find("] ") + 2)));
  }
  absl::StatusOr<Guide> guide = guide_of(playlist, wall, day_start);
  if (!guide.ok()) return data_error(file, std::string(guide.status().message()));
  return guide;
}

}  // namespace on_air
