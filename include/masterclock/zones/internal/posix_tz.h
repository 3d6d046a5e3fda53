// Parses the rule at the end of a TZif file, such as "EST5EDT,M3.2.0,M11.1.0" for New York.
//
// The compiler unrolls the rule to the last year of UtcTime, so no lookup computes it.
//
// Source: POSIX.1-2017 section 8.3 (TZ), with the extensions of RFC 8536 section 3.3.1: hours from
//         -167 to 167, names in angle brackets.
#ifndef MASTERCLOCK_ZONES_INTERNAL_POSIX_TZ_H_
#define MASTERCLOCK_ZONES_INTERNAL_POSIX_TZ_H_

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "masterclock/internal/text_cursor.h"
#include "masterclock/zones/internal/tzif.h"

namespace masterclock::inline v0_2::internal {

// A day of the year and a local time on it.
struct PosixTzDate {
  enum class Form { kJulian, kDayOfYear, kMonthWeekDay };
  Form form = Form::kMonthWeekDay;
  int month = 0, week = 0, day = 0;  // kJulian and kDayOfYear use `day` alone
  std::int64_t time = 2 * 3600;      // seconds after midnight; may be negative or past the day

  // Returns the local time in `year`, in seconds since 1970.
  [[nodiscard]] std::int64_t in(int year) const {
    using namespace std::chrono;
    const std::chrono::year y(year);
    sys_days date;
    switch (form) {
      case Form::kJulian:  // 1 to 365, February 29 is never counted
        date = sys_days(y / January / 1) + days(day - 1 + (y.is_leap() && day >= 60 ? 1 : 0));
        break;
      case Form::kDayOfYear:  // 0 to 365, February 29 is counted
        date = sys_days(y / January / 1) + days(day);
        break;
      case Form::kMonthWeekDay: {
        const auto m = std::chrono::month(static_cast<unsigned>(month));
        const weekday wd(static_cast<unsigned>(day));
        date = week == 5 ? sys_days(y / m / wd[last])
                         : sys_days(y / m / wd[static_cast<unsigned>(week)]);
        break;
      }
    }
    return date.time_since_epoch() / seconds(1) + time;
  }
};

struct PosixTz {
  LocalTimeType standard;
  bool has_daylight = false;
  LocalTimeType daylight;
  PosixTzDate begin, end;  // of daylight time

  // Returns no rule when `text` is not a rule, or names daylight time without its dates.
  static std::optional<PosixTz> parse(std::string_view text) {
    TextCursor in(text);
    PosixTz rule;
    rule.standard.abbreviation = name(in);
    rule.standard.offset = -signed_time(in, 24);
    rule.has_daylight = !in.at_end();
    if (rule.has_daylight) {
      rule.daylight.is_dst = true;
      rule.daylight.abbreviation = name(in);
      rule.daylight.offset = in.peek() == ',' ? rule.standard.offset + 3600 : -signed_time(in, 24);
      rule.begin = date(in);
      rule.end = date(in);
    }
    in.expect_end();
    if (in.failed()) return std::nullopt;
    return rule;
  }

  // Appends the changes that the rule makes after the last change of `rules`, up to `last_year`.
  void unroll(ZoneRules& rules, int last_year) const {
    if (!has_daylight) return;
    using namespace std::chrono;
    const std::int64_t known = rules.changes.empty() ? INT64_MIN : rules.changes.back().at;
    const sys_seconds from(seconds(std::max<std::int64_t>(known, -9'300'000'000)));
    for (int y = static_cast<int>(year_month_day(floor<days>(from)).year()); y <= last_year; ++y) {
      ZoneChange first{begin.in(y)-standard.offset, daylight};
      ZoneChange second{end.in(y)-daylight.offset, standard};
      if (second.at < first.at) std::swap(first, second);
      for (const ZoneChange* change : {&first, &second}) {
        const LocalTimeType& before =
            rules.changes.empty() ? rules.first : rules.changes.back().type;
        if (change->at > known && change->type != before) rules.changes.push_back(*change);
      }
    }
  }

 private:
  static std::string name(TextCursor& in) {
    const bool bracketed = in.accept('<');
    const std::string_view found = in.take_while([&](char c) {
      const bool letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
      return letter || (bracketed && (is_digit(c) || c == '+' || c == '-'));
    });
    if (bracketed) in.expect('>');
    if (found.size() < 3 || found.size() > 32) in.fail("expected a name");
    return std::string(found);
  }

  static int number(TextCursor& in, int low, int high) {
    return in.number(1, 3, low, high, "out of range");
  }

  // Reads [+|-]hh[:mm[:ss]] in seconds.
  static std::int32_t signed_time(TextCursor& in, int most_hours) {
    const bool negative = in.accept('-');
    if (!negative) in.accept('+');
    std::int32_t seconds = number(in, 0, most_hours) * 3600;
    if (in.accept(':')) {
      seconds += number(in, 0, 59) * 60;
      if (in.accept(':')) seconds += number(in, 0, 59);
    }
    return negative ? -seconds : seconds;
  }

  static PosixTzDate date(TextCursor& in) {
    PosixTzDate result;
    in.expect(',');
    if (in.accept('M')) {
      result.month = number(in, 1, 12);
      in.expect('.');
      result.week = number(in, 1, 5);
      in.expect('.');
      result.day = number(in, 0, 6);
    } else if (in.accept('J')) {
      result.form = PosixTzDate::Form::kJulian;
      result.day = number(in, 1, 365);
    } else {
      result.form = PosixTzDate::Form::kDayOfYear;
      result.day = number(in, 0, 365);
    }
    if (in.accept('/')) result.time = signed_time(in, 167);
    return result;
  }
};

}  // namespace masterclock::inline v0_2::internal

#endif  // MASTERCLOCK_ZONES_INTERNAL_POSIX_TZ_H_
