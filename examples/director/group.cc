#include "group.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <random>
#include <utility>

#include "common/json_line.h"
#include "common/parse_json.h"
#include "common/printable.h"
#include "masterclock/timers/backoff.h"
#include "wire.h"

namespace director {
namespace {

using common::HttpResponse;
using common::RedisReply;
using masterclock::SteadyTime;
using masterclock::TimeReading;
using std::chrono::nanoseconds;
using namespace std::chrono_literals;

constexpr masterclock::Backoff kReconnect{100ms, 1s};
constexpr nanoseconds kAppend = 500ms, kAsk = 2s, kGoodbye = 300ms;

// Renews the lease, or takes it when it is free. Returns its holder, its time left, the number of
// records, and the mark of the as-run log.
constexpr char kTick[] = R"(
  local holder = redis.call('GET', KEYS[1])
  if not holder then
    redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2])
    holder = ARGV[1]
  elseif holder == ARGV[1] then
    redis.call('PEXPIRE', KEYS[1], ARGV[2])
  end
  return {holder, redis.call('PTTL', KEYS[1]), redis.call('LLEN', KEYS[2]),
          redis.call('GET', KEYS[3]) or ''})";

// Appends records as the leader, if the list has the expected length. Returns the new length or -1.
constexpr char kAppendScript[] = R"(
  if redis.call('GET', KEYS[1]) ~= ARGV[1] or redis.call('LLEN', KEYS[2]) ~= tonumber(ARGV[2]) then
    return -1
  end
  for i = 3, #ARGV do redis.call('RPUSH', KEYS[2], ARGV[i]) end
  redis.call('PUBLISH', KEYS[2], '')
  return redis.call('LLEN', KEYS[2]))";

// Sets a key as the leader, and perhaps publishes its value.
constexpr char kSet[] = R"(
  if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
  redis.call('SET', KEYS[2], ARGV[2])
  if ARGV[3] == 'publish' then redis.call('PUBLISH', KEYS[2], ARGV[2]) end
  return 1)";

constexpr char kGiveBack[] = R"(
  if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end
  return 0)";

std::string new_token() {
  constexpr char kDigits[] = "0123456789abcdef";
  std::random_device random;
  std::string token;
  for (int i = 0; i < 16; ++i) token += kDigits[random() % 16];
  return token;
}

std::string to_text(const Record& record) {
  return common::json_line(json{{"command", to_json(record.command)},
                                {"command_id", record.command.id},
                                {"boot", record.boot},
                                {"steady_ns", record.steady.time_since_epoch().count()},
                                {"utc_ns", record.utc.time_since_epoch().count()}});
}

std::optional<Record> read_record(const std::string& text) {
  const json object = common::parse_json(text);
  if (!object.is_object()) return std::nullopt;
  const auto text_in = [&](const char* name) {
    const auto found = object.find(name);
    return found != object.end() && found->is_string() ? found->get<std::string>() : "";
  };
  const auto steady = common::integer(object.value("steady_ns", json()));
  const auto utc = common::integer(object.value("utc_ns", json()));
  auto command = read_stored_command(object.value("command", json()));
  if (!steady || !utc || !command.ok()) return std::nullopt;
  Record record;
  record.command = *std::move(command);
  record.command.id = text_in("command_id");
  record.boot = text_in("boot");
  record.steady = SteadyTime(nanoseconds(*steady));
  record.utc = masterclock::UtcTime(nanoseconds(*utc));
  return record;
}

std::optional<AsRunMark> read_mark(const std::string& text) {
  const json object = common::parse_json(text);
  if (!object.is_object()) return std::nullopt;
  const auto show = common::integer(object.value("show", json()));
  const auto sequence = common::integer(object.value("sequence", json()));
  const auto after = common::integer(object.value("after_ns", json()));
  if (!show || !sequence || *sequence < 0 || !after) return std::nullopt;
  return AsRunMark{*show, {static_cast<std::uint64_t>(*sequence), nanoseconds(*after)}};
}

}  // namespace

Group::Group(const masterclock::TimeSource& source, GroupOptions options)
    : source_(source),
      options_(std::move(options)),
      lease_(options_.takeover * 9 / 10),
      token_(new_token()),
      wake_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)),
      requests_(options_.address),
      events_(options_.address) {}

void Group::start(GroupHooks hooks) {
  hooks_ = std::move(hooks);
  thread_ = std::thread([this] { run(); });
}

void Group::stop() {
  if (!thread_.joinable()) return;
  stopping_ = true;
  post(nullptr);
  thread_.join();
}

bool Group::has_lease() const {
  const TimeReading now = source_.read();
  const std::lock_guard lock(mutex_);
  // Steady time stands while the machine sleeps.
  return now.steady < lease_end_.steady && now.utc < lease_end_.utc;
}

bool Group::settled() const {
  const std::lock_guard lock(mutex_);
  return settled_;
}

absl::StatusOr<std::uint64_t> Group::append(const Record& record) {
  if (!has_lease()) return absl::UnavailableError("This server does not lead");
  auto promise = std::make_shared<std::promise<absl::StatusOr<std::uint64_t>>>();
  auto done = promise->get_future();
  post([this, promise, text = to_text(record), record](SteadyTime now) {
    std::size_t length = 0;
    {
      const std::lock_guard lock(mutex_);
      length = records_.size();
    }
    requests_.send(now,
                   {"EVAL", kAppendScript, "2", key("leader"), key("records"), token_,
                    std::to_string(length), text},
                   [this, promise, length, record](const absl::StatusOr<RedisReply>& reply) {
                     if (!reply.ok()) return promise->set_value(reply.status());
                     if (reply->number != static_cast<long long>(length + 1)) {
                       return promise->set_value(
                           absl::UnavailableError("Another server leads, or has stored a command"));
                     }
                     {
                       const std::lock_guard lock(mutex_);
                       records_.push_back(record);
                       records_.back().sequence = length + 1;
                     }
                     promise->set_value(length + 1);
                   });
  });
  if (done.wait_for(kAppend) != std::future_status::ready) {
    // The record may be stored all the same. Another tick finds out before the next command.
    post([this](SteadyTime) { requests_.disconnect("it does not answer"); });
    return absl::UnavailableError("Redis does not answer");
  }
  return done.get();
}

absl::StatusOr<std::vector<Record>> Group::records(std::uint64_t first, std::size_t limit) {
  const std::lock_guard lock(mutex_);
  std::vector<Record> page;
  for (std::uint64_t i = std::max<std::uint64_t>(first, 1) - 1;
       i < records_.size() && page.size() < limit; ++i) {
    page.push_back(records_[i]);
  }
  return page;
}

absl::StatusOr<std::vector<HistoryRow>> Group::history(std::uint64_t first, std::size_t limit) {
  const std::lock_guard lock(mutex_);
  return history_of(records_, first, limit);
}

void Group::publish(const json& state) {
  post([this, text = common::json_line(state)](SteadyTime now) {
    requests_.send(now, {"EVAL", kSet, "2", key("leader"), key("state"), token_, text, "publish"},
                   nullptr);
  });
}

void Group::set_mark(const AsRunMark& mark) {
  const json object = {
      {"show", mark.show}, {"sequence", mark.id.sequence}, {"after_ns", mark.id.after.count()}};
  post([this, text = common::json_line(object)](SteadyTime now) {
    requests_.send(now, {"EVAL", kSet, "2", key("leader"), key("as_run"), token_, text, ""},
                   nullptr);
  });
}

absl::StatusOr<HttpResponse> Group::ask(json body) {
  std::future<HttpResponse> answer;
  std::string name;
  {
    const std::lock_guard lock(mutex_);
    if (leader_silent_) return absl::UnavailableError("No leader answers");
    name = token_ + ":" + std::to_string(++asks_);
    answer = asked_[name].get_future();
  }
  body["reply"] = name;
  body["not_after"] = (source_.now_utc() + kAsk).time_since_epoch().count();
  if (!body.contains("command_id")) body["command_id"] = name;
  post([this, text = common::json_line(body)](SteadyTime now) {
    requests_.send(now, {"PUBLISH", key("commands"), text}, nullptr);
  });
  const bool answered = answer.wait_for(kAsk) == std::future_status::ready;
  const std::lock_guard lock(mutex_);
  asked_.erase(name);
  leader_silent_ = !answered;
  if (!answered) return absl::UnavailableError("No leader answers");
  return answer.get();
}

// Below: on the group's thread.

void Group::post(Work work) {
  {
    const std::lock_guard lock(mutex_);
    if (work) work_.push_back(std::move(work));
  }
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = ::write(wake_.get(), &one, sizeof one);
}

void Group::run() {
  connect_at_ = source_.now_steady();
  while (!stopping_) {
    const TimeReading now = source_.read();
    std::deque<Work> work;
    {
      const std::lock_guard lock(mutex_);
      work.swap(work_);
    }
    for (const Work& one : work) one(now.steady);
    requests_.work();
    events_.work();
    check(now.steady);
    if (connect_at_ && *connect_at_ <= now.steady) connect(now.steady);
    if (tick_at_ && *tick_at_ <= now.steady) tick(now);
    requests_.work();  // sends what this turn has to say
    events_.work();
    wait(source_.now_steady());
  }
  const SteadyTime end = source_.now_steady() + kGoodbye;
  bool done = !requests_.connected();
  requests_.send(source_.now_steady(), {"EVAL", kGiveBack, "1", key("leader"), token_},
                 [&done](const absl::StatusOr<RedisReply>&) { done = true; });
  while (!done && source_.now_steady() < end) {
    requests_.work();
    wait(source_.now_steady());
  }
  requests_.disconnect();
  events_.disconnect();
}

void Group::wait(SteadyTime now) {
  constexpr nanoseconds kLongest = 100ms;
  nanoseconds longest = kLongest;
  for (const auto& at : {connect_at_, tick_at_}) {
    if (at) longest = std::clamp(*at - now, nanoseconds(0), longest);
  }
  std::vector<pollfd> waits = {{wake_.get(), POLLIN, 0}};
  requests_.add_waits(waits);
  events_.add_waits(waits);
  const auto ms = std::chrono::ceil<std::chrono::milliseconds>(longest).count();
  (void)::poll(waits.data(), waits.size(), static_cast<int>(ms));
  std::uint64_t count = 0;
  [[maybe_unused]] const auto read = ::read(wake_.get(), &count, sizeof count);
}

void Group::connect(SteadyTime now) {
  connect_at_.reset();
  ticking_ = fetching_ = false;
  requests_.connect(now);
  events_.connect(now);
  events_.subscribe(
      now, {key("commands"), key("answers"), key("records")},
      [this](const std::string& channel, const std::string& text) { received(channel, text); },
      nullptr);
  tick_at_ = now;
}

// Ends a connection that is lost or silent, and makes another. Ends the leadership with its lease.
void Group::check(SteadyTime now) {
  if (leading_ && !has_lease()) {
    leading_ = false;
    log("This server leads no longer");
    hooks_.follows();
  }
  if (connect_at_) return;
  for (common::RedisConnection* const connection : {&requests_, &events_}) {
    const auto since = connection->silent_since();
    if (since && now - *since > lease_ / 2) connection->disconnect("it does not answer");
  }
  if (requests_.connected() && events_.connected()) return;
  const std::string& why = requests_.connected() ? events_.error() : requests_.error();
  if (!std::exchange(lost_, true)) {
    log("Redis at " + options_.address.text() + " is lost: " + common::printable(why));
  }
  requests_.disconnect();
  events_.disconnect();
  tick_at_.reset();
  connect_at_ = now + kReconnect.delay_after(++failures_).value_or(kReconnect.most);
}

void Group::tick(const TimeReading& now) {
  tick_at_ = now.steady + lease_ / 3;
  if (std::exchange(ticking_, true)) return;
  if (!events_.silent_since()) events_.send(now.steady, {"PING"}, nullptr);
  requests_.send(now.steady,
                 {"EVAL", kTick, "3", key("leader"), key("records"), key("as_run"), token_,
                  std::to_string(lease_.count())},
                 [this, now](const absl::StatusOr<RedisReply>& reply) {
                   ticking_ = false;
                   if (!reply.ok()) return;
                   if (reply->kind != RedisReply::Kind::kList || reply->list.size() != 4) {
                     return requests_.disconnect(reply->text);
                   }
                   ticked(now, *reply);
                 });
}

void Group::ticked(const TimeReading& sent, const RedisReply& reply) {
  if (std::exchange(lost_, false)) log("Redis at " + options_.address.text() + " is back");
  failures_ = 0;
  const std::string& holder = reply.list[0].text;
  const auto length = static_cast<std::size_t>(std::max(0LL, reply.list[2].number));
  const bool holds = holder == token_;
  const long long lease_left = reply.list[1].number;
  const bool heard =
      holder != holder_ || lease_left > lease_left_;  // the leader is new, or renews its lease
  holder_ = holder;
  lease_left_ = lease_left;
  bool goes_on = false;
  std::size_t known = 0;
  {
    const std::lock_guard lock(mutex_);
    goes_on = leading_ && sent.steady < lease_end_.steady && sent.utc < lease_end_.utc;
    lease_end_ = holds ? TimeReading{sent.utc + lease_, sent.steady + lease_} : TimeReading{};
    known = records_.size();
    if (heard) leader_silent_ = false;
  }
  if (!holds) {
    // Tries again as soon as the lease can be over.
    const nanoseconds left = std::chrono::milliseconds(std::max(0LL, reply.list[1].number) + 1);
    tick_at_ = std::min(tick_at_.value_or(SteadyTime::max()), source_.now_steady() + left);
  }
  if (holds && length == 0 && known > 0) restore(source_.now_steady());
  const bool begins = holds && !goes_on;
  if (leading_ && !goes_on) {
    leading_ = false;
    hooks_.follows();
  }
  if (!begins) {
    const auto settle = [this] {
      const std::lock_guard lock(mutex_);
      settled_ = true;
    };
    if (length == known || length == 0) return settle();
    return fetch(length, [this, settle] {
      hooks_.changed();
      settle();
    });
  }
  const auto lead = [this, mark = read_mark(reply.list[3].text)] {
    if (!has_lease() || leading_) return;
    leading_ = true;
    log("This server leads");
    hooks_.leads(mark);
    const std::lock_guard lock(mutex_);
    settled_ = true;
  };
  if (length == known || length == 0) return lead();
  fetch(length, lead);
}

// Reads the records that this server does not have. A list that is shorter than the known one is another.
void Group::fetch(std::size_t length, std::function<void()> then) {
  if (std::exchange(fetching_, true)) return;
  std::size_t first = 0;
  {
    const std::lock_guard lock(mutex_);
    if (length > records_.size()) first = records_.size();
  }
  requests_.send(source_.now_steady(), {"LRANGE", key("records"), std::to_string(first), "-1"},
                 [this, first, then = std::move(then)](const absl::StatusOr<RedisReply>& reply) {
                   fetching_ = false;
                   if (!reply.ok()) return;
                   std::vector<Record> more;
                   for (const RedisReply& one : reply->list) {
                     auto record = read_record(one.text);
                     if (!record) return log(key("records") + ": a record cannot be read");
                     record->sequence = first + more.size() + 1;
                     more.push_back(*std::move(record));
                   }
                   {
                     const std::lock_guard lock(mutex_);
                     if (first > records_.size()) return;
                     records_.resize(first);
                     records_.insert(records_.end(), more.begin(), more.end());
                   }
                   then();
                 });
}

// Gives the records back to a Redis that has lost them.
void Group::restore(SteadyTime now) {
  std::vector<std::string> request = {"EVAL",         kAppendScript, "2", key("leader"),
                                      key("records"), token_,        "0"};
  {
    const std::lock_guard lock(mutex_);
    for (const Record& record : records_) request.push_back(to_text(record));
  }
  log("Redis has lost the show, and gets it back");
  requests_.send(now, request, nullptr);
}

void Group::received(const std::string& channel, const std::string& text) {
  if (channel == key("records")) {
    tick_at_ = source_.now_steady();
    return;
  }
  const absl::StatusOr<json> message = common::parse_json_object(text);
  if (!message.ok()) return;
  const auto found = message->find("reply");
  const std::string reply =
      found != message->end() && found->is_string() ? found->get<std::string>() : "";
  if (channel == key("answers")) {
    const auto status = common::integer(message->value("status", json()));
    const std::lock_guard lock(mutex_);
    leader_silent_ = false;
    const auto asked = asked_.find(reply);
    if (asked == asked_.end() || !status || !message->contains("answer")) return;
    asked->second.set_value(
        common::json_response(message->at("answer"), static_cast<int>(*status)));
    asked_.erase(asked);
    return;
  }
  if (!leading_) return;
  hooks_.command(*message, [this, reply](const HttpResponse& response) {
    const json answer = {{"reply", reply},
                         {"status", response.status},
                         {"answer", common::parse_json(response.body)}};
    post([this, line = common::json_line(answer)](SteadyTime now) {
      requests_.send(now, {"PUBLISH", key("answers"), line}, nullptr);
    });
  });
}

void Group::log(const std::string& line) const {
  if (options_.log) options_.log(line);
}

}  // namespace director
