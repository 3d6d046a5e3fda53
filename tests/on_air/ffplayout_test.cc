#include "ffplayout.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "masterclock/time/rfc3339.h"

namespace on_air::ffplayout_test {
namespace {

using masterclock::AnyWallClock;
using masterclock::LocalTime;
using masterclock::Resolve;
using masterclock::UtcTime;
using namespace std::chrono_literals;

// A wall two hours ahead of UTC.
struct Wall {
  LocalTime to_local(UtcTime utc) const { return LocalTime(utc.time_since_epoch() + 2h); }
  absl::StatusOr<UtcTime> to_utc(LocalTime local, Resolve) const {
    return UtcTime(local.time_since_epoch() - 2h);
  }
};

absl::StatusOr<Guide> parse(std::string_view text) {
  return parse_ffplayout(text, "f", AnyWallClock(Wall()), 6h);
}

TEST(ParseFfplayout, PutsClipsBackToBackFromTheDayStart) {
  const auto guide = parse(R"({"channel": "One", "date": "2024-02-01", "program": [
    {"in": 0, "out": 10.0, "duration": 10.0, "source": "a.mp4"},
    {"in": 2.5, "out": 12.54, "duration": 30, "source": "b.mp4", "title": "B", "category": "ad"},
    {"in": 3, "out": 3, "source": "nothing.mp4"},
    {"in": 0, "out": 0.000000001, "source": "c.mp4"}]})");
  ASSERT_TRUE(guide.ok()) << guide.status();
  ASSERT_EQ(guide->channels().size(), 1u);
  const ChannelSchedule& channel = guide->channels()[0];
  EXPECT_EQ(channel.id(), "One");
  EXPECT_EQ(channel.display_name(), "One");
  ASSERT_EQ(channel.programmes().size(), 3u);  // one has no length
  const UtcTime six = masterclock::parse_rfc3339("2024-02-01T06:00:00+02:00").value();
  EXPECT_EQ(channel.programmes()[0], (Programme{"a.mp4", six, six + 10s, "a.mp4", 0ns}));
  EXPECT_EQ(channel.programmes()[1], (Programme{"B", six + 10s, six + 20'040ms, "b.mp4", 2500ms}));
  EXPECT_EQ(channel.programmes()[2],
            (Programme{"c.mp4", six + 20'040ms, six + 20'040ms + 1ns, "c.mp4", 0ns}));
}

TEST(ParseFfplayout, NamesTheFieldByItsPath) {
  const struct {
    const char* text;
    const char* expected;
  } cases[] = {
      {"[]", "f: expected an object, found array"},
      {"{}", "f: channel: missing"},
      {R"({"channel": 1})", "f: channel: expected text, found number"},
      {R"({"channel": "c"})", "f: date: missing"},
      {R"({"channel": "c", "date": 20240201})", "f: date: expected text, found number"},
      {R"({"channel": "c", "date": "2024-02-30"})",
       "f: date: expected YYYY-MM-DD, found '2024-02-30'"},
      {R"({"channel": "c", "date": "2024-2-1"})", "f: date: expected YYYY-MM-DD, found '2024-2-1'"},
      {R"({"channel": "c", "date": "9999-01-01"})",
       "f: date: expected YYYY-MM-DD, found '9999-01-01'"},
      {R"({"channel": "c", "date": "2024-02-01"})", "f: program: missing"},
      {R"({"channel": "c", "date": "2024-02-01", "program": {}})",
       "f: program: expected an array, found object"},
      {R"({"channel": "c", "date": "2024-02-01", "program": [1]})",
       "f: program[0]: expected an object, found number"},
  };
  for (const auto& c : cases) {
    const auto guide = parse(c.text);
    ASSERT_FALSE(guide.ok()) << c.text;
    EXPECT_EQ(guide.status().code(), absl::StatusCode::kInvalidArgument) << c.text;
    EXPECT_EQ(std::string(guide.status().message()), c.expected) << c.text;
  }
}

TEST(ParseFfplayout, NamesTheClip) {
  const struct {
    const char* clip;
    const char* expected;
  } cases[] = {
      {R"({"out": 1, "source": "s"})", "f: program[1].in: missing"},
      {R"({"in": 0, "source": "s"})", "f: program[1].out: missing"},
      {R"({"in": 0, "out": 1})", "f: program[1].source: missing"},
      {R"({"in": "0", "out": 1, "source": "s"})",
       "f: program[1].in: expected seconds, found string"},
      {R"({"in": 0, "out": null, "source": "s"})",
       "f: program[1].out: expected seconds, found null"},
      {R"({"in": 0, "out": 1, "source": 7})", "f: program[1].source: expected text, found number"},
      {R"({"in": 0, "out": 1, "source": "s", "title": []})",
       "f: program[1].title: expected text, found array"},
      {R"({"in": -1, "out": 1, "source": "s"})", "f: program[1].in: -1 is not a time in a clip"},
      {R"({"in": 0, "out": 1e300, "source": "s"})",
       "f: program[1].out: 1e+300 is not a time in a clip"},
      {R"({"in": 5, "out": 4.5, "source": "s"})", "f: program[1].out: 4.5 is before in, 5"},
  };
  for (const auto& c : cases) {
    const auto guide = parse(std::string(R"({"channel": "c", "date": "2024-02-01", "program": [)"
                                         R"({"in": 0, "out": 1, "source": "s"}, )") +
                             c.clip + "]}");
    ASSERT_FALSE(guide.ok()) << c.clip;
    EXPECT_EQ(std::string(guide.status().message()), c.expected) << c.clip;
  }
}

TEST(ParseFfplayout, NamesTheLineOfWhatIsNotJson) {
  const struct {
    const char* text;
    const char* expected;
  } cases[] = {
      {"{\n\n", "f:3: truncated JSON: it ends too early"},
      {"{\n \"channel\": \"Te", "f:2: truncated JSON: it ends too early"},
      {"{\n \"channel\": nul }", "f:2: not JSON: unexpected ' }'"},
      {"{\n\n \"channel\" 7}", "f:3: not JSON: unexpected '7}'"},
      {"{}\n{}", "f:2: not JSON: unexpected '{}'"},
      {"{\n\"a\": 1e999}", "f: not JSON: number overflow parsing '1e999'"},
  };
  for (const auto& c : cases) {
    const auto guide = parse(c.text);
    ASSERT_FALSE(guide.ok()) << c.text;
    EXPECT_EQ(std::string(guide.status().message()), c.expected) << c.text;
  }
}

TEST(ParseFfplayout, EndsBeforeTimeDoes) {
  std::string text = R"({"channel": "c", "date": "2262-04-01", "program": [)";
  for (int i = 0; i < 3; ++i) text += R"({"in": 0, "out": 600000, "source": "s"},)";
  text.back() = ']';
  const auto guide = parse(text + "}");
  ASSERT_FALSE(guide.ok());
  EXPECT_EQ(std::string(guide.status().message()), "f: program[1].out: is after 2262-04-11");
}

TEST(ParseFfplayout, ATruncatedPlaylistIsRefusedWhereverItIsCut) {
  const std::string whole =
      "{\"channel\": \"T\xc3\xa9\", \"date\": \"2024-02-01\", \"program\": [\n"
      "{\"in\": 0, \"out\": 1.5e1, \"source\": \"\\u00e9.mp4\"}, {\"in\": 1, \"out\": 2, "
      "\"source\": "
      "\"b\"}]}";
  ASSERT_TRUE(parse(whole).ok());
  for (std::size_t n = 0; n < whole.size(); ++n) {
    const auto guide = parse(whole.substr(0, n));
    ASSERT_FALSE(guide.ok()) << n;
    EXPECT_EQ(std::string(guide.status().message()).find('\n'), std::string::npos) << n;
  }
}

}  // namespace
}  // namespace on_air::ffplayout_test
