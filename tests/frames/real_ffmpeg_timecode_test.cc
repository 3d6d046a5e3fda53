// Compares our labels with ffmpeg's: it labels each picture of two hours of MPEG-2, and reads our
// text. Skips without ffmpeg.
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>

#include "masterclock/frames/timecode.h"

namespace masterclock::real_ffmpeg_timecode_test {
namespace {

// Reads the standard output of a command.
class Output {
 public:
  explicit Output(const std::string& command) : pipe_(::popen(command.c_str(), "r"), &::pclose) {}
  // The next byte, or -1 at the end.
  int next() {
    if (at_ == size_) {
      size_ = pipe_ ? std::fread(bytes_.data(), 1, bytes_.size(), pipe_.get()) : 0;
      at_ = 0;
      if (size_ == 0) return -1;
    }
    return bytes_[at_++];
  }

 private:
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> pipe_;
  std::array<unsigned char, 1 << 16> bytes_;
  std::size_t at_ = 0, size_ = 0;
};

class RealFfmpeg : public ::testing::Test {
 protected:
  void SetUp() override {
    if (std::system("ffmpeg -version >/dev/null 2>&1") != 0) GTEST_SKIP() << "no ffmpeg here";
  }
};

// Each picture is one group of pictures, and the header of each group contains a label. ISO/IEC
// 13818-2 section 6.2.2.6: drop flag, hours, minutes, marker, seconds, pictures.
TEST_F(RealFfmpeg, LabelsTwoHoursOf2997DropFrameAsWeDo) {
  constexpr std::int64_t kTwoHours = 215'784;
  const TimecodeFormat format = TimecodeFormat::of(k29_97, DropFrame::kYes).value();
  const Timecode first(format, format.frame_of({22, 59, 58, 0}));  // over midnight, too
  Output video("ffmpeg -v error -f lavfi -i color=c=black:s=16x16:r=30000/1001 -frames:v " +
               std::to_string(kTwoHours) + " -c:v mpeg2video -g 1 -gop_timecode '" +
               first.to_string() + "' -drop_frame_timecode 1 -f mpeg2video -");
  std::int64_t labels = 0;
  std::uint32_t window = 0xffff'ffff;
  for (int byte; (byte = video.next()) >= 0;) {
    window = window << 8 | static_cast<std::uint32_t>(byte);
    if (window != 0x0000'01b8) continue;
    std::uint32_t header = 0;
    for (int i = 0; i < 4; ++i) header = header << 8 | static_cast<std::uint32_t>(video.next());
    const auto field = [&](int shift, int bits) {
      return static_cast<int>(header >> shift & ((1U << bits) - 1));
    };
    const Timecode ours = first + labels;
    ASSERT_EQ(field(31, 1), 1) << "ffmpeg does not say drop-frame";
    ASSERT_EQ((TimecodeLabel{field(26, 5), field(20, 6), field(13, 6), field(7, 6)}), ours.label())
        << "frame " << labels << " is " << ours.to_string() << " to us";
    ++labels;
  }
  EXPECT_EQ(labels, kTwoHours);
}

// A QuickTime timecode track holds the number of the first frame: ffmpeg's, of the text that we
// print.
TEST_F(RealFfmpeg, ReadsOurTextAsTheSameFrame) {
  const struct {
    FrameRate rate;
    DropFrame drop;
  } modes[] = {{k25, DropFrame::kNo},     {k29_97, DropFrame::kYes}, {k29_97, DropFrame::kNo},
               {k59_94, DropFrame::kYes}, {k50, DropFrame::kNo},     {k23_976, DropFrame::kNo}};
  for (const auto& mode : modes) {
    const TimecodeFormat format = TimecodeFormat::of(mode.rate, mode.drop).value();
    for (const std::int64_t frame : {0, 1'800, 107'892, 2'073'599}) {
      const Timecode ours(format, frame);
      const std::string file =
          ::testing::TempDir() + "timecode_track_" + std::to_string(::getpid()) + ".mov";
      const std::string ratio =
          std::to_string(mode.rate.numerator) + "/" + std::to_string(mode.rate.denominator);
      ASSERT_EQ(
          std::system(("ffmpeg -v error -y -f lavfi -i color=c=black:s=16x16:r=" + ratio +
                       " -frames:v 1 -c:v png -timecode '" + ours.to_string() + "' '" + file + "'")
                          .c_str()),
          0);
      Output track("ffmpeg -v error -i '" + file + "' -map 0:d -c copy -f data -");
      std::uint32_t theirs = 0;
      for (int i = 0; i < 4; ++i) theirs = theirs << 8 | static_cast<std::uint32_t>(track.next());
      EXPECT_EQ(theirs, ours.frame()) << ours.to_string() << " at " << to_string(mode.rate);
      std::remove(file.c_str());
    }
  }
}

}  // namespace
}  // namespace masterclock::real_ffmpeg_timecode_test
