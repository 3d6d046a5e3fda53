#include "postgres.h"

#include <libpq-fe.h>
#include <poll.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstring>
#include <utility>

#include "common/printable.h"
#include "masterclock/time/system_time_source.h"

namespace scoreboard {
namespace {

struct FinishConnection {
  void operator()(PGconn* connection) const noexcept { ::PQfinish(connection); }
};
struct ClearResult {
  void operator()(PGresult* result) const noexcept { ::PQclear(result); }
};
using Result = std::unique_ptr<PGresult, ClearResult>;
using std::chrono::milliseconds;

masterclock::SteadyTime steady_now() {
  return masterclock::SystemTimeSource::shared().now_steady();
}

// Waits until the socket of a connection is ready for `events`, or until `end`. Returns whether it is.
bool wait_for(PGconn* connection, int events, masterclock::SteadyTime end) {
  pollfd socket{::PQsocket(connection), static_cast<short>(events), 0};
  const auto left = std::chrono::ceil<milliseconds>(end - steady_now());
  return ::poll(&socket, 1, static_cast<int>(std::max(left, milliseconds(0)).count())) > 0;
}

constexpr char kSettings[] =
    "SET client_min_messages = warning; SET synchronous_commit = on;"
    " SET idle_in_transaction_session_timeout = '5s'";  // a frozen server of the match keeps no lock

// The callers hold locks, and pages lose contact with a server that is silent for 2.5 s.
constexpr milliseconds kAnswer{1'000};   // to a statement
constexpr milliseconds kProgress{200};   // of a connection, while a caller waits
constexpr milliseconds kAttempt{5'000};  // until a connection that is not there yet is begun again

// The lock of all writers: sequences and event ids become visible in their order.
constexpr char kBegin[] = "BEGIN; SELECT pg_advisory_xact_lock(7281)";

std::string first_line(std::string_view text) {
  return common::printable(text.substr(0, text.find('\n')));
}

void replace_all(std::string& text, std::string_view from, std::string_view to) {
  for (std::size_t at = text.find(from); at != std::string::npos; at = text.find(from, at)) {
    text.replace(at, from.size(), to);
    at += to.size();
  }
}

class PostgresSql : public Sql {
 public:
  explicit PostgresSql(std::string address) : address_(std::move(address)) {}

  // Goes on with the connection, and begins it first where there is none. Waits no longer than `first` for the
  // first answer, and `kProgress` for each further one.
  //
  // Errors: Unavailable until the connection is ready.
  absl::Status connect(milliseconds first) {
    if (connecting_ == nullptr || steady_now() - began_ > kAttempt) {
      // Values of the address come later and win.
      const char* const names[] = {"application_name", "dbname", nullptr};
      const char* const values[] = {"scoreboard", address_.c_str(), nullptr};
      connecting_.reset(::PQconnectStartParams(names, values, 1));
      next_ = PGRES_POLLING_WRITING;
      began_ = steady_now();
      if (::PQstatus(connecting_.get()) == CONNECTION_BAD) return given_up();
    } else {
      first = milliseconds(0);  // an earlier call has waited
    }
    for (milliseconds wait = first; next_ != PGRES_POLLING_OK; wait = kProgress) {
      const int events = next_ == PGRES_POLLING_READING ? POLLIN : POLLOUT;
      if (!wait_for(connecting_.get(), events, steady_now() + wait)) {
        return absl::UnavailableError("PostgreSQL: the server does not answer");
      }
      next_ = ::PQconnectPoll(connecting_.get());
      if (next_ == PGRES_POLLING_FAILED) return given_up();
    }
    connection_ = std::move(connecting_);
    ::PQsetnonblocking(connection_.get(), 1);
    for (const char* const statement : {kSettings, listening_ ? "LISTEN scoreboard" : "SELECT 1"}) {
      if (absl::Status status = status_of(exec(statement).get()); !status.ok()) return status;
    }
    return absl::OkStatus();
  }

  absl::StatusOr<SqlResult> run(std::string_view statement,
                                const std::vector<SqlValue>& values) override {
    if (::PQstatus(connection_.get()) != CONNECTION_OK) {
      if (in_transaction_) {
        in_transaction_ = false;
        return lost();
      }
      if (absl::Status again = connect(kProgress); !again.ok()) return again;
    }
    std::string text(statement);
    replace_all(text, "?", "$");
    std::vector<std::string> kept;
    kept.reserve(values.size());
    std::vector<const char*> parameters;
    for (const SqlValue& value : values) {
      if (std::holds_alternative<std::monostate>(value)) {
        parameters.push_back(nullptr);
        continue;
      }
      const auto* const number = std::get_if<std::int64_t>(&value);
      kept.push_back(number != nullptr ? std::to_string(*number) : std::get<std::string>(value));
      parameters.push_back(kept.back().c_str());
    }
    const int sent =
        ::PQsendQueryParams(connection_.get(), text.c_str(), static_cast<int>(parameters.size()),
                            nullptr, parameters.data(), nullptr, nullptr, 0);
    const Result done = answer(sent);
    if (statement == "COMMIT" || statement == "ROLLBACK") in_transaction_ = false;
    if (absl::Status status = status_of(done.get()); !status.ok()) return status;
    // A COMMIT of a transaction that has failed is a ROLLBACK.
    if (statement == "COMMIT" && std::strcmp(::PQcmdStatus(done.get()), "COMMIT") != 0) {
      return absl::UnavailableError("PostgreSQL has rolled the transaction back");
    }
    SqlResult result;
    for (int row = 0; row < ::PQntuples(done.get()); ++row) {
      std::vector<std::optional<std::string>> columns;
      columns.reserve(static_cast<std::size_t>(::PQnfields(done.get())));
      for (int column = 0; column < ::PQnfields(done.get()); ++column) {
        const bool null = ::PQgetisnull(done.get(), row, column) != 0;
        columns.push_back(null ? std::nullopt
                               : std::optional<std::string>(::PQgetvalue(done.get(), row, column)));
      }
      result.rows.emplace_back(std::move(columns));
    }
    const std::string_view changes = ::PQcmdTuples(done.get());
    std::from_chars(changes.data(), changes.data() + changes.size(), result.changes);
    return result;
  }

  absl::Status begin() override {
    if (::PQstatus(connection_.get()) != CONNECTION_OK) {
      if (absl::Status again = connect(kProgress); !again.ok()) return again;
    }
    const Result begun = exec(kBegin);
    const absl::Status status = status_of(begun.get());
    in_transaction_ = status.ok();
    return status;
  }

  absl::Status define(std::string statement) override {
    replace_all(statement, "INTEGER PRIMARY KEY AUTOINCREMENT",
                "BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY");
    replace_all(statement, "INTEGER", "BIGINT");
    replace_all(statement, " STRICT", "");
    return status_of(exec(statement.c_str()).get());
  }

  absl::Status listen() override {
    listening_ = true;
    return status_of(exec("LISTEN scoreboard").get());
  }

  bool wait_for_change(std::chrono::milliseconds longest, int interrupt_fd) override {
    if (::PQstatus(connection_.get()) != CONNECTION_OK) {
      pollfd interrupt{interrupt_fd, POLLIN, 0};
      (void)::poll(&interrupt, 1, static_cast<int>(longest.count()));
      return connect(kProgress).ok();  // reads the records that came meanwhile
    }
    pollfd ready[2] = {{::PQsocket(connection_.get()), POLLIN, 0}, {interrupt_fd, POLLIN, 0}};
    if (!notified()) (void)::poll(ready, 2, static_cast<int>(longest.count()));
    const bool alive = ::PQconsumeInput(connection_.get()) == 1;
    return notified() || !alive;
  }

 private:
  Result exec(const char* statements) {
    return answer(::PQsendQuery(connection_.get(), statements));
  }

  // Returns the last result of what was sent, or none. A server that does not answer in time loses the
  // connection: its answer to a COMMIT is not known.
  Result answer(int sent) {
    const masterclock::SteadyTime end = steady_now() + kAnswer;
    PGconn* const connection = connection_.get();
    Result last;
    silent_ = false;
    if (sent == 0) return last;
    for (;;) {
      const int unsent = ::PQflush(connection);
      if (unsent < 0 || ::PQconsumeInput(connection) == 0) return Result();
      if (unsent > 0 || ::PQisBusy(connection) != 0) {
        if (wait_for(connection, unsent > 0 ? POLLIN | POLLOUT : POLLIN, end)) continue;
        silent_ = true;
        connection_.reset();
        return Result();
      }
      Result next(::PQgetResult(connection));
      if (!next) return last;
      const bool failed = ::PQresultStatus(last.get()) == PGRES_FATAL_ERROR;
      if (!last || !failed) last = std::move(next);
    }
  }

  absl::Status given_up() {
    absl::Status status =
        absl::UnavailableError("PostgreSQL: " + first_line(::PQerrorMessage(connecting_.get())));
    connecting_.reset();
    return status;
  }

  // Takes the notifications that have arrived.
  bool notified() {
    bool any = false;
    while (PGnotify* const notify = ::PQnotifies(connection_.get())) {
      ::PQfreemem(notify);
      any = true;
    }
    return any;
  }

  absl::Status lost() const {
    if (silent_) return absl::UnavailableError("PostgreSQL: no answer within 1 s");
    return absl::UnavailableError("PostgreSQL: " + first_line(::PQerrorMessage(connection_.get())));
  }

  absl::Status status_of(const PGresult* result) const {
    const ExecStatusType status = ::PQresultStatus(result);
    if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK) return absl::OkStatus();
    const char* const code = ::PQresultErrorField(result, PG_DIAG_SQLSTATE);
    if (code == nullptr) return lost();
    const bool exists = std::strcmp(code, "23505") == 0;
    return {exists ? absl::StatusCode::kFailedPrecondition : absl::StatusCode::kUnavailable,
            "PostgreSQL: " + first_line(::PQresultErrorMessage(result))};
  }

  const std::string address_;
  std::unique_ptr<PGconn, FinishConnection> connection_, connecting_;
  PostgresPollingStatusType next_ = PGRES_POLLING_WRITING;  // of `connecting_`
  masterclock::SteadyTime began_{};                         // `connecting_`
  bool silent_ = false;                                     // the server, to the last statement
  bool listening_ = false, in_transaction_ = false;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Sql>> open_postgres(const std::string& address) {
  auto sql = std::make_unique<PostgresSql>(address);
  if (absl::Status connected = sql->connect(kAttempt); !connected.ok()) return connected;
  return sql;
}

}  // namespace scoreboard
