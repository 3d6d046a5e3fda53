// Seeks a file to the frame on which a viewer joins, with libavformat. Writes that picture in gray.
//
//   ffmpeg_join FILE START NOW OUTPUT.pgm      START and NOW in RFC 3339
#include <fstream>
#include <iostream>
#include <memory>
#include <utility>
extern "C" {
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/pixdesc.h>
}
#include "masterclock/frames/join_point.h"
#include "masterclock/time/rfc3339.h"

template <class T, auto kFree>
using Owned = std::unique_ptr<T, decltype([](T* object) { kFree(&object); })>;
using Frame = Owned<AVFrame, av_frame_free>;
int fail(std::string_view what) { return std::cerr << "ffmpeg_join: " << what << '\n', 1; }

int main(int argc, char** argv) {
  if (argc != 5) return fail("expected FILE START NOW OUTPUT.pgm");
  const auto start = masterclock::parse_rfc3339(argv[2]), now = masterclock::parse_rfc3339(argv[3]);
  if (!start.ok() || !now.ok()) return fail((start.ok() ? now : start).status().ToString());
  av_log_set_level(AV_LOG_FATAL);  // pictures before the first key frame are no error
  AVFormatContext* opened = nullptr;
  if (avformat_open_input(&opened, argv[1], nullptr, nullptr) < 0) return fail("cannot read FILE");
  const Owned<AVFormatContext, avformat_close_input> file(opened);
  avformat_find_stream_info(opened, nullptr);
  const AVCodec* decoder = nullptr;  // av_find_best_stream finds streams with a decoder only
  const int index = av_find_best_stream(opened, AVMEDIA_TYPE_VIDEO, -1, -1, &decoder, 0);
  if (index < 0 || opened->streams[index]->disposition & AV_DISPOSITION_ATTACHED_PIC)
    return fail("FILE has no pictures that can be decoded");
  const AVStream& stream = *opened->streams[index];
  const Owned<AVCodecContext, avcodec_free_context> codec(avcodec_alloc_context3(decoder));
  avcodec_parameters_to_context(codec.get(), stream.codecpar);
  if (avcodec_open2(codec.get(), decoder, nullptr) < 0) return fail("cannot open the decoder");
  const AVRational rate = stream.r_frame_rate;
  const auto join = masterclock::join_at(*start, *now, {rate.num, rate.den});
  const int64_t begin = stream.start_time == AV_NOPTS_VALUE ? 0 : stream.start_time;
  const AVRational half{rate.den, 2 * rate.num};  // a file rounds the start of a frame
  const int64_t second = stream.time_base.den, frame = av_rescale_q(2, half, stream.time_base);
  const int64_t until = begin + av_rescale_q(2 * join.frame + 1, half, stream.time_base);
  bool followed = false;  // by a later picture
  // Returns the last picture from `from` on that begins at or before `until`, or null.
  const auto decode = [&](int64_t from) {
    const Owned<AVPacket, av_packet_free> packet(av_packet_alloc());
    Frame found, next(av_frame_alloc());
    av_seek_frame(opened, index, from, AVSEEK_FLAG_BACKWARD);
    avcodec_flush_buffers(codec.get());
    for (bool more = true; more;) {
      more = av_read_frame(opened, packet.get()) >= 0;
      if (!more || packet->stream_index == index) avcodec_send_packet(codec.get(), packet.get());
      av_packet_unref(packet.get());
      while (avcodec_receive_frame(codec.get(), next.get()) >= 0) {
        if ((followed = next->best_effort_timestamp > until)) return found;
        found = std::exchange(next, Frame(av_frame_alloc()));
      }
    }
    return found;
  };
  Frame picture;  // A seek may end between key frames: search from further back.
  for (int64_t back = 0, from = until; !picture && from >= begin; back = 2 * back + second)
    picture = decode(from = until - back);
  // A picture stays until the next begins. The last one lasts for one frame.
  if (!picture || (!followed && picture->best_effort_timestamp + frame < until))
    return fail("FILE has no such frame");
  const AVPixFmtDescriptor& form = *av_pix_fmt_desc_get(AVPixelFormat(picture->format));
  const bool colors = form.flags & (AV_PIX_FMT_FLAG_RGB | AV_PIX_FMT_FLAG_PAL);
  if (colors || form.comp[0].depth * form.comp[0].step != 8)
    return fail("FILE has no gray of 8 bits");
  std::ofstream output(argv[4], std::ios::binary);
  output << "P5 " << picture->width << ' ' << picture->height << " 255\n";
  for (int y = 0; y < picture->height; ++y)
    output.write(reinterpret_cast<char*>(picture->data[0] + y * picture->linesize[0]),
                 picture->width);
  if (!output.flush()) return fail("cannot write OUTPUT");
  std::cout << "frame " << join.frame << '\n';
}
