// Compares Backoff with the group `retry_schedule` of the vectors: single delays, and whole deliveries.
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "masterclock/timers/backoff.h"
#include "vectors.h"

namespace masterclock::backoff_vectors_test {
namespace {

using std::chrono::seconds;
using timer_vectors::Json;

Backoff backoff_of(const Json& policy) {
  return {seconds(policy.at("first_s")), seconds(policy.at("most_s")), policy.at("attempts")};
}

class BackoffDelay : public ::testing::TestWithParam<Json> {};

TEST_P(BackoffDelay, AgreesWithTheVector) {
  const auto delay = backoff_of(GetParam().at("policy")).delay_after(GetParam().at("failures"));
  const Json& expect = GetParam().at("expect");
  if (expect.value("dead_letter", false)) {
    EXPECT_EQ(delay, std::nullopt);
  } else {
    EXPECT_EQ(delay, seconds(expect.at("delay_s")));
  }
}

INSTANTIATE_TEST_SUITE_P(RetrySchedule, BackoffDelay,
                         ::testing::ValuesIn(timer_vectors::cases("retry_schedule", "delay")),
                         timer_vectors::name_of_case);

// Returns the verdict of one attempt, as a pusher gives it.
std::string verdict_of(const Json& outcome) {
  const int status = outcome.value("status", 0);
  if (status >= 200 && status < 300) return "ok";
  const bool is_final =
      status >= 400 && status < 500 && status != 408 && status != 425 && status != 429;
  return is_final ? "dead" : "retry";
}

struct Delivery {
  std::int64_t id;
  seconds next;  // the instant of the next attempt
  std::vector<Json> outcomes;
  int attempts = 0;
  std::string end{};  // empty while the delivery is pending
};

class BackoffDelivery : public ::testing::TestWithParam<Json> {};

TEST_P(BackoffDelivery, AgreesWithTheVector) {
  const Json& one = GetParam();
  const Backoff backoff = backoff_of(one.at("policy"));
  const bool ordered = one.at("mode") == "ordered";
  const seconds until(one.at("until_s"));
  std::vector<Delivery> deliveries;
  for (const Json& event : one.at("events")) {
    deliveries.push_back({event.at("id"), seconds(event.at("created_s")), event.at("outcomes")});
  }
  std::vector<Json> attempts;
  seconds now(0);
  while (true) {
    Delivery* next = nullptr;
    for (Delivery& delivery : deliveries) {
      if (!delivery.end.empty()) continue;
      if (next == nullptr ||
          std::tie(delivery.next, delivery.id) < std::tie(next->next, next->id)) {
        next = &delivery;
      }
      if (ordered) break;  // the first pending event blocks the later ones
    }
    if (next == nullptr) break;
    now = std::max(now, next->next);
    if (now > until) break;
    const std::size_t last = next->outcomes.size() - 1;
    const Json& outcome =
        next->outcomes[std::min<std::size_t>(static_cast<std::size_t>(next->attempts), last)];
    ++next->attempts;
    std::string verdict = verdict_of(outcome);
    if (verdict == "retry") {
      const auto delay =
          backoff.delay_after(next->attempts, seconds(outcome.value("retry_after_s", 0)));
      if (delay) next->next = now + std::chrono::duration_cast<seconds>(*delay);
      if (!delay) verdict = "dead";
    }
    if (verdict != "retry") next->end = verdict == "ok" ? "delivered" : "dead_letter";
    attempts.push_back({{"at_s", now.count()},
                        {"id", next->id},
                        {"attempt", next->attempts},
                        {"verdict", verdict}});
  }
  EXPECT_EQ(Json(attempts), one.at("expect").at("attempts"));
  for (const Delivery& delivery : deliveries) {
    const Json& end = one.at("expect").at("end").at(std::to_string(delivery.id));
    if (delivery.end.empty()) {
      EXPECT_EQ(Json({{"pending_until_s", std::max(now, delivery.next).count()}}), end)
          << delivery.id;
    } else {
      EXPECT_EQ(Json(delivery.end), end) << delivery.id;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(RetrySchedule, BackoffDelivery,
                         ::testing::ValuesIn(timer_vectors::cases("retry_schedule", "deliver")),
                         timer_vectors::name_of_case);

}  // namespace
}  // namespace masterclock::backoff_vectors_test
