// Adds std::format and fmt::format for FrameRate, Timecode, JoinPoint and the enums of frames/.
//
// Streams and GoogleTest print these types without this header.
//
// ## Example
//
//   std::ostringstream text;
//   text << masterclock::timecode("10:00:00;12", masterclock::k29_97);
//   assert(text.str() == "10:00:00;12");
#ifndef MASTERCLOCK_FRAMES_IO_H_
#define MASTERCLOCK_FRAMES_IO_H_

#include "masterclock/frames/frame_pacer.h"
#include "masterclock/frames/frame_rate.h"
#include "masterclock/frames/join_point.h"
#include "masterclock/frames/playlist.h"
#include "masterclock/frames/timecode.h"
#include "masterclock/internal/formatter.h"

#endif  // MASTERCLOCK_FRAMES_IO_H_
