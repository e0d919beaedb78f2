// What is told to the engine.
#pragma once

#include "channel.h"

enum { FLOW_REPORT_QUEUE_SIZE = 4 };

/// Reports that the pipe had no room for yet, in order. A monitor has no more to tell than that.
struct flow_report_queue {
  int pipe;
  int count;
  struct flow_report list[FLOW_REPORT_QUEUE_SIZE];
};

void flow_report_add(struct flow_report_queue *queue, const struct flow_report *report);

/// Tells what the pipe has room for. What nobody reads any more is dropped.
void flow_report_flush(struct flow_report_queue *queue);

/// Tells everything, however long the reader takes.
void flow_report_flush_all(struct flow_report_queue *queue);
