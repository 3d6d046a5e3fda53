#include "guide_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <zlib.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <random>
#include <thread>

#include "../temporary_directory.h"
#include "guide_bytes.h"
#include "masterclock/time/rfc3339.h"
#include "masterclock/zones/zone_database.h"

namespace on_air::guide_file_test {
namespace {

using masterclock::UtcTime;
using masterclock::tests::contents_of;
using masterclock::tests::TemporaryDirectory;
using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

UtcTime utc(const char* text) { return masterclock::parse_rfc3339(text).value(); }
const UtcTime kNoon = utc("2026-03-28T12:00:00Z");

std::string gzip(std::string_view bytes) {
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string packed(deflateBound(&stream, static_cast<uLong>(bytes.size())), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

class LoadGuide : public ::testing::Test {
 protected:
  absl::StatusOr<LoadedGuide> load_all(std::vector<std::string> paths, GuideReading reading = {},
                                       UtcTime at = kNoon) {
    return GuideFiles(std::move(paths), reading).load(at, at);
  }
  absl::StatusOr<Guide> load(const std::string& name, const std::string& bytes) {
    absl::StatusOr<LoadedGuide> loaded = load_all({directory_.write(name, bytes).string()});
    if (!loaded.ok()) return loaded.status();
    return std::move(loaded->guide);
  }

  TemporaryDirectory directory_;
};

std::string message(const absl::StatusOr<Guide>& guide) {
  return std::string(guide.status().message());
}
std::string message(const absl::StatusOr<LoadedGuide>& guide) {
  return std::string(guide.status().message());
}

TEST_F(LoadGuide, GoesByWhatTheFileHoldsNotByItsName) {
  const std::string playlist = R"({"channel": "J", "date": "2024-02-01", "program": []})";
  EXPECT_EQ(load("a.json", "<tv><channel id='X'/></tv>").value().channels()[0].id(), "X");
  EXPECT_EQ(load("b.xml", playlist).value().channels()[0].id(), "J");
  EXPECT_EQ(load("c", "\xef\xbb\xbf\n" + playlist).value().channels()[0].id(), "J");
  EXPECT_EQ(load("d", "\xef\xbb\xbf<tv><channel id='X'/></tv>").value().channels()[0].id(), "X");
  const std::string wide("\xff\xfe<\0t\0v\0/\0>\0", 12);
  EXPECT_TRUE(load("e", wide).ok());
}

TEST_F(LoadGuide, SaysWhatIsWrongWithTheFile) {
  EXPECT_THAT(message(load("empty", "")), EndsWith("empty:1: the file is empty"));
  EXPECT_THAT(message(load("blank", " \n\n")), EndsWith("blank:1: the file is empty"));
  EXPECT_THAT(message(load("text", "\n hello\n")),
              EndsWith("text:2: not XML and not JSON: expected '<' or '{', found 'hello\\x0a'"));
  EXPECT_THAT(message(load("binary", std::string("\x7f"
                                                 "ELF\0\1",
                                                 6))),
              EndsWith("not XML and not JSON: expected '<' or '{', found '\\x7fELF\\x00\\x01'"));

  const std::string missing_name = (directory_.path() / "missing.xml").string();
  const auto missing = load_all({missing_name});
  EXPECT_EQ(missing.status().code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(message(missing), EndsWith("missing.xml: cannot be read: No such file or directory"));
  EXPECT_THAT(message(load_all({missing_name + "\n\x1b[31m"})),
              EndsWith("missing.xml  [31m: cannot be read: "
                       "No such file or directory"));
  // A zero character would end the name for the operating system.
  const std::string good = directory_.write("good.xml", "<tv/>").string();
  EXPECT_THAT(message(load_all({good + std::string("\0.txt", 5)})),
              EndsWith("good.xml .txt: a zero character in the name"));
  EXPECT_THAT(message(load_all({directory_.path().string()})),
              EndsWith(": cannot be read: Is a directory without a playlist for 2026-03-28, "
                       "2026/03/2026-03-28.json"));
}

// Case 03 and its siblings.
TEST_F(LoadGuide, UnpacksGzip) {
  const std::string tv = "<tv><channel id='X'/></tv>";
  const std::string packed = gzip(tv);
  const struct {
    const char* name;
    std::string bytes;
    const char* error;
  } cases[] = {
      {"guide.xml.gz", packed, ""},
      {"guide.xml", packed, ""},  // the content decides
      {"playlist.gz", gzip(R"({"channel": "X", "date": "2024-02-01", "program": []})"), ""},
      {"several members", gzip("<tv><chan") + gzip("nel id='X'/></tv>"), ""},
      {"zeros after it", packed + std::string(600, '\0'), ""},
      {"something after it", packed + "x", "damaged gzip: something follows its end"},
      {"cut in its head", packed.substr(0, 5), "truncated gzip: it ends too early"},
      {"cut in its middle", packed.substr(0, packed.size() / 2),
       "truncated gzip: it ends too early"},
      {"cut in its end", packed.substr(0, packed.size() - 1), "truncated gzip: it ends too early"},
      {"another check sum", packed.substr(0, packed.size() - 8) + std::string(8, 'x'),
       "damaged gzip: incorrect data check"},
      {"of an unknown method", "\x1f\x8b\x07" + packed.substr(3),
       "damaged gzip: unknown compression method"},
      {"twice", gzip(packed), "compressed with gzip; unpack it first"},
      {"empty", gzip(""), ":1: the file is empty"},
      {"xz",
       std::string("\xfd"
                   "7zXZ\0\0\4",
                   8),
       "compressed with xz; unpack it first"},
      {"bzip2", "BZh91AY&SY", "compressed with bzip2; unpack it first"},
      {"zstd", "\x28\xb5\x2f\xfd\x04", "compressed with zstd; unpack it first"},
      {"zip", "PK\x03\x04\x14", "compressed with zip; unpack it first"},
      {"7z", "7z\xbc\xaf\x27\x1c", "compressed with 7z; unpack it first"},
  };
  for (const auto& c : cases) {
    const auto guide = load(c.name, c.bytes);
    if (*c.error == '\0') {
      ASSERT_TRUE(guide.ok()) << c.name << guide.status();
      EXPECT_EQ(guide->channels()[0].id(), "X") << c.name;
    } else {
      ASSERT_FALSE(guide.ok()) << c.name;
      EXPECT_THAT(message(guide), EndsWith(c.error)) << c.name;
      EXPECT_THAT(message(guide), StartsWith(directory_.path().string())) << c.name;
    }
  }
}

TEST_F(LoadGuide, RefusesMoreBytesThanAGuideMayHave) {
  constexpr std::size_t kLargest = std::size_t{1} << 20;
  const std::string most(kLargest, ' ');
  const auto read = [&](const char* name, const std::string& bytes) {
    return read_guide_bytes(directory_.write(name, bytes).string(), kLargest);
  };
  EXPECT_EQ(read("most", most).value().size(), kLargest);
  EXPECT_EQ(read("most.gz", gzip(most)).value().size(), kLargest);
  for (const auto& [name, bytes] :
       {std::pair("more", most + " "), std::pair("more.gz", gzip(most + " ")),
        std::pair("bomb.gz", gzip(std::string(64 * kLargest, ' ')))}) {
    const auto refused = read(name, bytes);
    ASSERT_FALSE(refused.ok()) << name;
    EXPECT_THAT(std::string(refused.status().message()),
                EndsWith(": larger than 1 MiB, the most that a guide may have"));
  }
  const auto endless = read_guide_bytes("/dev/zero", kLargest);
  EXPECT_EQ(std::string(endless.status().message()),
            "/dev/zero: larger than 1 MiB, the most that a guide may have");
}

using RealPipe = LoadGuide;

// case 18: a guide that is read again waits for no writer of a pipe.
TEST_F(RealPipe, IsReadOnceAndNotAgain) {
  const std::string pipe = (directory_.path() / "pipe").string();
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  const std::string file = directory_.write("b.xml", "<tv><channel id='b'/></tv>").string();
  GuideFiles guides({pipe, file}, {});
  {
    const std::jthread writer([&] { std::ofstream(pipe) << "<tv><channel id='a'/></tv>"; });
    ASSERT_TRUE(guides.load(kNoon, kNoon).ok());
  }
  directory_.write("b.xml", "<tv><channel id='new'/></tv>");
  const auto again = guides.load(kNoon, kNoon);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->guide.channels()[0].id(), "a");
  EXPECT_EQ(again->guide.channels()[1].id(), "new");

  std::filesystem::remove(file);
  ASSERT_EQ(::mkfifo(file.c_str(), 0600), 0);
  EXPECT_EQ(message(guides.load(kNoon, kNoon)),
            file + ": has become a pipe; a guide that changes must be a file");
}

TEST_F(LoadGuide, MergesSeveralGuides) {
  const std::string a =
      directory_
          .write("a.xml",
                 "<tv><channel id='one'/><programme channel='one' start='20260328100000' "
                 "stop='20260328120000'><title>A</title></programme><programme channel='two' "
                 "start='2026'/></tv>")
          .string();
  const std::string b =
      directory_
          .write("b.xml",
                 "<tv><channel id='two'/><channel id='one'><display-name>One</display-name>"
                 "</channel><programme channel='one' start='20260328120000' stop='20260328130000'>"
                 "<title>B</title></programme>\n<programme channel='one'/></tv>")
          .string();
  const auto loaded = load_all({a, b});
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  ASSERT_EQ(loaded->guide.channels().size(), 2u);
  const ChannelSchedule& one = loaded->guide.channels()[0];
  EXPECT_EQ(one.id(), "one");
  EXPECT_EQ(one.display_name(), "One");
  ASSERT_EQ(one.airings().size(), 2u);
  EXPECT_EQ(one.programme(*one.at(kNoon).on).title, "B");
  EXPECT_THAT(loaded->warnings, ElementsAre(b + ":2: <programme> has no start; left out"));
  EXPECT_THAT(message(load_all({a, directory_.write("c.xml", "<rss/>").string()})),
              HasSubstr("c.xml:1: not XMLTV"));
}

class PlaylistFolder : public LoadGuide {
 protected:
  std::string day(const std::string& date, const std::string& clips) {
    return directory_
        .write(date.substr(0, 4) + "/" + date.substr(5, 2) + "/" + date + ".json",
               "{\"date\": \"1999-01-01\", \"program\": [" + clips + "]}")
        .string();
  }
  static std::string clip(const char* source, int seconds) {
    return "{\"in\": 0, \"out\": " + std::to_string(seconds) + ", \"source\": \"" + source + "\"}";
  }
  std::string on_air(GuideFiles& files, const char* at) {
    const absl::StatusOr<LoadedGuide> loaded = files.load(utc(at), utc(at));
    if (!loaded.ok()) return message(loaded);
    warnings_ = loaded->warnings;
    const ChannelSchedule& channel = loaded->guide.channels()[0];
    const Airing* const airing = channel.at(utc(at)).on;
    return airing == nullptr ? "off air" : channel.programme(*airing).title;
  }

  const GuideReading dublin_ = {
      .zone = masterclock::ZoneDatabase::system().find("Europe/Dublin").value()};
  std::vector<std::string> warnings_;
};

// A folder is followed over midnight and over the day start; the names of its files give the dates.
TEST_F(PlaylistFolder, IsFollowedFromDayToDay) {
  constexpr int kDay = 24 * 3600;
  day("2026-03-28", clip("sat.mp4", kDay - 3600 + 1800));  // half an hour too long: 23 hours
  day("2026-03-29", clip("sun.mp4", kDay));
  day("2026-03-30", clip("mon.mp4", 3600));
  day("2026-05-01", "not read");
  directory_.write("2026/03/notes.txt", "not a playlist");
  GuideFiles files({directory_.path().string()}, dublin_);
  EXPECT_EQ(on_air(files, "2026-03-28T05:59:59Z"), "off air");
  EXPECT_EQ(on_air(files, "2026-03-28T06:00:00Z"), "sat.mp4");
  EXPECT_EQ(on_air(files, "2026-03-29T00:30:00Z"), "sat.mp4");  // past midnight
  EXPECT_EQ(on_air(files, "2026-03-29T04:59:59Z"), "sat.mp4");
  EXPECT_EQ(on_air(files, "2026-03-29T05:00:00Z"), "sun.mp4");  // cut at the next list
  EXPECT_EQ(on_air(files, "2026-03-30T05:00:00Z"), "mon.mp4");
  EXPECT_EQ(on_air(files, "2026-03-30T07:00:00Z"), "off air");
  EXPECT_THAT(warnings_, IsEmpty());
  EXPECT_THAT(on_air(files, "2026-04-10T12:00:00Z"),
              EndsWith(": cannot be read: Is a directory without a playlist for 2026-04-10, "
                       "2026/04/2026-04-10.json"));
}

TEST_F(PlaylistFolder, IsReadAsAWhole) {
  day("2026-03-28", clip("a", 60));
  day("2026-07-28", clip("b", 60));
  directory_.write("2026/08/2026-07-29.json", "not where its name belongs");
  directory_.write("2026/07/2026-07-30.txt", "not a playlist");
  const auto loaded =
      GuideFiles({directory_.path().string()}, dublin_).load(UtcTime::min(), UtcTime::max());
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  EXPECT_EQ(loaded->guide.channels()[0].programmes().size(), 2u);
}

TEST_F(PlaylistFolder, ABadDayKeepsNoOtherDayOffTheAir) {
  day("2026-03-28", clip("sat.mp4", 3600));
  const std::string bad = day("2026-03-29", "oops");
  const char* const saturday = "2026-03-28T06:30:00Z";
  GuideFiles files({directory_.path().string()}, dublin_);
  EXPECT_EQ(on_air(files, saturday), "sat.mp4");
  EXPECT_THAT(warnings_,
              ElementsAre(bad + ":1: not JSON: unexpected 'oops]}'; this day is left out"));
  // A list that goes bad after it was read stays as it was read.
  day("2026-03-28", "oops");
  EXPECT_EQ(on_air(files, saturday), "sat.mp4");
  EXPECT_THAT(warnings_[0], EndsWith("; the playlist read before stays"));
  day("2026-03-28", clip("new.mp4", 3600));
  EXPECT_EQ(on_air(files, saturday), "new.mp4");

  GuideReading strict = dublin_;
  strict.strict = true;
  EXPECT_THAT(message(load_all({directory_.path().string()}, strict, utc(saturday))),
              EndsWith("2026-03-29.json:1: not JSON: unexpected 'oops]}'"));
  std::filesystem::remove_all(directory_.path() / "2026");
  const std::string only = day("2026-03-28", "oops");
  EXPECT_THAT(message(load_all({directory_.path().string()}, dublin_, utc(saturday))),
              StartsWith(only + ":1: not JSON"));
}

TEST_F(PlaylistFolder, ChangesWithItsFilesAndWithTheDay) {
  day("2026-03-28", clip("a", 60));
  const UtcTime noon = utc("2026-03-28T12:00:00Z");
  GuideFiles files({directory_.path().string()}, dublin_);
  EXPECT_TRUE(files.changed(noon, noon));
  ASSERT_TRUE(files.load(noon, noon).ok());
  EXPECT_FALSE(files.changed(noon, noon));
  EXPECT_FALSE(files.changed(noon + 10h, noon + 10h));
  day("2026-04-11", clip("far", 60));
  EXPECT_FALSE(files.changed(noon, noon));
  const std::string sunday = day("2026-03-29", clip("b", 60));
  EXPECT_TRUE(files.changed(noon, noon));
  ASSERT_TRUE(files.load(noon, noon).ok());
  EXPECT_FALSE(files.changed(noon, noon));
  day("2026-03-29", clip("other", 60));  // another size
  EXPECT_TRUE(files.changed(noon, noon));
  ASSERT_TRUE(files.load(noon, noon).ok());
  std::filesystem::last_write_time(sunday, std::filesystem::last_write_time(sunday) + 1s);
  EXPECT_TRUE(files.changed(noon, noon));
  ASSERT_TRUE(files.load(noon, noon).ok());
  std::filesystem::rename(sunday, sunday + ".old");
  EXPECT_TRUE(files.changed(noon, noon));
  ASSERT_TRUE(files.load(noon, noon).ok());
  // On Monday the list of Saturday is no more among those to read.
  EXPECT_TRUE(files.changed(noon + 48h, noon + 48h));
}

// The sample guide and a playlist, cut short and with bytes changed: a guide or one line that says why
// not, and nothing worse.
TEST_F(LoadGuide, SurvivesDamage) {
  const std::string xml =
      contents_of(std::string(MASTERCLOCK_SOURCE_DIR) + "/examples/on_air/sample/guide.xml");
  ASSERT_GT(xml.size(), 20'000u);
  std::string json = R"({"channel": "J", "date": "2024-02-01", "program": [)";
  for (int i = 0; i < 40; ++i) json += R"({"in": 0.5, "out": 12.25, "source": "a.mp4"}, )";
  json += R"({"in": 0, "out": 1, "source": "b.mp4"}]})";

  std::mt19937 random(1);
  int refused = 0;
  for (int round = 0; round < 400; ++round) {
    std::string bytes = round % 2 == 0 ? xml.substr(0, 6000) + "</tv>" : json;
    if (round % 3 == 0) bytes.resize(random() % bytes.size());
    for (std::size_t n = random() % 8; n > 0 && !bytes.empty(); --n) {
      bytes[random() % bytes.size()] =
          n % 2 == 0 ? static_cast<char>(random()) : "<>&\"'{}[],:!-?/ \n\0"[random() % 19];
    }
    const auto guide = load("damaged", bytes);
    if (guide.ok()) continue;
    ++refused;
    const std::string message(guide.status().message());
    ASSERT_THAT(message, StartsWith(directory_.path().string())) << round;
    ASSERT_EQ(message.find('\n'), std::string::npos) << message;
  }
  EXPECT_GT(refused, 110);
  EXPECT_LT(refused, 400);  // some damage is none: a letter of a title
}

// A signal ends a reload within a second, so the readers of both formats ask before they are done.
TEST_F(LoadGuide, IsInterrupted) {
  std::string xml = "<tv>", json = R"({"channel": "J", "date": "2026-03-28", "program": [)";
  for (int i = 0; i < 2000; ++i) {
    xml += "<programme start='20260328120000 +0000' channel='X'><title>T</title></programme>";
    json += R"({"in": 0, "out": 12.25, "source": "a.mp4"}, )";
  }
  xml += "</tv>";
  json += R"({"in": 0, "out": 1, "source": "b.mp4"}]})";
  std::filesystem::create_directories(directory_.path() / "lists/2026/03");
  directory_.write("lists/2026/03/2026-03-28.json", json);
  const std::string folder = (directory_.path() / "lists").string();
  const std::string files[] = {directory_.write("guide.xml", xml).string(),
                               directory_.write("list.json", json).string(), folder};
  for (const std::string& path : files) {
    GuideFiles guide({path}, {.day_start = 6h});
    EXPECT_TRUE(guide.load(kNoon, kNoon).ok()) << path;
    guide.set_interrupted([] { return true; });
    EXPECT_EQ(guide.load(kNoon, kNoon).status().code(), absl::StatusCode::kCancelled) << path;
    guide.set_interrupted({});
    EXPECT_TRUE(guide.load(kNoon, kNoon).ok()) << path;
  }
}

}  // namespace
}  // namespace on_air::guide_file_test
