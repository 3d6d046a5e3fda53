#include "push_command.h"

#include <openssl/evp.h>
#include <sys/random.h>

#include <array>
#include <chrono>
#include <cstddef>
#include <memory>
#include <thread>
#include <vector>

#include "common/stop_signal.h"
#include "destination.h"
#include "masterclock/master_clock.h"
#include "messages.h"
#include "pusher.h"
#include "store.h"

namespace scoreboard {
namespace {

constexpr std::chrono::milliseconds kPoll{500};  // for new events
constexpr std::size_t kWorkers = 4;              // so many events may wait for an answer at once

absl::StatusOr<std::string> secret_of(Store& store) {
  auto secret = store.setting("webhook_secret");
  if (!secret.ok() || !secret->empty()) return secret;
  std::array<unsigned char, 24> bytes{};
  std::array<unsigned char, 4 * bytes.size()> base64{};
  if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) {
    return absl::UnavailableError("The system has no random numbers");
  }
  const int length = ::EVP_EncodeBlock(base64.data(), bytes.data(), bytes.size());
  const std::string made =
      "whsec_" + std::string(base64.begin(), base64.begin() + std::ptrdiff_t{length});
  if (absl::Status set = store.set_setting("webhook_secret", made); !set.ok()) return set;
  log_line("pusher", "The secret of the webhooks is " + made);
  return made;
}

// A destination, its deliveries, and the thread that pushes.
struct Lane {
  std::unique_ptr<Deliveries> deliveries;
  std::unique_ptr<Destination> destination;
  std::thread thread;
};

void run(masterclock::MasterClock& clock, Lane& lane, const std::string& name, bool ordered,
         const common::StopSignal& stop) {
  const auto log = [&name](std::string_view line) {
    log_line("pusher", name + ": " + std::string(line));
  };
  Pusher pusher(clock, *lane.deliveries, *lane.destination,
                {.ordered = ordered, .stopping = [&stop] { return stop.requested(); }, .log = log});
  const auto work = [&] {
    do {
      if (const absl::Status status = pusher.push_due(); !status.ok()) {
        log(std::string(status.message()));
      }
    } while (!stop.wait_for(kPoll));
  };
  std::vector<std::thread> others;
  // A file takes one line at a time.
  const std::size_t workers = ordered || name.starts_with("file:") ? 1 : kWorkers;
  while (others.size() + 1 < workers) others.emplace_back(work);
  work();
  for (std::thread& other : others) other.join();
  (void)lane.deliveries->close();
}

}  // namespace

absl::Status push(const PushOptions& options) {
  auto store = Store::open(options.database, false);
  if (!store.ok()) return store.status();
  std::string secret = options.secret;
  if (secret.empty()) {
    const auto stored = secret_of(**store);
    if (!stored.ok()) return stored.status();
    secret = *stored;
  }
  store->reset();
  std::vector<Lane> lanes;
  for (const std::string& name : options.destinations) {
    auto destination = open_destination(name, secret);
    if (!destination.ok()) return destination.status();
    auto deliveries = Deliveries::open(options.database, name, options.destination);
    if (!deliveries.ok()) return deliveries.status();
    lanes.push_back({*std::move(deliveries), *std::move(destination), {}});
  }
  const common::StopSignal stop;  // before the first thread
  masterclock::MasterClock clock;
  for (std::size_t i = 0; i < lanes.size(); ++i) {
    Lane& lane = lanes[i];
    lane.thread =
        std::thread([&, i] { run(clock, lane, options.destinations[i], options.ordered, stop); });
  }
  for (Lane& lane : lanes) lane.thread.join();
  return absl::OkStatus();
}

}  // namespace scoreboard
