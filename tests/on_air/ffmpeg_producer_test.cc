#include "ffmpeg_producer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <limits>
#include <thread>

#include "../temporary_directory.h"
#include "masterclock/frames/frame_index.h"
#include "media_probe.h"
#include "recording_producer.h"

namespace on_air::ffmpeg_producer_test {
namespace {

using masterclock::frame_start;
using masterclock::FrameRate;
using masterclock::tests::TemporaryDirectory;
using ::testing::HasSubstr;
using ::testing::IsSupersetOf;
using ::testing::Not;
using namespace std::chrono_literals;

MediaInfo half_a_minute(FrameRate rate) {
  MediaInfo info;
  info.rate = rate;
  info.length = 30s;
  info.indexed = true;
  return info;
}

ProducerRequest request(std::chrono::nanoseconds position) {
  ProducerRequest asked;
  asked.media = "clip.mp4";
  asked.position = position;
  asked.output = "out.mp4";
  return asked;
}

TEST(PlanSeek, SeeksHalfAFrameEarly) {
  const struct {
    const char* name;
    FrameRate rate;
    std::chrono::nanoseconds position, begin;
    std::int64_t frame;
    const char *shown, *earliest;
  } cases[] = {
      {"the first frame", masterclock::k25, 0s, 0s, 0, "0.000000", "-0.020000"},
      {"before the start", masterclock::k25, -1s, 0s, 0, "0.000000", "-0.020000"},
      {"the last nanosecond of a frame", masterclock::k25, 40ms - 1ns, 0s, 0, "0.000000",
       "-0.020000"},
      {"the first of the next", masterclock::k25, 40ms, 0s, 1, "0.040000", "0.020000"},
      {"29.97 has no whole nanoseconds", masterclock::k29_97, 10s, 0s, 299, "9.976633", "9.959950"},
      {"59.94", masterclock::k59_94, 29'980ms, 0s, 1797, "29.979950", "29.971608"},
      {"a file that begins late", masterclock::k25, 10s, 1'480ms, 250, "11.480000", "11.460000"},
  };
  for (const auto& c : cases) {
    MediaInfo info = half_a_minute(c.rate);
    info.begin = c.begin;
    const auto plan = plan_seek(request(c.position), info);
    ASSERT_TRUE(plan.ok()) << c.name << ": " << plan.status();
    EXPECT_EQ(plan->frame, c.frame) << c.name;
    EXPECT_EQ(ffmpeg_seconds(plan->shown), c.shown) << c.name;
    EXPECT_EQ(ffmpeg_seconds(plan->earliest), c.earliest) << c.name;
  }
}

TEST(PlanSeek, CountsInTheRequestedRate) {
  ProducerRequest asked = request(1'030ms);  // of 25: frame 25, which begins at 1 s
  asked.rate = masterclock::k25;
  EXPECT_EQ(plan_seek(asked, half_a_minute(masterclock::k50))->frame, 50);
  EXPECT_EQ(plan_seek(asked, half_a_minute(masterclock::k29_97))->frame, 29);
}

TEST(PlanSeek, RefusesFramesThatTheMediaDoesNotHave) {
  const struct {
    const char* name;
    std::chrono::nanoseconds position;
    std::optional<std::int64_t> frames;
    const char* error;
  } cases[] = {
      {"the last frame", 29'999ms, std::nullopt, ""},
      {"the last two", 29'920ms, 2, ""},
      {"at the end", 30s, std::nullopt,
       "clip.mp4: lasts 30.000000 s, too short for a join at 30.000000 s (frame 750)"},
      {"hours after it", 3h, std::nullopt,
       "clip.mp4: lasts 30.000000 s, too short for a join at 10800.000000 s (frame 270000)"},
      {"too many frames", 29'920ms, 3,
       "clip.mp4: lasts 30.000000 s, too short for a join at 29.920000 s (frame 748) and 3 "
       "frames"},
      {"more frames than can be counted", 29'920ms, std::numeric_limits<std::int64_t>::max(),
       "clip.mp4: lasts 30.000000 s, too short for a join at 29.920000 s (frame 748) and "
       "9223372036854775807 frames"},
  };
  for (const auto& c : cases) {
    ProducerRequest asked = request(c.position);
    asked.frames = c.frames;
    const auto plan = plan_seek(asked, half_a_minute(masterclock::k25));
    EXPECT_EQ(plan.status().message(), c.error) << c.name;
    EXPECT_EQ(plan.ok(), *c.error == '\0') << c.name;
  }
}

TEST(FfmpegArguments, SeekChooseAndCount) {
  MediaInfo info = half_a_minute(masterclock::k29_97);
  info.sound = true;
  info.video_stream = 2;
  ProducerRequest asked = request(10s);
  asked.frames = 50;
  const SeekPlan plan = plan_seek(asked, info).value();
  EXPECT_THAT(
      ffmpeg_arguments(asked, info, plan, 9'959'950us, {}),
      ::testing::ElementsAreArray({"ffmpeg",
                                   "-nostdin",
                                   "-hide_banner",
                                   "-loglevel",
                                   "error",
                                   "-nostats",
                                   "-progress",
                                   "pipe:1",
                                   "-stats_period",
                                   "0.1",
                                   "-y",
                                   "-copyts",
                                   "-seek_timestamp",
                                   "1",
                                   "-noaccurate_seek",
                                   "-ss",
                                   "9.959950",
                                   "-protocol_whitelist",
                                   "file",
                                   "-format_whitelist",
                                   "mov,matroska,mpegts,mpeg,mxf,gxf,avi,asf,flv,ogg,nut",
                                   "-i",
                                   "file:clip.mp4",
                                   "-map",
                                   "0:2",
                                   "-vf",
                                   "trim=start=9.959950,setpts=PTS-9.976633/TB,trim=end_frame=50",
                                   "-map",
                                   "0:a:0",
                                   "-af",
                                   "atrim=start=9.976633:end=11.644967,asetpts=PTS-9.976633/TB",
                                   "-c:v",
                                   "libx264",
                                   "-preset",
                                   "veryfast",
                                   "-pix_fmt",
                                   "yuv420p",
                                   "-c:a",
                                   "aac",
                                   "file:out.mp4"}));
}

TEST(FfmpegArguments, FollowTheRequest) {
  MediaInfo info = half_a_minute(masterclock::k25);
  info.sound = true;
  ProducerRequest asked = request(10s);
  const SeekPlan plan = plan_seek(asked, info).value();

  ProducerRequest picture = asked;
  picture.output = "out.png";
  EXPECT_THAT(ffmpeg_arguments(picture, info, plan, std::nullopt, {}),
              IsSupersetOf({"trim=start=9.980000,setpts=PTS-10.000000/TB,trim=end_frame=1",
                            "image2", "-update"}));
  EXPECT_THAT(ffmpeg_arguments(picture, info, plan, std::nullopt, {}),
              Not(::testing::Contains("-af")));
  EXPECT_THAT(ffmpeg_arguments(picture, info, plan, std::nullopt, {}),
              Not(::testing::Contains("-ss")));

  ProducerRequest converted = asked;
  converted.rate = masterclock::k59_94;
  EXPECT_THAT(ffmpeg_arguments(converted, info, plan, std::nullopt, {}),
              IsSupersetOf({"trim=start=9.980000,setpts=PTS-10.000000/TB,"
                            "fps=fps=60000/1001:start_time=0"}));

  ProducerRequest nowhere = asked;
  nowhere.output = "";
  EXPECT_THAT(ffmpeg_arguments(nowhere, info, plan, std::nullopt, {.paced = true}),
              IsSupersetOf({"trim=start=9.980000,setpts=PTS-10.000000/TB,realtime=limit=0.5",
                            "atrim=start=10.000000,asetpts=PTS-10.000000/TB,arealtime=limit=0.5",
                            "null", "-"}));
}

TEST(ParseProbe, ReadsTheReportOfFfprobe) {
  const auto ts = parse_probe(
      R"({"streams":[{"index":0,"codec_type":"audio"},
          {"index":1,"codec_type":"video","r_frame_rate":"30000/1001","time_base":"1/90000",
           "start_pts":132006,"duration_ts":2702700}],
          "format":{"format_name":"mpegts","duration":"30.051333"}})",
      "x.ts");
  ASSERT_TRUE(ts.ok()) << ts.status();
  EXPECT_EQ(ts->rate, masterclock::k29_97);
  EXPECT_EQ(ts->begin, 1'466'733'333ns);
  EXPECT_EQ(ts->length, 30'030ms);
  EXPECT_EQ(ts->video_stream, 1);
  EXPECT_TRUE(ts->sound);
  EXPECT_FALSE(ts->indexed);

  const auto mkv = parse_probe(
      R"({"streams":[{"index":0,"codec_type":"video","disposition":{"attached_pic":1}},
          {"index":3,"codec_type":"video","r_frame_rate":"0/0","avg_frame_rate":"50/2",
           "time_base":"1/1000","start_pts":-40}],
          "format":{"format_name":"matroska,webm","duration":"12.345678"}})",
      "x.mkv");
  ASSERT_TRUE(mkv.ok()) << mkv.status();
  EXPECT_EQ(mkv->rate, masterclock::k25);
  EXPECT_EQ(mkv->begin, -40ms);
  EXPECT_EQ(mkv->length, 12'345'678us);
  EXPECT_EQ(mkv->video_stream, 3);
  EXPECT_FALSE(mkv->sound);
  EXPECT_TRUE(mkv->indexed);
}

TEST(ParseProbe, NamesTheMissingFact) {
  const struct {
    const char *report, *error;
  } cases[] = {
      {"", "x: the report of ffprobe has an unknown form"},
      {"[]", "x: the report of ffprobe has an unknown form"},
      {R"({"streams":[]})", "x: the report of ffprobe has an unknown form"},
      {R"({"streams":[{"codec_type":"audio"}],"format":{}})", "x: has no pictures"},
      {R"({"streams":[{"codec_type":"video"}],"format":{}})", "x: has no known frame rate"},
      {R"({"streams":[{"codec_type":"video","r_frame_rate":"25/1","time_base":"1/25"}],
           "format":{}})",
       "x: has no known length"},
  };
  for (const auto& c : cases) EXPECT_EQ(parse_probe(c.report, "x").status().message(), c.error);
}

TEST(RecordingProducer, RecordsItsRequests) {
  const auto record = std::make_shared<ProducerRecord>();
  {
    const auto producer = recording_producers(record)("one");
    EXPECT_EQ(producer->state(), ProducerState::kIdle);
    EXPECT_TRUE(producer->start(request(1s)).ok());
    EXPECT_EQ(producer->state(), ProducerState::kRunning);
    EXPECT_TRUE(producer->stop().ok());
    EXPECT_TRUE(producer->stop().ok());
    EXPECT_TRUE(producer->start(request(2s)).ok());
  }
  const auto calls = record->calls();
  ASSERT_EQ(calls.size(), 4u);
  EXPECT_EQ(calls[0].channel, "one");
  EXPECT_EQ(calls[0].started, request(1s));
  EXPECT_EQ(calls[1].started, std::nullopt);
  EXPECT_EQ(calls[2].started, request(2s));
  EXPECT_EQ(calls[3].started, std::nullopt) << "the destructor stops";
}

// On real files, made by ffmpeg.
class RealFfmpegProducer : public ::testing::Test {
 protected:
  void SetUp() override {
    if (std::system("ffmpeg -version > /dev/null 2>&1 && ffprobe -version > /dev/null 2>&1") != 0) {
      GTEST_SKIP() << "ffmpeg is not installed";
    }
  }
  // Ten seconds of a test picture at 25.
  std::filesystem::path clip(const std::string& name) const {
    const auto file = directory_.path() / name;
    const std::string command =
        "ffmpeg -nostdin -v error -y -f lavfi -i testsrc=duration=10:size=64x64:rate=25 "
        "-c:v libx264 -preset ultrafast " +
        file.string();
    EXPECT_EQ(std::system(command.c_str()), 0);
    return file;
  }
  static ProducerRequest asking(const std::filesystem::path& media,
                                std::chrono::nanoseconds position,
                                const std::filesystem::path& output = {}) {
    ProducerRequest asked;
    asked.media = media;
    asked.position = position;
    asked.output = output;
    return asked;
  }
  TemporaryDirectory directory_;
};

TEST_F(RealFfmpegProducer, ProducesTheRequestedNumberOfFrames) {
  const auto media = clip("clip.mp4");
  const auto output = directory_.path() / "out.mp4";
  FfmpegProducer producer;
  ProducerRequest asked = asking(media, 3s, output);
  asked.frames = 30;
  ASSERT_TRUE(producer.start(asked).ok());
  const absl::Status status = producer.wait();
  EXPECT_TRUE(status.ok()) << status;
  EXPECT_EQ(producer.state(), ProducerState::kFinished);
  const auto made = probe_media(output);
  ASSERT_TRUE(made.ok()) << made.status();
  EXPECT_EQ(made->length, 1'200ms);
  EXPECT_EQ(made->rate, masterclock::k25);
}

TEST_F(RealFfmpegProducer, RunsUntilStopped) {
  const auto media = clip("clip.ts");
  FfmpegProducer producer({.paced = true});
  EXPECT_EQ(producer.state(), ProducerState::kIdle);
  for (int again = 0; again < 2; ++again) {
    ASSERT_TRUE(producer.start(asking(media, 1s)).ok());
    EXPECT_EQ(producer.state(), ProducerState::kRunning);
  }
  EXPECT_TRUE(producer.stop().ok());
  EXPECT_EQ(producer.state(), ProducerState::kIdle);
  EXPECT_TRUE(producer.stop().ok());
}

TEST_F(RealFfmpegProducer, CanBeInterruptedDuringTheProbe) {
  const auto stuck = directory_.write("ffprobe", "#!/bin/sh\nexec tail -f /dev/null\n");
  std::filesystem::permissions(stuck, std::filesystem::perms::owner_all);
  const std::string path = std::getenv("PATH");
  ::setenv("PATH", (directory_.path().string() + ":" + path).c_str(), 1);
  const int event = ::eventfd(1, EFD_CLOEXEC);
  FfmpegProducer producer({.interrupt_fd = event});
  const absl::Status status = producer.start(asking(directory_.write("clip.mp4"), 1s));
  ::setenv("PATH", path.c_str(), 1);
  EXPECT_EQ(status.code(), absl::StatusCode::kCancelled) << status;
  EXPECT_EQ(producer.state(), ProducerState::kIdle);
  ::close(event);
}

TEST_F(RealFfmpegProducer, NamesTheFaultOfTheMedia) {
  const auto text = directory_.write("text.mp4", "not a film\n");
  const auto empty = directory_.write("empty.mp4");
  const auto short_clip = clip("short.mp4");
  const struct {
    std::filesystem::path media;
    absl::StatusCode code;
    const char* says;
  } cases[] = {
      {directory_.path() / "none.mp4", absl::StatusCode::kNotFound, "none.mp4: no such file"},
      {directory_.path(), absl::StatusCode::kInvalidArgument, ": is a directory"},
      {text, absl::StatusCode::kInvalidArgument, "text.mp4: Invalid data found"},
      {empty, absl::StatusCode::kInvalidArgument, "empty.mp4: "},
      {short_clip, absl::StatusCode::kOutOfRange, "short.mp4: lasts 10.000000 s, too short"},
  };
  for (const auto& c : cases) {
    FfmpegProducer producer;
    const absl::Status status = producer.start(asking(c.media, 1h));
    EXPECT_EQ(status.code(), c.code) << status;
    EXPECT_THAT(status.message(), HasSubstr(c.says));
    EXPECT_THAT(status.message(), Not(HasSubstr("\n")));
    EXPECT_EQ(producer.state(), ProducerState::kIdle);
  }
}

TEST_F(RealFfmpegProducer, ReportsWhyFfmpegFailed) {
  const auto media = clip("clip.mp4");
  FfmpegProducer producer;
  ASSERT_TRUE(producer.start(asking(media, 0s, directory_.path() / "none" / "out.mp4")).ok());
  const absl::Status status = producer.wait();
  EXPECT_THAT(status.message(), HasSubstr("No such file or directory"));
  EXPECT_EQ(producer.state(), ProducerState::kFailed);
  EXPECT_EQ(FfmpegProducer().wait().code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(RealFfmpegProducer, ShowsASlateUntilStopped) {
  const auto output = directory_.path() / "slate.ts";
  FfmpegProducer producer({.paced = true});
  ProducerRequest slate = asking("", 0s, output);
  slate.slate = "Next: Who's \\that\\? 100 %\nat 20:00, [1] {2}; a=b";
  ASSERT_TRUE(producer.start(slate).ok());
  while (producer.state() == ProducerState::kRunning &&
         (!std::filesystem::exists(output) || std::filesystem::file_size(output) < 1'000)) {
    std::this_thread::yield();
  }
  EXPECT_EQ(producer.state(), ProducerState::kRunning) << producer.failure();
  EXPECT_TRUE(producer.stop().ok());
  EXPECT_TRUE(probe_media(output).ok());
}

TEST_F(RealFfmpegProducer, ShowsAPreparedRequestAtOnce) {
  const auto media = clip("clip.mp4");
  FfmpegProducer producer({.paced = true});
  ASSERT_TRUE(producer.start(asking(media, 1s, directory_.path() / "first.ts")).ok());
  const auto second = directory_.path() / "second.ts";
  producer.prepare(asking(media, 2s, second));
  EXPECT_EQ(producer.state(), ProducerState::kRunning) << "the first runs on";
  // No other ffmpeg can start now.
  const std::string path = std::getenv("PATH");
  ::setenv("PATH", "/nowhere", 1);
  const absl::Status started = producer.start(asking(media, 2s + 1us, second));  // the same frame
  ::setenv("PATH", path.c_str(), 1);
  ASSERT_TRUE(started.ok()) << started;
  while (producer.state() == ProducerState::kRunning &&
         (!std::filesystem::exists(second) || std::filesystem::file_size(second) < 1'000)) {
    std::this_thread::yield();
  }
  EXPECT_EQ(producer.state(), ProducerState::kRunning) << producer.failure();
}

// case 24: a playlist with the name of a clip reads no other file.
TEST_F(RealFfmpegProducer, RefusesAPlaylistInDisguise) {
  const auto secret = clip("secret.ts");
  const struct {
    const char* name;
    std::string text;
  } cases[] = {
      {"hls.mp4", "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nsecret.ts\n#EXT-X-ENDLIST\n"},
      {"concat.mp4", "ffconcat version 1.0\nfile secret.ts\nduration 10\n"},
      {"sdp.mp4", "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nm=video 5004 RTP/AVP 96\n"},
      {"dash.mp4", "<?xml version='1.0'?><MPD xmlns='urn:mpeg:dash:schema:mpd:2011'></MPD>"},
      {"svg.mp4", "<svg xmlns='http://www.w3.org/2000/svg'><image href='secret.ts'/></svg>"},
      {"metadata.mp4", ";FFMETADATA1\ntitle=secret.ts\n"},
      {"subtitles.mp4", "1\n00:00:00,000 --> 00:00:10,000\nsecret.ts\n"},
      {"picture%03d.png", "\x89PNG\r\n\x1a\n"},
  };
  for (const auto& c : cases) {
    FfmpegProducer producer;
    const absl::Status status = producer.start(asking(directory_.write(c.name, c.text), 1s));
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << c.name << ": " << status;
  }
  FfmpegProducer producer;
  EXPECT_TRUE(producer.start(asking(secret, 1s)).ok()) << "the clip itself is a container";
}

}  // namespace
}  // namespace on_air::ffmpeg_producer_test
