#include "ffplayout.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "common/data_error.h"
#include "common/printable.h"
#include "masterclock/time/rfc3339.h"
#include "masterclock/time/time_points.h"

namespace on_air {
namespace {

using common::data_error;
using common::in_quotes;
using masterclock::LocalTime;
using masterclock::UtcTime;
using nlohmann::json;
using std::chrono::nanoseconds;

// A value of a field, as far as playlists need it.
struct Field {
  enum class Kind { kAbsent, kNull, kNumber, kText, kOther };
  Kind kind = Kind::kAbsent;
  std::string text = {};  // of a number too
  double number = 0;
  std::size_t line = 0;

  [[nodiscard]] std::string expected(const char* what) const {
    if (kind == Kind::kAbsent) return "missing";
    const char* const found = kind == Kind::kNull     ? "null"
                              : kind == Kind::kNumber ? "number"
                              : kind == Kind::kText   ? "string"
                                                      : text.c_str();
    return std::string("expected ") + what + ", found " + found;
  }
};

struct ClipFields {
  Field in, out, duration, source, title;
};

// Walks over the text and says how far the parser has read.
class CountingIterator {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = char;

  CountingIterator(const char* at, const char** furthest) : at_(at), furthest_(furthest) {}
  char operator*() const { return *at_; }
  CountingIterator& operator++() {
    *furthest_ = ++at_;
    return *this;
  }
  bool operator!=(const CountingIterator& other) const { return at_ != other.at_; }
  bool operator==(const CountingIterator& other) const { return at_ == other.at_; }

 private:
  const char* at_;
  const char** furthest_;
};

// Decimal seconds, to the nearest nanosecond; nothing where they are no time in a clip.
std::optional<nanoseconds> clip_time(double seconds) {
  constexpr double kLongest = 1e9;  // seconds: thirty years of one clip
  if (!(seconds >= 0.0 && seconds <= kLongest)) return std::nullopt;
  const double whole = std::floor(seconds);
  return std::chrono::seconds(static_cast<std::int64_t>(whole)) +
         nanoseconds(std::llround((seconds - whole) * 1e9));
}

// Takes the events of the JSON parser. Keeps the clips alone, so that a text of any shape costs
// no more memory than its own.
class PlaylistReader : public nlohmann::json_sax<json> {
 public:
  PlaylistReader(std::string_view text, std::string_view file, const GuideReading& reading)
      : text_(text),
        file_(file),
        reading_(reading),
        report_(std::string(file), reading.strict, reading.interrupted),
        lines_(text) {}

  absl::StatusOr<GuideFile> read(std::optional<std::chrono::year_month_day> date) {
    furthest_ = text_.data();
    const CountingIterator first(text_.data(), &furthest_);
    const CountingIterator last(text_.data() + text_.size(), &furthest_);
    if (!json::sax_parse(first, last, this)) return failure_;
    return playlist(date);
  }

  bool null() override { return value({.kind = Field::Kind::kNull}); }
  bool boolean(bool) override { return value({.kind = Field::Kind::kOther, .text = "boolean"}); }
  bool number_integer(number_integer_t n) override {
    return number(static_cast<double>(n), std::to_string(n));
  }
  bool number_unsigned(number_unsigned_t n) override {
    return number(static_cast<double>(n), std::to_string(n));
  }
  bool number_float(number_float_t n, const string_t& text) override { return number(n, text); }
  bool string(string_t& text) override {
    return value({.kind = Field::Kind::kText, .text = std::move(text)});
  }
  bool binary(binary_t&) override { return false; }  // no part of JSON

  bool start_object(std::size_t) override {
    if (in_program() && depth_ == 2) {
      clip_ = {};
      clip_line_ = line();
    } else if (depth_ > 0 && !value({.kind = Field::Kind::kOther, .text = "object"})) {
      return false;
    }
    return deeper();
  }
  bool end_object() override {
    --depth_;
    if (in_program() && depth_ == 2) take_clip();
    return !report_.failed() || fail(report_.status());
  }
  bool start_array(std::size_t) override {
    if (depth_ == 0) return fail(data_error(file_, line(), "expected an object, found array"));
    if (depth_ == 1 && root_key_ == "program") {
      program_.kind = Field::Kind::kOther;
      program_.text = "array";
      return deeper();
    }
    return value({.kind = Field::Kind::kOther, .text = "array"}) && deeper();
  }
  bool end_array() override {
    --depth_;
    return true;
  }
  bool key(string_t& name) override {
    if (depth_ == 1) {
      root_key_ = std::move(name);
      root_line_ = line();
    } else if (depth_ == 3) {
      clip_key_ = std::move(name);
    }
    return true;
  }

  bool parse_error(std::size_t position, const std::string&,
                   const nlohmann::detail::exception& error) override {
    const std::size_t offset = std::min(position > 0 ? position - 1 : 0, text_.size());
    const std::string_view what = error.what();
    if (what.find("parse_error") ==
        std::string_view::npos) {  // "[its id] what": a number too large
      return fail(data_error(file_, lines_.line_of(offset),
                             "not JSON: " + std::string(what.substr(what.find("] ") + 2))));
    }
    const bool at_end = text_.find_first_not_of(" \t\r\n", offset) == std::string_view::npos;
    return fail(data_error(file_, lines_.line_of(offset),
                           at_end ? "truncated JSON: it ends too early"
                                  : "not JSON: unexpected " + in_quotes(text_.substr(offset, 20))));
  }

 private:
  struct Clip {
    nanoseconds begin, end;  // since the day start
    std::size_t line;
    Programme programme;
  };

  [[nodiscard]] bool in_program() const {
    return root_key_ == "program" && program_.text == "array";
  }

  bool fail(absl::Status status) {
    failure_ = std::move(status);
    return false;
  }

  bool deeper() {
    constexpr std::size_t kDeepest = 64;
    if (++depth_ <= kDeepest) return true;
    return fail(data_error(file_, line(), "nested deeper than 64"));
  }

  bool number(double n, std::string text) {
    return value({.kind = Field::Kind::kNumber, .text = std::move(text), .number = n});
  }

  // Puts a value where it belongs. Values of other fields, and within them, are dropped.
  bool value(Field field) {
    if (depth_ == 0)
      return fail(data_error(file_, line(), "expected an object, found another value"));
    if (depth_ == 1) {
      field.line = root_line_;
      if (root_key_ == "channel") channel_ = std::move(field);
      if (root_key_ == "date") date_ = std::move(field);
      if (root_key_ == "program") program_ = std::move(field);
    } else if (depth_ == 2 && in_program()) {
      report_.bad_entry(line(), clip_path() + ": " + field.expected("an object"));
      ++clips_seen_;
      return !report_.failed() || fail(report_.status());
    } else if (depth_ == 3 && in_program()) {
      if (clip_key_ == "in") clip_.in = std::move(field);
      if (clip_key_ == "out") clip_.out = std::move(field);
      if (clip_key_ == "duration") clip_.duration = std::move(field);
      if (clip_key_ == "source") clip_.source = std::move(field);
      if (clip_key_ == "title") clip_.title = std::move(field);
    }
    return true;
  }

  [[nodiscard]] std::string clip_path() const {
    return "program[" + std::to_string(clips_seen_) + "]";
  }

  void take_clip() {
    const std::string path = clip_path();
    ++clips_seen_;
    std::string bad;
    const auto time = [&](const Field& field, const char* name) -> std::optional<nanoseconds> {
      const std::string where = path + "." + name + ": ";
      if (field.kind != Field::Kind::kNumber) {
        if (bad.empty()) bad = where + field.expected("seconds");
        return std::nullopt;
      }
      const std::optional<nanoseconds> parsed = clip_time(field.number);
      if (!parsed && bad.empty()) bad = where + field.text + " is not a time in a clip";
      return parsed;
    };
    const std::optional<nanoseconds> in = time(clip_.in, "in");
    const std::optional<nanoseconds> out = time(clip_.out, "out");
    std::optional<nanoseconds> length;
    if (in && out) {
      length = *out - *in;
      if (*length < nanoseconds(0)) {
        bad = path + ".out: " + clip_.out.text + " is before in, " + clip_.in.text;
        length = nanoseconds(0);
      }
    } else if (clip_.duration.kind == Field::Kind::kNumber) {
      length = clip_time(clip_.duration.number);
    }
    if (bad.empty()) bad = bad_text(path);
    const nanoseconds begin = at_;
    at_ = masterclock::saturating_add(UtcTime(at_), length.value_or(nanoseconds(0)))
              .time_since_epoch();
    if (!bad.empty()) {
      report_.bad_entry(clip_line_, bad + (length ? "" : "; its length is unknown"));
      return;
    }
    Programme programme;
    programme.title = folded(clip_.title.text);
    if (programme.title.empty()) programme.title = folded(clip_.source.text);
    programme.source = std::move(clip_.source.text);
    programme.media_in = *in;
    clips_.push_back({begin, at_, clip_line_, std::move(programme)});
  }

  // Returns what is wrong with the texts of the clip, or an empty text.
  [[nodiscard]] std::string bad_text(const std::string& path) const {
    const auto text_or_null = [](const Field& field) {
      return field.kind == Field::Kind::kText || field.kind == Field::Kind::kNull;
    };
    if (!text_or_null(clip_.source)) return path + ".source: " + clip_.source.expected("text");
    if (clip_.source.text.find('\0') != std::string::npos) {
      return path + ".source: a zero character in " + in_quotes(clip_.source.text);
    }
    if (clip_.title.kind != Field::Kind::kAbsent && !text_or_null(clip_.title)) {
      return path + ".title: " + clip_.title.expected("text");
    }
    return {};
  }

  absl::StatusOr<GuideFile> playlist(std::optional<std::chrono::year_month_day> date) {
    const auto root_error = [&](const Field& field, const std::string& what) {
      return data_error(file_, std::max<std::size_t>(field.line, 1), what);
    };
    std::string channel = "Channel 1";
    if (channel_.kind != Field::Kind::kAbsent) {
      if (channel_.kind != Field::Kind::kText) {
        return root_error(channel_, "channel: " + channel_.expected("text"));
      }
      channel = without_blanks(channel_.text);
    }
    if (channel.find('\0') != std::string::npos) {
      return root_error(channel_, "channel: a zero character in " + in_quotes(channel));
    }
    if (!date) {
      if (date_.kind != Field::Kind::kText)
        return root_error(date_, "date: " + date_.expected("text"));
      date = parse_date(date_.text);
      if (!date) {
        return root_error(date_, "date: expected YYYY-MM-DD, found " + in_quotes(date_.text));
      }
    }
    if (program_.text != "array") {
      return root_error(program_, "program: " + program_.expected("an array"));
    }
    const LocalTime local = masterclock::saturating_add(
        LocalTime(std::chrono::sys_days(*date).time_since_epoch()), reading_.day_start);
    const absl::StatusOr<UtcTime> day =
        reading_.zone.to_utc(local, masterclock::Resolve::kCompatible);
    if (!day.ok()) return root_error(date_, "date: " + std::string(day.status().message()));

    std::vector<Programme> programmes;
    programmes.reserve(clips_.size());
    for (Clip& clip : clips_) {
      const auto at = [&](nanoseconds since_day) {
        return masterclock::saturating_add(masterclock::saturating_add(*day, since_day),
                                           reading_.shift);
      };
      clip.programme.start = at(clip.begin);
      clip.programme.stop = at(clip.end);
      if (clip.programme.start == UtcTime::min() || *clip.programme.stop == UtcTime::max()) {
        report_.bad_entry(clip.line, "program: a clip outside 1677 to 2262");
      } else {
        report_.good_entry();
        programmes.push_back(std::move(clip.programme));
      }
    }
    if (absl::Status status = report_.status(); !status.ok()) return status;
    GuideFile file;
    ChannelListing& listing = file.listing.channel(channel);
    listing.declared = true;
    listing.display_name = folded(channel);
    listing.programmes = std::move(programmes);
    file.warnings = report_.warnings();
    return file;
  }

  [[nodiscard]] std::size_t line() {
    return lines_.line_of(static_cast<std::size_t>(furthest_ - text_.data()));
  }

  const std::string_view text_, file_;
  const GuideReading& reading_;
  EntryReport report_;
  LineCounter lines_;
  absl::Status failure_;

  const char* furthest_ = nullptr;
  std::size_t depth_ = 0;
  std::string root_key_, clip_key_;
  std::size_t root_line_ = 1, clip_line_ = 1;
  Field channel_, date_, program_;
  ClipFields clip_;
  std::size_t clips_seen_ = 0;
  nanoseconds at_{};  // since the day start
  std::vector<Clip> clips_;
};

}  // namespace

std::optional<std::chrono::year_month_day> parse_date(std::string_view text) {
  const absl::StatusOr<UtcTime> midnight =
      masterclock::parse_rfc3339(std::string(text) + "T00:00:00Z");
  if (text.size() != sizeof("YYYY-MM-DD") - 1 || !midnight.ok()) return std::nullopt;
  return std::chrono::year_month_day(std::chrono::floor<std::chrono::days>(*midnight));
}

absl::StatusOr<GuideFile> parse_ffplayout(std::string_view text, std::string_view file,
                                          const GuideReading& reading,
                                          std::optional<std::chrono::year_month_day> date) {
  return PlaylistReader(text, file, reading).read(date);
}

}  // namespace on_air
