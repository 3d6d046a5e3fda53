// Writes lines to a descriptor whose reader may be slow, without waiting for the reader.
//
// Lines wait in memory, up to 4 MB. Then whole lines are dropped, the oldest first. A full disk delays
// the lines: no part of a line is written twice or left out.
#ifndef MASTERCLOCK_EXAMPLES_POLLER_LINE_QUEUE_H_
#define MASTERCLOCK_EXAMPLES_POLLER_LINE_QUEUE_H_

#include <cstddef>
#include <deque>
#include <string>
#include <utility>

namespace poller {

// Threads: one owner. SIGPIPE is ignored.
class LineQueue {
 public:
  static constexpr std::size_t kMostBytes = 4 * 1024 * 1024;

  explicit LineQueue(int fd) : fd_(fd) {}

  void add(std::string line) { add_bytes(std::move(line) + '\n'); }
  void add_bytes(std::string bytes);  // whole lines, or the bytes of a screen

  // Writes what the reader takes now.
  void flush();

  [[nodiscard]] bool pending() const noexcept { return !lines_.empty(); }
  // Returns whether a reader that is ready again makes the descriptor writable.
  [[nodiscard]] bool waits_for_reader() const noexcept { return pending() && !failed_; }
  [[nodiscard]] int fd() const noexcept { return fd_; }

 private:
  const int fd_;
  std::deque<std::string> lines_;
  std::size_t bytes_ = 0;
  bool begun_ = false;     // a part of the first line is written
  bool failed_ = false;    // the last write failed: the disk is full
  bool has_left_ = false;  // the reader has left
};

}  // namespace poller

#endif  // MASTERCLOCK_EXAMPLES_POLLER_LINE_QUEUE_H_
