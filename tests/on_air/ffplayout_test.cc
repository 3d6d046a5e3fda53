#include "ffplayout.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "masterclock/time/rfc3339.h"
#include "masterclock/zones/zone_database.h"

namespace on_air::ffplayout_test {
namespace {

using masterclock::UtcTime;
using ::testing::ElementsAre;
using namespace std::chrono_literals;

// Two hours ahead of UTC.
GuideReading reading() {
  return {.zone = masterclock::ZoneDatabase::system().find("Etc/GMT-2").value()};
}

absl::StatusOr<GuideFile> parse_file(std::string_view text) {
  return parse_ffplayout(text, "f", reading());
}

absl::StatusOr<Guide> parse(std::string_view text) {
  absl::StatusOr<GuideFile> file = parse_file(text);
  if (!file.ok()) return file.status();
  return std::move(file->listing).to_guide();
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

// The rules of ffplayout's own reader (cases 04 and 05 among them).
TEST(ParseFfplayout, TakesAbsentAndNullFieldsAsFfplayoutDoes) {
  const char* const good = R"({"channel": "c", "date": "2024-02-01", "program": [)"
                           R"({"in": 0, "out": 10, "duration": 10, "source": "a.mp4"}, CLIP]})";
  const struct {
    const char* name;
    const char* clip;
    const char* title;
    const char* source;
  } cases[] = {
      {"a null source (case 04)", R"({"in": 0, "out": 5, "source": null, "category": null})", "",
       ""},
      {"an empty source", R"({"in": 0, "out": 5, "source": ""})", "", ""},
      {"a null title", R"({"in": 0, "out": 5, "source": "b", "title": null})", "b", "b"},
      {"an empty title", R"({"in": 0, "out": 5, "source": "b", "title": " "})", "b", "b"},
      {"a title to fold", R"({"in": 0, "out": 5, "source": "b", "title": "\n B \t C "})", "B C",
       "b"},
      {"a title without media", R"({"in": 0, "out": 5, "source": null, "title": "B"})", "B", ""},
      {"null texts", R"({"in": 0, "out": 5, "source": "b", "category": null, "audio": null})", "b",
       "b"},
      {"no duration", R"({"in": 0, "out": 5, "source": "b"})", "b", "b"},
      {"a null duration", R"({"in": 0, "out": 5, "source": "b", "duration": null})", "b", "b"},
      {"a longer duration", R"({"in": 0, "out": 5, "source": "b", "duration": 90.5})", "b", "b"},
      {"unknown fields", R"({"in": 0, "out": 5, "source": "b", "x": {"in": [{"out": 7}]}})", "b",
       "b"},
      {"fields of ffplayout's own",
       R"({"begin": "x", "index": -1, "in": 0, "out": 5, "source": "b", "custom_filter": ""})", "b",
       "b"},
      {"whole numbers and fractions", R"({"in": 1e0, "out": 6, "source": "b"})", "b", "b"},
  };
  for (const auto& c : cases) {
    std::string text = good;
    text.replace(text.find("CLIP"), 4, c.clip);
    const auto file = parse_file(text);
    ASSERT_TRUE(file.ok()) << c.name << file.status();
    EXPECT_TRUE(file->warnings.empty()) << c.name << file->warnings[0];
    const auto guide = parse(text);
    ASSERT_EQ(guide->channels()[0].programmes().size(), 2u) << c.name;
    const Programme& clip = guide->channels()[0].programmes()[1];
    EXPECT_EQ(clip.title, c.title) << c.name;
    EXPECT_EQ(clip.source, c.source) << c.name;
    EXPECT_EQ(*clip.stop - clip.start, 5s) << c.name;
  }
  const auto unnamed = parse(R"({"date": "2026-03-28", "program": []})");
  ASSERT_TRUE(unnamed.ok()) << unnamed.status();
  EXPECT_EQ(unnamed->channels()[0].id(), "Channel 1");
  EXPECT_EQ(parse(R"({"program": [], "date": "2026-03-28", "channel": " C \n1 "})")
                ->channels()[0]
                .display_name(),
            "C 1");
}

TEST(ParseFfplayout, NamesTheFieldByItsPath) {
  const struct {
    const char* text;
    const char* expected;
  } cases[] = {
      {"[]", "f:1: expected an object, found array"},
      {"\n7", "f:2: expected an object, found another value"},
      {"{}", "f:1: date: missing"},
      {R"({"channel": 1, "date": "2024-02-01"})", "f:1: channel: expected text, found number"},
      {R"({"channel": null, "date": "2024-02-01"})", "f:1: channel: expected text, found null"},
      {R"({"channel": "a\u0000b"})", "f:1: channel: a zero character in 'a\\x00b'"},
      {"{\n\"channel\": \"c\",\n\"date\": 20240201}", "f:3: date: expected text, found number"},
      {R"({"channel": "c", "date": null})", "f:1: date: expected text, found null"},
      {R"({"channel": "c", "date": "2024-02-30"})",
       "f:1: date: expected YYYY-MM-DD, found '2024-02-30'"},
      {R"({"channel": "c", "date": "2024-2-1"})",
       "f:1: date: expected YYYY-MM-DD, found '2024-2-1'"},
      {R"({"channel": "c", "date": "9999-01-01"})",
       "f:1: date: expected YYYY-MM-DD, found '9999-01-01'"},
      {R"({"channel": "c", "date": "2024-02-01"})", "f:1: program: missing"},
      {R"({"channel": "c", "date": "2024-02-01", "program": null})",
       "f:1: program: expected an array, found null"},
      {R"({"channel": "c", "date": "2024-02-01", "program": {}})",
       "f:1: program: expected an array, found object"},
      {R"({"channel": "c", "date": "2024-02-01", "program": [1]})",
       "f:1: program[0]: expected an object, found number; no sense in 1 of 1 entries"},
  };
  for (const auto& c : cases) {
    const auto guide = parse(c.text);
    ASSERT_FALSE(guide.ok()) << c.text;
    EXPECT_EQ(guide.status().code(), absl::StatusCode::kInvalidArgument) << c.text;
    EXPECT_EQ(std::string(guide.status().message()), c.expected) << c.text;
  }
}

// A bad clip is left out. It keeps its time where its length can be read.
TEST(ParseFfplayout, LeavesOutAClipThatMakesNoSense) {
  const struct {
    const char* clip;
    const char* reason;
    std::chrono::seconds kept;
  } cases[] = {
      {R"({"out": 1, "source": "s", "duration": 7})", "in: missing", 7s},
      {R"({"in": 0, "source": "s", "duration": 7.0})", "out: missing", 7s},
      {R"({"in": 0, "out": 9})", "source: missing", 9s},
      {R"({"in": "0", "out": 1, "source": "s"})",
       "in: expected seconds, found string; its length is unknown", 0s},
      {R"({"in": 0, "out": null, "source": "s", "duration": 4})",
       "out: expected seconds, found null", 4s},
      {R"({"in": 0, "out": 3, "source": 7})", "source: expected text, found number", 3s},
      {R"({"in": 0, "out": 3, "source": "a\u0000.mp4"})",
       "source: a zero character in 'a\\x00.mp4'", 3s},
      {R"({"in": 0, "out": 3, "source": "s", "title": []})", "title: expected text, found array",
       3s},
      {R"({"in": -1, "out": 1, "source": "s"})",
       "in: -1 is not a time in a clip; its length is unknown", 0s},
      {R"({"in": 0, "out": 1e300, "source": "s"})",
       "out: 1e300 is not a time in a clip; its length is unknown", 0s},
      {R"({"in": 5, "out": 4.5, "source": "s"})", "out: 4.5 is before in, 5", 0s},
  };
  for (const auto& c : cases) {
    const std::string text = R"({"channel": "c", "date": "2024-02-01", "program": [)"
                             "\n"
                             R"({"in": 0, "out": 1, "source": "a"},)"
                             "\n" +
                             std::string(c.clip) + R"(, {"in": 0, "out": 1, "source": "b"}]})";
    const auto file = parse_file(text);
    ASSERT_TRUE(file.ok()) << c.clip << file.status();
    EXPECT_THAT(file->warnings,
                ElementsAre("f:3: program[1]." + std::string(c.reason) + "; left out"));
    const auto guide = parse(text);
    ASSERT_EQ(guide->channels()[0].programmes().size(), 2u) << c.clip;
    const auto& programmes = guide->channels()[0].programmes();
    EXPECT_EQ(programmes[1].title, "b") << c.clip;
    EXPECT_EQ(programmes[1].start - programmes[0].start, 1s + c.kept) << c.clip;

    GuideReading strict = reading();
    strict.strict = true;
    const auto refused = parse_ffplayout(text, "f", strict);
    ASSERT_FALSE(refused.ok()) << c.clip;
    EXPECT_EQ(std::string(refused.status().message()), "f:3: program[1]." + std::string(c.reason));
  }
}

TEST(ParseFfplayout, RefusesAPlaylistOfWhichMoreThanHalfMakesNoSense) {
  const auto guide = parse(
      "{\"date\": \"2024-02-01\", \"program\": [{\"in\": 0, \"out\": 1, \"source\": \"s\"},\n{}, "
      "{}]}");
  ASSERT_FALSE(guide.ok());
  EXPECT_EQ(std::string(guide.status().message()),
            "f:2: program[1].in: missing; its length is unknown; no sense in 2 of 3 entries");
}

TEST(ParseFfplayout, TakesTheDateOfItsCallerFirst) {
  using std::chrono::year_month_day;
  const year_month_day day(std::chrono::year(2026), std::chrono::month(3), std::chrono::day(28));
  for (const char* date : {R"("date": "2024-02-01",)", R"("date": 7,)", ""}) {
    const auto file = parse_ffplayout(
        "{" + std::string(date) + R"("program": [{"in": 0, "out": 1, "source": "s"}]})", "f",
        reading(), day);
    ASSERT_TRUE(file.ok()) << file.status();
    EXPECT_EQ(file->listing.channels()[0].programmes[0].start,
              masterclock::parse_rfc3339("2026-03-28T06:00:00+02:00").value());
  }
}

TEST(ParseFfplayout, ShiftsEveryClip) {
  GuideReading shifted = reading();
  shifted.shift = -90s;
  const auto file = parse_ffplayout(
      R"({"date": "2026-03-28", "program": [{"in": 0, "out": 1, "source": "s"}]})", "f", shifted);
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_EQ(file->listing.channels()[0].programmes[0].start,
            masterclock::parse_rfc3339("2026-03-28T03:58:30Z").value());
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
      {"{\"program\": []}\n{}", "f:2: not JSON: unexpected '{}'"},
      {"{\n\"a\": 1e999}", "f:2: not JSON: number overflow parsing '1e999'"},
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
  EXPECT_EQ(std::string(guide.status().message()),
            "f:1: program: a clip outside 1677 to 2262; no sense in 2 of 3 entries");
}

// A text of brackets costs no more memory than its own, and no stack.
TEST(ParseFfplayout, RefusesDeepNesting) {
  const auto guide = parse(R"({"date": "2024-02-01", "x": )" + std::string(1 << 20, '['));
  ASSERT_FALSE(guide.ok());
  EXPECT_EQ(std::string(guide.status().message()), "f:1: nested deeper than 64");
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
