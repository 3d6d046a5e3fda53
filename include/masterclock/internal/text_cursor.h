// Reads a text from left to right and keeps the first error with its offset.
//
// A parser calls the cursor's functions one after another and asks `failed()` once, at the end. After
// an error the cursor stands at the end of the text, so all further calls fail at once.
#ifndef MASTERCLOCK_INTERNAL_TEXT_CURSOR_H_
#define MASTERCLOCK_INTERNAL_TEXT_CURSOR_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "masterclock/internal/quoted.h"

namespace masterclock::inline v0_2::internal {

[[nodiscard]] constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

class TextCursor {
 public:
  // `text` must outlive the cursor.
  explicit TextCursor(std::string_view text) noexcept : text_(text) {}

  [[nodiscard]] std::size_t offset() const noexcept { return at_; }
  [[nodiscard]] bool at_end() const noexcept { return at_ >= text_.size(); }

  // Returns the next character, or '\0' at the end.
  [[nodiscard]] char peek() const noexcept { return at_end() ? '\0' : text_[at_]; }

  // Skips the next character when it is one of `set`. Returns that it did.
  bool accept(std::string_view set) noexcept {
    if (at_end() || set.find(text_[at_]) == std::string_view::npos) return false;
    ++at_;
    return true;
  }
  bool accept(char c) noexcept { return accept(std::string_view(&c, 1)); }

  void expect(char c) {
    if (!accept(c)) fail(std::string("expected '") + c + "'");
  }

  void expect_end() {
    if (!at_end()) fail("expected the end");
  }

  // Returns the longest run of characters that satisfy `is`, at most `most` of them.
  template <class Is>
  std::string_view take_while(Is is, std::size_t most = std::string_view::npos) {
    const std::size_t begin = at_;
    while (!at_end() && at_ - begin < most && is(text_[at_])) ++at_;
    return text_.substr(begin, at_ - begin);
  }

  // Reads a number of `least` to `most` digits, at most 9, in [low, high]. Returns `low` after an error.
  int number(std::size_t least, std::size_t most, int low, int high, const char* out_of_range) {
    const std::size_t begin = at_;
    const std::string_view digits = take_while(is_digit, most);
    if (digits.size() < least) {
      fail("expected a digit");
      return low;
    }
    int value = 0;
    for (const char c : digits) value = value * 10 + (c - '0');
    if (value >= low && value <= high) return value;
    fail_at(begin, out_of_range);
    return low;
  }

  void fail(std::string what) { fail_at(at_, std::move(what)); }
  void fail_at(std::size_t offset, std::string what) {
    if (failed()) return;
    what_ = std::move(what);
    failed_at_ = offset;
    at_ = text_.size();
  }
  [[nodiscard]] bool failed() const noexcept { return !what_.empty(); }

  // Describes the error in one line: "Invalid <kind> '<text>': <what> at offset <offset>".
  [[nodiscard]] std::string error(std::string_view kind) const {
    return "Invalid " + std::string(kind) + " " + quoted(text_) + ": " + what_ + " at offset " +
           std::to_string(failed_at_);
  }

 private:
  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t failed_at_ = 0;
  std::string what_;
};

}  // namespace masterclock::inline v0_2::internal

#endif  // MASTERCLOCK_INTERNAL_TEXT_CURSOR_H_
