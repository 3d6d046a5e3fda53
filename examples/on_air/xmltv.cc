#include "xmltv.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <map>
#include <optional>
#include <pugixml.hpp>
#include <utility>
#include <vector>

#include "common/data_error.h"
#include "common/printable.h"
#include "xml_text.h"

namespace on_air {
namespace {

using common::data_error;
using common::in_quotes;
using common::line_at;
using common::printable;

using masterclock::UtcTime;

struct OffsetName {
  std::string_view name;
  std::chrono::minutes offset;
};

// Names that guides use. The American ones mean what RFC 2822 section 4.3 says, the others what
// they mean in their country. Names of several equal claims (IST: Ireland, India, Israel) are not
// here, so that they are refused and not guessed.
constexpr std::array<OffsetName, 37> kOffsetNames = {{
    {"Z", std::chrono::hours(0)},        {"UTC", std::chrono::hours(0)},
    {"UT", std::chrono::hours(0)},       {"GMT", std::chrono::hours(0)},
    {"WET", std::chrono::hours(0)},      {"WEST", std::chrono::hours(1)},
    {"BST", std::chrono::hours(1)},      {"CET", std::chrono::hours(1)},
    {"MET", std::chrono::hours(1)},      {"CEST", std::chrono::hours(2)},
    {"MEST", std::chrono::hours(2)},     {"SAST", std::chrono::hours(2)},
    {"EET", std::chrono::hours(2)},      {"EEST", std::chrono::hours(3)},
    {"MSK", std::chrono::hours(3)},      {"HKT", std::chrono::hours(8)},
    {"SGT", std::chrono::hours(8)},      {"AWST", std::chrono::hours(8)},
    {"JST", std::chrono::hours(9)},      {"KST", std::chrono::hours(9)},
    {"ACST", std::chrono::minutes(570)}, {"ACDT", std::chrono::minutes(630)},
    {"AEST", std::chrono::hours(10)},    {"AEDT", std::chrono::hours(11)},
    {"NZST", std::chrono::hours(12)},    {"NZDT", std::chrono::hours(13)},
    {"EST", std::chrono::hours(-5)},     {"EDT", std::chrono::hours(-4)},
    {"CST", std::chrono::hours(-6)},     {"CDT", std::chrono::hours(-5)},
    {"MST", std::chrono::hours(-7)},     {"MDT", std::chrono::hours(-6)},
    {"PST", std::chrono::hours(-8)},     {"PDT", std::chrono::hours(-7)},
    {"AKST", std::chrono::hours(-9)},    {"AKDT", std::chrono::hours(-8)},
    {"HST", std::chrono::hours(-10)},
}};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// The number that `text` writes, all digits.
int number(std::string_view text) {
  int value = 0;
  for (const char c : text) value = value * 10 + (c - '0');
  return value;
}

std::optional<std::chrono::minutes> named_offset(std::string_view name) {
  const auto found = std::find_if(kOffsetNames.begin(), kOffsetNames.end(),
                                  [&](const OffsetName& o) { return o.name == name; });
  if (found == kOffsetNames.end()) return std::nullopt;
  return found->offset;
}

// +0100 or +01:00.
std::optional<std::chrono::minutes> numeric_offset(std::string_view text) {
  const bool colon = text.size() == 6 && text[3] == ':';
  if (text.size() != 5 && !colon) return std::nullopt;
  const std::string_view hour = text.substr(1, 2);
  const std::string_view minute = text.substr(colon ? 4 : 3);
  if (!std::all_of(hour.begin(), hour.end(), is_digit) ||
      !std::all_of(minute.begin(), minute.end(), is_digit) || number(hour) > 23 ||
      number(minute) > 59) {
    return std::nullopt;
  }
  const auto size = std::chrono::hours(number(hour)) + std::chrono::minutes(number(minute));
  return text.front() == '-' ? -size : size;
}

absl::Status time_error(std::string_view text, const std::string& what) {
  return absl::InvalidArgumentError("Invalid XMLTV time " + in_quotes(text) + ": " + what);
}

// What an element says, comments left out.
std::string text_of(pugi::xml_node element) {
  std::string text;
  for (const pugi::xml_node part : element) {
    if (part.type() == pugi::node_pcdata || part.type() == pugi::node_cdata) text += part.value();
  }
  return text;
}

struct Listing {
  std::string id, display_name;
  std::vector<Programme> programmes;
  bool declared = false;  // by a <channel>
};

// Reads one document. The parser changes its buffer as it goes, so places are looked up in `text_`.
class XmltvReader {
 public:
  XmltvReader(std::string text, std::string_view file) : text_(std::move(text)), file_(file) {}

  absl::StatusOr<Guide> read() {
    if (absl::Status status = parse(); !status.ok()) return status;
    for (const pugi::xml_node node : document_.document_element()) {
      absl::Status status;
      if (node.name() == std::string_view("channel")) status = channel(node);
      if (node.name() == std::string_view("programme")) status = programme(node);
      if (!status.ok()) return status;
    }
    std::vector<ChannelSchedule> channels;
    channels.reserve(listings_.size());
    for (const bool declared : {true, false}) {
      for (Listing& listing : listings_) {
        if (listing.declared != declared) continue;
        if (listing.display_name.empty()) listing.display_name = listing.id;
        channels.emplace_back(listing.id, std::move(listing.display_name),
                              std::move(listing.programmes));
      }
    }
    return Guide(std::move(channels));
  }

 private:
  absl::Status parse() {
    const pugi::xml_parse_result result =
        document_.load_buffer(text_.data(), text_.size(), pugi::parse_default, pugi::encoding_utf8);
    if (result.status == pugi::status_no_document_element) {
      return data_error(file_, 1, "not XML: there is no element in it");
    }
    if (!result) {
      const auto offset = static_cast<std::size_t>(std::max(result.offset, std::ptrdiff_t{0}));
      const bool ends_in_a_tag = text_.find('>', offset) == std::string::npos;
      if (ends_in_a_tag || offset >= text_.size()) {
        return data_error(file_, line_at(text_, text_.size()), "truncated XML: " + missing_end());
      }
      return data_error(file_, line_at(text_, offset),
                        std::string("not well-formed XML: ") + result.description());
    }
    const pugi::xml_node root = document_.document_element();
    if (root.name() != std::string_view("tv")) {
      return error(root, "not XMLTV: the element is <" + printable(root.name()) + ">, not <tv>");
    }
    for (pugi::xml_node after = root.next_sibling(); after; after = after.next_sibling()) {
      if (after.type() == pugi::node_element) return error(after, "a second element after </tv>");
    }
    return absl::OkStatus();
  }

  absl::Status channel(pugi::xml_node node) {
    const pugi::xml_attribute id = node.attribute("id");
    if (!id) return error(node, "<channel> has no id");
    Listing& listing = listing_of(id.value());
    listing.declared = true;
    if (listing.display_name.empty()) listing.display_name = text_of(node.child("display-name"));
    return absl::OkStatus();
  }

  absl::Status programme(pugi::xml_node node) {
    const pugi::xml_attribute start = node.attribute("start");
    const pugi::xml_attribute stop = node.attribute("stop");
    const pugi::xml_attribute channel = node.attribute("channel");
    if (!start) return error(node, "<programme> has no start");
    if (!channel) return error(node, "<programme> has no channel");
    Programme programme;
    const absl::StatusOr<UtcTime> start_time = parse_xmltv_time(start.value());
    if (!start_time.ok()) return bad_time(node, "start", start_time.status());
    programme.start = *start_time;
    if (stop) {
      const absl::StatusOr<UtcTime> stop_time = parse_xmltv_time(stop.value());
      if (!stop_time.ok()) return bad_time(node, "stop", stop_time.status());
      if (*stop_time < *start_time) {
        return error(node, "<programme> stop " + in_quotes(stop.value()) + " is before its start " +
                               in_quotes(start.value()));
      }
      programme.stop = *stop_time;
    }
    programme.title = text_of(node.child("title"));
    listing_of(channel.value()).programmes.push_back(std::move(programme));
    return absl::OkStatus();
  }

  Listing& listing_of(std::string_view id) {
    auto found = index_.find(id);
    if (found == index_.end()) {
      found = index_.emplace(std::string(id), listings_.size()).first;
      listings_.push_back({std::string(id), {}, {}, false});
    }
    return listings_[found->second];
  }

  absl::Status error(pugi::xml_node node, const std::string& what) const {
    const std::ptrdiff_t offset = std::max(node.offset_debug(), std::ptrdiff_t{0});
    return data_error(file_, line_at(text_, static_cast<std::size_t>(offset)), what);
  }

  absl::Status bad_time(pugi::xml_node node, const char* attribute,
                        const absl::Status& status) const {
    return error(node,
                 std::string("<programme> ") + attribute + ": " + std::string(status.message()));
  }

  std::string missing_end() const {
    const pugi::xml_node root = document_.document_element();
    return root ? "it ends before </" + printable(root.name()) + ">" : "there is no element in it";
  }

  std::string text_;
  std::string_view file_;
  pugi::xml_document document_;
  std::vector<Listing> listings_;
  std::map<std::string, std::size_t, std::less<>> index_;
};

}  // namespace

absl::StatusOr<UtcTime> parse_xmltv_time(std::string_view text) {
  using namespace std::chrono;
  const auto digits =
      static_cast<std::size_t>(std::find_if_not(text.begin(), text.end(), is_digit) - text.begin());
  if (digits < 4 || digits > 14 || digits % 2 != 0) {
    return time_error(text, "expected YYYYMMDDhhmmss or its leading fields");
  }
  // Two digits a field, the year being the first two; those that are not there keep their least
  // value.
  std::array<int, 7> fields = {0, 0, 1, 1, 0, 0, 0};
  for (std::size_t i = 0; 2 * i < digits; ++i) fields[i] = number(text.substr(2 * i, 2));
  const auto [century, of_century, month_number, day_number, hour, minute, second] = fields;
  const year_month_day date = year(century * 100 + of_century) /
                              month(static_cast<unsigned>(month_number)) /
                              day(static_cast<unsigned>(day_number));
  if (month_number < 1 || month_number > 12) return time_error(text, "no such month");
  if (!date.ok()) return time_error(text, "no such day in this month");
  if (hour > 23) return time_error(text, "no such hour");
  if (minute > 59) return time_error(text, "no such minute");
  if (second > 59) return time_error(text, "no such second");

  std::string_view rest = text.substr(digits);
  rest.remove_prefix(std::min(rest.find_first_not_of(" \t"), rest.size()));
  minutes offset{};
  if (!rest.empty()) {
    const bool numeric = rest.front() == '+' || rest.front() == '-';
    const std::optional<minutes> found = numeric ? numeric_offset(rest) : named_offset(rest);
    if (!found) return time_error(text, "no such offset: " + in_quotes(rest));
    offset = *found;
  }
  const sys_seconds utc = sys_days(date) + hours(hour) + minutes(minute) + seconds(second) - offset;
  if (utc < ceil<seconds>(UtcTime::min()) || utc > floor<seconds>(UtcTime::max())) {
    return absl::OutOfRangeError("Invalid XMLTV time " + in_quotes(text) +
                                 ": outside 1677-09-21 to 2262-04-11");
  }
  return utc;
}

absl::StatusOr<Guide> parse_xmltv(std::string_view bytes, std::string_view file) {
  absl::StatusOr<std::string> text = xml_as_utf8(bytes, file);
  if (!text.ok()) return text.status();
  return XmltvReader(*std::move(text), file).read();
}

}  // namespace on_air
