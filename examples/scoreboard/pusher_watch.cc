#include "pusher_watch.h"

#include <utility>

#include "messages.h"

namespace scoreboard {
namespace {

constexpr std::chrono::milliseconds kGrace{500};
constexpr std::chrono::minutes kLongRun{1};  // the failures before it count no more

}  // namespace

PusherWatch::PusherWatch(std::vector<std::string> arguments) : arguments_(std::move(arguments)) {}

PusherWatch::~PusherWatch() {
  if (child_) child_->stop(kGrace);
}

void PusherWatch::look(masterclock::SteadyTime now) {
  if (arguments_.empty()) return;
  if (child_) {
    if (child_->running()) return;
    child_.reset();
    failures_ = now - started_ >= kLongRun ? 1 : failures_ + 1;
    due_ = now + backoff_.delay_after(failures_).value_or(kLongRun);
    log_line("scoreboard", "The pusher has ended");
  }
  if (now < due_) return;
  started_ = now;
  auto child = common::ChildProcess::start(arguments_, {.share_errors = true});
  if (child.ok()) {
    child_ = *std::move(child);
  } else {
    log_line("scoreboard", std::string(child.status().message()));
    due_ = now + backoff_.delay_after(++failures_).value_or(kLongRun);
  }
}

}  // namespace scoreboard
