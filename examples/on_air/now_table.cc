#include "now_table.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <initializer_list>
#include <optional>
#include <string_view>
#include <vector>

#include "common/text_cells.h"
#include "common/time_text.h"
#include "masterclock/time/leap_seconds.h"
#include "masterclock/zones/zoned_time.h"

namespace on_air {
namespace {

using common::bar;
using common::cells;
using common::date_text;
using common::fit;
using common::fit_right;
using common::Terminal;

using masterclock::LocalTime;
using masterclock::UtcTime;
using masterclock::Zone;
using namespace std::chrono;

constexpr std::size_t kNarrowest = 40;

// 7:05:09
std::string span_text(nanoseconds length) {
  const auto two = [](std::int64_t n) { return (n < 10 ? "0" : "") + std::to_string(n); };
  const std::int64_t total = floor<seconds>(length).count();
  return std::to_string(total / 3600) + ":" + two(total / 60 % 60) + ":" + two(total % 60);
}

// Writes the times of one table, all with seconds or all without.
class WallText {
 public:
  WallText(std::span<const PlayoutPlan> plans, UtcTime at, Zone zone)
      : zone_(zone), at_(at), offset_(zone.utc_offset(at)) {
    for (const PlayoutPlan& plan : plans) {
      if (plan.now) note(plan.now->start);
      if (plan.now && plan.now->stop) note(*plan.now->stop);
      if (plan.next) note(plan.next->start);
    }
  }

  [[nodiscard]] std::string operator()(UtcTime t) const {
    const std::string date_time =
        masterclock::to_rfc3339(masterclock::BasicZonedTime<seconds>(floor<seconds>(t), zone_));
    if (far(t)) return date_time.substr(0, sizeof("YYYY-MM-DD") - 1);
    std::string text = date_time.substr(sizeof("YYYY-MM-DDT") - 1, seconds_ ? 8 : 5);
    if (zone_.utc_offset(t) != offset_) text += " " + std::string(zone_.offset_at(t).abbreviation);
    return text;
  }

 private:
  [[nodiscard]] bool far(UtcTime t) const {
    return abs(masterclock::saturating_difference(t, at_)) >= hours(24);
  }
  void note(UtcTime t) {
    seconds_ = seconds_ || (!far(t) && zone_.to_local(t) != floor<minutes>(zone_.to_local(t)));
  }

  Zone zone_;
  UtcTime at_;
  seconds offset_;
  bool seconds_ = false;
};

enum Column { kChannel, kTitle, kStart, kBar, kEnd, kIn, kNext, kLeft, kTimecode, kColumns };
constexpr std::array<std::string_view, kColumns> kHeads = {
    "CHANNEL", "ON THE AIR", "START", "", "END", "IN", "NEXT", "LEFT", "TIMECODE"};
// From the left.
constexpr std::array<Column, kColumns> kOrder = {kChannel, kTitle, kStart,    kBar, kEnd,
                                                 kIn,      kLeft,  kTimecode, kNext};

struct Row {
  std::array<std::string, kColumns> text;
  std::optional<double> part;  // of the programme; absent without an end
  bool on_air = false;
};

Row row_of(const PlayoutPlan& plan, const WallText& wall) {
  Row row;
  row.text[kChannel] = plan.display_name;
  row.text[kTitle] = "off air";
  if (plan.now) {
    const NowPlaying& now = *plan.now;
    row.on_air = true;
    row.text[kTitle] = now.title;
    row.text[kStart] = wall(now.start);
    row.text[kEnd] = now.stop ? wall(*now.stop) : "open";
    row.text[kIn] = span_text(now.join.offset);
    if (now.timecode) row.text[kTimecode] = now.timecode->to_string();
    if (now.remaining) {
      row.text[kLeft] = span_text(*now.remaining);
      row.part = duration<double>(now.join.offset) /
                 duration<double>(masterclock::si_elapsed(now.start, *now.stop));
    }
  }
  if (plan.next) {
    const bool follows = plan.now && plan.now->stop == plan.next->start;
    if (!follows) row.text[kNext] = wall(plan.next->start) + " ";
    row.text[kNext] += plan.next->title;
  } else {
    row.text[kNext] = "nothing listed";
  }
  return row;
}

// The cells of each column; 0: the table has no such column.
using Widths = std::array<std::size_t, kColumns>;

std::size_t gap_before(Column column) {
  return column == kChannel ? 0 : column == kBar || column == kEnd ? 1 : 2;
}

Widths widths_of(const std::vector<Row>& rows, std::size_t terminal) {
  Widths natural{};
  for (std::size_t c = 0; c < kColumns; ++c) {
    for (const Row& row : rows) natural[c] = std::max(natural[c], cells(row.text[c]));
    if (natural[c] > 0) natural[c] = std::max(natural[c], kHeads[c].size());
  }
  const bool timed = natural[kStart] > 0;  // something is on the air
  natural[kBar] = timed ? 24 : 0;

  Widths widths{};
  widths[kChannel] = std::min(natural[kChannel], terminal < 72 ? std::size_t{10} : 18);
  widths[kTitle] = std::min(natural[kTitle], std::size_t{12});
  std::size_t used = widths[kChannel] + gap_before(kTitle) + widths[kTitle];
  // The least width of a column. The columns of one `add` stand together or not at all.
  const auto least = [&](Column c) {
    return c == kBar    ? std::min(natural[c], std::size_t{6})
           : c == kNext ? std::min(natural[c], std::size_t{12})
                        : natural[c];
  };
  const auto add = [&](std::initializer_list<Column> columns) {
    std::size_t more = 0;
    for (const Column c : columns) more += natural[c] > 0 ? gap_before(c) + least(c) : 0;
    if (used + more > terminal) return;
    used += more;
    for (const Column c : columns) widths[c] = least(c);
  };
  add({kStart, kBar, kEnd});
  if (widths[kBar] == 0) add({kBar});
  add({kIn});
  add({kNext});
  // Titles grow first, cell by cell. Optional columns follow, and the bar takes the rest.
  for (bool grew = true; grew && used < terminal;) {
    grew = false;
    for (const Column c : {kTitle, kNext}) {
      if (widths[c] == 0 || widths[c] >= natural[c] || used == terminal) continue;
      ++widths[c], ++used, grew = true;
    }
  }
  add({kLeft});
  add({kTimecode});
  while (widths[kBar] > 0 && widths[kBar] < natural[kBar] && used < terminal) {
    ++widths[kBar], ++used;
  }
  return widths;
}

// Appends the line without the blanks at its end.
void put_line(std::string& out, std::string line) {
  line.erase(line.find_last_not_of(' ') + 1);
  out += line + "\n";
}

std::string head_line(const Widths& widths) {
  std::string line;
  for (const Column c : kOrder) {
    if (widths[c] == 0) continue;
    line.append(gap_before(c), ' ');
    line += c == kIn || c == kLeft ? fit_right(kHeads[c], widths[c]) : fit(kHeads[c], widths[c]);
  }
  return line;
}

std::string row_line(const Row& row, const Widths& widths, const Terminal& terminal) {
  std::string line;
  const auto put = [&](std::string_view colour, const std::string& text) {
    line.append(colour).append(text).append(colour.empty() ? "" : terminal.plain());
  };
  for (const Column c : kOrder) {
    if (widths[c] == 0) continue;
    line.append(gap_before(c), ' ');
    if (c == kBar) {
      put(terminal.green(), row.part ? bar(*row.part, widths[c]) : std::string(widths[c], ' '));
    } else if (c == kIn || c == kLeft) {
      line += fit_right(row.text[c], widths[c]);
    } else {
      put(c == kChannel                ? terminal.bold()
          : c == kTitle && !row.on_air ? terminal.dim()
                                       : std::string_view(),
          fit(row.text[c], widths[c]));
    }
  }
  return line;
}

// Sunday 29 March 2026, 02:30:00 IST (Europe/Dublin)
std::string moment_text(UtcTime at, Zone zone) {
  constexpr std::array<const char*, 7> kDays = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                                "Thursday", "Friday", "Saturday"};
  constexpr std::array<const char*, 12> kMonths = {"January",   "February", "March",    "April",
                                                   "May",       "June",     "July",     "August",
                                                   "September", "October",  "November", "December"};
  const masterclock::BasicZonedTime<seconds> wall(floor<seconds>(at), zone);
  const auto today = floor<days>(wall.local());
  const year_month_day date(today);
  return std::string(kDays[weekday(today).c_encoding()]) + " " +
         std::to_string(static_cast<unsigned>(date.day())) + " " +
         kMonths[static_cast<unsigned>(date.month()) - 1] + " " +
         std::to_string(static_cast<int>(date.year())) + ", " +
         masterclock::to_rfc3339(wall).substr(sizeof("YYYY-MM-DDT") - 1, sizeof("hh:mm:ss") - 1) +
         " " + std::string(wall.abbreviation()) +
         (zone.name() == wall.abbreviation() ? "" : " (" + std::string(zone.name()) + ")");
}

}  // namespace

std::string now_table(std::span<const PlayoutPlan> plans, UtcTime at, masterclock::BroadcastDay day,
                      Zone zone, const Terminal& terminal) {
  const std::size_t width = std::max(terminal.width, kNarrowest);
  const WallText wall(plans, at, zone);
  std::vector<Row> rows;
  rows.reserve(plans.size());
  for (const PlayoutPlan& plan : plans) rows.push_back(row_of(plan, wall));
  const Widths widths = widths_of(rows, width);

  std::string out;
  const std::string moment = moment_text(at, zone);
  const std::string which_day = "broadcast day " + date_text(day.date);
  const std::size_t both = cells(moment) + 2 + cells(which_day);
  out.append(terminal.bold()).append(fit(moment, std::min(width, cells(moment))));
  out.append(terminal.plain()).append(both <= width ? "  " : "\n").append(which_day + "\n\n");
  if (rows.empty()) return out += "The guide has no channels.\n";

  std::string heads;
  put_line(heads, head_line(widths));
  heads.pop_back();
  out.append(terminal.dim()).append(heads).append(terminal.plain()).append("\n");
  for (const Row& row : rows) put_line(out, row_line(row, widths, terminal));
  return out;
}

}  // namespace on_air
