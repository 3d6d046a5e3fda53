#include "media_library.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "../temporary_directory.h"

namespace on_air::media_library_test {
namespace {

using masterclock::tests::TemporaryDirectory;
using ::testing::HasSubstr;

TEST(FileNameOf, MakesAPlainNameFromATitle) {
  const struct {
    const char *text, *expected;
  } cases[] = {
      {"News", "news"},
      {"The Late Late Show", "the-late-late-show"},
      {"  Who?  Me!! ", "who-me"},
      {"RTÉ News: Nine", "rtÉ-news-nine"},
      {"24 Hours", "24-hours"},
      {"../../etc/passwd", "etc-passwd"},
      {"???", ""},
      {"", ""},
  };
  for (const auto& c : cases) EXPECT_EQ(file_name_of(c.text), c.expected);
}

class MediaLibraryTest : public ::testing::Test {
 protected:
  // Returns the path relative to the directory, or the text of the error.
  std::string find(const std::string& title, const std::string& source) {
    NowPlaying now;
    now.title = title;
    now.source = source;
    const auto found = MediaLibrary::open(directory_.path()).value().find("one.ie", now);
    return found.ok() ? found->lexically_relative(directory_.path()).string()
                      : std::string(found.status().message());
  }
  TemporaryDirectory directory_;
};

TEST_F(MediaLibraryTest, FindsSourcesByPathThenByName) {
  for (const char* file : {"a/clip.mp4", "b/clip.mp4", "a/deep/er/only.ts", "top.mp4"}) {
    directory_.write(file);
  }
  const struct {
    const char *source, *expected;
  } cases[] = {
      {"b/clip.mp4", "b/clip.mp4"},
      {"./b//clip.mp4", "b/clip.mp4"},
      {"elsewhere/clip.mp4", "a/clip.mp4"},
      {"/var/media/only.ts", "a/deep/er/only.ts"},
      {"/top.mp4", "top.mp4"},
      {"../top.mp4", "top.mp4"},
  };
  for (const auto& c : cases) EXPECT_EQ(find("Clip", c.source), c.expected) << c.source;
  EXPECT_THAT(find("Clip", "x/none.mp4"),
              HasSubstr("no media for 'Clip' on channel 'one.ie': looked for 'x/none.mp4'"));
  EXPECT_THAT(find("Clip", "a/"), HasSubstr("its source is 'a/'"));
}

TEST_F(MediaLibraryTest, NeverLeavesTheDirectory) {
  directory_.write("below/x.mp4");
  NowPlaying now;
  now.source = "../outside.mp4";
  directory_.write("outside.mp4");
  const auto library = MediaLibrary::open(directory_.path() / "below");
  EXPECT_EQ(library->find("one.ie", now).status().code(), absl::StatusCode::kNotFound);
}

// case 24: the system would open "clip.mp4".
TEST_F(MediaLibraryTest, RefusesAZeroCharacterInASource) {
  directory_.write("clip.mp4");
  EXPECT_THAT(find("Clip", std::string("clip.mp4\0.txt", 13)),
              HasSubstr("its source is 'clip.mp4\\x00.txt'"));
}

TEST_F(MediaLibraryTest, FindsTitlesThenChannels) {
  directory_.write("the-news.ts");
  EXPECT_EQ(find("The News", ""), "the-news.ts");
  EXPECT_THAT(find("Other", ""), HasSubstr("looked for 'other.mp4' and 'one-ie.mp4'"));
  directory_.write("one-ie.mp4");
  EXPECT_EQ(find("Other", ""), "one-ie.mp4");
  EXPECT_EQ(find("", ""), "one-ie.mp4");
}

TEST_F(MediaLibraryTest, OneFileStandsForEveryProgramme) {
  const auto file = directory_.write("clip.mp4");
  EXPECT_EQ(MediaLibrary::open(file)->find("any", NowPlaying()).value(), file);
  EXPECT_EQ(MediaLibrary::open("/nowhere/x").status().message(),
            "/nowhere/x: no such file or directory");
}

}  // namespace
}  // namespace on_air::media_library_test
