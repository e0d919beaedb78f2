#define _GNU_SOURCE
#include "report.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <string.h>

#include "calls.h"

_Static_assert(
    FLOW_REPORT_QUEUE_SIZE * sizeof(struct flow_report) <= PIPE_BUF,
    "a pipe takes all reports of a monitor in one write or none");

void flow_report_add(struct flow_report_queue *queue, const struct flow_report *report) {
  if (queue->count == FLOW_REPORT_QUEUE_SIZE) __builtin_trap();
  queue->list[queue->count++] = *report;
}

void flow_report_flush(struct flow_report_queue *queue) {
  if (queue->count == 0) return;
  size_t size = (size_t)queue->count * sizeof queue->list[0];
  int64_t result;
  do result = flow_write(queue->pipe, queue->list, size);
  while (result == -EINTR);
  if (result == -EAGAIN) return;
  // Sent, or the engine is gone: the next engine reads the attempt record.
  queue->count = 0;
}

void flow_report_flush_all(struct flow_report_queue *queue) {
  flow_report_flush(queue);
  while (queue->count > 0) {
    struct pollfd output = {.fd = queue->pipe, .events = POLLOUT};
    flow_call(SYS_ppoll, (long)&output, 1, 0, 0, 0);
    flow_report_flush(queue);
  }
}
