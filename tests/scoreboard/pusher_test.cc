#include "pusher.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "../timers/vectors.h"
#include "masterclock/testing/manual_time_source.h"
#include "store.h"
#include "test_database.h"

namespace scoreboard::pusher_test {
namespace {

using masterclock::UtcTime;
using masterclock::timer_vectors::cases;
using masterclock::timer_vectors::Json;
using ::testing::ElementsAre;
using namespace std::chrono_literals;

// Answers as a case of the vectors says, and notes each attempt.
class ScriptedDestination : public Destination {
 public:
  explicit ScriptedDestination(const masterclock::TimeSource& source)
      : source_(source), start_(source.now_steady()) {}

  Attempt deliver(std::int64_t event_id, const std::string&, std::int64_t) override {
    const std::size_t attempt = ++attempts_[event_id];
    const std::int64_t at_s = (source_.now_steady() - start_) / 1s;
    made.push_back({{"at_s", at_s}, {"id", event_id}, {"attempt", attempt}});
    const std::vector<Json>& outcomes = script[event_id];
    const Json& outcome = outcomes[std::min(attempt, outcomes.size()) - 1];
    if (outcome.contains("error")) return {Verdict::kRetry, {}, "no answer"};
    return {verdict_of(outcome.at("status")), 1s * outcome.value("retry_after_s", 0), "refused"};
  }

  std::map<std::int64_t, std::vector<Json>> script;
  Json made = Json::array();

 private:
  const masterclock::TimeSource& source_;
  const masterclock::SteadyTime start_;
  std::map<std::int64_t, std::size_t> attempts_;
};

// The database of a match, without a server.
class DeliveriesTest : public ::testing::TestWithParam<Json> {
 protected:
  void SetUp() override {
    const auto store = Store::open(database_.address());
    ASSERT_TRUE(store.ok()) << store.status();
    sql_ = database_.connect();
    ASSERT_NE(sql_, nullptr);
  }

  void add_event(std::int64_t id, const std::string& type = "GAME_STARTED") {
    EXPECT_TRUE(sql_->run("INSERT INTO events (event_id, event_type, event_payload,"
                          " event_timestamp) VALUES (?1, ?2, '{}', 1706745600)",
                          {id, type})
                    .ok());
  }

  std::unique_ptr<Deliveries> open(const std::string& name, DestinationOptions options = {}) {
    auto deliveries = Deliveries::open(database_.address(), name, options);
    EXPECT_TRUE(deliveries.ok()) << deliveries.status();
    return deliveries.ok() ? *std::move(deliveries) : nullptr;
  }

  PusherState state() {
    const auto desk = DeliveryDesk::open(database_.address());
    EXPECT_TRUE(desk.ok()) << desk.status();
    const auto state = (*desk)->state();
    EXPECT_TRUE(state.ok()) << state.status();
    return state.value_or(PusherState());
  }

  // Registers the pusher of `name` in a process that has ended.
  void die_as_pusher(const std::string& name) {
    const pid_t child = ::fork();
    if (child == 0) ::_exit(Deliveries::open(database_.address(), name, {}).ok() ? 0 : 1);
    int status = -1;
    EXPECT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
  }

  const tests::TestDatabase database_;
  std::unique_ptr<Sql> sql_;
  masterclock::testing::ManualTimeSource source_{UtcTime(24h * 20'000)};
  masterclock::MasterClock clock_{source_};
};

class PusherVectors : public DeliveriesTest {};

TEST_P(PusherVectors, DeliversAsTheVectorSays) {
  const Json& one = GetParam();
  const auto deliveries = open("hook");
  ScriptedDestination destination(source_);
  for (const Json& event : one.at("events")) {
    destination.script[event.at("id")] = event.at("outcomes").get<std::vector<Json>>();
  }
  const Json& policy = one.at("policy");
  Pusher pusher(clock_, *deliveries, destination,
                {.backoff = {1s * policy.at("first_s").get<int>(),
                             1s * policy.at("most_s").get<int>(), policy.at("attempts").get<int>()},
                 .ordered = one.at("mode") == "ordered"});
  const int until = one.at("until_s");
  for (int second = 0; second <= until; ++second) {
    for (const Json& event : one.at("events")) {
      if (event.at("created_s") == second) add_event(event.at("id"));
    }
    ASSERT_EQ(pusher.push_due(), absl::OkStatus());
    source_.advance(1s);
  }
  const Json& expect = one.at("expect");
  ASSERT_EQ(destination.made.size(), expect.at("attempts").size()) << destination.made;
  for (std::size_t i = 0; i < destination.made.size(); ++i) {
    for (const char* field : {"at_s", "id", "attempt"}) {
      EXPECT_EQ(destination.made[i].at(field), expect.at("attempts")[i].at(field)) << i << field;
    }
  }
  for (const auto& [id, end] : expect.at("end").items()) {
    const auto rows = sql_->run("SELECT delivered FROM deliveries WHERE event_id = ?1", {id});
    ASSERT_TRUE(rows.ok() && !rows->rows.empty()) << id;
    EXPECT_EQ(rows->rows.front().integer(0), end == "delivered"     ? 1
                                             : end == "dead_letter" ? 3
                                                                    : 2)
        << id;
  }
}

INSTANTIATE_TEST_SUITE_P(RetrySchedule, PusherVectors,
                         ::testing::ValuesIn(cases("retry_schedule", "deliver")),
                         masterclock::timer_vectors::name_of_case);

TEST(Destination, JudgesAsTheVectorsSay) {
  for (const Json& one : cases("retry_schedule", "verdict")) {
    for (const Json& row : one.at("rows")) {
      if (!row.at("outcome").contains("status")) continue;
      const Verdict verdict = verdict_of(row.at("outcome").at("status"));
      EXPECT_EQ(verdict == Verdict::kDelivered, row.at("expect") == "ok") << row;
      EXPECT_EQ(verdict == Verdict::kDead, row.at("expect") == "dead") << row;
    }
  }
  EXPECT_EQ(verdict_of(425), Verdict::kRetry);
}

TEST(Destination, SignsAsStandardWebhooks) {
  // The example of the specification.
  EXPECT_EQ(webhook_signature("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
                              "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, R"({"test": 2432232314})")
                .value_or("none"),
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
  EXPECT_FALSE(webhook_signature("whsec_%", "1", 1, "").ok());
  EXPECT_FALSE(webhook_signature("whsec_====", "1", 1, "").ok());
}

// The date is the example of RFC 9110; its time is that of `date -d @784111777`.
TEST(RetryAfter, IsANumberOfSecondsOrADate) {
  constexpr std::int64_t kNow = 784'111'700;
  EXPECT_EQ(retry_after("120", kNow), 120s);
  EXPECT_EQ(retry_after("Sun, 06 Nov 1994 08:49:37 GMT", kNow), 77s);
  EXPECT_EQ(retry_after("Sun, 06 Nov 1994 08:48:19 GMT", kNow), 0s);
  const std::chrono::seconds longest = retry_after("1000000000000", kNow);
  EXPECT_GE(longest, 1h);
  EXPECT_EQ(retry_after("99999999999999999999", kNow), longest);
  EXPECT_EQ(retry_after("-99999999999999999999", kNow), 0s);
  for (const char* other : {"", "-5", "soon", "120s", "Sun, 06 Nov 1994"}) {
    EXPECT_EQ(retry_after(other, kNow), 0s) << other;
  }
}

TEST(Destination, RefusesOtherTexts) {
  for (const char* text : {"", "ftp://host/", "ws://host/", "http://", "events.log"}) {
    EXPECT_EQ(open_destination(text, "whsec_AAAA").status().code(),
              absl::StatusCode::kInvalidArgument)
        << text;
  }
}

class RealStatusVectors : public DeliveriesTest {};

TEST_P(RealStatusVectors, AgreesWithTheVector) {
  const Json& one = GetParam();
  const std::string name = one.value("destination", "log");
  if (one.contains("events")) {
    for (const Json& event : one.at("events")) add_event(event);
    for (const Json& row : one.at("deliveries")) {
      const auto destination = row.at("destination").get<std::string>();
      ASSERT_TRUE(sql_->run("INSERT INTO deliveries (event_id, destination, delivered)"
                            " VALUES (?1, ?2, ?3)",
                            {row.at("event_id").get<std::int64_t>(), destination,
                             row.at("delivered").get<std::int64_t>()})
                      .ok());
    }
  } else {
    for (int id = 1; id <= one.at("undelivered"); ++id) add_event(id);
  }
  std::unique_ptr<Deliveries> pusher;
  if (one.at("process") == "alive") pusher = open(name);
  if (one.at("process") == "dead") die_as_pusher(name);
  const PusherState found = state();
  const Json& expect = one.at("expect");
  EXPECT_EQ(found.status, expect.is_string() ? expect : expect.at("status"));
  if (expect.is_object()) {
    EXPECT_EQ(found.dead_letters, expect.at("dead_letters"));
    EXPECT_EQ(found.oldest_utc_s.has_value(), expect.at("undelivered") > 0);
  }
}

INSTANTIATE_TEST_SUITE_P(RealDeliveryStatus, RealStatusVectors,
                         ::testing::ValuesIn(cases("delivery_status")),
                         masterclock::timer_vectors::name_of_case);

TEST_F(DeliveriesTest, FiltersByTypeAndBeginsWhereTheDestinationBegins) {
  for (int id = 1; id <= 4; ++id) add_event(id, id % 2 == 0 ? "CLOCK_SET" : "GAME_STARTED");
  ScriptedDestination destination(source_);
  const auto deliveries = open("hook", {.from = 2, .types = {"CLOCK_SET", "GOAL"}});
  for (int id = 1; id <= 4; ++id) destination.script[id] = {{{"status", 200}}};
  Pusher pusher(clock_, *deliveries, destination, {});
  ASSERT_EQ(pusher.push_due(), absl::OkStatus());
  std::vector<std::int64_t> ids;
  for (const Json& attempt : destination.made) ids.push_back(attempt.at("id"));
  EXPECT_THAT(ids, ElementsAre(2, 4));
  EXPECT_EQ(state().status, "healthy");
}

TEST_F(DeliveriesTest, ResendsDeadLetters) {
  ScriptedDestination destination(source_);
  for (int id = 1; id <= 3; ++id) {
    add_event(id);
    destination.script[id] = {{{"status", 404}}, {{"status", 200}}};
  }
  const auto deliveries = open("hook");
  Pusher pusher(clock_, *deliveries, destination, {});
  ASSERT_EQ(pusher.push_due(), absl::OkStatus());
  EXPECT_EQ(state().dead_letters, 3);
  const auto desk = DeliveryDesk::open(database_.address());
  ASSERT_TRUE(desk.ok()) << desk.status();
  EXPECT_EQ((*desk)->dead_letters()->size(), 3u);
  EXPECT_EQ((*desk)->resend(1, std::nullopt).value_or(-1), 1);
  ASSERT_EQ(pusher.push_due(), absl::OkStatus());
  EXPECT_EQ(state().dead_letters, 2);
  EXPECT_EQ((*desk)->resend(std::nullopt, 2).value_or(-1), 2);
  ASSERT_EQ(pusher.push_due(), absl::OkStatus());
  EXPECT_EQ(state().dead_letters, 0);
}

class RealDeliveries : public DeliveriesTest {};

TEST_F(RealDeliveries, HasOnePusherForADestination) {
  const auto deliveries = open("hook");
  const pid_t child = ::fork();
  if (child == 0) {
    const auto second = Deliveries::open(database_.address(), "hook", {});
    ::_exit(absl::IsFailedPrecondition(second.status()) ? 0 : 1);
  }
  int status = -1;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

TEST_F(DeliveriesTest, RetriesAtOnceAfterAReboot) {
  add_event(1);
  ScriptedDestination destination(source_);
  destination.script[1] = {{{"status", 503}}, {{"status", 200}}};
  source_.advance(24h * 365);
  const auto deliveries = open("hook");
  Pusher pusher(clock_, *deliveries, destination, {});
  ASSERT_EQ(pusher.push_due(), absl::OkStatus());
  masterclock::testing::ManualTimeSource rebooted{UtcTime(24h * 20'366)};
  masterclock::MasterClock clock(rebooted);
  Pusher again(clock, *deliveries, destination, {});
  ASSERT_EQ(again.push_due(), absl::OkStatus());
  EXPECT_EQ(destination.made.size(), 2u);
}

}  // namespace
}  // namespace scoreboard::pusher_test
