#include "xmltv.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <utility>

#include "common/data_error.h"
#include "common/printable.h"
#include "xml_reader.h"
#include "xml_text.h"

namespace on_air {
namespace {

using common::in_quotes;
using masterclock::UtcTime;
using masterclock::Zone;

// The most characters of a title or of an id.
constexpr std::size_t kLongestText = std::size_t{1} << 16;

struct OffsetName {
  std::string_view name;
  std::chrono::minutes offset;
};

// Names that guides use. The American ones mean what RFC 2822 section 4.3 says, the others what
// they mean in their country. A name with several equal claims (IST: Ireland, India, Israel) is
// missing here, because a guess would be hours wrong.
constexpr std::array<OffsetName, 52> kOffsetNames = {{
    {"Z", std::chrono::hours(0)},        {"UTC", std::chrono::hours(0)},
    {"UT", std::chrono::hours(0)},       {"UCT", std::chrono::hours(0)},
    {"GMT", std::chrono::hours(0)},      {"WET", std::chrono::hours(0)},
    {"WEST", std::chrono::hours(1)},     {"BST", std::chrono::hours(1)},
    {"CET", std::chrono::hours(1)},      {"MET", std::chrono::hours(1)},
    {"MEZ", std::chrono::hours(1)},      {"WAT", std::chrono::hours(1)},
    {"CEST", std::chrono::hours(2)},     {"MEST", std::chrono::hours(2)},
    {"MESZ", std::chrono::hours(2)},     {"SAST", std::chrono::hours(2)},
    {"CAT", std::chrono::hours(2)},      {"EET", std::chrono::hours(2)},
    {"EEST", std::chrono::hours(3)},     {"EAT", std::chrono::hours(3)},
    {"IDT", std::chrono::hours(3)},      {"MSK", std::chrono::hours(3)},
    {"PKT", std::chrono::hours(5)},      {"WIB", std::chrono::hours(7)},
    {"WITA", std::chrono::hours(8)},     {"HKT", std::chrono::hours(8)},
    {"SGT", std::chrono::hours(8)},      {"AWST", std::chrono::hours(8)},
    {"WIT", std::chrono::hours(9)},      {"JST", std::chrono::hours(9)},
    {"KST", std::chrono::hours(9)},      {"ACST", std::chrono::minutes(570)},
    {"ACDT", std::chrono::minutes(630)}, {"AEST", std::chrono::hours(10)},
    {"AEDT", std::chrono::hours(11)},    {"NZST", std::chrono::hours(12)},
    {"NZDT", std::chrono::hours(13)},    {"NST", std::chrono::minutes(-210)},
    {"NDT", std::chrono::minutes(-150)}, {"AST", std::chrono::hours(-4)},
    {"ADT", std::chrono::hours(-3)},     {"EST", std::chrono::hours(-5)},
    {"EDT", std::chrono::hours(-4)},     {"CST", std::chrono::hours(-6)},
    {"CDT", std::chrono::hours(-5)},     {"MST", std::chrono::hours(-7)},
    {"MDT", std::chrono::hours(-6)},     {"PST", std::chrono::hours(-8)},
    {"PDT", std::chrono::hours(-7)},     {"AKST", std::chrono::hours(-9)},
    {"AKDT", std::chrono::hours(-8)},    {"HST", std::chrono::hours(-10)},
}};
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); }
char upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; }

bool same_name(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return upper(x) == upper(y); });
}

// Returns the number that `digits` writes.
int number(std::string_view digits) {
  int value = 0;
  for (const char digit : digits) value = value * 10 + (digit - '0');
  return value;
}

// A..Y without J: the hours of the military letters.
std::optional<std::chrono::seconds> military_offset(char letter) {
  constexpr std::string_view kEast = "ABCDEFGHIKLM", kWest = "NOPQRSTUVWXY";
  const char c = upper(letter);
  if (const std::size_t east = kEast.find(c); east != std::string_view::npos) {
    return std::chrono::hours(east + 1);
  }
  if (const std::size_t west = kWest.find(c); west != std::string_view::npos) {
    return -std::chrono::hours(west + 1);
  }
  return std::nullopt;
}

std::optional<std::chrono::seconds> named_offset(std::string_view name) {
  const auto same = [&](const OffsetName& o) { return same_name(o.name, name); };
  if (const auto found = std::find_if(kOffsetNames.begin(), kOffsetNames.end(), same);
      found != kOffsetNames.end()) {
    return found->offset;
  }
  return name.size() == 1 ? military_offset(name.front()) : std::nullopt;
}

// +01, +0100, +01:00, +010000 or +01:00:00. A digit alone is hours after UTC or GMT (`after_base`).
// Elsewhere it may be hours or tens of hours, and so must be zero.
std::optional<std::chrono::seconds> numeric_offset(std::string_view text, bool after_base) {
  const bool minus = text.front() == '-';
  text.remove_prefix(1);
  std::array<int, 3> fields{};
  std::size_t count = 0;
  const bool colons = text.size() > 2 && text[2] == ':';
  for (std::size_t at = 0; at < text.size(); ++count) {
    if (count == fields.size()) return std::nullopt;
    if (count > 0 && colons && text[at++] != ':') return std::nullopt;
    const std::string_view digits = text.substr(at, 2);
    if (digits.empty() || !std::all_of(digits.begin(), digits.end(), is_digit)) return std::nullopt;
    fields[count] = number(digits);
    at += digits.size();
    const bool clear = fields == std::array<int, 3>{} || (after_base && count == 0);
    if (digits.size() == 1 && (!clear || colons)) return std::nullopt;
  }
  const auto [hour, minute, second] = fields;
  if (count == 0 || hour > 23 || minute > 59 || second > 59) return std::nullopt;
  const auto size =
      std::chrono::hours(hour) + std::chrono::minutes(minute) + std::chrono::seconds(second);
  return minus ? -size : size;
}

// The offset that `zone` has at that local time under that name, in either pass of a repeated hour.
std::optional<std::chrono::seconds> zone_offset(std::string_view name, Zone zone,
                                                masterclock::LocalTime local) {
  const masterclock::LocalResolution found = zone.resolve(local);
  for (const UtcTime candidate : {found.earlier, found.later}) {
    const masterclock::ZoneOffset offset = zone.offset_at(candidate);
    if (same_name(offset.abbreviation, name)) return offset.offset;
  }
  return std::nullopt;
}

absl::Status time_error(std::string_view text, const std::string& what) {
  return absl::InvalidArgumentError("Invalid XMLTV time " + in_quotes(text) + ": " + what);
}

// Keeps what a guide needs of the element that it is in.
class XmltvReader final : public XmlHandler {
 public:
  XmltvReader(std::string_view document, std::string_view file, const GuideReading& reading)
      : reading_(reading),
        file_(file),
        lines_(document),
        report_(std::string(file), reading.strict, reading.interrupted) {}

  void note(const XmlFault& fault) { report_.note(fault.line, fault.what); }

  // Returns what the reading found. Call it last.
  absl::StatusOr<GuideFile> result() {
    if (absl::Status status = report_.status(); !status.ok()) return status;
    return GuideFile{std::move(listing_), report_.warnings()};
  }

 private:
  enum class Kind { kOther, kChannel, kProgramme };

  absl::Status start(const XmlTag& tag) override {
    if (tag.depth == 1 && tag.name != "tv") {
      return common::data_error(file_, lines_.line_of(tag.offset),
                                "not XMLTV: the element is <" +
                                    common::printable(tag.name.substr(0, 80)) + ">, not <tv>");
    }
    if (tag.depth == 2) {
      kind_ = tag.name == "channel"     ? Kind::kChannel
              : tag.name == "programme" ? Kind::kProgramme
                                        : Kind::kOther;
      title_.clear();
      bad_.clear();
      offset_ = tag.offset;
      if (kind_ == Kind::kChannel) start_channel(tag);
      if (kind_ == Kind::kProgramme) start_programme(tag);
    } else if (tag.depth == 3 && title_.empty()) {
      collecting_ = (kind_ == Kind::kChannel && tag.name == "display-name") ||
                    (kind_ == Kind::kProgramme && tag.name == "title");
    }
    return refusal();
  }

  [[nodiscard]] bool wants_text() const override { return collecting_; }

  absl::Status text(std::string_view text, std::size_t depth) override {
    if (collecting_ && depth == 3) {
      collected_ += text.substr(0, kLongestText + 1 - collected_.size());
    }
    return absl::OkStatus();
  }

  absl::Status end(std::size_t depth) override {
    if (depth == 3 && collecting_) {
      collecting_ = false;
      title_ = folded(collected_);
      if (collected_.size() > kLongestText) bad_ = "has a name of more than 64 KiB";
      collected_.clear();
    }
    if (depth == 2 && kind_ != Kind::kOther) end_entry();
    return refusal();
  }

  absl::Status fault(const XmlFault& fault) override {
    note(fault);
    return refusal();
  }

  // An error once nothing that follows can make the file a guide.
  [[nodiscard]] absl::Status refusal() {
    return report_.failed() ? report_.status() : absl::OkStatus();
  }

  // Returns the line of the element of depth 2.
  [[nodiscard]] std::size_t line() { return lines_.line_of(offset_); }

  void end_entry() {
    if (!bad_.empty() && kind_ == Kind::kChannel) {
      report_.note(line(), "<channel> " + bad_ + "; left out");
    } else if (!bad_.empty()) {
      report_.bad_entry(line(), "<programme> " + bad_);
    } else if (kind_ == Kind::kChannel) {
      ChannelListing& listing = listing_.channel(id_);
      listing.declared = true;
      if (listing.display_name.empty()) listing.display_name = title_;
    } else {
      report_.good_entry();
      programme_.title = std::move(title_);
      listing_.channel(id_).programmes.push_back(std::move(programme_));
    }
    title_.clear();
    kind_ = Kind::kOther;
  }

  void start_channel(const XmlTag& tag) {
    const std::optional<std::string_view> id = tag.attribute("id");
    if (!id) {
      bad_ = "has no id";
    } else {
      take_id(*id);
    }
  }

  void take_id(std::string_view id) {
    id_ = without_blanks(id.substr(0, kLongestText + 1));
    if (id_.size() > kLongestText) bad_ = "has an id of more than 64 KiB";
  }

  void start_programme(const XmlTag& tag) {
    programme_ = {};
    const std::optional<std::string_view> start = tag.attribute("start");
    const std::optional<std::string_view> stop = tag.attribute("stop");
    const std::optional<std::string_view> channel = tag.attribute("channel");
    if (!start) {
      bad_ = "has no start";
    } else if (!channel) {
      bad_ = "has no channel";
    } else if (take_id(*channel); !bad_.empty()) {
      return;
    } else if (take_time("start", *start, programme_.start) && stop) {
      UtcTime stop_time;
      if (!take_time("stop", *stop, stop_time)) return;
      if (stop_time < programme_.start) {
        bad_ = "stop " + in_quotes(*stop) + " is before its start " + in_quotes(*start);
      }
      programme_.stop = stop_time;
    }
    if (const auto clump = tag.attribute("clumpidx")) take_clump(*clump);
  }

  bool take_time(const char* name, std::string_view text, UtcTime& time) {
    // Most programmes begin at the end of the programme before.
    if (text == last_time_text_ && !text.empty()) {
      time = last_time_;
      return true;
    }
    const absl::StatusOr<UtcTime> parsed = parse_xmltv_time(text, reading_.assume_zone);
    if (!parsed.ok()) {
      bad_ = std::string(name) + ": " + std::string(parsed.status().message());
      return false;
    }
    time = masterclock::saturating_add(*parsed, reading_.shift);
    if (reading_.shift.count() != 0 && time - reading_.shift != *parsed) {
      bad_ = std::string(name) + ": " + in_quotes(text) + " is shifted outside 1677 to 2262";
      return false;
    }
    last_time_text_ = text;
    last_time_ = time;
    return true;
  }

  // "1/3". A programme with another clump index is one without.
  void take_clump(std::string_view text) {
    const std::string_view all = without_blanks(text);
    const std::size_t slash = all.find('/');
    const auto read = [](std::string_view digits, std::int32_t& value) {
      digits = without_blanks(digits);
      const auto [end, error] =
          std::from_chars(digits.data(), digits.data() + digits.size(), value);
      return error == std::errc() && end == digits.data() + digits.size() && !digits.empty();
    };
    Clump clump;
    const bool good = slash != std::string_view::npos && read(all.substr(0, slash), clump.index) &&
                      read(all.substr(slash + 1), clump.count) && clump.index >= 0 &&
                      clump.index < clump.count;
    if (good) {
      programme_.clump = clump;
    } else {
      report_.note(line(),
                   "<programme> clumpidx " + in_quotes(text) + ": expected a place such as 0/2");
    }
  }

  const GuideReading& reading_;
  const std::string_view file_;
  LineCounter lines_;
  EntryReport report_;
  GuideListing listing_;

  Kind kind_ = Kind::kOther;  // of the element of depth 2
  bool collecting_ = false;   // the text of the element of depth 3
  std::size_t offset_ = 0;    // of the element of depth 2
  std::string id_, title_, collected_, bad_;
  Programme programme_;
  std::string last_time_text_;  // not empty: the text of last_time_
  UtcTime last_time_;
};

}  // namespace

absl::StatusOr<UtcTime> parse_xmltv_time(std::string_view text, std::optional<Zone> assumed) {
  using namespace std::chrono;
  constexpr const char* kExpected = "expected YYYYMMDDhhmmss or its leading fields";
  std::string_view rest = without_blanks(text);
  const auto count_digits = [&] {
    return static_cast<std::size_t>(std::find_if_not(rest.begin(), rest.end(), is_digit) -
                                    rest.begin());
  };
  const std::size_t digits = count_digits();
  if (digits < 4 || digits > 14 || digits % 2 != 0) return time_error(text, kExpected);
  // Two digits a field, the year being the first two fields.
  std::array<int, 7> fields = {0, 0, 1, 1, 0, 0, 0};
  for (std::size_t i = 0; 2 * i < digits; ++i) fields[i] = number(rest.substr(2 * i, 2));
  const auto [century, of_century, month_number, day_number, hour, minute, second] = fields;
  rest.remove_prefix(digits);

  nanoseconds fraction{};
  if (digits == 14 && rest.size() > 1 && (rest[0] == '.' || rest[0] == ',') && is_digit(rest[1])) {
    rest.remove_prefix(1);
    const std::string_view all = rest.substr(0, count_digits());
    rest.remove_prefix(all.size());
    std::string nine(all.substr(0, 9));
    nine.resize(9, '0');
    fraction = nanoseconds(number(nine));
  }
  const bool blank = without_blanks(rest).size() < rest.size();
  rest = without_blanks(rest);
  std::string_view offset_text = rest;
  for (const std::string_view base : {"UTC", "GMT"}) {
    if (rest.size() > base.size() && same_name(rest.substr(0, base.size()), base) &&
        !is_letter(rest[base.size()])) {
      offset_text = without_blanks(rest.substr(base.size()));
    }
  }
  const bool sign = !offset_text.empty() && (offset_text[0] == '+' || offset_text[0] == '-');
  const bool letters = std::all_of(offset_text.begin(), offset_text.end(), is_letter);
  // The rest of another format, such as 2026-01-15 20:00:00 or 20260115T200000, is no offset.
  const bool looks_like_offset = digits == 14 || letters ||
                                 (sign && (blank || digits >= 8) &&
                                  std::all_of(offset_text.begin() + 1, offset_text.end(),
                                              [](char c) { return is_digit(c) || c == ':'; }));
  if (!looks_like_offset) return time_error(text, kExpected);

  const year_month_day date = year(century * 100 + of_century) /
                              month(static_cast<unsigned>(month_number)) /
                              day(static_cast<unsigned>(day_number));
  if (month_number < 1 || month_number > 12) return time_error(text, "no such month");
  if (!date.ok()) return time_error(text, "no such day in this month");
  const bool day_end = hour == 24 && minute == 0 && second == 0 && fraction == nanoseconds(0);
  if (hour > 23 && !day_end) return time_error(text, "no such hour");
  if (minute > 59) return time_error(text, "no such minute");
  if (second > 59) return time_error(text, "no such second");
  const sys_seconds wall = sys_days(date) + hours(hour) + minutes(minute) + seconds(second);
  const auto in_range = [](sys_seconds time) {
    return time >= ceil<seconds>(UtcTime::min()) && time <= floor<seconds>(UtcTime::max());
  };
  const auto out_of_range = [&] {
    return absl::OutOfRangeError("Invalid XMLTV time " + in_quotes(text) +
                                 ": outside 1677-09-21 to 2262-04-11");
  };

  if (rest.empty() && assumed) {
    if (!in_range(wall)) return out_of_range();
    const masterclock::LocalTime local(
        masterclock::saturating_add(UtcTime(wall), fraction).time_since_epoch());
    return assumed->to_utc(local, masterclock::Resolve::kCompatible);
  }
  std::optional<seconds> offset;
  if (rest.empty()) {
    offset = seconds(0);
  } else if (sign) {
    offset = numeric_offset(offset_text, offset_text.size() < rest.size());
  } else if (letters && assumed && in_range(wall)) {
    offset = zone_offset(rest, *assumed, masterclock::LocalTime(wall.time_since_epoch()));
  }
  if (!offset && letters) offset = named_offset(rest);
  if (!offset && rest.size() <= 4 && rest.find_first_not_of('0') == std::string_view::npos) {
    offset = seconds(0);
  }
  if (!offset) return time_error(text, "no such offset: " + in_quotes(rest));
  const sys_seconds utc = wall - *offset;
  if (!in_range(utc)) return out_of_range();
  return masterclock::saturating_add(UtcTime(utc), fraction);
}

absl::StatusOr<GuideFile> parse_xmltv(std::string bytes, std::string_view file,
                                      const GuideReading& reading) {
  const absl::StatusOr<XmlText> text = xml_as_utf8(std::move(bytes), file);
  if (!text.ok()) return text.status();
  std::optional<XmlFault> replaced;
  if (text->replaced > 0) {
    const std::string more =
        text->replaced == 1 ? "" : " (" + std::to_string(text->replaced) + " in this file)";
    replaced = {common::line_at(text->utf8, text->first_replaced),
                "a character that is not valid in " + text->encoding + ", or not in XML" + more};
  }
  std::optional<XmltvReader> reader;
  const absl::Status status =
      read_xml(text->utf8, file, [&](std::string_view document) -> XmlHandler& {
        reader.emplace(document, file, reading);
        if (replaced) reader->note(*replaced);
        return *reader;
      });
  if (!status.ok()) return status;
  return reader->result();
}

}  // namespace on_air
