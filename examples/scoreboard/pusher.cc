#include "pusher.h"

#include <string>
#include <utility>

namespace scoreboard {
namespace {

constexpr std::chrono::milliseconds kPatience{
    200};  // with an event, until the next one is attempted

}  // namespace

Pusher::Pusher(masterclock::MasterClock& clock, Deliveries& deliveries, Destination& destination,
               PusherOptions options)
    : clock_(clock),
      deliveries_(deliveries),
      destination_(destination),
      options_(std::move(options)) {}

absl::Status Pusher::push_due() {
  std::int64_t after = 0;
  std::unique_lock lock(mutex_);
  while (!options_.stopping()) {
    // In the order of the ids, while the destination answers.
    answered_.wait_for(lock, kPatience, [this] { return !attempting_; });
    const masterclock::SteadyTime now = clock_.source().now_steady();
    const auto next = deliveries_.next(after, now);
    if (!next.ok()) return next.status();
    if (!*next) break;
    const PendingDelivery& delivery = **next;
    const bool due = delivery.due <= now;
    if (due && claimed_.insert(delivery.event_id).second) {
      const absl::Status noted = attempt(delivery, lock);
      claimed_.erase(delivery.event_id);
      if (!noted.ok()) return noted;
    }
    if (options_.ordered && !due) break;
    // An ordered destination looks at the same event again, until it is delivered or dead.
    after = options_.ordered ? delivery.event_id - 1 : delivery.event_id;
  }
  return absl::OkStatus();
}

absl::Status Pusher::attempt(const PendingDelivery& delivery, std::unique_lock<std::mutex>& lock) {
  const auto utc = std::chrono::floor<std::chrono::seconds>(clock_.source().now_utc());
  const std::int64_t utc_s = utc.time_since_epoch().count();
  const std::uint64_t number = ++attempts_;
  attempting_ = true;
  lock.unlock();
  const Attempt attempt = destination_.deliver(delivery.event_id, delivery.line, utc_s);
  lock.lock();
  if (number == attempts_) attempting_ = false;
  answered_.notify_all();
  if (attempt.verdict == Verdict::kDelivered) {
    return deliveries_.delivered(delivery.event_id, utc_s);
  }
  const auto delay = attempt.verdict == Verdict::kRetry
                         ? options_.backoff.delay_after(delivery.failures + 1, attempt.retry_after)
                         : std::nullopt;
  if (options_.log) {
    options_.log("Event " + std::to_string(delivery.event_id) + ": " + attempt.why +
                 (delay ? "" : ": a dead letter"));
  }
  if (!delay) return deliveries_.dead(delivery, attempt.why);
  return deliveries_.failed(delivery, clock_.source().now_steady() + *delay, attempt.why);
}

}  // namespace scoreboard
