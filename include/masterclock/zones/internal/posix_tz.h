// The rule at the end of a TZif file: "EST5EDT,M3.2.0,M11.1.0" says what New York does for ever
// after.
//
// The platform's build of date does not read it and stops in 2037. Here it is parsed and unrolled
// to the last year that nanoseconds can hold, so that a look-up never computes a rule.
//
// Source: POSIX.1-2017 section 8.3 (TZ), with the extensions of RFC 8536 section 3.3.1: hours from
//         -167 to 167, names in angle brackets.
#ifndef MASTERCLOCK_ZONES_INTERNAL_POSIX_TZ_H_
#define MASTERCLOCK_ZONES_INTERNAL_POSIX_TZ_H_

#include "masterclock/version.h"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "masterclock/zones/internal/zone_rules.h"

namespace masterclock::inline v0_2::internal {

// A day of the year and a wall-clock time on it, as the rule states them.
struct PosixTzDate {
  enum class Form { kJulian, kDayOfYear, kMonthWeekDay };
  Form form = Form::kMonthWeekDay;
  int month = 0, week = 0, day = 0;  // kJulian and kDayOfYear use `day` alone
  std::int64_t time = 2 * 3600;      // seconds after midnight; may be negative or past the day

  // That moment of `year` as a local reading in seconds since 1970.
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
  struct Daylight {
    LocalTimeType type;
    PosixTzDate begin, end;
  };
  std::optional<Daylight> daylight;

  // Nothing when `text` is not a rule, or names daylight time without saying when.
  static std::optional<PosixTz> parse(std::string_view text) { return Parser(text).parse(); }

  // Appends the changes that the rule makes after the last one of `rules`, up to `last_year`.
  void unroll(ZoneRules& rules, int last_year) const {
    if (!daylight) return;
    using namespace std::chrono;
    const std::int64_t known = rules.changes.empty() ? INT64_MIN : rules.changes.back().at;
    const sys_seconds from(seconds(std::max<std::int64_t>(known, -9'300'000'000)));
    for (int y = static_cast<int>(year_month_day(floor<days>(from)).year()); y <= last_year; ++y) {
      ZoneChange begin{daylight->begin.in(y)-standard.offset, daylight->type};
      ZoneChange end{daylight->end.in(y)-daylight->type.offset, standard};
      if (end.at < begin.at) std::swap(begin, end);
      for (ZoneChange* change : {&begin, &end}) {
        const LocalTimeType& before =
            rules.changes.empty() ? rules.first : rules.changes.back().type;
        if (change->at > known && change->type != before) rules.changes.push_back(*change);
      }
    }
  }

 private:
  class Parser {
   public:
    explicit Parser(std::string_view text) : text_(text) {}

    std::optional<PosixTz> parse() {
      PosixTz rule;
      rule.standard.abbreviation = name();
      rule.standard.offset = static_cast<std::int32_t>(-signed_time(24));
      if (at_ < text_.size()) {
        Daylight summer;
        summer.type.is_dst = true;
        summer.type.abbreviation = name();
        summer.type.offset = peek() == ',' ? rule.standard.offset + 3600
                                           : static_cast<std::int32_t>(-signed_time(24));
        summer.begin = date();
        summer.end = date();
        rule.daylight = std::move(summer);
      }
      if (failed_ || at_ != text_.size()) return std::nullopt;
      return rule;
    }

   private:
    [[nodiscard]] char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
    bool accept(char c) {
      if (peek() != c) return false;
      ++at_;
      return true;
    }
    void expect(char c) { failed_ |= !accept(c); }

    std::string name() {
      const bool bracketed = accept('<');
      const std::size_t begin = at_;
      while (is_name(peek(), bracketed)) ++at_;
      const std::string_view found = text_.substr(begin, at_ - begin);
      if (bracketed) expect('>');
      failed_ |= found.size() < 3 || found.size() > 32;
      return std::string(found);
    }
    static bool is_name(char c, bool bracketed) {
      const bool letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
      return letter || (bracketed && ((c >= '0' && c <= '9') || c == '+' || c == '-'));
    }

    int number(int low, int high) {
      int value = 0;
      const std::size_t begin = at_;
      while (peek() >= '0' && peek() <= '9' && at_ - begin < 3)
        value = value * 10 + (text_[at_++] - '0');
      failed_ |= at_ == begin || value < low || value > high;
      return value;
    }

    // [+|-]hh[:mm[:ss]] in seconds
    std::int64_t signed_time(int most_hours) {
      const bool negative = accept('-');
      if (!negative) accept('+');
      std::int64_t seconds = std::int64_t{number(0, most_hours)} * 3600;
      if (accept(':')) {
        seconds += std::int64_t{number(0, 59)} * 60;
        if (accept(':')) seconds += number(0, 59);
      }
      return negative ? -seconds : seconds;
    }

    PosixTzDate date() {
      PosixTzDate result;
      expect(',');
      if (accept('M')) {
        result.month = number(1, 12);
        expect('.');
        result.week = number(1, 5);
        expect('.');
        result.day = number(0, 6);
      } else if (accept('J')) {
        result.form = PosixTzDate::Form::kJulian;
        result.day = number(1, 365);
      } else {
        result.form = PosixTzDate::Form::kDayOfYear;
        result.day = number(0, 365);
      }
      if (accept('/')) result.time = signed_time(167);
      return result;
    }

    std::string_view text_;
    std::size_t at_ = 0;
    bool failed_ = false;
  };
};

}  // namespace masterclock::internal

#endif  // MASTERCLOCK_ZONES_INTERNAL_POSIX_TZ_H_
