// Sending reports to the engine.
#pragma once

#include "channel.h"

enum { FLOW_REPORT_QUEUE_SIZE = 4 };

/// Reports that the pipe has not taken yet, in order. A monitor never has more.
struct flow_report_queue {
  int pipe;
  int count;
  struct flow_report list[FLOW_REPORT_QUEUE_SIZE];
};

void flow_report_add(struct flow_report_queue *queue, const struct flow_report *report);

/// Sends what the pipe takes. Without a reader the reports are dropped.
void flow_report_flush(struct flow_report_queue *queue);

/// Sends everything, however long the reader takes.
void flow_report_flush_all(struct flow_report_queue *queue);
