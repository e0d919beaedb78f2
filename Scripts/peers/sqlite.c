// What `Scripts/bench log` measures flow's log against: the same events as rows of SQLite, in its mode
// for durable appends (a write-ahead log, synced at every commit).
//
//   sqlite append FILE COMMITS EVENTS  durable commits of so many rows of 45 bytes; prints rows and
//                                      microseconds
//   sqlite read FILE                   all rows, in order; prints the same
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { EVENT_SIZE = 45 };

static sqlite3 *database;

static void require(int status) {
  if (status == SQLITE_OK || status == SQLITE_DONE || status == SQLITE_ROW) return;
  fprintf(stderr, "sqlite: %s\n", sqlite3_errmsg(database));
  exit(1);
}

static void run(const char *statement) {
  require(sqlite3_exec(database, statement, NULL, NULL, NULL));
}

static sqlite3_stmt *prepare(const char *text) {
  sqlite3_stmt *statement;
  require(sqlite3_prepare_v2(database, text, -1, &statement, NULL));
  return statement;
}

static void step(sqlite3_stmt *statement) {
  require(sqlite3_step(statement));
  require(sqlite3_reset(statement));
}

static long long microseconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000000LL + now.tv_nsec / 1000;
}

static long long append(int commits, int each) {
  run("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
      "CREATE TABLE events (sequence INTEGER PRIMARY KEY, body BLOB NOT NULL)");
  sqlite3_stmt *begin = prepare("BEGIN"), *commit = prepare("COMMIT");
  sqlite3_stmt *insert = prepare("INSERT INTO events (body) VALUES (?)");
  unsigned char body[EVENT_SIZE];
  for (int index = 0; index < EVENT_SIZE; index++) body[index] = (index * 2654435761u) >> 13;
  for (int count = 0; count < commits; count++) {
    step(begin);
    for (int row = 0; row < each; row++) {
      require(sqlite3_bind_blob(insert, 1, body, EVENT_SIZE, SQLITE_STATIC));
      step(insert);
    }
    step(commit);
  }
  return (long long)commits * each;
}

static long long read_all(void) {
  sqlite3_stmt *rows = prepare("SELECT sequence, body FROM events ORDER BY sequence");
  long long count = 0, sum = 0;
  while (sqlite3_step(rows) == SQLITE_ROW) {
    sum += ((const unsigned char *)sqlite3_column_blob(rows, 1))[0];
    count++;
  }
  // So that nothing is left out for not being used.
  return sum < 0 ? 0 : count;
}

int main(int count, char **words) {
  int appends = count == 5 && !strcmp(words[1], "append");
  if (!appends && !(count == 3 && !strcmp(words[1], "read"))) {
    fputs("usage: sqlite append FILE COMMITS EVENTS | read FILE\n", stderr);
    return 2;
  }
  require(sqlite3_open(words[2], &database));
  long long start = microseconds();
  long long rows = appends ? append(atoi(words[3]), atoi(words[4])) : read_all();
  printf("%lld %lld\n", rows, microseconds() - start);
  return 0;
}
