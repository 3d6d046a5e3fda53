// Opens a PostgreSQL database through libpq.
#ifndef MASTERCLOCK_EXAMPLES_SCOREBOARD_POSTGRES_H_
#define MASTERCLOCK_EXAMPLES_SCOREBOARD_POSTGRES_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "sql.h"

namespace scoreboard {

// Connects again after a loss, at the next statement outside of a transaction. A statement that has no
// answer within 1 s loses the connection. While the server is frozen, a call fails within 0.2 s.
//
// Errors: Unavailable when the server does not answer within 5 s.
absl::StatusOr<std::unique_ptr<Sql>> open_postgres(const std::string& address);

}  // namespace scoreboard

#endif  // MASTERCLOCK_EXAMPLES_SCOREBOARD_POSTGRES_H_
