// Prints, formats and concatenates the enums of time/ with each library that is present.
#include "masterclock/internal/printable.h"

#include <gtest/gtest.h>

#include <iomanip>
#include <sstream>
#include <string>
#include <version>

#include "absl/base/config.h"
#include "absl/strings/str_cat.h"
#include "masterclock/time/io.h"
#include "masterclock/time/leap_seconds.h"
#include "masterclock/time/local_clock.h"
#include "masterclock/time/time_source.h"

namespace elsewhere {

enum class Foreign { kOne };
std::string to_string(Foreign) { return "one"; }

}  // namespace elsewhere

namespace masterclock {

struct WithMember {
  std::string to_string() const { return "member"; }
};

namespace {

static_assert(internal::Printable<Resolve> && internal::Printable<LeapCoverage> &&
              internal::Printable<TimeChange::Kind> && internal::Printable<WithMember>);
static_assert(!internal::Printable<int> && !internal::Printable<std::string> &&
              !internal::Printable<UtcTime> && !internal::Printable<TimeSource>);
static_assert(!internal::printable::Formattable<elsewhere::Foreign>, "the namespace is another");

TEST(Printable, GoesToAStream) {
  std::ostringstream stream;
  stream << Resolve::kSnap << ' ' << TimeChange::Kind::kLeap << std::setw(8) << WithMember();
  EXPECT_EQ(stream.str(), "snap leap  member");
}

TEST(Printable, ShowsInTheMessagesOfATest) {
  EXPECT_EQ(::testing::PrintToString(LeapCoverage::kCovered), "covered");
  EXPECT_EQ(to_string(WithMember()), "member");
}

TEST(Printable, AppendsToASinkOfAbseil) {
  struct Sink {
    void Append(std::string_view text) { all += text; }
    std::string all;
  } sink;
  AbslStringify(sink, Resolve::kEarlier);
  EXPECT_EQ(sink.all, "earlier");
#if ABSL_LTS_RELEASE_VERSION >= 20230125
  EXPECT_EQ(absl::StrCat("policy ", Resolve::kEarlier), "policy earlier");
#endif
}

#if defined(__cpp_lib_format)
TEST(Printable, IsFormattedByTheStandardLibrary) {
  EXPECT_EQ(std::format("{:>8}|{}", Resolve::kSnap, WithMember()), "    snap|member");
}
#endif

#if defined(FMT_VERSION)
TEST(Printable, IsFormattedByFmt) {
  EXPECT_EQ(fmt::format("{:>8}|{}", Resolve::kSnap, WithMember()), "    snap|member");
}
#endif

}  // namespace
}  // namespace masterclock
