// Creates the tables of an event store, and migrates those of an older version.
#ifndef MASTERCLOCK_EXAMPLES_EVENT_STORE_SCHEMA_H_
#define MASTERCLOCK_EXAMPLES_EVENT_STORE_SCHEMA_H_

#include "absl/status/status.h"
#include "common/sqlite.h"

namespace event_store {

// Prepares a new file, or a file of this program, for the present version. PRAGMA user_version holds
// the version of a file.
//
// Errors: FailedPrecondition for a database of another program, for a file of a later version, and for
//         an event of version 1 that this version cannot express; the message names the file. Those of the database.
absl::Status prepare_schema(common::Database& database);

}  // namespace event_store

#endif  // MASTERCLOCK_EXAMPLES_EVENT_STORE_SCHEMA_H_
