// Reads leap-seconds.list, which may be newer than the built-in table of leap seconds.
//
// The built-in table is complete up to its expiry. The tzdata package of the system renews the
// file. A program that runs longer converts with the file's table.
//
// A file is accepted as a whole or not at all. Its lines must begin in 1972, increase, and step by one second
// at midnight UTC. They must match the checksum of the file.
//
// Source: IERS, https://hpiers.obspm.fr/iers/bul/bulc/ntp/leap-seconds.list, whose head defines the format.
//
// ## Example
//
//   const auto list = masterclock::LeapSecondsFile::newest();  // at least the built-in table
//   assert(list.expiry() >= masterclock::leap_seconds_expiry());
//   assert(masterclock::to_tai(masterclock::UtcTime(), list.table()).coverage ==
//          masterclock::LeapCoverage::kBefore1972);
#ifndef MASTERCLOCK_TIME_LEAP_SECONDS_FILE_H_
#define MASTERCLOCK_TIME_LEAP_SECONDS_FILE_H_

#include <array>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <iterator>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "masterclock/internal/quoted.h"
#include "masterclock/internal/read_file.h"
#include "masterclock/time/internal/sha1.h"
#include "masterclock/time/leap_seconds.h"
#include "masterclock/time/time_points.h"

namespace masterclock::inline v0_2 {

class LeapSecondsFile {
 public:
  static constexpr const char* kSystemPath = "/usr/share/zoneinfo/leap-seconds.list";

  [[nodiscard]] static LeapSecondsFile built_in() {
    return {{leap_seconds().begin(), leap_seconds().end()}, leap_seconds_expiry(), "built-in"};
  }

  // Parses the text of a file. Error messages begin with `name`.
  //
  // Errors: DataLoss with the number and the fault of a line, or with the missing part.
  [[nodiscard]] static absl::StatusOr<LeapSecondsFile> parse(std::string_view text,
                                                             std::string name) {
    return Parser(std::move(name)).parse(text);
  }

  // Errors: NotFound for a file that cannot be read; otherwise as `parse`.
  [[nodiscard]] static absl::StatusOr<LeapSecondsFile> read(const std::string& path = kSystemPath) {
    constexpr std::size_t kLargest = 1 << 20;  // the real file has 5 kB
    const std::optional<std::string> text = internal::read_file(path, kLargest);
    if (!text) return absl::NotFoundError(path + ": cannot be read");
    if (text->size() >= kLargest) return absl::DataLossError(path + ": too large for such a list");
    return parse(*text, path);
  }

  // Returns the table of the file if it expires later than the built-in one; otherwise the built-in one.
  [[nodiscard]] static LeapSecondsFile newest(const std::string& path = kSystemPath) {
    absl::StatusOr<LeapSecondsFile> list = read(path);
    return list.ok() && list->expiry() > leap_seconds_expiry() ? *std::move(list) : built_in();
  }

  // Returns the argument for to_tai, to_utc and si_elapsed. It is valid until this object is moved from
  // or destroyed.
  [[nodiscard]] LeapTable table() const noexcept { return {changes_, expiry_}; }
  // Returns the first instant for which the table may be wrong.
  [[nodiscard]] UtcTime expiry() const noexcept { return expiry_; }
  [[nodiscard]] const std::string& source() const noexcept { return source_; }

 private:
  LeapSecondsFile(std::vector<LeapSecond> changes, UtcTime expiry, std::string source)
      : changes_(std::move(changes)), expiry_(expiry), source_(std::move(source)) {}

  class Parser {
   public:
    explicit Parser(std::string name) : name_(std::move(name)) {}

    absl::StatusOr<LeapSecondsFile> parse(std::string_view text) {
      std::istringstream lines{std::string(text)};
      for (std::string text_of_line; std::getline(lines, text_of_line);) {
        ++line_;
        if (absl::Status status = line(text_of_line); !status.ok()) return status;
      }
      line_ = 0;
      if (changes_.empty()) return error("no leap seconds");
      if (!expires_) return error("no expiry (#@)");
      if (!checksum_) return error("no checksum (#h)");
      if (internal::sha1(digits_) != *checksum_) return error("the checksum (#h) does not match");
      return LeapSecondsFile(std::move(changes_), *expires_, std::move(name_));
    }

   private:
    using Words = std::vector<std::string>;

    absl::Status error(const std::string& what) const {
      return absl::DataLossError(name_ + ":" + (line_ > 0 ? std::to_string(line_) + ": " : " ") +
                                 what);
    }

    static Words words_of(std::string_view text) {
      std::istringstream in{std::string(text)};
      return {std::istream_iterator<std::string>(in), {}};
    }

    template <class Int>
    static bool number(std::string_view word, Int& value, int base = 10) {
      const auto [end, code] = std::from_chars(word.data(), word.data() + word.size(), value, base);
      return code == std::errc() && end == word.data() + word.size();
    }

    // Reads seconds since 1900, the NTP epoch, up to the end of UtcTime.
    static std::optional<UtcTime> instant(std::string_view word) {
      constexpr std::int64_t kUnixEpoch = 2'208'988'800, kEnd = 11'000'000'000;
      std::int64_t ntp = 0;
      if (!number(word, ntp) || ntp < 0 || ntp > kEnd) return std::nullopt;
      return UtcTime(std::chrono::seconds(ntp - kUnixEpoch));
    }

    absl::Status line(std::string_view text) {
      if (text.starts_with("#$")) return stamp(text.substr(2), nullptr);
      if (text.starts_with("#@")) return stamp(text.substr(2), &expires_);
      if (text.starts_with("#h")) return checksum(text.substr(2));
      const Words words = words_of(text.substr(0, text.find('#')));
      return words.empty() ? absl::OkStatus() : change(words);
    }

    absl::Status stamp(std::string_view text, std::optional<UtcTime>* out) {
      const Words words = words_of(text);
      const std::optional<UtcTime> when = words.size() == 1 ? instant(words[0]) : std::nullopt;
      if (!when) return error("expected seconds since 1900, got " + internal::quoted(text));
      if (out != nullptr) *out = when;
      digits_ += words[0];
      return absl::OkStatus();
    }

    absl::Status checksum(std::string_view text) {
      const Words words = words_of(text);
      std::array<std::uint32_t, 5> value{};
      bool good = words.size() == value.size();
      for (std::size_t i = 0; good && i < value.size(); ++i) good = number(words[i], value[i], 16);
      if (!good) return error("expected five words of a checksum, got " + internal::quoted(text));
      checksum_ = value;
      return absl::OkStatus();
    }

    absl::Status change(const Words& words) {
      const std::optional<UtcTime> when = instant(words[0]);
      int offset = 0;
      if (words.size() != 2 || !when || !number(words[1], offset)) {
        return error("expected an instant and TAI - UTC, got " + internal::quoted(words[0]));
      }
      if (changes_.empty()) {
        if (*when != leap_seconds()[0].effective || offset != 10) {
          return error("the list does not begin with the 10 s of 1972");
        }
      } else if (*when <= changes_.back().effective ||
                 std::abs(offset - changes_.back().tai_minus_utc.count()) != 1) {
        return error("not a second more or less than the line before it");
      }
      if (std::chrono::floor<std::chrono::days>(*when) != *when)
        return error("not at midnight UTC");
      changes_.push_back({*when, std::chrono::seconds(offset)});
      digits_ += words[0] + words[1];
      return absl::OkStatus();
    }

    std::string name_;
    int line_ = 0;
    std::vector<LeapSecond> changes_;
    std::optional<UtcTime> expires_;
    std::optional<std::array<std::uint32_t, 5>> checksum_;
    std::string digits_;  // the input of the checksum
  };

  std::vector<LeapSecond> changes_;
  UtcTime expiry_;
  std::string source_;
};

}  // namespace masterclock::inline v0_2

#endif  // MASTERCLOCK_TIME_LEAP_SECONDS_FILE_H_
