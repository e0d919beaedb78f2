#include <sqlite3.h>

// Swift calls no variadic functions.
//
// The write-ahead log stays when the last process closes the database: else each process would write it back, and
// sync that.
static inline int csqlite_keep_log(sqlite3 *database) {
  return sqlite3_db_config(database, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, (int *)0);
}
